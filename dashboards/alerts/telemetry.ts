import { BY_INSTANCE, grown, labelled } from "./expressions";
import { USER_REQUESTS } from "./recording";
import { AlertDashboard, AlertRule, RuleGroup } from "./rule";
import { KnownThresholds } from "./thresholds";

const MONITORING: AlertDashboard = { name: "monitoring", variables: ["environment"] };
const WHERE = "{{ $labels.environment }}: {{ $labels.instance }}";

/** Whether logs, spans and samples arrive: what is silent looks healthy. */
export function telemetryGroups({ silentMinutes, silentLines, silentRequests, queueUsed }: KnownThresholds): RuleGroup[] {
    const window = `${silentMinutes}m`;
    const lately = (counter: string) => `sum by (environment, instance) (increase(${counter}[${window}])) > 0`;
    const rules: AlertRule[] = [
        {
            name: "NoLogs", severity: "warning", for: "5m", dashboard: { name: "logs", variables: ["environment", "application", "instance"] },
            // What the application says it has logged, against what its agent has sent. A host with Promtail has no such agent.
            expr: `sum by (${BY_INSTANCE}) (increase(logback_events_total{job="was"}[${window}])) > ${silentLines}`
                + ` unless on (environment, instance) (${lately('otelcol_exporter_sent_log_records_total{job="agent"}')})`
                + ' and on (environment, instance) (up{job="agent"} == 1)',
            summary: `${WHERE} sends no logs`,
            description: `{{ $labels.application }} logged {{ $value | humanize }} lines in the last ${silentMinutes} minutes, and its agent sent none.`,
        },
        {
            name: "NoSpans", severity: "warning", for: "5m", dashboard: { name: "traces", variables: ["environment", "application", "instance"] },
            // Only where the agent takes spans at all: it then has a queue for them.
            expr: `sum by (${BY_INSTANCE}) (increase(http_server_requests_seconds_count{job="was", ${USER_REQUESTS}}[${window}])) > ${silentRequests}`
                + ` unless on (environment, instance) (${lately("traces_spanmetrics_calls_total")})`
                + ' and on (environment, instance) otelcol_exporter_queue_capacity{job="agent", component_id="otelcol.exporter.otlphttp.traces"}',
            summary: `${WHERE} sends no spans`,
            description: `{{ $labels.application }} answered {{ $value | humanize }} requests in the last ${silentMinutes} minutes, and no span of it arrived.`,
        },
        {
            name: "AgentLosesData", severity: "critical", dashboard: MONITORING,
            expr: [
                labelled(grown('otelcol_exporter_send_failed_log_records_total{job="agent"}', BY_INSTANCE), "signal", "log lines"),
                labelled(grown('otelcol_exporter_send_failed_spans_total{job="agent"}', BY_INSTANCE), "signal", "spans"),
                labelled(grown('otelcol_exporter_enqueue_failed_spans_total{job="agent"}', BY_INSTANCE), "signal", "spans that found the queue full"),
            ].join(" or "),
            summary: `${WHERE}: the agent loses {{ $labels.signal }}`,
            description: "{{ $value | humanize }} {{ $labels.signal }} in the last 5 minutes could not be sent, and will not be sent again.",
        },
        {
            name: "AgentQueueFilling", severity: "warning", for: "5m", dashboard: MONITORING,
            // One queue takes all kinds of data, and is counted under each.
            expr: `max by (${BY_INSTANCE}, component_id) (otelcol_exporter_queue_size{job="agent"} / otelcol_exporter_queue_capacity{job="agent"}) > ${queueUsed}`,
            summary: `${WHERE}: the agent cannot send as fast as it collects`,
            description: "{{ $value | humanizePercentage }} of the queue of {{ $labels.component_id }} is in use.",
        },
        refused("LogsRefused", "loki_discarded_samples_total", "log lines"),
        refused("SpansRefused", "tempo_discarded_spans_total", "spans"),
        {
            name: "SpanMetricsRefused", severity: "warning", for: "5m", dashboard: MONITORING,
            expr: ofTenant("tempo_metrics_generator_registry_series_limited_total", "tenant"),
            summary: "{{ $labels.environment }} has more series of span metrics than it may",
            description: "Tempo leaves out what is new: rates and latencies from traces are too low.",
        },
        {
            name: "ScrapesRefused", severity: "warning", dashboard: MONITORING,
            expr: [
                "sample_limit", "body_size_limit",
            ].map((limit) => labelled(grown(`prometheus_target_scrapes_exceeded_${limit}_total`, "application"), "limit", limit)).concat([
                labelled(grown("prometheus_target_scrape_pool_exceeded_target_limit_total", "application"), "limit", "target_limit"),
                labelled(grown("prometheus_target_scrape_pool_exceeded_label_limits_total", "application"), "limit", "label_limit"),
            ]).join(" or "),
            summary: "Prometheus refuses scrapes that pass a limit ({{ $labels.limit }})",
            description: "{{ $value | humanize }} scrapes in the last 5 minutes: the targets concerned have no metrics at all.",
        },
    ];
    return [{ name: "telemetry", rules }];
}

function refused(name: string, counter: string, what: string): AlertRule {
    return {
        name, severity: "warning", for: "5m", dashboard: MONITORING,
        expr: ofTenant(counter, "tenant, reason"),
        summary: `{{ $labels.environment }}: ${what} are refused ({{ $labels.reason }})`,
        description: `{{ $value | humanize }} ${what} in the last 5 minutes. Over the rate, agents try again; for any other reason they are lost.`,
    };
}

/** The backends call an environment a tenant. */
function ofTenant(counter: string, by: string): string {
    return `label_replace(${grown(counter, by)}, "environment", "$1", "tenant", "(.+)")`;
}
