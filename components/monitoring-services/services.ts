import { IMAGES } from "../versions";

/** Where configuration stands on the host: `<CONFIG>/<service>/…`, mounted as a directory. */
export const CONFIG = "/etc/photogather-monitoring";
/** Where data stands on the host by default: `<DATA>/<service>`. */
export const DATA = "/var/lib/photogather-monitoring/data";
/** The Docker network, and the prefix of every container's name. */
export const NETWORK = "monitoring";
/** The port inside the gateway's container that people and agents come in by. */
export const GATEWAY_PORT = 8080;

/** What is fixed about a service: where its image expects things, and who it runs as. */
export interface Service {
    name: string;
    /** `uid:gid` in the container; owner of its data on the host. */
    user: string;
    /** Where the configuration directory is mounted. "" for none. */
    configMount: string;
    /** Where its data directory is mounted. "" for none. */
    dataMount: string;
    /** Where its data stands on the host. @default below the data directory, by its name */
    data?: string;
    /** The service whose image it runs. @default its own name */
    image?: string;
    /** Seconds to write its state down before it is killed. */
    stopSeconds: number;
    /** What Docker runs to ask whether it is well; without a shell where the image has none. */
    health: string[];
}

const wget = (url: string): string[] => ["CMD", "wget", "-q", "-O", "/dev/null", url];

/** In the order in which they are listed everywhere. */
export const SERVICES: Service[] = [
    { name: "gateway", user: "1000:1000", configMount: "/etc/caddy", dataMount: "/data", stopSeconds: 15, health: wget("http://127.0.0.1:2020/-/gateway") },
    {
        name: "prometheus",
        user: "65534:65534",
        configMount: "/etc/prometheus",
        dataMount: "/prometheus",
        stopSeconds: 60,
        health: wget("http://127.0.0.1:9090/-/ready"),
    },
    {
        name: "alertmanager",
        user: "65534:65534",
        configMount: "/etc/alertmanager",
        dataMount: "/alertmanager",
        stopSeconds: 15,
        health: wget("http://127.0.0.1:9093/-/ready"),
    },
    // Loki's and Tempo's images have no shell and no wget: the binary asks itself.
    { name: "loki", user: "10001:10001", configMount: "/etc/loki", dataMount: "/loki", stopSeconds: 60, health: ["CMD", "/usr/bin/loki", "-health"] },
    { name: "tempo", user: "10001:10001", configMount: "/etc/tempo", dataMount: "/var/tempo", stopSeconds: 60, health: ["CMD", "/tempo", "-health"] },
    // Grafana's image keeps its files for group 0.
    {
        name: "grafana",
        user: "472:0",
        configMount: "/etc/grafana",
        dataMount: "/var/lib/grafana",
        stopSeconds: 15,
        health: wget("http://127.0.0.1:3000/api/health"),
    },
    // Not Prometheus' user: it sees the host's files, and Prometheus' credentials of targets are among them.
    { name: "node-exporter", user: "65532:65532", configMount: "", dataMount: "", stopSeconds: 5, health: wget("http://127.0.0.1:9100/") },
];

/** Keeps the members of a Grafana organization to the metrics of its environments, as Prometheus has no tenants. There only where there are organizations. */
export const LABEL_PROXY: Service = {
    name: "label-proxy", user: "65533:65533", configMount: "", dataMount: "", stopSeconds: 5, health: wget("http://127.0.0.1:8080/healthz"),
};

/** Every service that has an image of its own. */
export const EVERY_SERVICE: Service[] = [...SERVICES, LABEL_PROXY];

/** What decides which services there are beside those that always are. */
export interface ServiceChoice {
    /** Organizations of Grafana, by name: they take the label proxy. @default {} */
    organizations?: object;
    /** By name; each with `pushedMetrics` takes a relay. @default {} */
    environments?: Record<string, {
        /** @default false */
        pushedMetrics?: boolean;
    }>;
}

/** The services of a deployment. */
export function planServices({ organizations = {}, environments = {} }: ServiceChoice = {}): Service[] {
    return [...SERVICES, ...(Object.keys(organizations).length > 0 ? [LABEL_PROXY] : []), ...pushing(environments).map(relayOf)];
}

/** The environments whose agents may send metrics. */
export function pushing(environments: NonNullable<ServiceChoice["environments"]>): string[] {
    return Object.keys(environments).filter((name) => environments[name].pushedMetrics).sort();
}

/** Below it the relays have their data: minutes old and of no use to a backup, so not on the data volume. */
export const RELAY_DATA = "/var/lib/photogather-monitoring/relay";

/** What the name of a relay begins with; the environment follows. No other service is named so. */
export const RELAY_PREFIX = "relay-";

/** Whether a service's name is a relay's. */
export function isRelay(name: string): boolean {
    return name.startsWith(RELAY_PREFIX);
}

/** Takes what an environment's agents send, and offers it to Prometheus: a Prometheus of its own that keeps nothing. */
export function relayOf(environment: string): Service {
    return {
        name: `${RELAY_PREFIX}${environment}`, image: "prometheus", user: "65531:65531", configMount: "/etc/prometheus", dataMount: "/prometheus", data: `${RELAY_DATA}/${environment}`, stopSeconds: 10,
        health: wget("http://127.0.0.1:9090/-/ready"),
    };
}

/** The image of every service: what the user gave, else the pinned one, behind the mirror where one is given. */
export function planImages(images: Record<string, string> = {}, registry = "", services = SERVICES): Record<string, string> {
    const prefix = registry ? `${registry.replace(/\/+$/, "")}/` : "";
    return Object.fromEntries(services.map(({ name, image = name }) => [name, images[image] ?? prefix + IMAGES[image]]));
}
