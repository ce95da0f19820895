import * as http from "node:http";
import { Series } from "./exposition";
import { Written } from "./remote-write";

/** One WAS host as Prometheus sees it. */
export interface SimulatedHost {
    environment: string;
    application: string;
    instance: string;
    /** Tells hosts apart: no two are at the same point of their ups and downs. */
    phase: number;
}

/** When all counters were zero, in seconds since 1970. */
export interface Simulation {
    beginSeconds: number;
    /** How many times per hour the recorded counts come again. */
    countsPerHour: number;
}

/** Hosts spread over environments: `{ prod: 20, dev: 10 }`. */
export function simulatedHosts(counts: Record<string, number>): SimulatedHost[] {
    const hosts = Object.entries(counts).flatMap(([environment, count]) => Array.from({ length: count }, (_, i) => ({ environment, instance: `${environment}-was-${i + 1}` })));
    return hosts.map((host, i) => ({ ...host, application: "was", phase: i }));
}

/** What the recorded application would show with more endpoints: those of one endpoint again, until there are as many series as wanted. */
export function moreEndpoints(recorded: Series[], wanted: number): Series[] {
    const ofEndpoint = recorded.filter(({ name, labels }) => /^http_server_requests_seconds/.test(name) && labels.uri === "/api/photos/{id}" && labels.status === "200");
    if (ofEndpoint.length === 0) throw new Error("the recorded scrape has no requests to /api/photos/{id}");
    const all = [...recorded];
    for (let i = 1; all.length < wanted; i++) all.push(...ofEndpoint.map((series) => ({ ...series, labels: { ...series.labels, uri: `/api/albums-${i}/{id}` } })).slice(0, wanted - all.length));
    return all;
}

/** Gauges that go up and down; others, as limits and versions, stay. */
const MOVING = /used|usage|live|busy|active|idle|pending|load|free|avail|overhead|temp|_max$/i;

/** A series' value: counters grow, faster and slower in turns; buckets of one histogram in step, so that they stay a histogram. */
export function valueAt({ name, value, counter }: Series, { phase }: SimulatedHost, { beginSeconds, countsPerHour }: Simulation, seconds: number): number {
    const age = seconds - beginSeconds;
    if (counter) return value * countsPerHour * (age / 3600 + 0.01 * (1 + Math.sin(age / 60 + phase)));
    return MOVING.test(name) ? value * (1 + 0.1 * Math.sin(age / 120 + phase)) : value;
}

/** The samples of a host between two times, as Prometheus would have scraped them. */
export function scraped(series: Series[], host: SimulatedHost, job: string, simulation: Simulation, times: number[]): Written[] {
    const { environment, application, instance } = host;
    return series.map((each) => ({
        labels: { __name__: each.name, ...each.labels, environment, application, instance, job },
        samples: times.map((seconds): [number, number] => [Math.round(seconds * 1000), valueAt(each, host, simulation, seconds)]),
    }));
}

/** Answers `/<number of the host>/<job>` with what that host shows now. */
export function serveHosts(hosts: SimulatedHost[], jobs: Record<string, Series[]>, simulation: Simulation): http.Server {
    // Labels are rendered once: the bench must not take the processor from what it measures.
    const heads = Object.fromEntries(Object.entries(jobs).map(([job, series]) => [job, series.map(renderHead)]));
    return http.createServer((request, response) => {
        const [, number, job] = (request.url ?? "").split("/");
        const host = hosts[Number(number)];
        const series = jobs[job];
        if (!host || !series) return void response.writeHead(404).end();
        const now = Date.now() / 1000;
        response.writeHead(200, { "Content-Type": "text/plain; version=0.0.4; charset=utf-8" });
        response.end(hostText(series, heads[job], host, simulation, now));
    });
}

/** What a host shows: each series' head with its value. */
export function hostText(series: Series[], heads: string[], host: SimulatedHost, simulation: Simulation, seconds: number): string {
    return series.map((each, i) => `${heads[i]}${valueAt(each, host, simulation, seconds)}\n`).join("");
}

/** Name and labels of a series as text. */
export function renderHead({ name, labels }: Series): string {
    const parts = Object.entries(labels).map(([label, value]) => `${label}="${value.replace(/\\/g, "\\\\").replace(/"/g, '\\"').replace(/\n/g, "\\n")}"`);
    return `${name}${parts.length > 0 ? `{${parts.join(",")}}` : ""} `;
}

/** Buckets as `templates/tempo/tempo.yml.mustache` has them, each with the share of spans that are faster. */
const SPAN_BUCKETS: [string, number][] = [
    ["0.005", 0.2], ["0.01", 0.4], ["0.025", 0.6], ["0.05", 0.75], ["0.1", 0.85], ["0.25", 0.92], ["0.5", 0.96], ["1", 0.98], ["2.5", 0.995], ["5", 0.999], ["10", 1], ["+Inf", 1],
];

/** Span metrics of one host as Tempo's generator makes them: each endpoint's server span, its controller's and its statement's. */
export function spanMetrics(recorded: Series[]): Series[] {
    const uris = [...new Set(recorded.filter(({ name }) => name === "http_server_requests_seconds_count").map(({ labels }) => labels.uri))].filter((uri) => !uri.startsWith("/actuator"));
    const spans = uris.flatMap((uri) => [
        { span_name: `GET ${uri}`, span_kind: "SPAN_KIND_SERVER" }, { span_name: `Controller ${uri}`, span_kind: "SPAN_KIND_INTERNAL" }, { span_name: `SELECT ${uri}`, span_kind: "SPAN_KIND_CLIENT" },
    ]);
    return spans.flatMap((span) => {
        const labels = { ...span, status_code: "STATUS_CODE_UNSET" };
        const counter = true;
        return [
            { name: "traces_spanmetrics_calls_total", labels, value: 3, counter }, { name: "traces_spanmetrics_latency_count", labels, value: 3, counter },
            { name: "traces_spanmetrics_latency_sum", labels, value: 0.3, counter },
            ...SPAN_BUCKETS.map(([le, share]) => ({ name: "traces_spanmetrics_latency_bucket", labels: { ...labels, le }, value: 3 * share, counter })),
        ];
    });
}

/** One exemplar for each span of each time, in the bucket of its duration. */
export function withExemplars(written: Written[]): Written[] {
    return written.map((series) => (series.labels.__name__ === "traces_spanmetrics_latency_bucket" && series.labels.le === "0.1"
        ? { ...series, exemplars: series.samples.map(([at], i) => ({ labels: { trace_id: traceId(series.labels, i) }, value: 0.08, at })) } : series));
}

function traceId(labels: Record<string, string>, i: number): string {
    const text = `${labels.instance}${labels.span_name}${i}`;
    return Buffer.from(text).toString("hex").padEnd(32, "0").slice(-32);
}
