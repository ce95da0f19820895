/** What one target, and one environment, may cost Prometheus. A scrape that passes a limit fails as a whole: limits protect the server. */
export interface ScrapeLimits {
    /** Seconds between scrapes of a target that names no interval. @default 15 */
    intervalSeconds?: number;
    /** Seconds that a scrape may take; at most the interval. @default 10 */
    timeoutSeconds?: number;
    /** Samples per scrape; a Spring Boot server has about 600, a host about 300. @default 5000 */
    sampleLimit?: number;
    /** Targets per job. @default 100 */
    targetLimit?: number;
    /** Labels per sample. @default 40 */
    labelLimit?: number;
    /** Bytes of a label's name. @default 128 */
    labelNameLengthLimit?: number;
    /** Bytes of a label's value; Micrometer's `uri` is the long one. @default 1024 */
    labelValueLengthLimit?: number;
    /** Size of an uncompressed answer. @default "10MB" */
    bodySizeLimit?: string;
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

/** An environment's base jobs. */
export interface ScrapeJobs {
    application: ScrapeJob;
    host: ScrapeJob;
}

/** The seconds that a scrape may take under these limits. */
export function timeoutSeconds(limits: ScrapeLimits = {}): number {
    return limits.timeoutSeconds ?? 10;
}

/**
 * The two base jobs of an environment. The owner's `scrape/<environment>.yml` holds them as they are, and the registration policy holds them as
 * what a profile's job is made from: so a target has the same limits and labels with a profile and without.
 */
export function scrapeJobs(environment: string, limits: ScrapeLimits = {}, directory = "/etc/prometheus/registered"): ScrapeJobs {
    return { application: scrapeJob(environment, "application", "was", limits, directory), host: scrapeJob(environment, "host", "host", limits, directory) };
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
        target_limit: limits.targetLimit ?? 100,
        label_limit: limits.labelLimit ?? 40,
        label_name_length_limit: limits.labelNameLengthLimit ?? 128,
        label_value_length_limit: limits.labelValueLengthLimit ?? 1024,
        file_sd_configs: [{ files: [`${directory}/targets/${environment}.${kind}.json`] }],
        relabel_configs: [{ target_label: "environment", replacement: environment }, { target_label: "job", replacement: job }],
    };
}
