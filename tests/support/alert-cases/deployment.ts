import { CAPACITY_CASES } from "./capacity";
import { AlertCase, cases, of, ON_HOST, service } from "./case";

const agent = (metric: string, labels: Record<string, string> = {}) => of("agent", metric, labels);
const logged = of("was", "logback_events_total", { level: "info" });
const sentLines = agent("otelcol_exporter_sent_log_records_total", { component_id: "otelcol.exporter.otlphttp.logs" });
const answered = of("was", "http_server_requests_seconds_count", { uri: "/photos", status: "200" });
const spans = `traces_spanmetrics_calls_total{environment="prod",application="shop",instance="was-1",span_name="GET /photos"}`;
const spanQueue = agent("otelcol_exporter_queue_capacity", { component_id: "otelcol.exporter.otlphttp.traces" });
const lost = (metric: string, values: string) => ({ [agent(`otelcol_exporter_${metric}_total`, { component_id: "otelcol.exporter.otlphttp.x" })]: values });
const queue = (used: string) => ({
    [agent("otelcol_exporter_queue_size", { component_id: "otelcol.exporter.otlphttp.logs" })]: used,
    [agent("otelcol_exporter_queue_capacity", { component_id: "otelcol.exporter.otlphttp.logs" })]: "100x100",
});

const discovery = (metric: string, values: string, labels: Record<string, string> = {}) => ({ [service("monitoring-host", `photogather_discovery_${metric}`, { environment: "dev", ...labels })]: values });

const TELEMETRY: AlertCase[] = [
    ...cases({ alert: "NoLogs", labels: ON_HOST, at: "25m" },
        { "the application logs, and its agent sends nothing": [{ [logged]: "0+5x120", [sentLines]: "700x120", [of("agent", "up")]: "1x120" }, "3m"] },
        {
            "its agent sends": { [logged]: "0+5x120", [sentLines]: "0+5x120", [of("agent", "up")]: "1x120" },
            "the application logs nothing": { [logged]: "50x120", [sentLines]: "700x120", [of("agent", "up")]: "1x120" },
            "the host has no such agent": { [logged]: "0+5x120", [sentLines.replace("was-1", "was-2")]: "700x120", [of("agent", "up").replace("was-1", "was-2")]: "1x120" },
        }),
    ...cases({ alert: "NoSpans", labels: ON_HOST, at: "25m" },
        { "it answers requests, and no span arrives": [{ [answered]: "0+10x120", [spans]: "700x120", [spanQueue]: "1000x120" }, "3m"] },
        {
            "spans arrive": { [answered]: "0+10x120", [spans]: "0+10x120", [spanQueue]: "1000x120" },
            "it answers few requests": { [answered]: "0+1x120", [spans]: "700x120", [spanQueue]: "1000x120" },
            "its agent takes no spans": { [answered]: "0+10x120", [spans]: "700x120", [spanQueue.replace("was-1", "was-2")]: "1000x120" },
        }),
    ...[["send_failed_log_records", "log lines"], ["send_failed_spans", "spans"], ["enqueue_failed_spans", "spans that found the queue full"]].flatMap(([metric, signal]) =>
        cases({ alert: "AgentLosesData", labels: { ...ON_HOST, signal }, at: "8m" },
            { [`${metric} grows`]: [lost(metric, "3x20 9x40")], [`${metric} is there for the first time`]: [lost(metric, "_x20 9x40")] },
            { [`${metric} stays`]: lost(metric, "9x60") })),
    ...cases({ alert: "AgentQueueFilling", labels: ON_HOST, at: "8m" }, { "it is six tenths full": [queue("60x60"), "4m"] }, { "it is four tenths full": queue("40x60") }),
    ...[["LogsRefused", "loki", "loki_discarded_samples_total"], ["SpansRefused", "tempo", "tempo_discarded_spans_total"]].flatMap(([alert, name, metric]) => {
        const discarded = (values: string) => ({ [service(name, metric, { tenant: "dev", reason: "rate_limited" })]: values });
        return cases({ alert, labels: { environment: "dev", reason: "rate_limited" }, at: "15m" },
            { "some are refused all the time": [discarded("_x4 10+10x80"), "4m"] },
            { "some were refused for a moment": discarded("10x4 10+10x4 50x80") });
    }),
    ...cases({ alert: "SpanMetricsRefused", labels: { environment: "dev" }, at: "15m" },
        { "new series are left out": [{ [service("tempo", "tempo_metrics_generator_registry_series_limited_total", { tenant: "dev" })]: "0+3x80" }, "4m"] },
        { "none is": { [service("tempo", "tempo_metrics_generator_registry_series_limited_total", { tenant: "dev" })]: "5x80" } }),
    ...["scrapes_exceeded_sample_limit", "scrapes_exceeded_body_size_limit", "scrape_pool_exceeded_target_limit", "scrape_pool_exceeded_label_limits"].flatMap((limit) =>
        cases({ alert: "ScrapesRefused", labels: { application: "prometheus" }, at: "8m" },
            { [`${limit} grows`]: [{ [service("prometheus", `prometheus_target_${limit}_total`)]: "0x20 0+1x40" }] },
            { [`${limit} stays`]: { [service("prometheus", `prometheus_target_${limit}_total`)]: "4x60" } })),
];

