import * as common from "@grafana/grafana-foundation-sdk/common";
import * as dashboard from "@grafana/grafana-foundation-sdk/dashboard";
import { chosen, commonVariables, DashboardName, DashboardSpec, environmentLink, metrics, navigation, Panel, PanelOptions, stat, timeSeries } from "./kit";
import { durationQuantile, errorRatio, orZero, requestRate, Slice } from "./requests";

const WHERE = chosen("environment", "application");
const REQUESTS: Slice = { where: WHERE, by: "environment" };
const TARGETS = `up{job="was", ${WHERE}}`;
/** An environment's colour is the same in all panels, however many there are. */
const BY_NAME = new dashboard.FieldColorBuilder().mode(dashboard.FieldColorModeId.PaletteClassicByName);

const CPU = `max by (environment) (system_cpu_usage{${WHERE}})`;
const HEAP = `max by (environment) (sum by (environment, instance) (jvm_memory_used_bytes{${WHERE}, area="heap"}) / `
    + `(sum by (environment, instance) (jvm_memory_max_bytes{${WHERE}, area="heap"}) > 0))`;
const THREADS = `max by (environment) (tomcat_threads_busy_threads{${WHERE}} / (tomcat_threads_config_max_threads{${WHERE}} > 0))`;
const PENDING = `sum by (environment) (hikaricp_connections_pending{${WHERE}})`;
const LOG_ERRORS = `sum by (environment) (rate(logback_events_total{${WHERE}, level="error"}[$__rate_interval])) * 60`;

const SATURATED = { yellow: 0.8, red: 0.9 };

/** All environments next to each other: the first page that one opens. */
export const environments: DashboardSpec = {
    name: "environments",
    title: "Environments",
    folder: "Overview",
    description: "Every environment side by side: is it up, how much does it do, how well, and what is short. Click a value for its details.",
    variables: commonVariables(["environment", "application"]),
    links: navigation(["service", "Service"], ["jvm", "JVM"], ["tomcat", "Tomcat and HikariCP"], ["host", "Host"], ["logs", "Logs"], ["traces", "Traces"],
        ["loadtest", "Load test"], ["monitoring", "Monitoring itself"]),
    rows: [
        {
            title: "Now",
            panels: [
                now("Up", "percentunit", "service", `avg by (environment) (${TARGETS})`, "Share of the applications that answer Prometheus. Below 100 %, one of them is down or out of reach.",
                    { thresholds: { yellow: 0.5, green: 1 }, below: "red" }),
                now("Requests", "reqps", "service", requestRate(REQUESTS), "Requests per second, without those to /actuator."),
                now("Errors", "percentunit", "service", errorRatio(REQUESTS), "Share of the requests that ended in a 5xx status.", { thresholds: { yellow: 0.01, red: 0.05 }, decimals: 1 }),
                now("Latency, 95th percentile", "s", "service", durationQuantile(0.95, "requestsByUri", REQUESTS), "19 of 20 requests were faster than this.", { thresholds: { yellow: 0.5, red: 1 } }),
                now("Log errors per minute", "short", "logs", LOG_ERRORS, "Lines of level ERROR that applications log, as Micrometer counts them.", { thresholds: { yellow: 1, red: 10 }, decimals: 1 }),
                now("Alerts", "none", "monitoring", orZero(`count by (environment) (ALERTS{alertstate="firing", ${WHERE}})`, `count by (environment) (${TARGETS})`),
                    "Alerts that fire for the environment.", { thresholds: { red: 1 } }),
                now("CPU", "percentunit", "host", CPU, "The machine's CPU in use, of the busiest host.", { thresholds: SATURATED }),
                now("Heap", "percentunit", "jvm", HEAP, "Heap in use as a share of its maximum, of the fullest host. It falls with the next collection; look at the curve.", { thresholds: SATURATED }),
                now("Tomcat threads", "percentunit", "tomcat", THREADS, "Busy threads as a share of their maximum, of the busiest host. At 100 % requests wait.", { thresholds: SATURATED }),
                now("Pending connections", "none", "tomcat", PENDING, "Threads that wait for a database connection. More than none for long: the pool is too small, or SQL is slow.", { thresholds: { yellow: 1, red: 10 } }),
                now("Slowest request", "s", "service", `max by (environment) (http_server_requests_seconds_max{${WHERE}, uri!~"/actuator.*"})`,
                    "The longest request of the last minutes.", { thresholds: { yellow: 1, red: 5 } }),
                now("Since the last start", "s", "jvm", `min by (environment) (process_uptime_seconds{${WHERE}})`, "How long ago the youngest process was started: a restart that nobody ordered shows here."),
            ],
        },
        {
            title: "Over time",
            panels: [
                curve("Requests by environment", "reqps", "service", requestRate(REQUESTS), "Requests per second, without those to /actuator."),
                curve("Errors by environment", "percentunit", "service", errorRatio(REQUESTS), "Share of the requests that ended in a 5xx status."),
                curve("Latency by environment", "s", "service", durationQuantile(0.95, "requestsByUri", REQUESTS), "95th percentile of the requests' duration."),
                curve("CPU by environment", "percentunit", "host", CPU, "The machine's CPU in use, of the busiest host.", 1),
                curve("Heap by environment", "percentunit", "jvm", HEAP, "Heap in use as a share of its maximum, of the fullest host. What matters is where it falls back to.", 1),
                curve("Log errors by environment", "short", "logs", LOG_ERRORS, "Lines of level ERROR per minute, as Micrometer counts them."),
            ],
        },
    ],
};

/** One value for each environment, below one another. */
function now(title: string, unit: string, target: DashboardName, expr: string, description: string, more: Partial<PanelOptions> = {}): Panel {
    return stat({ title, description, unit, links: [environmentLink(target)], queries: [metrics(expr, { legend: "{{environment}}", instant: true })], ...more },
        (panel) => panel.orientation(common.VizOrientation.Horizontal));
}

/** One curve for each environment. */
function curve(title: string, unit: string, target: DashboardName, expr: string, description: string, max?: number): Panel {
    return timeSeries({ title, description, unit, min: 0, max, height: 6, links: [environmentLink(target)], queries: [metrics(expr, { legend: "{{environment}}" })] },
        (panel) => panel.colorScheme(BY_NAME));
}
