import { dataLink, metrics, Row, stat, timeSeries } from "../kit";
import { DISKS } from "../disks";

const HOST = `job="monitoring-host", ${DISKS}`;
const LEFT = `max by (mountpoint) (node_filesystem_avail_bytes{${HOST}})`;
const SIZE = `max by (mountpoint) (node_filesystem_size_bytes{${HOST}})`;
/** A day's slope, as blocks are merged and old ones deleted every few hours. At most ten years: what does not fill has no end. */
const DAYS_LEFT = `clamp_max(${LEFT} / (clamp_min(-max by (mountpoint) (deriv(node_filesystem_avail_bytes{${HOST}}[1d])), 0.001) * 86400), 3650)`;
const TO_HOST = dataLink("Host", "host");

/** What the disk watchdog does about it. */
const STEPS = "max(photogather_disk_watchdog_level)";

/** The one thing that every signal needs, and that fills by itself. */
export const disk: Row = {
    title: "Disk of the monitoring host",
    panels: [
        stat({
            title: "Days left at this rate",
            description: "When the space will be used up, if it goes on as in the last day. Ten years are shown at most, also where it does not fill at all.",
            unit: "d", width: 6, height: 8, decimals: 0, thresholds: { yellow: 7, green: 30 }, below: "red", links: [TO_HOST],
            queries: [metrics(DAYS_LEFT, { legend: "{{mountpoint}}", instant: true })],
        }),
        timeSeries({
            title: "Steps of the disk watchdog",
            description: "By how many steps retention is shortened, the environment with the smallest share first. 0: everything is kept as configured.",
            unit: "short", min: 0, width: 24, height: 5, thresholds: { yellow: 1 },
            queries: [metrics(STEPS, { legend: "steps" })],
        }),
        timeSeries({
            title: "Space left",
            description: "Bytes left on the monitoring host's file systems.",
            unit: "bytes", min: 0, width: 6, links: [TO_HOST],
            queries: [metrics(LEFT, { legend: "{{mountpoint}}" })],
        }),
        timeSeries({
            title: "Space used",
            description: "Share of the monitoring host's file systems that is in use.",
            unit: "percentunit", min: 0, max: 1, width: 6, thresholds: { yellow: 0.75, red: 0.85 }, links: [TO_HOST],
            queries: [metrics(`1 - ${LEFT} / ${SIZE}`, { legend: "{{mountpoint}}" })],
        }),
        timeSeries({
            title: "Written by service",
            description: "What Prometheus keeps on disk (blocks; head and log), and what Loki has written into chunks in the last hour.",
            unit: "bytes", min: 0, width: 6,
            queries: [
                metrics("sum(prometheus_tsdb_storage_blocks_bytes)", { legend: "Prometheus blocks" }),
                metrics("sum(prometheus_tsdb_wal_storage_size_bytes) + sum(prometheus_tsdb_head_chunks_storage_size_bytes)", { legend: "Prometheus head and log" }),
                metrics("sum(increase(loki_ingester_chunk_stored_bytes_total[1h])) or vector(0)", { legend: "Loki, last hour" }),
            ],
        }),
    ],
};
