import { DashboardJson, PanelJson, panelsOf } from "../../support/dashboards/model";
import { NamedQuery, queriesOf } from "../../support/dashboards/queries";
import { ALL, fillQuery, VariableValue } from "../../e2e/support/fill";

/** Where the backends answer, as Grafana would ask them. */
export interface Backends {
    prometheus: string;
    loki?: string;
    tempo?: string;
    /** Whose logs and traces. */
    tenants: string;
}

/** One request to a backend, and where its query stands. */
export interface Asked {
    dashboard: string;
    panel: string;
    refId: string;
    what: string;
    url: string;
    headers: Record<string, string>;
    body?: string;
}

/** What came back. */
export interface Answer extends Asked {
    seconds: number;
    /** Series, lines, traces or values. */
    rows: number;
    error?: string;
}

/** A screen's width in pixels: a panel asks for as many points as it is wide. */
const SCREEN = 1920;
const SCRAPE_SECONDS = 15;
/** The steps that Grafana rounds to, in seconds. */
const STEPS = [1, 2, 5, 10, 15, 20, 30, 60];

/** Everything that a browser asks for when it opens a dashboard: variables, annotations, each panel's queries, and exemplars where a query wants them. */
export function requestsOf(dashboard: DashboardJson, backends: Backends, endSeconds: number, rangeSeconds: number): Asked[] {
    const variables = openingVariables(dashboard);
    const widths = Object.fromEntries(panelsOf(dashboard).map((panel: PanelJson) => [panel.title, (panel.gridPos!.w / 24) * SCREEN]));
    return queriesOf(dashboard).flatMap((query) => {
        const points = widths[query.panel] ?? SCREEN;
        const step = STEPS.find((each) => each >= rangeSeconds / points / 1.5) ?? 60;
        return requestsOfQuery(query, { backends, variables, endSeconds, rangeSeconds, step });
    });
}

interface Asking {
    backends: Backends;
    variables: Record<string, VariableValue>;
    endSeconds: number;
    rangeSeconds: number;
    step: number;
}

function requestsOfQuery(query: NamedQuery, asking: Asking): Asked[] {
    const { source, language } = query;
    if (source.type === "prometheus") return prometheusRequests(query, asking);
    if (source.type === "loki" && asking.backends.loki) return [lokiRequest(query, asking)];
    if (source.type === "tempo" && language === "traceql" && asking.backends.tempo) return [tempoRequest(query, asking)];
    return [];
}

function prometheusRequests(query: NamedQuery, { backends, variables, endSeconds, rangeSeconds, step: wanted }: Asking): Asked[] {
    const step = Math.max(wanted, SCRAPE_SECONDS);
    const { instant, exemplar, expr } = query.target;
    const text = fillQuery(query.text, { variables, rangeSeconds, stepSeconds: step, scrapeSeconds: SCRAPE_SECONDS, instant });
    const from = String(endSeconds - rangeSeconds);
    const to = String(endSeconds);
    const post = (what: string, path: string, form: Record<string, string>): Asked => ({
        ...place(query), what, url: `${backends.prometheus}/api/v1/${path}`, headers: { "Content-Type": "application/x-www-form-urlencoded" }, body: new URLSearchParams(form).toString(),
    });
    if (query.label) return [{ ...place(query), what: "values", headers: {}, url: `${backends.prometheus}/api/v1/label/${query.label}/values?${new URLSearchParams({ "match[]": text, start: from, end: to })}` }];
    if (expr === undefined) return [post("variable", "query", { query: text, time: to })];
    return [
        instant ? post("instant", "query", { query: text, time: to }) : post("range", "query_range", { query: text, start: from, end: to, step: String(step) }),
        ...(exemplar ? [post("exemplars", "query_exemplars", { query: text, start: from, end: to })] : []),
    ];
}

function lokiRequest(query: NamedQuery, { backends, variables, endSeconds, rangeSeconds, step }: Asking): Asked {
    const instant = query.target.queryType === "instant";
    const text = fillQuery(query.text, { variables, rangeSeconds, stepSeconds: step, language: "logql", instant });
    const form: Record<string, string> = instant ? { query: text, time: `${endSeconds}000000000` } : {
        query: text, start: `${endSeconds - rangeSeconds}000000000`, end: `${endSeconds}000000000`, step: `${step}s`, limit: String(query.target.maxLines ?? 1000), direction: "backward",
    };
    return { ...place(query), what: "logs", url: `${backends.loki}/loki/api/v1/${instant ? "query" : "query_range"}?${new URLSearchParams(form)}`, headers: { "X-Scope-OrgID": backends.tenants } };
}

function tempoRequest(query: NamedQuery, { backends, variables, endSeconds, rangeSeconds, step }: Asking): Asked {
    const text = fillQuery(query.text, { variables, rangeSeconds, stepSeconds: step, language: "traceql" });
    const range = { start: String(endSeconds - rangeSeconds), end: String(endSeconds) };
    const [path, form] = query.target.metricsQueryType === "range"
        ? ["api/metrics/query_range", { q: text, ...range, step: `${step}s` }] : ["api/search", { q: text, ...range, limit: String(query.target.limit ?? 20), spss: "3" }];
    return { ...place(query), what: "traces", url: `${backends.tempo}/${path}?${new URLSearchParams(form as Record<string, string>)}`, headers: { "X-Scope-OrgID": backends.tenants } };
}

function place({ dashboard, panel, refId }: NamedQuery): Pick<Asked, "dashboard" | "panel" | "refId"> {
    return { dashboard, panel, refId };
}

/** Values that a dashboard opens with; "All" where it has that. */
function openingVariables(dashboard: DashboardJson): Record<string, VariableValue> {
    return Object.fromEntries((dashboard.templating?.list ?? []).map(({ name = "", current, allValue, query }) => {
        const value = current?.value ?? (typeof query === "string" ? query : "");
        const all = [value].flat().includes("$__all");
        return [name, all ? (allValue ? { all: allValue } : ALL) : (value as string | string[])];
    }));
}

/** Sends requests, so many at a time as a browser does, and waits for all answers. */
export async function askAll(requests: Asked[], parallel: number): Promise<{ seconds: number; answers: Answer[] }> {
    const waiting = [...requests];
    const answers: Answer[] = [];
    const begun = performance.now();
    await Promise.all(Array.from({ length: parallel }, async () => {
        for (let next = waiting.shift(); next; next = waiting.shift()) answers.push(await ask(next));
    }));
    return { seconds: (performance.now() - begun) / 1000, answers };
}

async function ask(request: Asked): Promise<Answer> {
    const begun = performance.now();
    const seconds = () => (performance.now() - begun) / 1000;
    try {
        const response = await fetch(request.url, { method: request.body === undefined ? "GET" : "POST", headers: request.headers, body: request.body });
        const text = await response.text();
        if (!response.ok) return { ...request, seconds: seconds(), rows: 0, error: `${response.status} ${text.slice(0, 200)}` };
        return { ...request, seconds: seconds(), rows: countRows(JSON.parse(text)) };
    } catch (error) {
        return { ...request, seconds: seconds(), rows: 0, error: String(error) };
    }
}

function countRows(answer: { data?: { result?: unknown[] } | unknown[]; traces?: unknown[]; series?: unknown[] }): number {
    const { data } = answer;
    return (Array.isArray(data) ? data : (data?.result ?? answer.traces ?? answer.series ?? [])).length;
}
