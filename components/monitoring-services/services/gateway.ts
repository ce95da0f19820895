import { Service, wget } from "./service";

/** Caddy: the only way in, for people and agents. */
export const GATEWAY: Service = {
    name: "gateway",
    user: "1000:1000",
    // With 64 it stood still for good where its program was not in the page cache before and 100 hosts came at once: 32 MiB of heap and 32 of pages, read again at 650 MB/s.
    // It passed everything again from 88 on (2026-12-01). In a flood it has 46 of heap.
    memory: { smallestMiB: 88, pagesMiB: 34, ofMore: 0.03, shrinks: false, why: "Caddy idles near 22 MiB and streams what it passes on; each agent has two connections; pages of its program have to stay" },
    // Alerts and the way in before everything.
    cpuShares: 1536,
    command: () => ["caddy", "run", "--watch", "--config", "/etc/caddy/Caddyfile", "--adapter", "caddyfile"],
    // Caddy reads and writes below these.
    variables: ["XDG_CONFIG_HOME=/tmp", "XDG_DATA_HOME=/data", "HOME=/tmp"],
    health: wget("http://127.0.0.1:2020/-/gateway"),
    stopSeconds: 15,
    configuration: {
        mount: "/etc/caddy",
        // A reload keeps serving what an earlier CA signed, until it expires.
        readAtStart: /\/gateway\/ca\.pem$/,
        reloads: { metrics: "gateway:2020", prefix: "caddy_config", file: "Caddyfile" },
    },
    data: { mount: "/data" },
    // Caddy's binary carries this capability in its file: where the container may not have it, Linux refuses to start it at all.
    capabilities: ["CAP_NET_BIND_SERVICE"],
    // Each connection costs about 32 KiB: where as many as anybody likes to open were taken, its memory would run out. 22 MiB is what it takes without any.
    openFiles: ({ goMemLimitMiB }) => (goMemLimitMiB - 22) * 32,
};
