import assert from "node:assert/strict";
import * as fs from "node:fs";
import * as path from "node:path";
import { UIDS } from "../../dashboards";
import { DashboardJson } from "../support/dashboards/model";
import { drawDashboard, Line, Shown } from "../support/dashboards/picture";
import { filled, openingValues } from "../support/dashboards/placeholders";
import { queriesOf } from "../support/dashboards/queries";
import { GrafanaClient } from "./support/grafana";
import { PROJECT } from "./support/state";
import { keepRequesting, MIX } from "./support/traffic";
import { sleep } from "../support/wait";
import { World } from "./support/world";

const MINUTES = 8;
const STEP = 15;
const NOTE = "Drawn from this dashboard's own layout, queries and thresholds with data of a test run (real applications, agents and backends). Grafana draws it in its own way.";

// `npm run picture`
if (process.env.RECORD_PICTURE) {
    describe("the picture of the dashboard Environments", () => {
        it("is drawn anew, of a quiet prod and dev and a load test that begins half-way", async () => {
            const world = await (await World.get()).deployed();
            const grafana = await world.grafana();
            const stops = [await keepRequesting(world.apps.prod, MIX, { rate: 6 }), await keepRequesting(world.apps.dev, MIX, { rate: 1 }), await keepRequesting(world.apps.loadtest, MIX, { rate: 2 })];
            await sleep((MINUTES / 2) * 60_000);
            stops.push(await keepRequesting(world.apps.loadtest, MIX, { rate: 40 }));
            await sleep((MINUTES / 2) * 60_000);
            const { dashboard } = await grafana.json<{ dashboard: DashboardJson }>(`/api/dashboards/uid/${UIDS.environments}`);
            const shown: Shown[] = await Promise.all((dashboard.panels ?? []).map(async (panel) => ({ panel, lines: await linesOf(grafana, dashboard, panel.title ?? "") })));
            for (const stop of stops) await stop();
            assert.deepEqual(shown.filter(({ panel, lines }) => panel.type !== "row" && lines.length < 3).map(({ panel }) => panel.title), []);
            fs.writeFileSync(path.join(PROJECT, "docs", "pictures", "environments.svg"), drawDashboard(dashboard, shown, NOTE));
        });
    });
}

/** What a panel's queries give over the last minutes, a line for each environment. */
async function linesOf(grafana: GrafanaClient, dashboard: DashboardJson, title: string): Promise<Line[]> {
    const to = Math.floor(Date.now() / 1000);
    const queries = queriesOf(dashboard).filter((query) => query.panel === title && query.language === "promql");
    const answers = await Promise.all(queries.map(async (query) => {
        const text = filled(query, openingValues(dashboard), { rangeSeconds: MINUTES * 60, stepSeconds: STEP, toMilliseconds: to * 1000 });
        const bounds = { start: String(to - (MINUTES - 1) * 60), end: String(to), step: String(STEP) };
        const { data } = await grafana.ask<{ data: { result: { metric: Record<string, string>; values: [number, string][] }[] } }>(query.source.uid ?? "", "/api/v1/query_range", { query: text, ...bounds }, true);
        return data.result.map(({ metric, values }) => ({ name: metric.environment, points: values.map(([at, value]): [number, number] => [at, Number(value)]) }));
    }));
    return answers.flat().sort((a, b) => (a.name < b.name ? -1 : 1));
}
