import { RECORDED, USER_REQUESTS } from "./alerts/recording";

/** Which requests, and how they are told apart. */
export interface Slice {
    /** Matchers, e.g. `environment=~"$environment"`. */
    where: string;
    /** Labels of the result, e.g. `environment, uri`; "" for one series. */
    by: string;
    /** How much earlier, e.g. `$shift`. @default now */
    earlier?: string;
    /** Over how long. @default "$__rate_interval" */
    over?: string;
}

/** What is recorded about durations: see `alerts/recording.ts`. */
export type Recorded = keyof typeof RECORDED;

/** Requests per second; `more` narrows further, e.g. `status=~"5.."`. */
export function requestRate(slice: Slice, more = ""): string {
    return sumOf("rate", "count", slice, more);
}

/** The share of requests that failed on the server's side: 0 where none did, nothing where there was no request. */
export function errorRatio(slice: Slice): string {
    const all = requestRate(slice);
    return `(${orZero(requestRate(slice, 'status=~"5.."'), all)}) / (${all} > 0)`;
}

/** A count whose series only begin with the first such request: 0 wherever there are requests at all. */
export function orZero(some: string, all: string): string {
    return `${some} or 0 * ${all}`;
}

/** Mean seconds of a request. */
export function meanDuration(slice: Slice): string {
    return `${sumOf("increase", "sum", slice)} / (${sumOf("increase", "count", slice)} > 0)`;
}

/** How many requests there were; `more` narrows further. */
export function requestCount(slice: Slice, more = ""): string {
    return sumOf("increase", "count", slice, more);
}

/** A quantile of the seconds that requests took, from the recorded buckets: of the last minutes, or over all of `slice.over`. */
export function durationQuantile(quantile: number, recorded: Recorded, slice: Slice): string {
    // NaN is what a quantile is without requests; it is left out.
    return `histogram_quantile(${quantile}, ${durationBuckets(recorded, slice)}) > 0`;
}

/** Requests per second in each bucket of durations. */
export function durationBuckets(recorded: Recorded, { where, by, earlier, over }: Slice): string {
    const series = `${RECORDED[recorded]}{${where}}`;
    const buckets = over ? `sum_over_time(${series}[${over}]${offset(earlier)})` : `${series}${offset(earlier)}`;
    return `sum by (${by ? `${by}, ` : ""}le) (${buckets})`;
}

/**
 * The same with points that lead to traces, from the metrics that Tempo makes of spans: the second half never returns a value, and is there as Grafana asks for
 * the exemplars of every series that an expression names. It is looked up once, at the end, and so costs nearly nothing.
 *
 * @param spans matchers of the spans
 */
export function withTraces(expr: string, spans: string): string {
    return `${expr} or traces_spanmetrics_latency_bucket{${spans}} @ end() < 0`;
}

function sumOf(operation: string, part: string, { where, by, earlier, over = "$__rate_interval" }: Slice, more = ""): string {
    const matchers = [where, USER_REQUESTS, more].filter(Boolean).join(", ");
    return `sum by (${by}) (${operation}(http_server_requests_seconds_${part}{${matchers}}[${over}]${offset(earlier)}))`;
}

/** The modifier that looks back. */
export function offset(earlier?: string): string {
    return earlier ? ` offset ${earlier}` : "";
}
