import * as path from "path";
import * as docker from "@pulumi/docker";
import { LABEL_PROXY_BUDGET, planBudget, RELAY_BUDGET, ServiceBudget } from "./budget";
import { planCaps } from "./caps";
import { WATCHDOG } from "./disk-watchdog";
import { CONFIG, GATEWAY_PORT, isRelay, LABEL_PROXY, NETWORK, planServices, Service, ServiceChoice } from "./services";

/** What the containers differ by from one deployment to another. All of it plain. */
export interface ContainerOptions {
    dataDirectory: string;
    memoryMiB: number;
    /** The gateway's published port. */
    port: number;
    /** True where a public certificate authority must reach port 443. */
    acme: boolean;
    /** Organizations of Grafana, by name. @default none */
    organizations?: ServiceChoice["organizations"];
    /** Those whose agents may send metrics have a relay each. @default none */
    environments?: ServiceChoice["environments"];
}

/** A container without what only other resources know: its image, its network, its labels. */
export type ContainerPlan = Omit<docker.ContainerArgs, "image" | "networksAdvanced" | "labels">;

/**
 * Inputs that Docker's provider can neither change in place nor knows that it cannot: without this, a change would be shown and never made.
 */
export const REPLACE_ON = ["healthcheck", "tmpfs", "init"];

/** The containers, by service. Everything that Docker would otherwise fill in is said, so that a refresh shows no difference. */
export function planContainers(options: ContainerOptions): Record<string, ContainerPlan> {
    const shared: Record<string, ServiceBudget> = { ...planBudget(options.memoryMiB), [LABEL_PROXY.name]: LABEL_PROXY_BUDGET };
    return Object.fromEntries(
        planServices(options).map((service) => {
            const { limitMiB, goMemLimitMiB, goGc, cpuShares } = shared[service.name] ?? RELAY_BUDGET;
            return [
                service.name,
                {
                    name: `${NETWORK}-${service.name}`,
                    user: service.user,
                    envs: [`GOMEMLIMIT=${goMemLimitMiB}MiB`, `GOGC=${goGc}`, ...(ENVIRONMENT[service.name] ?? [])],
                    ...planCommand(service, options),
                    ...planPorts(service, options),
                    volumes: planVolumes(service, options),
                    ...(service.name === "gateway" ? { ulimits: [GATEWAY_FILES] } : {}),
                    memory: limitMiB,
                    // No swap: one service that swaps slows all of them.
                    memorySwap: limitMiB,
                    cpuShares,
                    // Not "unless-stopped": a Docker daemon that was killed takes what it finds running for stopped by hand, and leaves it so.
                    restart: "always",
                    logDriver: "json-file",
                    logOpts: { "max-size": "10m", "max-file": "3" },
                    networkMode: "bridge",
                    readOnly: true,
                    tmpfs: { "/tmp": "rw,noexec,nosuid,nodev,size=16m" },
                    capabilities: { drops: ["ALL"], ...(CAPABILITIES[service.name] ? { adds: CAPABILITIES[service.name] } : {}) },
                    securityOpts: ["no-new-privileges:true"],
                    privileged: false,
                    init: false,
                    // The first check comes after one interval; each costs a process in the container, so no more of them than needed. No `startInterval`:
                    // Docker before 25, which Debian 12 ships, refuses it.
                    healthcheck: { tests: service.health, interval: "15s", timeout: "5s", startPeriod: "2m0s", startInterval: "0s", retries: 3 },
                    // The last step of the deployment waits for all of them, and can say what to do where one never gets well.
                    wait: false,
                    // Without them Docker's provider kills at once, and what is in memory is replayed or lost.
                    stopTimeout: service.stopSeconds,
                    destroyGraceSeconds: service.stopSeconds,
                    mustRun: true,
                },
            ];
        }),
    );
}

