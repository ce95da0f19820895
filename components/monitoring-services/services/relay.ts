import { Service, wget } from "./service";

/** Below it the relays have their data: minutes old and of no use to a backup, so not on the data volume. */
export const RELAY_DATA = "/var/lib/photogather-monitoring/relay";

/** What the name of a relay begins with; the environment follows. No other service is named so. */
const PREFIX = "relay-";

/** Takes what an environment's agents send, and offers it to Prometheus: a Prometheus of its own that keeps nothing. */
export function relayOf(environment: string): Service {
    return {
        name: `${PREFIX}${environment}`,
        image: "prometheus",
        user: "65531:65531",
        // Of what the kernel cannot take back it had 19 MiB idle, 39 with 10,000 series and 60 with 20,000, written and read by federation six times each, with this
        // limit's GOMEMLIMIT and GOGC (2026-11-29, x86).
        memory: { smallestMiB: 112, why: "fixed: metrics that agents of this environment send; 60 MiB with 20,000 series" },
        cpuShares: 512,
        goGc: 50,
        command: () => [
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
        ],
        health: wget("http://127.0.0.1:9090/-/ready"),
        stopSeconds: 10,
        configuration: { mount: "/etc/prometheus" },
        data: { mount: "/prometheus", path: `${RELAY_DATA}/${environment}` },
    };
}
