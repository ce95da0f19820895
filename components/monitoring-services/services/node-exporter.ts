import { HOST_METRICS, Service, wget } from "./service";

/** The machine's own metrics. */
export const NODE_EXPORTER: Service = {
    name: "node-exporter",
    // Not Prometheus' user: it sees the host's files, and Prometheus' credentials of targets are among them.
    user: "65532:65532",
    memory: { smallestMiB: 28, why: "fixed: idles near 15 MiB" },
    cpuShares: 256,
    command: () => [
        "--path.rootfs=/host",
        "--path.procfs=/host/proc",
        "--path.sysfs=/host/sys",
        // What the disk watchdog says of itself.
        `--collector.textfile.directory=/host${HOST_METRICS}`,
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
    health: wget("http://127.0.0.1:9100/"),
    stopSeconds: 5,
    hostMount: "/host",
};