/** What each container runs after the image's entry point; Grafana's needs nothing. */
const COMMANDS: Record<string, (options: ContainerOptions) => string[]> = {
    gateway: () => ["caddy", "run", "--watch", "--config", "/etc/caddy/Caddyfile", "--adapter", "caddyfile"],
    prometheus: ({ memoryMiB }) => [
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
        `--query.max-samples=${planCaps(memoryMiB).prometheusMaxSamples}`,
        `--query.max-concurrency=${planCaps(memoryMiB).prometheusConcurrency}`,
        "--query.timeout=1m",
        "--log.level=warn",
    ],
    alertmanager: () => [
        "--config.file=/etc/alertmanager/alertmanager.yml",
        "--storage.path=/alertmanager",
        "--data.retention=120h",
        "--web.external-url=http://alertmanager:9093",
        "--web.route-prefix=/",
        // One Alertmanager alone.
        "--cluster.listen-address=",
        "--log.level=warn",
    ],
    loki: () => ["-config.file=/etc/loki/loki.yml"],
    tempo: () => ["-config.file=/etc/tempo/tempo.yml"],
    // By the same header as Loki and Tempo have their tenants: `dev|loadtest` is a regular expression, too. A matcher of the query's own stays beside it.
    "label-proxy": () => [
        "-insecure-listen-address=0.0.0.0:8080",
        // Through the gateway's port for reading, as Grafana comes itself.
        "-upstream=http://gateway:2021",
        "-label=environment",
        "-header-name=X-Scope-OrgID",
        "-regex-match",
        "-enable-label-apis",
    ],
    "node-exporter": () => [
        "--path.rootfs=/host",
        "--path.procfs=/host/proc",
        "--path.sysfs=/host/sys",
        // What the disk watchdog says of itself.
        `--collector.textfile.directory=/host${path.posix.dirname(WATCHDOG.metrics)}`,
        "--collector.filesystem.mount-points-exclude=^/(dev|proc|run|sys|var/lib/docker/.+|var/lib/containerd/.+)($|/)",
        // These would show the container's own network, not the host's.
        "--no-collector.netdev",
        "--no-collector.netclass",
        "--no-collector.netstat",
        "--no-collector.sockstat",
        "--no-collector.softnet",
        "--no-collector.arp",
        "--no-collector.wifi",
        "--no-collector.ipvs",
        "--no-collector.infiniband",
        "--no-collector.conntrack",
        "--no-collector.udp_queues",
        "--no-collector.nfs",
        "--no-collector.nfsd",
        "--log.level=warn",
    ],
};

/** Environment variables beside GOMEMLIMIT. */
const ENVIRONMENT: Record<string, string[]> = {
    // Caddy reads and writes below these.
    gateway: ["XDG_CONFIG_HOME=/tmp", "XDG_DATA_HOME=/data", "HOME=/tmp"],
    grafana: [
        "GF_PATHS_CONFIG=/etc/grafana/grafana.ini",
        "GF_PATHS_PROVISIONING=/etc/grafana/provisioning",
        "GF_PATHS_DATA=/var/lib/grafana",
        "GF_PATHS_LOGS=/tmp",
    ],
};

/** Each connection costs the gateway about 32 KiB: where as many as anybody likes to open were taken, its memory would run out. */
const GATEWAY_FILES = { name: "nofile", soft: 1024, hard: 1024 };

/** Caddy's binary carries this capability in its file: where the container may not have it, Linux refuses to start it at all. */
const CAPABILITIES: Record<string, string[]> = { gateway: ["CAP_NET_BIND_SERVICE"] };

/** Of an environment's relay. */
export const RELAY_COMMAND = [
    "--config.file=/etc/prometheus/prometheus.yml",
    "--storage.tsdb.path=/prometheus",
    // Nobody asks it for more than the last minute.
    "--storage.tsdb.retention.time=2h",
    "--storage.tsdb.min-block-duration=30m",
    "--storage.tsdb.max-block-duration=30m",
    "--web.enable-remote-write-receiver",
    // A host that is gone is gone from here after a minute, and not after five.
    "--query.lookback-delta=1m",
    "--query.max-concurrency=1",
    "--log.level=warn",
];

/** An empty list is not the same as none to the provider, so what is empty is left out. */
function planCommand({ name }: Service, options: ContainerOptions): Pick<ContainerPlan, "command"> {
    const command = isRelay(name) ? RELAY_COMMAND : COMMANDS[name]?.(options);
    return command ? { command } : {};
}

function planPorts({ name }: Service, { port, acme }: ContainerOptions): Pick<ContainerPlan, "ports"> {
    if (name !== "gateway") return {};
    const published = acme && port !== 443 ? [port, 443] : [port];
    return { ports: published.map((external) => ({ internal: GATEWAY_PORT, external, ip: "0.0.0.0", protocol: "tcp" })) };
}

/** Directories, never single files: a mounted file keeps its old content when it is renamed over. */
function planVolumes({ name, configMount, dataMount, data }: Service, { dataDirectory }: ContainerOptions): docker.types.input.ContainerVolume[] {
    return [
        ...(configMount ? [{ hostPath: `${CONFIG}/${name}`, containerPath: configMount, readOnly: true }] : []),
        ...(dataMount ? [{ hostPath: data ?? `${dataDirectory}/${name}`, containerPath: dataMount, readOnly: false }] : []),
        ...(name === "node-exporter" ? [{ hostPath: "/", containerPath: "/host", readOnly: true }] : []),
    ];
}
