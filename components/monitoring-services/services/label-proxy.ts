import { Service, wget } from "./service";

/** Keeps the members of a Grafana organization to the metrics of its environments, as Prometheus has no tenants. There only where there are organizations. */
export const LABEL_PROXY: Service = {
    name: "label-proxy",
    user: "65533:65533",
    memory: { smallestMiB: 32, why: "fixed: organizations of Grafana; idles near 18 MiB and streams what it passes on" },
    cpuShares: 1024,
    // By the same header as Loki and Tempo have their tenants: `dev|loadtest` is a regular expression, too. A matcher of the query's own stays beside it.
    command: () => [
        "-insecure-listen-address=0.0.0.0:8080",
        // Through the gateway's port for reading, as Grafana comes itself.
        "-upstream=http://gateway:2021",
        "-label=environment",
        "-header-name=X-Scope-OrgID",
        "-regex-match",
        "-enable-label-apis",
    ],
    health: wget("http://127.0.0.1:8080/healthz"),
    stopSeconds: 5,
};
