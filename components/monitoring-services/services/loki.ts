import { Service } from "./service";

/** Logs. */
export const LOKI: Service = {
    name: "loki",
    user: "10001:10001",
    memory: { smallestMiB: 338, ofMore: 0.26, why: "grows with streams and queries: 100 simulated hosts peaked at 310 MiB, all dashboards asked" },
    cpuShares: 1024,
    // As Prometheus'.
    goGc: 50,
    command: () => ["-config.file=/etc/loki/loki.yml"],
    // The image has no shell and no wget: the binary asks itself.
    health: ["CMD", "/usr/bin/loki", "-health"],
    stopSeconds: 60,
    configuration: { mount: "/etc/loki", directories: ["rules"], readAtStart: /\/loki\.yml$/, reloads: { metrics: "loki:3100", prefix: "loki_runtime_config", file: "runtime.yml" } },
    data: { mount: "/loki" },
};
