import { DISKS } from "../disks";
import { HOSTS } from "./expressions";
import { AlertDashboard, AlertRule, RuleGroup } from "./rule";
import { KnownThresholds } from "./thresholds";

const HOST: AlertDashboard = { name: "host", variables: ["environment", "instance"] };
// The monitoring host has no environment.
const WHERE = "{{ with $labels.environment }}{{ . }}: {{ end }}{{ $labels.instance }}";
const WRITABLE = `{${HOSTS}, ${DISKS}}`;
const FREE = `node_filesystem_avail_bytes${WRITABLE} / node_filesystem_size_bytes${WRITABLE}`;
const MEMORY = `node_memory_MemAvailable_bytes{${HOSTS}} / node_memory_MemTotal_bytes{${HOSTS}}`;
const CLOCK = `node_time_seconds{${HOSTS}}`;

/** Disks, memory and clocks of the WAS hosts and of the monitoring host. */
export function hostGroups(thresholds: KnownThresholds): RuleGroup[] {
    const { diskHours, diskFree, clockSkewSeconds } = thresholds;
    const rules: AlertRule[] = [
        {
            name: "DiskFilling", severity: "warning", for: "30m", dashboard: HOST,
            // A disk that is mostly free fills and empties as it likes.
            expr: `predict_linear(node_filesystem_avail_bytes${WRITABLE}[6h], ${diskHours * 3600}) < 0 and ${FREE} < 0.4 and node_filesystem_readonly${WRITABLE} == 0`,
            summary: `${WHERE}: the disk at {{ $labels.mountpoint }} fills`,
            description: `At the rate of the last 6 hours it is full within ${diskHours} hours.`,
        },
        {
            name: "DiskFilling", severity: "critical", for: "5m", dashboard: HOST,
            expr: `${FREE} < ${diskFree} and node_filesystem_readonly${WRITABLE} == 0`,
            summary: `${WHERE}: the disk at {{ $labels.mountpoint }} is nearly full`,
            description: "{{ $value | humanizePercentage }} of it is left.",
        },
        memory("warning", "10m", thresholds.memoryAvailable),
        memory("critical", "5m", thresholds.memoryAvailableCritical),
        {
            name: "OutOfMemoryKill", severity: "warning", dashboard: HOST,
            expr: `increase(node_vmstat_oom_kill{${HOSTS}}[10m]) > 0`,
            summary: `${WHERE}: the kernel killed a process for want of memory`,
            description: "{{ $value | humanize }} processes in the last 10 minutes, of the whole host or of a container at its limit.",
        },
        {
            name: "ClockSkew", severity: "warning", for: "5m", dashboard: HOST,
            expr: `abs(${CLOCK} - timestamp(${CLOCK})) > ${clockSkewSeconds}`,
            summary: `${WHERE}: the clock is wrong`,
            description: "It differs by {{ $value | humanizeDuration }} from the monitoring host's: logs and spans of this host stand at wrong times.",
        },
    ];
    return [{ name: "host", rules }];
}

function memory(severity: AlertRule["severity"], lasting: string, share: number): AlertRule {
    return {
        name: "MemoryPressure", severity, for: lasting, dashboard: HOST,
        expr: `${MEMORY} < ${share}`,
        summary: `${WHERE} has little memory left`,
        description: "{{ $value | humanizePercentage }} of its memory is available; at none the kernel kills a process.",
    };
}
