import { request } from "../request";

/** How far back the last sample, line and span are looked for. */
export const LOOK_BACK_SECONDS = 3600;
/** How far back hosts are looked for that are not listed: those that are gone shall not be told for long. */
const UNLISTED_SECONDS = 300;
/** What Micrometer logs of it, in the words of its versions; the first is what Spring Boot 4.0.1 does by itself (tried). */
const OTLP_REFUSED = "Failed to publish metrics (to OTLP receiver|[(]context)";

/** What the backends know of one WAS host. */
export interface DataFacts {
    /** By job (`host`, `agent`): whether Prometheus reached it at its last scrape. Absent where it is no target. */
    up: Record<string, boolean>;
    applications: Record<string, ApplicationFacts>;
}

/** What they know of one application there. Ages in seconds; undefined where there is nothing within the last hour. */
export interface ApplicationFacts {
    /** Whether Prometheus reached it at its last scrape. Absent where it is no target. */
    up?: boolean;
    sample?: number;
    line?: number;
    span?: number;
    /** Of the last lines, how many were looked at, and how many of them have a trace id. */
    lines: number;
    tracedLines: number;
    /** Requests are counted, and in buckets. */
    requests: boolean;
    buckets: boolean;
    /** Spans of Spring Boot's own tracing, and of the Java agent. */
    bootSpans: boolean;
    agentSpans: boolean;
    /** The application tries to push OTLP metrics, which nobody takes. */
    pushesMetrics: boolean;
}

/** Where Grafana is, and the login. */
export interface GrafanaLogin {
    url: string;
    /** PEM; "" for the system's own CAs. */
    ca: string;
    /** The header that it is asked with. */
    authorization: string;
}

/** A login by name and password. */
export function basicLogin(user: string, password: string): string {
    return `Basic ${Buffer.from(`${user}:${password}`).toString("base64")}`;
}

/**
 * The login at a Grafana of one's own, as its own tools take it from the environment: GRAFANA_TOKEN of a service account, or GRAFANA_USER and GRAFANA_PASSWORD.
 *
 * @throws Error where neither is there
 */
export function loginOf({ GRAFANA_TOKEN, GRAFANA_USER, GRAFANA_PASSWORD }: Record<string, string | undefined>): string {
    if (GRAFANA_TOKEN) return `Bearer ${GRAFANA_TOKEN}`;
    if (GRAFANA_USER && GRAFANA_PASSWORD) return basicLogin(GRAFANA_USER, GRAFANA_PASSWORD);
    throw new Error("--grafana needs a login there: put a service account's token into the environment as GRAFANA_TOKEN, or GRAFANA_USER and GRAFANA_PASSWORD");
}

/** Asks the backends by Grafana's data sources, as a panel does: so the gateway, Grafana and its provisioning are tried too. */
export class Backends {
    constructor(private readonly grafana: GrafanaLogin, private readonly now: () => number = () => Date.now() / 1000) {}

    /** What is known of a host and of these applications on it. @throws Error where Grafana or a backend does not answer */
    async ask(environment: string, instance: string, applications: string[]): Promise<DataFacts> {
        const up = await this.metrics(`up{environment="${environment}", instance="${instance}", job!="was"}`);
        const facts = await Promise.all(applications.map((application) => this.askOf(environment, instance, application)));
        return {
            up: Object.fromEntries(up.map(({ labels, value }) => [labels.job, value === 1])),
            applications: Object.fromEntries(applications.map((application, i) => [application, facts[i]])),
        };
    }

    /** Applications on hosts that are scraped or write lines without being listed: found by EC2 tags, or with an agent by user data. @throws Error as `ask` */
    async unlisted(environment: string, listed: string[]): Promise<{ instance: string; application: string }[]> {
        const [scraped, writing] = await Promise.all([
            this.metrics(`count by (instance, application) (up{environment="${environment}", job="was"})`).then((found) => found.map(({ labels }) => labels)),
            this.get<{ data?: Record<string, string>[] }>("loki", "/loki/api/v1/series", { "match[]": `{environment="${environment}"}`, start: `${Math.floor(this.now() - UNLISTED_SECONDS)}000000000` }).then(({ data = [] }) => data),
        ]);
        // What was imported from a Loki of before has its hosts' names, and no host.
        const found = [...scraped, ...writing.filter(({ source }) => source !== "import")].filter(({ instance }) => instance && !listed.includes(instance));
        return [...new Map(found.map(({ instance, application }) => [`${instance} ${application}`, { instance, application }])).values()].sort((a, b) => (a.instance < b.instance ? -1 : 1));
    }

