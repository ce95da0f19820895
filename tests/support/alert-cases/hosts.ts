import { AlertCase, cases, of, ON_HOST } from "./case";

const up = (job: string) => of(job, "up");
const host = (metric: string, labels: Record<string, string> = {}) => of("host", metric, labels);

const AVAILABILITY: AlertCase[] = [
    ...cases({ alert: "HostDown", labels: ON_HOST, at: "2m" },
        { "nothing on it answers": [{ [up("host")]: "0x20", [up("was")]: "0x20" }, "45s"] },
        { "the application answers": { [up("host")]: "0x20", [up("was")]: "1x20" }, "the agent answers": { [up("host")]: "1x20", [up("was")]: "0x20" },
            "no application of it is scraped": { [up("host")]: "0x20" } }),
    ...cases({ alert: "ApplicationDown", labels: ON_HOST, at: "3m" },
        { "it does not answer": [{ [up("was")]: "1 0x30" }, "2m"] },
        { "it came back": { [up("was")]: "1 0x6 1x30" } }),
    ...cases({ alert: "AgentDown", labels: ON_HOST, at: "3m" },
        { "the application answers, the agent does not": [{ [up("host")]: "0x30", [up("was")]: "1x30" }, "1m45s"], "no application of it is scraped": [{ [up("host")]: "0x30" }, "1m45s"] },
        { "neither answers: the host is down": { [up("host")]: "0x30", [up("was")]: "0x30" } }),
    ...cases({ alert: "ApplicationRestarts", labels: ON_HOST, at: "10m" },
        { "it started three times": [{ [of("was", "process_start_time_seconds")]: "1x9 2x9 3x9 4x20" }, "6m"] },
        { "it started once": { [of("was", "process_start_time_seconds")]: "1x9 2x40" } }),
];

/** A disk of 100 GB in MB, of which so much is free. */
function disk(free: string, labels: Record<string, string> = { fstype: "ext4", mountpoint: "/" }): Record<string, string> {
    return { [host("node_filesystem_avail_bytes", labels)]: free, [host("node_filesystem_size_bytes", labels)]: "100000x400", [host("node_filesystem_readonly", labels)]: "0x400" };
}
const memory = (available: string) => ({ [host("node_memory_MemAvailable_bytes")]: available, [host("node_memory_MemTotal_bytes")]: "1000x60" });
const kills = (count: string) => ({ [host("node_vmstat_oom_kill")]: count });

const HOST: AlertCase[] = [
    ...cases({ alert: "DiskFilling", severity: "warning", labels: { ...ON_HOST, mountpoint: "/" }, at: "90m", interval: "1m" },
        { "it loses 3 GB an hour and has 30": [disk("39000-50x200"), "20m"] },
        {
            "it loses 0.6 GB an hour": disk("39000-10x200"),
            "it loses 3 GB an hour and is nearly empty": disk("90000-50x200"),
            "it is memory": disk("39000-50x200", { fstype: "tmpfs", mountpoint: "/" }),
        }),
    ...cases({ alert: "DiskFilling", severity: "critical", labels: { ...ON_HOST, mountpoint: "/" }, at: "7m" },
        { "a twentieth is free": [disk("5000x60"), "4m"] },
        { "a fifth is": disk("20000x60"), "it is an image, full by nature": disk("0x60", { fstype: "squashfs", mountpoint: "/" }) }),
    ...cases({ alert: "MemoryPressure", severity: "warning", labels: ON_HOST, at: "12m" }, { "8 % are available": [memory("80x60"), "9m"] }, { "30 % are": memory("300x60") }),
    ...cases({ alert: "MemoryPressure", severity: "critical", labels: ON_HOST, at: "7m" }, { "3 % are available": [memory("30x60"), "4m"] }, { "8 % are": memory("80x60") }),
    ...cases({ alert: "OutOfMemoryKill", labels: ON_HOST, at: "8m" },
        { "one was killed": [kills("4x16 5x30")] },
        { "the last was long ago": kills("4x60"), "the host is new, and one was killed before": kills("_x16 4x30") }),
    // promtool's first sample is of 1970, so the clock that is right counts 15 s for every 15 s.
    ...cases({ alert: "ClockSkew", labels: ON_HOST, at: "8m" },
        { "it is 5 s ahead": [{ [host("node_time_seconds")]: "5+15x60" }, "4m"], "it is 5 s behind": [{ [host("node_time_seconds")]: "-5+15x60" }, "4m"] },
        { "it is half a second behind": { [host("node_time_seconds")]: "-0.5+15x60" } }),
];

/** Alerts of hosts. */
export const HOST_CASES: AlertCase[] = [...AVAILABILITY, ...HOST];
