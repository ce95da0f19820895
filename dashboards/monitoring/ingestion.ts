import { dataLink, metrics, Row, timeSeries } from "../kit";

/** Loki's and Tempo's tenants are the environments. */
const TENANT = 'tenant=~"$environment"';
const ENVIRONMENT = 'environment=~"$environment"';
const TO_ENVIRONMENTS = dataLink("Environments", "environments", { environment: "" });
const TO_LOGS = dataLink("Logs of ${__field.labels.tenant}", "logs", { environment: "${__field.labels.tenant}" });
const TO_TRACES = dataLink("Traces of ${__field.labels.tenant}", "traces", { environment: "${__field.labels.tenant}" });

function byTenant(metric: string, also = ""): string {
    return `sum by (tenant${also}) (rate(${metric}{${TENANT}}[$__rate_interval]))`;
}

/** What was refused by tenant and reason; 0 for a tenant that sends and had nothing refused. */
function refused(metric: string, received: string): string {
    return `${byTenant(metric, ", reason")} or on (tenant) 0 * ${byTenant(received)}`;
}

/** What comes in, by signal and environment. */
export const ingestion: Row = {
    title: "What comes in",
    panels: [
        timeSeries({
            title: "Metrics: samples of a scrape",
            description: "Samples that a scrape of all targets of an environment gives. A rise without new hosts is labels with too many values.",
            unit: "short", min: 0, stacked: true, links: [TO_ENVIRONMENTS],
            queries: [metrics(`sum by (environment, job) (scrape_samples_post_metric_relabeling{${ENVIRONMENT}})`, { legend: "{{environment}} {{job}}" })],
        }),
        timeSeries({
            title: "Logs: bytes by environment",
            description: "Bytes of log lines that Loki receives each second.",
            unit: "Bps", min: 0, stacked: true, links: [TO_LOGS],
            queries: [metrics(byTenant("loki_distributor_bytes_received_total"), { legend: "{{tenant}}" })],
        }),
        timeSeries({
            title: "Traces: spans by environment",
            description: "Spans that Tempo receives each second.",
            unit: "ops", min: 0, stacked: true, links: [TO_TRACES],
            queries: [metrics(byTenant("tempo_distributor_spans_received_total"), { legend: "{{tenant}}" })],
        }),
        timeSeries({
            title: "Metrics: series",
            description: "Series in Prometheus' memory, and samples taken each second. Series are what its memory goes by.",
            unit: "short", min: 0,
            queries: [
                metrics("sum(prometheus_tsdb_head_series)", { legend: "series" }),
                metrics("sum(rate(prometheus_tsdb_head_samples_appended_total[$__rate_interval]))", { legend: "samples/s" }),
            ],
        }),
        timeSeries({
            title: "Logs: lines and streams",
            description: "Lines each second, and streams that Loki holds open, by environment. Streams are to stay few: a host and application each.",
            unit: "short", min: 0, links: [TO_LOGS],
            queries: [
                metrics(byTenant("loki_distributor_lines_received_total"), { legend: "{{tenant}} lines/s" }),
                metrics(`sum by (tenant) (loki_ingester_memory_streams{${TENANT}})`, { legend: "{{tenant}} streams" }),
            ],
        }),
        timeSeries({
            title: "Traces: series made from spans",
            description: "Series that Tempo derives from an environment's spans, and how many it may. Beyond, new span names are not counted any more.",
            unit: "short", min: 0, links: [TO_TRACES],
            queries: [
                metrics(`max by (tenant) (tempo_metrics_generator_registry_active_series{${TENANT}})`, { legend: "{{tenant}}" }),
                metrics(`max by (tenant) (tempo_metrics_generator_registry_max_active_series{${TENANT}})`, { legend: "{{tenant}} max" }),
            ],
        }),
        timeSeries({
            title: "Traces: lag of series made from spans",
            description: "How far behind Tempo is with sending these series to Prometheus. They wait in its log on disk; more than a minute: Prometheus is away or refuses them.",
            unit: "s", min: 0, width: 12, height: 6, thresholds: { yellow: 60, red: 300 },
            queries: [
                metrics(`clamp_min(max by (tenant) (prometheus_remote_storage_queue_highest_timestamp_seconds{job="tempo", ${TENANT}}) `
                    + `- max by (tenant) (prometheus_remote_storage_queue_highest_sent_timestamp_seconds{job="tempo", ${TENANT}}), 0)`, { legend: "{{tenant}}" }),
            ],
        }),
        timeSeries({
            title: "Scrapes that failed",
            description: "Targets that could not be scraped, by environment and what they are.",
            unit: "short", min: 0, width: 12, height: 6, thresholds: { red: 1 }, links: [TO_ENVIRONMENTS],
            queries: [metrics(`sum by (environment, job) (1 - up{${ENVIRONMENT}})`, { legend: "{{environment}} {{job}}" })],
        }),
    ],
};

