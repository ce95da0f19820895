import type { Builder, Dataquery } from "@grafana/grafana-foundation-sdk/cog";
import * as loki from "@grafana/grafana-foundation-sdk/loki";
import * as prometheus from "@grafana/grafana-foundation-sdk/prometheus";
import * as tempo from "@grafana/grafana-foundation-sdk/tempo";
import { Fault } from "../faults";
import { LOKI, PROMETHEUS, TEMPO } from "./sources";

/** One query of a panel. */
export interface Query {
    /** The SDK's query, complete but for its refId, which the panel gives it. */
    target: Builder<Dataquery> & { refId(refId: string): unknown };
    /** The query rightly returns nothing until this fault is there; tests inject it and look again. */
    emptyUntil?: Fault;
}

/** What queries of all languages have in common. */
export interface QueryOptions {
    /** Legend with labels in braces, e.g. `{{instance}}`. @default the language's own */
    legend?: string;
    /** One value now, instead of a curve. @default false */
    instant?: boolean;
    emptyUntil?: Fault;
}

/** Options of a PromQL query. */
export interface MetricsOptions extends QueryOptions {
    /** @default "time_series" */
    format?: "time_series" | "table" | "heatmap";
    /** Asks for exemplars as well, which lead to traces. @default false */
    exemplars?: boolean;
}

/** A PromQL query. */
export function metrics(expr: string, { legend, instant, format = "time_series", exemplars, emptyUntil }: MetricsOptions = {}): Query {
    const target = new prometheus.DataqueryBuilder().datasource(PROMETHEUS).editorMode(prometheus.QueryEditorMode.Code).expr(expr)
        .format(format as prometheus.PromQueryFormat);
    if (instant) target.instant();
    else target.range();
    if (legend !== undefined) target.legendFormat(legend);
    if (exemplars) target.exemplar(true);
    return { target, emptyUntil };
}

/** A LogQL query, for lines or for numbers. */
export function logs(expr: string, { legend, instant, maxLines, emptyUntil }: QueryOptions & { /** @default Grafana's own, 1000 */ maxLines?: number } = {}): Query {
    const target = new loki.DataqueryBuilder().datasource(LOKI).editorMode(loki.QueryEditorMode.Code).expr(expr).queryType(instant ? "instant" : "range");
    if (legend !== undefined) target.legendFormat(legend);
    if (maxLines !== undefined) target.maxLines(maxLines);
    return { target, emptyUntil };
}

/** A TraceQL search, one row a trace; or, with `spans`, one row a span. */
export function traces(query: string, { limit = 50, spans, emptyUntil }: { limit?: number; spans?: boolean; emptyUntil?: Fault } = {}): Query {
    const target = new tempo.DataqueryBuilder().datasource(TEMPO).queryType("traceql").query(query).limit(limit)
        .tableType(spans ? tempo.SearchTableType.Spans : tempo.SearchTableType.Traces);
    return { target, emptyUntil };
}

/** TraceQL metrics: a query that ends in `rate()` or the like. Grafana names the series by their labels. */
export function traceMetrics(query: string, emptyUntil?: Fault): Query {
    return { target: new tempo.DataqueryBuilder().datasource(TEMPO).queryType("traceql").query(query).metricsQueryType(tempo.MetricsQueryType.Range), emptyUntil };
}

/** One whole trace, by its id or by a variable that holds one. */
export function trace(id: string, emptyUntil?: Fault): Query {
    return { target: new tempo.DataqueryBuilder().datasource(TEMPO).queryType("traceql").query(id), emptyUntil };
}

/** The service graph, by a PromQL selector of its edges, e.g. `{environment=~"$environment"}`. */
export function serviceGraph(selector: string): Query {
    return { target: new tempo.DataqueryBuilder().datasource(TEMPO).queryType("serviceMap").serviceMapQuery(selector) };
}