    private async askOf(environment: string, instance: string, application: string): Promise<ApplicationFacts> {
        const of = `environment="${environment}", instance="${instance}", application="${application}"`;
        const resource = `resource.deployment.environment.name = "${environment}" && resource.service.instance.id = "${instance}" && resource.service.name = "${application}"`;
        const [[up], [sample], requests, buckets, lines, pushes, spans, boot, agent] = await Promise.all([
            this.metrics(`up{${of}, job="was"}`), this.metrics(`timestamp(up{${of}, job="was"} == 1)`),
            this.metrics(`count(http_server_requests_seconds_count{${of}})`), this.metrics(`count(http_server_requests_seconds_bucket{${of}})`),
            this.lines(`{${of}}`, 200), this.lines(`{${of}} |~ "${OTLP_REFUSED}"`, 1),
            this.traces(`{ ${resource} }`), this.traces(`{ ${resource} && instrumentation:name = "org.springframework.boot" }`),
            this.traces(`{ ${resource} && instrumentation:name =~ "io\\\\.opentelemetry\\\\..*" }`),
        ]);
        return {
            ...(up ? { up: up.value === 1 } : {}), sample: this.age(sample?.value), line: this.age(lines[0]?.time), span: this.age(Math.max(...spans)),
            lines: lines.length, tracedLines: lines.filter(({ labels }) => labels.trace_id).length,
            requests: requests.length > 0, buckets: buckets.length > 0, bootSpans: boot.length > 0, agentSpans: agent.length > 0, pushesMetrics: pushes.length > 0,
        };
    }

    private age(time: number | undefined): number | undefined {
        return time === undefined || !Number.isFinite(time) ? undefined : Math.max(0, this.now() - time);
    }

    private async metrics(query: string): Promise<{ labels: Record<string, string>; value: number }[]> {
        const { data } = await this.get<{ data: { result: { metric: Record<string, string>; value: [number, string] }[] } }>("prometheus", "/api/v1/query", { query });
        return data.result.map(({ metric, value }) => ({ labels: metric, value: Number(value[1]) }));
    }

    /** Newest first. */
    private async lines(query: string, limit: number): Promise<{ labels: Record<string, string>; time: number }[]> {
        const start = `${Math.floor(this.now() - LOOK_BACK_SECONDS)}000000000`;
        const { data } = await this.get<{ data: { result: { stream: Record<string, string>; values: [string, string][] }[] } }>("loki", "/loki/api/v1/query_range", { query, start, limit: String(limit) });
        return data.result.flatMap(({ stream, values }) => values.map(([time]) => ({ labels: stream, time: Number(time) / 1e9 }))).sort((a, b) => b.time - a.time);
    }

    /** When each of the traces that match began, in seconds. */
    private async traces(q: string): Promise<number[]> {
        const now = Math.floor(this.now());
        const { traces = [] } = await this.get<{ traces?: { startTimeUnixNano?: string }[] }>("tempo", "/api/search", { q, limit: "20", start: String(now - LOOK_BACK_SECONDS), end: String(now + 60) });
        return traces.map(({ startTimeUnixNano = "0" }) => Number(startTimeUnixNano) / 1e9);
    }

    private async get<T>(source: string, path: string, query: Record<string, string>): Promise<T> {
        const { url, ca, authorization } = this.grafana;
        const { status, body } = await request(`${url}/api/datasources/proxy/uid/${source}${path}?${new URLSearchParams(query)}`, { ca, headers: { Authorization: authorization } });
        if (status === 401) throw new Error("Grafana refuses the login: was the password that the stack knows changed in Grafana, or is the token of --grafana another one's?");
        if (status === 404) throw new Error(`Grafana has no data source with the uid ${source}: docs/external.md says how the dashboards and we find it`);
        if (status !== 200) throw new Error(`${source} does not answer: HTTP ${status} ${body.slice(0, 200).trim()}`);
        return JSON.parse(body) as T;
    }
}
