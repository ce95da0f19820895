/** What one target, and one environment, may cost Prometheus. A scrape that passes a limit fails as a whole: limits protect the server. */
export interface ScrapeLimits {
    /** Seconds between scrapes of a target that names no interval. @default 15 */
    intervalSeconds?: number;
    /** Seconds that a scrape may take; at most the interval. @default 10 */
    timeoutSeconds?: number;
    /** Samples per scrape that are kept; a Spring Boot server has about 600, a host about 300, an agent about 40. @default 5000 */
    sampleLimit?: number;
    /** Targets per job. @default 150 */
    targetLimit?: number;
    /** Labels per sample. @default 40 */
    labelLimit?: number;
    /** Bytes of a label's name. @default 128 */
    labelNameLengthLimit?: number;
    /** Bytes of a label's value; Micrometer's `uri` is the long one. @default 1024 */
    labelValueLengthLimit?: number;
    /** Size of an uncompressed answer. @default "10MB" */
    bodySizeLimit?: string;
    /** Metrics of applications that are kept, as regular expressions of whole names; those that a limit counts come after. @default all */
    allowedMetrics?: string[];
}

/** One entry of Prometheus' `scrape_configs`, as far as we set it. */
export interface ScrapeJob {
    job_name: string;
    scrape_interval: string;
    scrape_timeout: string;
    honor_timestamps: boolean;
    follow_redirects: boolean;
    body_size_limit: string;
    sample_limit: number;
    target_limit: number;
    label_limit: number;
    label_name_length_limit: number;
    label_value_length_limit: number;
    file_sd_configs: FileDiscovery[];
    relabel_configs: Relabelling[];
    metric_relabel_configs?: MetricFilter[];
}

/** Where a job's targets stand. */
export interface FileDiscovery {
    files: string[];
}

/** Sets one label, whatever the target's file says. */
export interface Relabelling {
    target_label: string;
    replacement: string;
}

/** Keeps the series whose names match, and no others. */
export interface MetricFilter {
    action: string;
    source_labels: string[];
    regex: string;
}

/** An environment's base jobs, by the kind of target. */
export interface ScrapeJobs {
    /** Actuator. */
    application: ScrapeJob;
    /** The machine. */
    host: ScrapeJob;
    /** The log agent itself. */
    agent: ScrapeJob;
}

/** The kinds of target that there are. */
export const TARGET_KINDS = ["application", "host", "agent"];

/** Targets of an environment in all where its owner says nothing: 50 hosts with their application and agent. */
export const DEFAULT_MAX_TARGETS = 150;

/**
 * What of a log agent's own metrics is kept: whether it runs with its latest configuration, what it read, took, sent, failed to send and has queued, and
 * what it needs itself. Alloy has 400 to 500 series, most of them histograms of its insides; on a small monitoring host each one costs memory.
 */
export const AGENT_METRICS = [
    "alloy_(build_info|component_controller_running_components|config_last_load_successful|config_load_failures_total)",
    "loki_source_(file|docker|journal)_.*",
    "loki_process_(dropped_lines|truncated_fields)_total",
    "otelcol_receiver_(accepted|refused)_spans_total",
    "otelcol_exporter_(queue_size|queue_capacity|(sent|send_failed|enqueue_failed)_(log_records|spans)_total)",
    "process_(cpu_seconds_total|resident_memory_bytes|start_time_seconds|open_fds|max_fds)",
];

/** The seconds that a scrape may take under these limits. */
export function timeoutSeconds(limits: ScrapeLimits = {}): number {
    return limits.timeoutSeconds ?? 10;
}

/**
 * The base jobs of an environment. The owner's `scrape/<environment>.yml` holds them as they are, and the registration policy holds them as
 * what a profile's job is made from: so a target has the same limits and labels with a profile and without.
 */
export function scrapeJobs(environment: string, limits: ScrapeLimits = {}, directory = "/etc/prometheus/registered"): ScrapeJobs {
    return {
        application: { ...scrapeJob(environment, "application", "was", limits, directory), ...(limits.allowedMetrics ? { metric_relabel_configs: [keep(limits.allowedMetrics)] } : {}) },
        host: scrapeJob(environment, "host", "host", limits, directory),
        agent: {
            ...scrapeJob(environment, "agent", "agent", limits, directory),
            metric_relabel_configs: [keep(AGENT_METRICS)],
        },
    };
}

function keep(metrics: string[]): MetricFilter {
    return { action: "keep", source_labels: ["__name__"], regex: metrics.join("|") };
}

function scrapeJob(environment: string, kind: string, job: string, limits: ScrapeLimits, directory: string): ScrapeJob {
    return {
        job_name: `${environment}/${kind}`,
        scrape_interval: `${limits.intervalSeconds ?? 15}s`,
        scrape_timeout: `${timeoutSeconds(limits)}s`,
        // A target's clock does not date samples that share a server with other environments.
        honor_timestamps: false,
        // A target could otherwise send Prometheus, with the credentials, to an address outside its environment's CIDRs.
        follow_redirects: false,
        body_size_limit: limits.bodySizeLimit ?? "10MB",
        sample_limit: limits.sampleLimit ?? 5000,
        target_limit: limits.targetLimit ?? DEFAULT_MAX_TARGETS,
        label_limit: limits.labelLimit ?? 40,
        label_name_length_limit: limits.labelNameLengthLimit ?? 128,
        label_value_length_limit: limits.labelValueLengthLimit ?? 1024,
        file_sd_configs: [{ files: [`${directory}/targets/${environment}.${kind}.json`] }],
        relabel_configs: [{ target_label: "environment", replacement: environment }, { target_label: "job", replacement: job }],
    };
}
