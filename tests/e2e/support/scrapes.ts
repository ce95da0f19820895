import * as fs from "node:fs";
import * as path from "node:path";
import { RECORDED, renderScrape, Series } from "../../support/dashboards/scrapes";
import { GrafanaClient } from "./grafana";

/** The recorded files, and the series in each. */
const FILES: Record<string, string> = {
    application: '{job="was"}',
    host: '{job="host"}',
    agent: '{job="agent"}',
    "monitoring-host": '{job="monitoring-host"}',
    prometheus: '{job="prometheus"}',
    alertmanager: '{job="alertmanager"}',
    loki: '{job="loki"}',
    tempo: '{job="tempo"}',
    gateway: '{job="gateway"}',
    spanmetrics: '{__name__=~"traces_.+"}',
    // What Prometheus itself says of every target and of its alerts.
    scraping: '{__name__=~"up|scrape_.+|ALERTS|ALERTS_FOR_STATE"}',
};

const OF_EVERY_TARGET = /^(up|scrape_.+)$/;

/**
 * Records what Prometheus has of each kind of target, as it came in during the last hour. Grafana's own metrics are not among them, as a stand-in for it
 * has none.
 *
 * @param more further series by file
 * @returns number of series by file
 */
export async function recordScrapes(grafana: GrafanaClient, more: Record<string, Series[]> = {}, directory = RECORDED): Promise<Record<string, number>> {
    const types = await metricTypes(grafana);
    const counts: Record<string, number> = {};
    fs.mkdirSync(directory, { recursive: true });
    for (const [file, selector] of Object.entries(FILES)) {
        const now = Math.floor(Date.now() / 1000);
        const answer = await grafana.ask<{ data: Series[] }>("prometheus", "/api/v1/series", { "match[]": selector, start: String(now - 3600), end: String(now) });
        const series = [...answer.data.filter(({ __name__: name }) => file === "scraping" || !OF_EVERY_TARGET.test(name)), ...(more[file] ?? [])];
        counts[file] = series.length;
        if (series.length === 0) throw new Error(`no series at all for ${selector}: is it scraped?`);
        fs.writeFileSync(path.join(directory, `${file}.prom`), renderScrape(file, series, types));
    }
    return counts;
}

async function metricTypes(grafana: GrafanaClient): Promise<Record<string, string>> {
    const { data } = await grafana.ask<{ data: Record<string, { type: string }[]> }>("prometheus", "/api/v1/metadata", {});
    return Object.fromEntries(Object.entries(data).map(([name, [{ type }]]) => [name, type]));
}
