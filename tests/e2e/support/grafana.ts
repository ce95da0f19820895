import * as http from "node:http";
import * as https from "node:https";

/** One series of an instant query. */
export interface Sample {
    labels: Record<string, string>;
    value: number;
}

/** One log line with its labels; structured metadata is among them, as Loki gives it. */
export interface Line {
    labels: Record<string, string>;
    text: string;
    nanoseconds: string;
}

/** One span of a trace, with the resource that it belongs to. */
export interface Span {
    name: string;
    kind: string;
    resource: Record<string, string>;
    attributes: Record<string, string>;
    traceId: string;
    spanId: string;
    parentSpanId: string;
    /** Nanoseconds since 1970. */
    start: bigint;
    end: bigint;
}

/**
 * Grafana's HTTP API through the gateway, as far as the tests use it: health, search, data sources and dashboards by uid, and queries by the data source
 * proxy. So every query takes the way that a panel's takes: gateway, Grafana, the data source's URL and headers as provisioned.
 */
export class GrafanaClient {
    constructor(private readonly url: string, private readonly ca: string, private readonly password: string, private readonly user = "admin") {}

    /** The same with another password, or as another user. */
    as(password: string, user = this.user): GrafanaClient {
        return new GrafanaClient(this.url, this.ca, password, user);
    }

    /**
     * A request with the user's login; gives status and body as they are.
     *
     * @param form sent by POST, as Grafana asks Prometheus
     */
    request(path: string, headers: Record<string, string> = {}, form?: Record<string, string>): Promise<{ status: number; body: string }> {
        const login = Buffer.from(`${this.user}:${this.password}`).toString("base64");
        return new Promise((resolve, reject) => {
            const type = form ? { "Content-Type": "application/x-www-form-urlencoded" } : {};
            const options = { method: form ? "POST" : "GET", ca: this.ca, timeout: 15_000, headers: { Authorization: `Basic ${login}`, ...type, ...headers } };
            const request = (this.url.startsWith("https:") ? https : http).request(this.url + path, options, (response) => {
                const chunks: Buffer[] = [];
                response.on("data", (chunk: Buffer) => chunks.push(chunk));
                // Cut off half-way: without a listener nothing would be told.
                response.on("error", reject);
                response.on("end", () => resolve({ status: response.statusCode ?? 0, body: Buffer.concat(chunks).toString("utf8") }));
            });
            request.on("timeout", () => request.destroy(new Error(`${path}: no answer in 15 s`)));
            request.on("error", reject);
            request.end(form ? new URLSearchParams(form).toString() : undefined);
        });
    }

    /** @throws Error that shows the answer where it is not 200 with JSON */
    async json<T>(path: string, headers: Record<string, string> = {}, form?: Record<string, string>): Promise<T> {
        const { status, body } = await this.request(path, headers, form);
        if (status !== 200) throw new Error(`${path}: HTTP ${status} ${body.slice(0, 300)}`);
        return JSON.parse(body) as T;
    }

    /** Asks a data source by Grafana's proxy, with a query string or, if `post`, with a form. */
    ask<T>(uid: string, path: string, query: Record<string, string>, post = false): Promise<T> {
        return this.json<T>(this.proxy(uid, path, post ? {} : query), { Accept: "application/json" }, post ? query : undefined);
    }

    private proxy(uid: string, path: string, query: Record<string, string>): string {
        return `/api/datasources/proxy/uid/${uid}${path}?${new URLSearchParams(query)}`;
    }

    /** An instant PromQL query. */
    async metrics(query: string): Promise<Sample[]> {
        const answer = await this.json<{ data: { result: { metric: Record<string, string>; value: [number, string] }[] } }>(this.proxy("prometheus", "/api/v1/query", { query }));
        return answer.data.result.map(({ metric, value }) => ({ labels: metric, value: Number(value[1]) }));
    }

    /** Timestamps of one series' samples over the last seconds, unaligned. */
    async sampleTimes(selector: string, seconds: number): Promise<number[]> {
        const answer = await this.json<{ data: { result: { values: [number, string][] }[] } }>(this.proxy("prometheus", "/api/v1/query", { query: `${selector}[${Math.ceil(seconds)}s]` }));
        return answer.data.result.flatMap(({ values }) => values.map(([time]) => time));
    }