/** Loki's memory: what it holds, and 50 bytes that it gave back. */
const held = (bytes: string) => ({ [service("loki", "go_memstats_sys_bytes")]: bytes, [service("loki", "go_memstats_heap_released_bytes")]: "50x60" });
const RELOADS = {
    prometheus: "prometheus_config", alertmanager: "alertmanager_config", loki: "loki_runtime_config", tempo: "tempo_runtime_config", gateway: "caddy_config",
};

const MONITORING: AlertCase[] = [
    ...["prometheus", "alertmanager", "loki", "tempo", "grafana", "gateway", "monitoring-host"].flatMap((name) =>
        cases({ alert: "BackendDown", labels: { job: name }, at: "4m" }, { [`${name} does not answer`]: [{ [service(name, "up")]: "1 0x60" }, "2m"] }, { [`${name} missed a scrape`]: { [service(name, "up")]: "1x8 0 1x60" } })),
    ...cases({ alert: "BackendMemoryNearLimit", labels: { application: "loki" }, at: "13m" }, { "it uses 95 of 100": [held("145x60"), "9m"] }, { "it uses 80": held("130x60") }),
    ...cases({ alert: "CertificateExpiry", severity: "warning", labels: { certificate: "later" }, at: "5m" }, { "it ends in 20 days": [{}] }, {}),
    ...cases({ alert: "CertificateExpiry", severity: "warning", labels: { certificate: "far" }, at: "5m" }, {}, { "it ends in 10 years": {} }),
    ...cases({ alert: "CertificateExpiry", severity: "critical", labels: { certificate: "soon" }, at: "5m" }, { "it ends in 5 days": [{}] }, {}),
    ...cases({ alert: "CertificateExpiry", severity: "critical", labels: { certificate: "later" }, at: "5m" }, {}, { "it ends in 20 days": {} }),
    ...Object.entries(RELOADS).flatMap(([name, metric]) => {
        const reloaded = (values: string) => ({ [service(name, `${metric}_last_reload_successful`)]: values });
        return cases({ alert: "ConfigReloadFailed", labels: { job: name }, at: "4m" }, { [`${name} refuses its file`]: [reloaded("1 0x60"), "2m"] }, { [`${name} has read it`]: reloaded("1x60") });
    }),
    ...cases({ alert: "ConfigReloadFailed", labels: ON_HOST, at: "4m" },
        { "an agent refuses its file": [{ [agent("alloy_config_last_load_successful")]: "1 0x60" }, "2m"] },
        { "an agent has read it": { [agent("alloy_config_last_load_successful")]: "1x60" } }),
    ...cases({ alert: "HostDiscoveryFails", labels: { environment: "dev" }, at: "25m" },
        { "EC2 told nothing yet": [discovery("last_success_timestamp_seconds", "0x200"), "3m"] }, { "EC2 told just now": discovery("last_success_timestamp_seconds", "0+15x200") }),
    ...cases({ alert: "HostsLeftOut", labels: { environment: "dev" }, at: "15m" },
        { "one has too many": [discovery("skipped", "2x80", { reason: "more than maxTargets" }), "8m"] }, { "one was ending": discovery("skipped", "_x4 1x8", { reason: "no private address" }) }),
    ...[["prometheus", "prometheus_rule_evaluation_failures_total"], ["loki", "loki_prometheus_rule_evaluation_failures_total"]].flatMap(([name, metric]) => {
        const failures = (values: string) => ({ [service(name, metric, { rule_group: "own" })]: values });
        return cases({ alert: "RulesFailing", labels: { application: name, rule_group: "own" }, at: "12m" }, { [`rules of ${name} fail`]: [failures("0+1x80"), "4m"] }, { [`rules of ${name} failed once`]: failures("1x80") });
    }),
    ...[["alertmanager", "alertmanager_notifications_failed_total"], ["prometheus", "prometheus_notifications_dropped_total"]].flatMap(([name, metric]) => {
        const failures = (values: string) => ({ [service(name, metric, name === "alertmanager" ? { integration: "webhook" } : {})]: values });
        return cases({ alert: "NotificationsFailing", labels: { application: name }, at: "8m" }, { [`${name} cannot send`]: [failures("0+1x80"), "1m"] }, { [`${name} can`]: failures("3x80") });
    }),
    ...cases({ alert: "Watchdog", labels: {}, at: "1m" }, { "rules are evaluated": [{}] }, {}),
];

/** What the cases' deployment knows of itself: bytes, and seconds since promtool's 1970. */
export const FACTS = { memoryLimits: { loki: 100 }, seriesQuotas: { prod: 1000 }, certificateEnds: { soon: 5 * 86400, later: 20 * 86400, far: 3650 * 86400 } };

/** Alerts of telemetry and of the deployment itself. */
export const DEPLOYMENT_CASES: AlertCase[] = [...TELEMETRY, ...MONITORING, ...CAPACITY_CASES];
