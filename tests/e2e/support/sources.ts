import { fillLink, fillQuery, formatTags, Scope, VariableValue } from "./fill";

/** A data source as Grafana's API gives it, as far as it leads to others. Names are Grafana's. */
export interface Source {
    uid: string;
    type: string;
    jsonData: {
        exemplarTraceIdDestinations?: { name: string; datasourceUid: string }[];
        derivedFields?: { name: string; matcherType: string; matcherRegex: string; url: string; datasourceUid?: string }[];
        tracesToLogsV2?: { datasourceUid: string; query: string; customQuery: boolean; tags: Tag[]; spanStartTimeShift: string; spanEndTimeShift: string };
        tracesToMetrics?: { datasourceUid: string; tags: Tag[]; queries: { name: string; query: string }[]; spanStartTimeShift: string; spanEndTimeShift: string };
        serviceMap?: { datasourceUid: string };
    };
    correlations?: Correlation[];
}

/** A span's attribute, and the label that it is in metrics and logs. */
interface Tag { key: string; value?: string }

/** A link from the rows of a data source's answers to a query of another's. */
export interface Correlation {
    targetUID: string;
    label: string;
    description: string;
    config: { field: string; target: { expr: string }; transformations: { type: string; field: string; expression: string; mapValue: string }[] };
}

/** What Grafana knows of a span when it makes its links; times in nanoseconds since 1970. */
export interface LinkedSpan {
    traceId: string;
    spanId: string;
    name: string;
    resource: Record<string, string>;
    attributes: Record<string, string>;
    start: bigint;
    end: bigint;
}

/** Where a link leads: a query, its data source, and the time that is asked for. */
export interface Destination {
    name: string;
    uid: string;
    query: string;
    start: bigint;
    end: bigint;
}

/** "Related logs" of a span. */
export function traceToLogs({ jsonData }: Source, span: LinkedSpan): Destination {
    const { datasourceUid, query, tags, spanStartTimeShift, spanEndTimeShift } = jsonData.tracesToLogsV2!;
    const time = shifted(span, spanStartTimeShift, spanEndTimeShift);
    const scope = { ...spanScope(span), __tags: formatTags(tagsOf(span), tags) };
    return { name: "Related logs", uid: datasourceUid, query: fillQuery(query, { ...ranges(time), language: "logql", scope }), ...time };
}

/** The metrics links of a span. */
export function traceToMetrics({ jsonData }: Source, span: LinkedSpan): Destination[] {
    const { datasourceUid, queries, tags, spanStartTimeShift, spanEndTimeShift } = jsonData.tracesToMetrics!;
    const time = shifted(span, spanStartTimeShift, spanEndTimeShift);
    const scope = { ...spanScope(span), __tags: formatTags(tagsOf(span), tags) };
    return queries.map(({ name, query }) => ({ name, uid: datasourceUid, query: fillQuery(query, { ...ranges(time), scope }), ...time }));
}

/** A correlation of the trace's source, followed from a span: the time is the span's own. Its resource is a column of JSON, from which expressions read. */
export function spanCorrelation({ targetUID, label, config }: Correlation, span: LinkedSpan): Destination {
    const columns: Record<string, string> = {
        traceID: span.traceId, spanID: span.spanId, serviceName: span.resource["service.name"],
        serviceTags: JSON.stringify(Object.entries(span.resource).map(([key, value]) => ({ value, key }))),
    };
    const read = config.transformations.map(({ field, expression, mapValue }): [string, string | undefined] => [
        mapValue, [...columns[field].matchAll(new RegExp(expression, "gi"))].map((match) => match[1]).at(-1),
    ]);
    const time = { start: span.start, end: span.end };
    return { name: label, uid: targetUID, query: fillQuery(config.target.expr, { ...ranges(time), language: "logql", scope: { ...columns, ...Object.fromEntries(read) } }), ...time };
}

/** A link of a log line: to a query of another data source, or to a URL. */
export interface LineLink { name: string; uid?: string; to: string }

/** The links that a line's labels give it; structured metadata is among them. */
export function lineLinks({ jsonData }: Source, labels: Record<string, string>, variables: Record<string, VariableValue> = {}): LineLink[] {
    return (jsonData.derivedFields ?? []).flatMap(({ name, matcherType, matcherRegex, url, datasourceUid }) => {
        const label = matcherType === "label" ? Object.keys(labels).find((key) => new RegExp(matcherRegex).test(key)) : undefined;
        return label === undefined ? [] : [{ name, uid: datasourceUid, to: fillLink(url, { variables, scope: { __value: { raw: labels[label] } } }) }];
    });
}

function tagsOf({ resource, attributes }: LinkedSpan): Record<string, string> {
    return { ...resource, ...attributes };
}

function spanScope(span: LinkedSpan): Scope {
    return { __span: { traceId: span.traceId, spanId: span.spanId, name: span.name, tags: tagsOf(span) }, __trace: { traceId: span.traceId } };
}

function shifted({ start, end }: LinkedSpan, before: string, after: string): { start: bigint; end: bigint } {
    return { start: start + nanoseconds(before), end: end + nanoseconds(after) };
}

function nanoseconds(shift: string): bigint {
    const [, sign, count, unit] = /^(-?)(\d+)(s|m|h)$/.exec(shift) ?? [];
    if (!unit) throw new Error(`a time shift that is not understood: ${shift}`);
    return BigInt(`${sign}${count}`) * { s: 1n, m: 60n, h: 3600n }[unit as "s" | "m" | "h"] * 1_000_000_000n;
}

function ranges({ start, end }: { start: bigint; end: bigint }): { rangeSeconds: number; stepSeconds: number } {
    return { rangeSeconds: Math.max(1, Math.ceil(Number(end - start) / 1e9)), stepSeconds: 15 };
}
