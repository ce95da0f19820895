import { Service, wget } from "./service";

/** Metrics, and the rules on them. */
export const PROMETHEUS: Service = {
    name: "prometheus",
    user: "65534:65534",
    memory: { smallestMiB: 320, ofMore: 0.28, why: "grows with series: 100 simulated hosts of 600 series peaked at 261 MiB, with rules, span metrics and dashboards" },
    // Alerts and the way in before everything.
    cpuShares: 1536,
    // On a small host what waits to be collected was a third of the backends' peaks, and collecting oftener costs little. Prometheus' own default would be 75.
    goGc: 50,
    command: ({ prometheusMaxSamples, prometheusConcurrency }) => [
        "--config.file=/etc/prometheus/prometheus.yml",
        "--config.auto-reload",
        "--config.auto-reload-interval=5s",
        "--storage.tsdb.path=/prometheus",
        // For Tempo's metrics generator, which is on the same internal network; the gateway leads nobody else here.
        "--web.enable-remote-write-receiver",
        "--enable-feature=exemplar-storage",
        "--web.external-url=http://prometheus:9090",
        "--web.route-prefix=/",
        // A query that would take half of the memory gives up. A sample is 16 bytes and its share of labels.
        `--query.max-samples=${prometheusMaxSamples}`,
        `--query.max-concurrency=${prometheusConcurrency}`,
        "--query.timeout=1m",
        "--log.level=warn",
    ],
    health: wget("http://127.0.0.1:9090/-/ready"),
    stopSeconds: 60,
    configuration: { mount: "/etc/prometheus", directories: ["rules", "scrape"], reloads: { metrics: "localhost:9090", prefix: "prometheus_config", file: "prometheus.yml" } },
    data: { mount: "/prometheus" },
};
