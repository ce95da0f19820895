import { Service, wget } from "./service";

/** Alerts to people. */
export const ALERTMANAGER: Service = {
    name: "alertmanager",
    user: "65534:65534",
    memory: { smallestMiB: 40, why: "fixed: idles near 25 MiB, and holds alerts only" },
    // Alerts and the way in before everything.
    cpuShares: 1536,
    command: () => [
        "--config.file=/etc/alertmanager/alertmanager.yml",
        "--storage.path=/alertmanager",
        "--data.retention=120h",
        "--web.external-url=http://alertmanager:9093",
        "--web.route-prefix=/",
        // One Alertmanager alone.
        "--cluster.listen-address=",
        "--log.level=warn",
    ],
    health: wget("http://127.0.0.1:9093/-/ready"),
    stopSeconds: 15,
    configuration: { mount: "/etc/alertmanager", reloads: { metrics: "alertmanager:9093", prefix: "alertmanager_config", file: "alertmanager.yml" } },
    data: { mount: "/alertmanager" },
};
