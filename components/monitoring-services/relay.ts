import { BundleDirectory, BundleFile } from "../bundle";
import { AGENT_METRICS, MetricFilter, Relabelling, ScrapeJob, ScrapeLimits, scrapeJobs } from "../metrics-target/scrape-jobs";
import { KnownServicesArgs } from "./args";
import { CONFIG, pushing, RELAY_DATA, relayOf } from "./services";

/** The job by which Prometheus gets what a relay has. */
export interface RelayJob extends Omit<ScrapeJob, "file_sd_configs" | "metric_relabel_configs"> {
    metric_relabel_configs: (MetricFilter | Relabelling)[];
    honor_labels: boolean;
    metrics_path: string;
    params: Record<string, string[]>;
    static_configs: { targets: string[]; labels: Record<string, string> }[];
}

/**
 * Prometheus' own receiver has no tenants: whoever writes there writes as anybody. So each environment has a relay, and Prometheus scrapes it: the labels of a series are the
 * agent's, `environment` is the owner's, `job` is one of those that agents have, and more series than the environment's quota are refused as a whole. A relay that dies
 * of what it was sent is one environment's.
 *
 * @param series most series of the environment
 */
export function relayJob(environment: string, series: number, limits: ScrapeLimits = {}): RelayJob {
    const { scrape_interval, scrape_timeout, honor_timestamps, follow_redirects, label_limit, label_name_length_limit, label_value_length_limit } = scrapeJobs(environment, limits).application;
    return {
        scrape_interval, scrape_timeout, honor_timestamps, follow_redirects, label_limit, label_name_length_limit, label_value_length_limit,
        job_name: `${environment}/relay`, honor_labels: true, metrics_path: "/federate", params: { "match[]": ['{__name__=~".+"}'] },
        sample_limit: series, target_limit: 1, body_size_limit: "100MB",
        static_configs: [{ targets: [`${relayOf(environment).name}:9090`], labels: { application: relayOf(environment).name } }],
        relabel_configs: [{ target_label: "job", replacement: "relay" }],
        metric_relabel_configs: [
            { action: "keep", source_labels: ["job", "__name__"], regex: `host;.+|was;(?:up|scrape_.+|${(limits.allowedMetrics ?? [".+"]).join("|")})|agent;(?:up|scrape_.+|${AGENT_METRICS.join("|")})` },
            { target_label: "environment", replacement: environment },
        ],
    };
}

/** Directories and files of the relays. */
export function renderRelays({ environments }: Pick<KnownServicesArgs, "environments">): { directories: BundleDirectory[]; files: BundleFile[] } {
    const services = pushing(environments).map(relayOf);
    return {
        directories: [
            ...(services.length > 0 ? [{ path: RELAY_DATA, mode: "0755" }] : []),
            ...services.flatMap(({ name, data, user }) => [{ path: `${CONFIG}/${name}` }, { path: data!.path!, mode: "0750", owner: user }]),
        ],
        files: services.map(({ name }) => ({ path: `${CONFIG}/${name}/prometheus.yml`, content: "# Written by photogather-monitoring: a relay scrapes nothing.\n{}\n" })),
    };
}
