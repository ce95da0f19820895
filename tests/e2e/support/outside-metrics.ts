import { stringify } from "yaml";
import { IMAGES } from "../../../components/versions";

/** Mimir's image, for the tests only. */
export const MIMIR = "grafana/mimir:3.0.1";

/** What takes metrics outside of the shared deployment, on the Docker network of its host. */
export interface MetricsBackend {
    /** Of the container, and on the network. */
    name: string;
    image: string;
    command: string[];
    port: number;
    /** Where samples go, and where questions. */
    pushPath: string;
    queryPath: string;
    /** By path below the directory of all. */
    files: Record<string, string>;
}

/** A Prometheus, which knows no tenants. */
export function outsidePrometheus(recordingRules: string): MetricsBackend {
    return {
        name: "prometheus", image: IMAGES.prometheus, port: 9090, pushPath: "/api/v1/write", queryPath: "",
        command: ["--config.file=/etc/prometheus/prometheus.yml", "--storage.tsdb.path=/prometheus", "--web.enable-remote-write-receiver", "--enable-feature=exemplar-storage"],
        files: {
            "prometheus/prometheus.yml": stringify({ global: { evaluation_interval: "15s" }, rule_files: ["/etc/prometheus/recording.yml"], storage: { exemplars: { max_exemplars: 20000 } } }),
            "prometheus/recording.yml": recordingRules,
        },
    };
}

/** A Mimir with one tenant's rules; `limits` as docs/external.md has them. All of its parts in one process, which speak to each other as they do where they are many. */
export function outsideMimir(recordingRules: string, tenant: string, limits: object): MetricsBackend {
    const ring = { instance_addr: "127.0.0.1", kvstore: { store: "inmemory" } };
    const data = (name: string) => `/data/${name}`;
    return {
        name: "mimir", image: MIMIR, port: 8080, pushPath: "/api/v1/push", queryPath: "/prometheus", command: ["-config.file=/etc/mimir/mimir.yml"],
        files: {
            "mimir/mimir.yml": stringify({
                multitenancy_enabled: true, server: { http_listen_port: 8080, log_level: "warn" }, usage_stats: { enabled: false },
                common: { storage: { backend: "filesystem", filesystem: { dir: data("common") } } },
                blocks_storage: { storage_prefix: "blocks", tsdb: { dir: data("tsdb") }, bucket_store: { sync_dir: data("sync") } },
                distributor: { ring }, ingester: { ring: { ...ring, replication_factor: 1 } }, store_gateway: { sharding_ring: { ...ring, replication_factor: 1 } },
                compactor: { data_dir: data("compactor"), sharding_ring: ring }, alertmanager: { data_dir: data("alertmanager") },
                ruler: { rule_path: data("ruler"), evaluation_interval: "15s", poll_interval: "10s", ring }, ruler_storage: { backend: "local", local: { directory: "/etc/mimir/rules" } },
                limits,
            }),
            [`mimir/rules/${tenant}/recording.yml`]: recordingRules,
        },
    };
}
