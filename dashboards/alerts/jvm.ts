import { AlertDashboard, AlertRule, RuleGroup } from "./rule";
import { KnownThresholds } from "./thresholds";

const JVM: AlertDashboard = { name: "jvm", variables: ["environment", "application", "instance"] };
const WHERE = "{{ $labels.environment }}: {{ $labels.application }} on {{ $labels.instance }}";

/** Memory, garbage collection, threads and files of the Java processes. */
export function jvmGroups(thresholds: KnownThresholds): RuleGroup[] {
    const { gcOverhead, blockedThreads, openFiles } = thresholds;
    const rules: AlertRule[] = [
        heap("warning", "10m", thresholds.heapUsed),
        heap("critical", "5m", thresholds.heapUsedCritical),
        {
            name: "JvmGcOverhead", severity: "warning", for: "5m", dashboard: JVM,
            expr: `jvm_gc_overhead{job="was"} > ${gcOverhead}`,
            summary: `${WHERE} collects garbage more than it works`,
            description: "{{ $value | humanizePercentage }} of the CPU time of the last 5 minutes went into garbage collection.",
        },
        {
            name: "JvmThreadsDeadlocked", severity: "critical", for: "1m", dashboard: JVM,
            // Of Micrometer's JvmThreadDeadlockMetrics, which Spring Boot 3.5 does not bind by itself.
            expr: 'jvm_threads_deadlocked_threads{job="was"} > 0',
            summary: `${WHERE} has deadlocked threads`,
            description: "{{ $value }} threads wait for each other's lock, and will for ever.",
        },
        {
            name: "JvmThreadsBlocked", severity: "warning", for: "10m", dashboard: JVM,
            expr: `jvm_threads_states_threads{job="was", state="blocked"} >= ${blockedThreads}`,
            summary: `${WHERE} has threads that wait for a lock`,
            description: "{{ $value }} threads were blocked at every scrape of the last 10 minutes: a deadlock, or a lock that too many want.",
        },
        {
            name: "OpenFilesNearMax", severity: "warning", for: "5m", dashboard: JVM,
            expr: `process_files_open_files{job="was"} / process_files_max_files{job="was"} > ${openFiles}`,
            summary: `${WHERE} has nearly as many files open as it may`,
            description: "{{ $value | humanizePercentage }} of its file descriptors are in use; connections count too.",
        },
    ];
    return [{ name: "jvm", rules }];
}

function heap(severity: AlertRule["severity"], lasting: string, share: number): AlertRule {
    return {
        name: "JvmHeapNearMax", severity, for: lasting, dashboard: JVM,
        expr: `jvm_memory_usage_after_gc{job="was", area="heap"} > ${share}`,
        summary: `${WHERE} has little heap left`,
        description: "{{ $value | humanizePercentage }} of the long-lived heap was still in use after the last garbage collection.",
    };
}
