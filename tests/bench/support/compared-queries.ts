import { buildDashboard, DASHBOARDS } from "../../../dashboards";
import { DashboardJson } from "../../support/dashboards/model";
import { Asked, Backends, requestsOf } from "./ask";
import { Side } from "./sides";

/** How far back each question looks, in seconds. */
export const RANGE = 300;

/** Questions that both sides can be asked: what is read is the same, only the names of a log's labels differ. */
export function comparedQueries(side: Side): Asked[] {
    const end = Math.floor(Date.now() / 1000);
    const [start, step] = [String(end - RANGE), "15"];
    const label = side.environmentLabel;
    const asked = (what: string, url: string, form: Record<string, string>): Asked => ({ dashboard: "compared", panel: what, refId: "A", what, url: `${url}?${new URLSearchParams(form)}`, headers: side.reading });
    const metrics = (query: string) => asked("metrics", `${side.prometheus}/api/v1/query_range`, { query, start, end: String(end), step });
    const logs = (query: string) => asked("logs", `${side.loki}/loki/api/v1/query_range`, { query, start: `${start}000000000`, end: `${end}000000000`, step, limit: "200" });
    const traces = (q: string) => asked("traces", `${side.tempo}/api/search`, { q, start, end: String(end), limit: "20" });
    return [
        metrics('sum by (environment, uri) (rate(http_server_requests_seconds_count{job="was"}[1m]))'),
        metrics('histogram_quantile(0.95, sum by (le, environment) (rate(http_server_requests_seconds_bucket{job="was"}[1m])))'),
        metrics('sum by (instance) (jvm_memory_used_bytes{area="heap"})'),
        metrics("sum by (span_name) (rate(traces_spanmetrics_calls_total[1m]))"),
        logs(`sum by (${label}) (count_over_time({${label}=~".+"} | level="ERROR" [1m]))`),
        logs(`{${label}="prod"} |= "status=500"`),
        logs(`{${label}="prod"} |~ "/api/photos/00[0-9]+"`),
        traces("{ status = error }"),
        traces('{ resource.deployment.environment.name = "prod" && span.http.route = "/api/albums/{id}" && duration > 150ms }'),
    ];
}

/** Each dashboard's requests at the range that it opens with. */
export function dashboardQueries(side: Side): { dashboard: string; requests: Asked[] }[] {
    const backends: Backends = { prometheus: side.prometheus, loki: side.loki, tempo: side.tempo, tenants: side.reading["X-Scope-OrgID"] };
    return DASHBOARDS.map((spec) => {
        const [, count, unit] = /^now-(\d+)([mh])$/.exec(spec.from ?? "now-1h") ?? [];
        const dashboard = buildDashboard(spec) as DashboardJson;
        return { dashboard: dashboard.uid!, requests: requestsOf(dashboard, backends, Math.floor(Date.now() / 1000), Number(count) * (unit === "h" ? 3600 : 60)) };
    });
}
