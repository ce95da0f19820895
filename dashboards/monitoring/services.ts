import { metrics, Row, stat, summary, timeSeries, valueTexts } from "../kit";

/** The node exporter has the machine's job, and stands as the application "monitoring". */
const SERVICES = 'job=~"prometheus|alertmanager|loki|tempo|grafana|gateway|monitoring-host"';
const UP_OR_DOWN = { 0: "down", 1: "up" };

/**
 * What a service could not give back: all of them are Go programs. Their resident memory has the program's own file in it as well, 40 MB and more, which the
 * kernel drops when memory is short: by it the gateway would always be near its limit.
 */
const MEMORY = `max by (application) (go_memstats_sys_bytes{${SERVICES}} - go_memstats_heap_released_bytes{${SERVICES}})`;
const RESIDENT = `max by (application) (process_resident_memory_bytes{${SERVICES}})`;
const MEMORY_LIMIT = "max by (application) (monitoring:memory_limit_bytes)";
const MEMORY_OF_LIMIT = `${MEMORY} / ${MEMORY_LIMIT}`;

/** What each service says of the last time it read its configuration anew. */
const RELOADS = [
    "prometheus_config_last_reload_successful", "alertmanager_config_last_reload_successful", "caddy_config_last_reload_successful",
    "loki_runtime_config_last_reload_successful", "tempo_runtime_config_last_reload_successful",
];

/** The services themselves: up, memory, CPU, configuration, answers. */
export const services: Row = {
    title: "Services",
    panels: [
        stat({
            title: "Services up",
            description: "Each service, as Prometheus reaches it. One that is down takes its signal with it; agents keep what they have until it is back.",
            unit: "none", width: 14, thresholds: { green: 1 }, below: "red",
            queries: [metrics(`max by (job) (up{${SERVICES}})`, { legend: "{{job}}", instant: true })],
        }, (panel) => panel.mappings([valueTexts(UP_OR_DOWN)])),
        stat({
            title: "Configuration in force",
            description: "Whether each service took its latest configuration. \"refused\": it goes on with the one before, and its log says why.",
            unit: "none", width: 10, thresholds: { green: 1 }, below: "red",
            queries: [metrics(RELOADS.map((metric) => `min by (job) (${metric})`).join(" or "), { legend: "{{job}}", instant: true })],
        }, (panel) => panel.mappings([valueTexts({ 0: "refused", 1: "ok" })])),
        timeSeries({
            title: "Memory of limit",
            description: "Memory of each service that it cannot give back, as a share of its container's limit. At 100 % it is killed and starts again.",
            unit: "percentunit", min: 0, max: 1, thresholds: { yellow: 0.85, red: 0.95 },
            queries: [metrics(MEMORY_OF_LIMIT, { legend: "{{application}}" })],
        }),
        timeSeries({
            title: "Memory by service",
            description: "Memory of each service that it cannot give back: without files that are mapped into it.",
            unit: "bytes", min: 0, stacked: true,
            queries: [metrics(MEMORY, { legend: "{{application}}" })],
        }),
        timeSeries({
            title: "CPU by service",
            description: "Cores that each service takes. A t4g.small gives 0.4 cores for long; more than that uses up its credits.",
            unit: "short", min: 0, stacked: true,
            queries: [metrics(`sum by (application) (rate(process_cpu_seconds_total{${SERVICES}}[$__rate_interval]))`, { legend: "{{application}}" })],
        }),
        summary({
            title: "Service by service",
            description: "Every service as it is now. A short uptime is a restart: look at its memory before.",
            width: 12,
        }, { application: "Service" }, [
            { title: "Up", unit: "none", texts: UP_OR_DOWN, thresholds: { green: 1 }, below: "red", expr: `max by (application) (up{${SERVICES}})` },
            { title: "Uptime", unit: "s", expr: `max by (application) (time() - process_start_time_seconds{${SERVICES}})` },
            { title: "Memory", unit: "bytes", expr: MEMORY },
            { title: "With mapped files", unit: "bytes", expr: RESIDENT },
            { title: "Limit", unit: "bytes", expr: MEMORY_LIMIT },
            { title: "Of limit", unit: "percentunit", thresholds: { yellow: 0.85, red: 0.95 }, expr: MEMORY_OF_LIMIT },
            { title: "Goroutines", unit: "short", expr: `max by (application) (go_goroutines{${SERVICES}})` },
        ]),
        timeSeries({
            title: "Time of queries",
            description: "Time in which 99 % of the queries were answered, as each service counts its own. Over five minutes each; nothing is drawn while nobody asks.",
            unit: "s", min: 0, width: 12, thresholds: { yellow: 3, red: 10 },
            // Native histograms: their buckets are no series of their own.
            queries: [
                metrics('histogram_quantile(0.99, sum(rate(prometheus_http_request_duration_seconds{handler=~"/api/v1/query(_range)?"}[5m])))',
                    { legend: "Prometheus" }),
                metrics('histogram_quantile(0.99, sum(rate(loki_request_duration_seconds{route=~"loki_api_v1_query(_range)?"}[5m])))', { legend: "Loki" }),
                metrics('histogram_quantile(0.99, sum(rate(tempo_request_duration_seconds{route=~"api_.*"}[5m])))', { legend: "Tempo" }),
            ],
        }),
    ],
};

