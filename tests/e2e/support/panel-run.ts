import { DashboardJson } from "../../support/dashboards/model";
import { openingValues } from "../../support/dashboards/placeholders";
import { NamedQuery, queriesOf, whereIs } from "../../support/dashboards/queries";
import { VariableValue } from "./fill";
import { GrafanaClient } from "./grafana";
import { Answered, openingRange, send } from "./panel-queries";
import { sleep } from "../../support/wait";

/** A query of a dashboard that Grafana has, and what it returned at last. */
export interface Row extends Partial<Answered> {
    query: NamedQuery;
    dashboard: DashboardJson;
    /** @default 1 */
    atLeast?: number;
    /** What went wrong, if it was not answered. */
    error?: string;
    milliseconds?: number;
}

/** Queries that are sent at once, as a browser does. */
const AT_ONCE = 6;

/** Every query of dashboards as Grafana's API gives them. */
export async function readDashboards(grafana: GrafanaClient, uids: string[]): Promise<Row[]> {
    const dashboards = await Promise.all(uids.map(async (uid) => (await grafana.json<{ dashboard: DashboardJson }>(`/api/dashboards/uid/${uid}`)).dashboard));
    return dashboards.flatMap((dashboard) => queriesOf(dashboard).filter(({ target }) => !target.hide).map((query) => ({ query, dashboard })));
}

/** True where rows came, enough of them, and exemplars where they were asked for. */
export function hasData({ rows = 0, atLeast = 1, exemplars }: Row): boolean {
    return rows >= atLeast && exemplars !== 0;
}

/**
 * Sends every query, those without data again and again until they have some or the time is over. The rows are filled in place.
 *
 * @param choices values of variables instead of those that a dashboard opens with, e.g. `{ shift: "1m" }`
 * @param pause milliseconds between attempts
 */
export async function runQueries(grafana: GrafanaClient, rows: Row[], choices: Record<string, VariableValue>, seconds: number, pause = 5000): Promise<void> {
    const end = Date.now() + seconds * 1000;
    let left = rows;
    for (;;) {
        await inParallel(left, (row) => runOne(grafana, row, choices));
        left = left.filter((row) => !hasData(row));
        if (left.length === 0 || Date.now() >= end) return;
        await sleep(pause);
    }
}

async function runOne(grafana: GrafanaClient, row: Row, choices: Record<string, VariableValue>): Promise<void> {
    const start = performance.now();
    const opening = openingValues(row.dashboard);
    const values = Object.fromEntries(Object.entries(opening).map(([name, value]) => [name, choices[name] ?? value]));
    try {
        Object.assign(row, { error: undefined }, await send(grafana, row.query, values, openingRange(row.dashboard)));
    } catch (error) {
        Object.assign(row, { error: (error as Error).message, rows: 0 });
    }
    row.milliseconds = performance.now() - start;
}

/** Does something for each item, a few at once. */
export async function inParallel<T>(items: T[], act: (item: T) => Promise<void>): Promise<void> {
    const waiting = [...items];
    const worker = async () => { for (let item = waiting.shift(); item !== undefined; item = waiting.shift()) await act(item); };
    await Promise.all(Array.from({ length: AT_ONCE }, worker));
}

/** The rows as a table: dashboard, panel, refId, rows, exemplars, milliseconds, query. */
export function formatTable(rows: Row[]): string {
    const cells = rows.map(({ query, sent, rows: count = 0, exemplars, milliseconds = 0 }) => [
        query.dashboard, cut(query.panel, 36), query.refId, String(count), exemplars === undefined ? "" : String(exemplars), milliseconds.toFixed(0), cut(sent ?? query.text, 90),
    ]);
    const all = [["dashboard", "panel", "refId", "rows", "exemplars", "ms", "query"], ...cells];
    const widths = all[0].map((_, i) => Math.max(...all.map((line) => line[i].length)));
    return all.map((line) => `    ${line.map((cell, i) => ([3, 4, 5].includes(i) ? cell.padStart(widths[i]) : cell.padEnd(widths[i]))).join("  ").trimEnd()}`).join("\n");
}

/** A row without data as a failure names it. */
export function describeEmpty({ query, sent, error, exemplars, rows = 0, atLeast = 1 }: Row): string {
    const why = error ?? (rows >= atLeast && exemplars === 0 ? "no exemplars" : `${rows} of ${atLeast} rows`);
    return `${whereIs(query)}: ${why}\n        ${sent ?? query.text}`;
}

function cut(text: string, length: number): string {
    const line = text.replace(/\s+/g, " ");
    return line.length > length ? `${line.slice(0, length - 1)}…` : line;
}