    /** Instances that Prometheus scrapes now; their series end some intervals after the last scrape. */
    async scraped(environment: string): Promise<string[]> {
        const answer = await this.json<{ data: { activeTargets: { labels: Record<string, string> }[] } }>(this.proxy("prometheus", "/api/v1/targets", { state: "active" }));
        return [...new Set(answer.data.activeTargets.filter(({ labels }) => labels.environment === environment).map(({ labels }) => labels.instance))].sort();
    }

    /** Log lines, newest first; of the last hour, or of a time in nanoseconds since 1970. */
    async logs(query: string, uid = "loki", limit = 1000, time?: { start: bigint; end: bigint }): Promise<Line[]> {
        const start = String(time?.start ?? (Date.now() - 3_600_000) * 1e6);
        const answer = await this.json<{ data: { result: { stream: Record<string, string>; values: [string, string][] }[] } }>(this.proxy(uid, "/loki/api/v1/query_range", { query, start, ...(time ? { end: String(time.end) } : {}), limit: String(limit) }));
        return answer.data.result.flatMap(({ stream, values }) => values.map(([nanoseconds, text]) => ({ labels: stream, text, nanoseconds })));
    }

    /** The index labels of all streams that match. */
    async logStreams(match: string, uid = "loki"): Promise<Record<string, string>[]> {
        const start = String((Date.now() - 3_600_000) * 1e6);
        return (await this.json<{ data: Record<string, string>[] }>(this.proxy(uid, "/loki/api/v1/series", { "match[]": match, start }))).data;
    }

    /** Ids of traces that match, of the last hour or since a time in seconds, padded to 32 digits: the search leaves leading zeros out. */
    async searchTraces(query: string, uid = "tempo", { start, limit = 50 }: { start?: number; limit?: number } = {}): Promise<string[]> {
        const now = Math.floor(Date.now() / 1000);
        const answer = await this.json<{ traces?: { traceID: string }[] }>(this.proxy(uid, "/api/search", { q: query, limit: String(limit), start: String(start ?? now - 3600), end: String(now + 60) }));
        return (answer.traces ?? []).map(({ traceID }) => traceID.padStart(32, "0"));
    }

    /** All spans of a trace, or undefined while it is not there. */
    async trace(id: string, uid = "tempo"): Promise<Span[] | undefined> {
        const { status, body } = await this.request(this.proxy(uid, `/api/v2/traces/${id}`, {}), { Accept: "application/json" });
        if (status === 404) return undefined;
        if (status !== 200) throw new Error(`trace ${id}: HTTP ${status} ${body.slice(0, 300)}`);
        const spans = spansOf(JSON.parse(body) as OtlpTrace);
        return spans.length > 0 ? spans : undefined;
    }
}

interface OtlpAttribute { key: string; value: Record<string, unknown> }
interface OtlpSpan { name: string; kind?: string; traceId?: string; spanId?: string; parentSpanId?: string; startTimeUnixNano?: string; endTimeUnixNano?: string; attributes?: OtlpAttribute[] }
interface OtlpTrace { trace?: { resourceSpans?: { resource?: { attributes?: OtlpAttribute[] }; scopeSpans?: { spans?: OtlpSpan[] }[] }[] } }

function spansOf({ trace }: OtlpTrace): Span[] {
    return (trace?.resourceSpans ?? []).flatMap(({ resource, scopeSpans }) => (scopeSpans ?? []).flatMap(({ spans }) => (spans ?? []).map((span) => ({
        name: span.name, kind: (span.kind ?? "").replace("SPAN_KIND_", ""), resource: attributes(resource?.attributes), attributes: attributes(span.attributes),
        traceId: hex(span.traceId), spanId: hex(span.spanId), parentSpanId: span.parentSpanId ?? "", start: BigInt(span.startTimeUnixNano ?? 0), end: BigInt(span.endTimeUnixNano ?? 0),
    }))));
}

function hex(base64 = ""): string {
    return Buffer.from(base64, "base64").toString("hex");
}

function attributes(list: OtlpAttribute[] = []): Record<string, string> {
    return Object.fromEntries(list.map(({ key, value }) => [key, String(Object.values(value)[0])]));
}