/** Counters of Prometheus of what it did not take, and what to call them. */
const SCRAPE_LIMITS = {
    prometheus_target_scrapes_exceeded_sample_limit_total: "samples",
    prometheus_target_scrapes_exceeded_body_size_limit_total: "size of the answer",
    prometheus_target_scrape_pool_exceeded_label_limits_total: "labels",
    prometheus_target_scrape_pool_exceeded_target_limit_total: "targets",
};

/** What is refused, by tenant and reason. */
export const refusals: Row = {
    title: "What is refused",
    panels: [
        timeSeries({
            title: "Log lines refused",
            description: "Lines that Loki refused each second, by environment and reason. rate_limited: the environment sends more than its limit, and its agents wait and try again.",
            unit: "ops", min: 0, thresholds: { red: 0.01 }, links: [TO_LOGS],
            queries: [metrics(refused("loki_discarded_samples_total", "loki_distributor_lines_received_total"), { legend: "{{tenant}} {{reason}}" })],
        }),
        timeSeries({
            title: "Spans refused",
            description: "Spans that Tempo refused each second, by environment and reason. rate_limited: its agents wait and try again.",
            unit: "ops", min: 0, thresholds: { red: 0.01 }, links: [TO_TRACES],
            queries: [metrics(refused("tempo_discarded_spans_total", "tempo_distributor_spans_received_total"), { legend: "{{tenant}} {{reason}}" })],
        }),
        timeSeries({
            title: "Spans not counted",
            description: "Spans that were taken, but came too late to be counted in the metrics that Tempo makes from spans.",
            unit: "ops", min: 0, thresholds: { red: 0.01 }, links: [TO_TRACES],
            queries: [
                metrics(refused("tempo_metrics_generator_spans_discarded_total", "tempo_metrics_generator_spans_received_total"), { legend: "{{tenant}} {{reason}}" }),
            ],
        }),
        timeSeries({
            title: "Scrapes refused",
            description: "Scrapes that passed a limit, each second, by limit. Such a target counts as down.",
            unit: "ops", min: 0, thresholds: { red: 0.001 },
            queries: Object.entries(SCRAPE_LIMITS).map(([metric, legend]) => metrics(`sum(rate(${metric}[$__rate_interval]))`, { legend })),
        }),
        timeSeries({
            title: "Targets of limit",
            description: "Targets of each scrape job, as a share of how many it may have. Beyond its limit none of the job is scraped.",
            unit: "percentunit", min: 0, max: 1, thresholds: { yellow: 0.8, red: 1 },
            queries: [
                metrics("max by (scrape_job) (prometheus_target_scrape_pool_targets / (prometheus_target_scrape_pool_target_limit > 0))", { legend: "{{scrape_job}}" }),
            ],
        }),
        timeSeries({
            title: "Series begun",
            description: "New series by environment within an hour. They stay in Prometheus' memory for two to three hours: more than an environment may have at one time is churn, as of labels with ids in them.",
            unit: "short", min: 0, width: 24, height: 6, links: [TO_ENVIRONMENTS],
            queries: [metrics(`sum by (environment) (sum_over_time(scrape_series_added{${ENVIRONMENT}}[1h]))`, { legend: "{{environment}}" })],
        }),
        timeSeries({
            title: "Answers of the gateway",
            description: "Requests each second by status. 401: a token is wrong, and that agent's data is lost; 429: over a limit, the agent waits; 503: a backend is away, the agent waits.",
            unit: "reqps", min: 0,
            queries: [
                metrics('sum by (code) (rate(caddy_http_request_duration_seconds_count{job="gateway"}[$__rate_interval]))', { legend: "{{code}}" }),
            ],
        }),
    ],
};