/** What fires, and whether what should tell does. */
export const rules: Row = {
    title: "Alerts and rules",
    panels: [
        summary({
            title: "Alerts firing",
            description: "Alerts that fire now. The dead man's switch always does: it is there so that somebody outside notices when it stops.",
            height: 8, width: 12,
        }, { alertname: "Alert", severity: "Severity", environment: "Environment" }, [
            { title: "Series", unit: "short", expr: 'count by (alertname, severity, environment) (ALERTS{alertstate="firing"})' },
        ]),
        timeSeries({
            title: "Rules that fail",
            description: "Evaluations of rules that failed, each second, by service. 0, or alerts are silent.",
            unit: "ops", min: 0, width: 6, thresholds: { red: 0.0001 },
            queries: [
                metrics("sum(rate(prometheus_rule_evaluation_failures_total[$__rate_interval]))", { legend: "Prometheus" }),
                metrics("sum(rate(loki_prometheus_rule_evaluation_failures_total[$__rate_interval]))", { legend: "Loki" }),
            ],
        }),
        timeSeries({
            title: "Notifications",
            description: "Notifications that Alertmanager has sent, and those that failed, each second. A failed one reached nobody.",
            unit: "ops", min: 0, width: 6,
            queries: [
                metrics("sum(rate(alertmanager_notifications_total[$__rate_interval]))", { legend: "sent" }),
                metrics("sum(rate(alertmanager_notifications_failed_total[$__rate_interval]))", { legend: "failed" }),
            ],
        }),
        timeSeries({
            title: "Certificates",
            description: "Time until the certificates of this deployment end. The gateway renews its own for browsers by itself; these are renewed by a deployment.",
            unit: "s", width: 12, height: 6, min: 0,
            queries: [metrics("min by (certificate) (monitoring:certificate_end_timestamp_seconds) - time()", { legend: "{{certificate}}" })],
        }),
        timeSeries({
            title: "Time of rule groups",
            description: "Time that the slowest group of rules took at its last evaluation, by service. It has to stay well below the interval, 15 s to 1 min.",
            unit: "s", width: 12, height: 6, min: 0, thresholds: { yellow: 5, red: 15 },
            queries: [
                metrics("max(prometheus_rule_group_last_duration_seconds)", { legend: "Prometheus" }),
                metrics("max(loki_prometheus_rule_group_last_duration_seconds)", { legend: "Loki" }),
            ],
        }),
    ],
};
