import { Service, wget } from "./service";

/** What people look at. */
export const GRAFANA: Service = {
    name: "grafana",
    // The image keeps its files for group 0.
    user: "472:0",
    memory: { smallestMiB: 260, ofMore: 0.1, why: "12.4 idles near 180 MiB; open dashboards come on top" },
    cpuShares: 1024,
    variables: ["GF_PATHS_CONFIG=/etc/grafana/grafana.ini", "GF_PATHS_PROVISIONING=/etc/grafana/provisioning", "GF_PATHS_DATA=/var/lib/grafana", "GF_PATHS_LOGS=/tmp"],
    health: wget("http://127.0.0.1:3000/api/health"),
    stopSeconds: 15,
    configuration: {
        mount: "/etc/grafana",
        directories: ["dashboards", "provisioning/alerting", "provisioning/plugins"],
        readAtStart: /\/(grafana\.ini|provisioning\/.*|\w+-client-secret)$/,
    },
    data: { mount: "/var/lib/grafana" },
};
