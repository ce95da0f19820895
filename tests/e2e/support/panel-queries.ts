import { DashboardJson } from "../../support/dashboards/model";
import { filled } from "../../support/dashboards/placeholders";
import { NamedQuery } from "../../support/dashboards/queries";
import { VariableValue } from "./fill";
import { GrafanaClient } from "./grafana";

/** What Grafana would ask for, and what came back. */
export interface Answered {
    /** The query as it was sent. */
    sent: string;
    /** Series with a value that is a number, log lines, traces, spans, or values of a label. */
    rows: number;
    /** Exemplars that came along, where the query asks for them. */
    exemplars?: number;
}

/** The time that a dashboard shows. */
export interface Range {
    /** Seconds since 1970. */
    from: number;
    to: number;
    /** Grafana's `$__interval` in seconds: the range by the panel's points, no less than the data source's 15. */
    step: number;
}

const POINTS = 500;

/** The range that a dashboard opens with, up to now. */
export function openingRange({ time }: DashboardJson & { time?: { from?: string } }): Range {
    const [, count, unit] = /^now-(\d+)([mhd])$/.exec(time?.from ?? "now-1h") ?? [];
    if (!count) throw new Error(`a time range that is not understood: ${time?.from}`);
    const seconds = Number(count) * { m: 60, h: 3600, d: 86_400 }[unit as "m" | "h" | "d"];
    const to = Math.floor(Date.now() / 1000);
    return { from: to - seconds, to, step: Math.max(15, Math.ceil(seconds / POINTS / 15) * 15) };
}

/** Sends a query as Grafana's data source of its type does. */
export async function send(grafana: GrafanaClient, query: NamedQuery, variables: Record<string, VariableValue>, range: Range): Promise<Answered> {
    const uid = query.source.uid ?? "";
    const text = filled(query, variables, { rangeSeconds: range.to - range.from, stepSeconds: range.step, toMilliseconds: range.to * 1000 });
    if (query.label !== undefined) return { sent: text, rows: await labelValues(grafana, uid, text, query.label, range) };
    if (query.target.queryType === "serviceMap") return serviceMap(grafana, text, range);
    switch (query.language) {
        case "promql": return { sent: text, rows: await promql(grafana, uid, text, query, range), exemplars: query.target.exemplar ? await exemplars(grafana, uid, text, range) : undefined };
        case "logql": return { sent: text, rows: await logql(grafana, uid, text, query, range) };
        case "traceql": return { sent: text, rows: await traceql(grafana, uid, text, query, range) };
        case "traceId": return { sent: text, rows: (await grafana.trace(text.trim(), uid))?.length ?? 0 };
    }
}

interface Matrix { data: { resultType: string; result: { metric?: Record<string, string>; stream?: Record<string, string>; value?: [number, string]; values?: [number | string, string][] }[] } }

/** Series with a number among their values, or log lines. */
function rowsOf({ data: { resultType, result } }: Matrix): number {
    if (resultType === "streams") return result.reduce((sum, { values = [] }) => sum + values.length, 0);
    return result.filter(({ value, values }) => [...(value ? [value] : []), ...(values ?? [])].some(([, text]) => text !== "NaN")).length;
}

async function promql(grafana: GrafanaClient, uid: string, query: string, { target, panel }: NamedQuery, range: Range): Promise<number> {
    const instant = target.instant && !target.range;
    if (instant) return rowsOf(await grafana.ask<Matrix>(uid, "/api/v1/query", { query, time: String(range.to) }, true));
    // Annotations have a step of their own.
    return rowsOf(await grafana.ask<Matrix>(uid, "/api/v1/query_range", { query, ...bounds(range), step: panel.startsWith("annotation ") ? "60" : String(range.step) }, true));
}

async function exemplars(grafana: GrafanaClient, uid: string, query: string, range: Range): Promise<number> {
    const { data } = await grafana.ask<{ data: { exemplars: unknown[] }[] }>(uid, "/api/v1/query_exemplars", { query, ...bounds(range) }, true);
    return data.reduce((sum, each) => sum + each.exemplars.length, 0);
}

async function labelValues(grafana: GrafanaClient, uid: string, selector: string, label: string, range: Range): Promise<number> {
    const { data } = await grafana.ask<{ data: string[] }>(uid, `/api/v1/label/${label}/values`, { ...(selector ? { "match[]": selector } : {}), ...bounds(range) });
    return data.length;
}

async function logql(grafana: GrafanaClient, uid: string, query: string, { target }: NamedQuery, range: Range): Promise<number> {
    const limit = String(target.maxLines ?? 1000);
    const [start, end] = [range.from, range.to].map((seconds) => `${seconds}000000000`);
    if (target.queryType === "instant") return rowsOf(await grafana.ask<Matrix>(uid, "/loki/api/v1/query", { query, time: end, limit, direction: "backward" }));
    return rowsOf(await grafana.ask<Matrix>(uid, "/loki/api/v1/query_range", { query, start, end, step: `${range.step}s`, limit, direction: "backward" }));
}

/** What makes TraceQL a query for numbers, by which Grafana chooses the endpoint. */
const TRACE_METRICS = /\|\s*(rate|count_over_time|min_over_time|max_over_time|avg_over_time|sum_over_time|quantile_over_time|histogram_over_time|compare)\s*\(/;

async function traceql(grafana: GrafanaClient, uid: string, q: string, { target }: NamedQuery, range: Range): Promise<number> {
    if (TRACE_METRICS.test(q)) {
        const instant = target.metricsQueryType === "instant";
        const path = instant ? "/api/metrics/query" : "/api/metrics/query_range";
        const { series = [] } = await grafana.ask<{ series?: { samples?: { value?: number }[]; value?: number }[] }>(uid, path, { q, ...bounds(range), ...(instant ? {} : { step: `${range.step}s` }) });
        return series.filter(({ samples = [], value }) => value !== undefined || samples.some((sample) => !Number.isNaN(sample.value ?? 0))).length;
    }
    const found = await grafana.ask<{ traces?: { spanSets?: { spans?: unknown[] }[]; spanSet?: { spans?: unknown[] } }[] }>(uid, "/api/search", {
        q, limit: String(target.limit ?? 20), spss: String(target.spss ?? 3), ...bounds(range),
    });
    const spansIn = (trace: NonNullable<typeof found.traces>[0]) => (trace.spanSets ?? [trace.spanSet ?? {}]).reduce((sum, { spans = [] }) => sum + spans.length, 0);
    return (found.traces ?? []).reduce((sum, trace) => sum + (target.tableType === "spans" ? spansIn(trace) : 1), 0);
}

/** The queries that Grafana's Tempo source makes of a service graph's selector, for the Prometheus that it is linked with. A graph without failures is one. */
async function serviceMap(grafana: GrafanaClient, selector: string, range: Range): Promise<Answered> {
    const [requests, seconds] = ["request_total", "request_server_seconds_sum", "request_failed_total"].map((name) =>
        `sum by (client, server) (rate(traces_service_graph_${name}${selector}[${range.to - range.from}s]))`);
    const ask = async (query: string) => rowsOf(await grafana.ask<Matrix>("prometheus", "/api/v1/query", { query, time: String(range.to) }, true));
    return { sent: requests, rows: Math.min(await ask(requests), await ask(seconds)) };
}

function bounds({ from, to }: Range): { start: string; end: string } {
    return { start: String(from), end: String(to) };
}
