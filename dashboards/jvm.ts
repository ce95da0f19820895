import { chosen, commonVariables, DashboardSpec, dataLink, metrics, navigation, Row, summary, timeSeries } from "./kit";

const WHERE = chosen("environment", "application", "instance");
/** A process is told by these. */
const BY = "environment, application, instance";
const HOST = "{{environment}} {{instance}}";
const HERE = { environment: "${__field.labels.environment}", instance: "${__field.labels.instance}" };
const TO_LOGS = dataLink("Logs of ${__field.labels.instance}", "logs", HERE);
const TO_HOST = dataLink("Host ${__field.labels.instance}", "host", HERE);

/** `-1` is a pool without a limit of its own. */
const HEAP_MAX = `sum by (${BY}) (jvm_memory_max_bytes{${WHERE}, area="heap"} > 0)`;
const HEAP_USED = `sum by (${BY}) (jvm_memory_used_bytes{${WHERE}, area="heap"})`;

const processes: Row = {
    title: "Processes",
    panels: [
        summary({
            title: "JVMs",
            description: "Every JVM that was chosen, as it is now. A short uptime is a restart.",
            height: 7,
            links: [dataLink("Tomcat and HikariCP of this host", "tomcat", { environment: "${__data.fields.environment}", instance: "${__data.fields.instance}" })],
        }, { environment: "Environment", application: "Application", instance: "Host", version: "Java" }, [
            { title: "Uptime", unit: "s", expr: withVersion(`max by (${BY}) (process_uptime_seconds{${WHERE}})`) },
            { title: "CPU", unit: "percentunit", thresholds: { yellow: 0.7, red: 0.9 }, expr: withVersion(`max by (${BY}) (process_cpu_usage{${WHERE}})`) },
            { title: "Heap used", unit: "percentunit", expr: withVersion(`${HEAP_USED} / ${HEAP_MAX}`) },
            {
                title: "Heap after collection", unit: "percentunit", thresholds: { yellow: 0.75, red: 0.9 },
                expr: withVersion(`max by (${BY}) (jvm_memory_usage_after_gc{${WHERE}, area="heap"})`),
            },
            { title: "Time in collections", unit: "percentunit", thresholds: { yellow: 0.05, red: 0.2 }, expr: withVersion(`max by (${BY}) (jvm_gc_overhead{${WHERE}})`) },
            { title: "Threads", unit: "short", expr: withVersion(`max by (${BY}) (jvm_threads_live_threads{${WHERE}})`) },
            {
                title: "Open files of limit", unit: "percentunit", thresholds: { yellow: 0.7, red: 0.9 },
                expr: withVersion(`max by (${BY}) (process_files_open_files{${WHERE}}) / max by (${BY}) (process_files_max_files{${WHERE}})`),
            },
        ]),
    ],
};

/** The same value with the Java version beside it, so that rows of several queries are the same rows. */
function withVersion(expr: string): string {
    return `(${expr}) * on (${BY}) group_left (version) max by (${BY}, version) (jvm_info{${WHERE}})`;
}

const memory: Row = {
    title: "Memory",
    panels: [
        timeSeries({
            title: "Heap used",
            description: "Heap in use by host, and the most it may grow to. A floor that rises from one collection to the next is a leak.",
            unit: "bytes",
            min: 0,
            links: [TO_LOGS, TO_HOST],
            queries: [metrics(HEAP_USED, { legend: HOST }), metrics(HEAP_MAX, { legend: `${HOST} max` })],
        }),
        timeSeries({
            title: "Heap left in use after collections",
            description: "Share of the long-lived part of the heap that a collection could not free. Near 100 % the JVM collects all the time and then runs out of memory.",
            unit: "percentunit",
            min: 0,
            max: 1,
            thresholds: { yellow: 0.75, red: 0.9 },
            links: [TO_LOGS, TO_HOST],
            queries: [metrics(`max by (${BY}) (jvm_memory_usage_after_gc{${WHERE}, area="heap"})`, { legend: HOST })],
        }),
        timeSeries({
            title: "Allocated and promoted",
            description: "Bytes allocated each second, and bytes that lived long enough to be moved to the old generation. Much promotion makes long collections.",
            unit: "Bps",
            min: 0,
            queries: [
                metrics(`sum by (${BY}) (rate(jvm_gc_memory_allocated_bytes_total{${WHERE}}[$__rate_interval]))`, { legend: `${HOST} allocated` }),
                metrics(`sum by (${BY}) (rate(jvm_gc_memory_promoted_bytes_total{${WHERE}}[$__rate_interval]))`, { legend: `${HOST} promoted` }),
            ],
        }),
        timeSeries({
            title: "Heap by pool",
            description: "Heap in use by memory pool, all chosen hosts together.",
            unit: "bytes",
            min: 0,
            stacked: true,
            queries: [metrics(`sum by (id) (jvm_memory_used_bytes{${WHERE}, area="heap"})`, { legend: "{{id}}" })],
        }),
        timeSeries({
            title: "Non-heap by pool",
            description: "Memory beside the heap, all chosen hosts together: classes (Metaspace) and compiled code. Metaspace that never stops growing is a leak of class loaders.",
            unit: "bytes",
            min: 0,
            stacked: true,
            queries: [metrics(`sum by (id) (jvm_memory_used_bytes{${WHERE}, area="nonheap"})`, { legend: "{{id}}" })],
        }),
        timeSeries({
            title: "Buffer pools",
            description: "Memory of NIO buffers outside of the heap, by host: network and mapped files. It counts against the container or machine, not against -Xmx.",
            unit: "bytes",
            min: 0,
            queries: [
                metrics(`sum by (${BY}, id) (jvm_buffer_memory_used_bytes{${WHERE}, id=~"direct|mapped"})`, { legend: `${HOST} {{id}}` }),
            ],
        }),
    ],
};

const collections: Row = {
    title: "Garbage collection",
    panels: [
        timeSeries({
            title: "Time in collections",
            description: "Share of its CPU time that the JVM spends in collections, as it says itself. Above 5 % requests feel it.",
            unit: "percentunit",
            min: 0,
            thresholds: { yellow: 0.05, red: 0.2 },
            links: [TO_LOGS],
            queries: [metrics(`max by (${BY}) (jvm_gc_overhead{${WHERE}})`, { legend: HOST })],
        }),
        timeSeries({
            title: "Longest pause",
            description: "Longest pause of the last minutes, by host. Every request in the process waits that long.",
            unit: "s",
            min: 0,
            thresholds: { yellow: 0.5, red: 1 },
            links: [dataLink("Slow requests of ${__field.labels.instance}", "traces", HERE)],
            queries: [metrics(`max by (${BY}) (jvm_gc_pause_seconds_max{${WHERE}})`, { legend: HOST })],
        }),
        timeSeries({
            title: "Pauses by cause",
            description: "Collections a second by what they were and why, all chosen hosts together. Major collections on a busy server are a heap that is too small.",
            unit: "ops",
            min: 0,
            bars: true,
            stacked: true,
            queries: [metrics(`sum by (action, cause) (rate(jvm_gc_pause_seconds_count{${WHERE}}[$__rate_interval]))`, { legend: "{{action}}: {{cause}}" })],
        }),
    ],
};

const threads: Row = {
    title: "Threads and classes",
    panels: [
        timeSeries({
            title: "Threads by state",
            description: "Threads by state, all chosen hosts together. Many that are blocked wait for one lock.",
            unit: "short",
            min: 0,
            stacked: true,
            queries: [metrics(`sum by (state) (jvm_threads_states_threads{${WHERE}})`, { legend: "{{state}}" })],
        }),
        timeSeries({
            title: "Blocked and deadlocked threads",
            description: "Threads that wait for a lock, by host; and those that wait for each other for ever, where the application has Micrometer's JvmThreadDeadlockMetrics.",
            unit: "short",
            min: 0,
            thresholds: { yellow: 5, red: 20 },
            links: [TO_LOGS],
            queries: [
                metrics(`sum by (${BY}) (jvm_threads_states_threads{${WHERE}, state="blocked"})`, { legend: `${HOST} blocked` }),
                metrics(`max by (${BY}) (jvm_threads_deadlocked_threads{${WHERE}})`, { legend: `${HOST} deadlocked` }),
            ],
        }),
        timeSeries({
            title: "Threads",
            description: "Live threads by host, and the most there have been. One that rises without end is a leak of threads.",
            unit: "short",
            min: 0,
            links: [TO_LOGS],
            queries: [
                metrics(`max by (${BY}) (jvm_threads_live_threads{${WHERE}})`, { legend: HOST }),
                metrics(`max by (${BY}) (jvm_threads_peak_threads{${WHERE}})`, { legend: `${HOST} peak` }),
            ],
        }),
        timeSeries({
            title: "Executors: active and queued tasks",
            description: "Tasks of Spring's executors by host: those that run, and those that wait for a thread.",
            unit: "short",
            min: 0,
            queries: [
                metrics(`sum by (${BY}, name) (executor_active_threads{${WHERE}})`, { legend: `${HOST} {{name}} active` }),
                metrics(`sum by (${BY}, name) (executor_queued_tasks{${WHERE}})`, { legend: `${HOST} {{name}} queued` }),
            ],
        }),
        timeSeries({
            title: "Classes loaded",
            description: "Classes by host. After warm-up the number is steady; a steady rise is a leak of class loaders.",
            unit: "short",
            min: 0,
            queries: [metrics(`max by (${BY}) (jvm_classes_loaded_classes{${WHERE}})`, { legend: HOST })],
        }),
        timeSeries({
            title: "Time in the compiler",
            description: "Share of one core that the just-in-time compiler takes. High after a start, then near 0.",
            unit: "percentunit",
            min: 0,
            queries: [metrics(`sum by (${BY}) (rate(jvm_compilation_time_ms_total{${WHERE}}[$__rate_interval])) / 1000`, { legend: HOST })],
        }),
    ],
};

const process: Row = {
    title: "CPU and files",
    panels: [
        timeSeries({
            title: "CPU of the process and of its host",
            description: "Share of all cores that the JVM takes, and that everything on the host takes. A gap between the two is another process.",
            unit: "percentunit",
            min: 0,
            max: 1,
            links: [TO_HOST],
            queries: [
                metrics(`max by (${BY}) (process_cpu_usage{${WHERE}})`, { legend: `${HOST} process` }),
                metrics(`max by (${BY}) (system_cpu_usage{${WHERE}})`, { legend: `${HOST} host` }),
            ],
        }),
        timeSeries({
            title: "Open files of limit",
            description: "File descriptors in use, as a share of the process's limit: files and sockets. At 100 % no connection can be taken.",
            unit: "percentunit",
            min: 0,
            thresholds: { yellow: 0.7, red: 0.9 },
            queries: [metrics(`max by (${BY}) (process_files_open_files{${WHERE}}) / max by (${BY}) (process_files_max_files{${WHERE}})`, { legend: HOST })],
        }),
        timeSeries({
            title: "Uptime",
            description: "Seconds since the JVM started. A fall to 0 is a restart: compare with what the logs say just before.",
            unit: "s",
            min: 0,
            links: [TO_LOGS],
            queries: [metrics(`max by (${BY}) (process_uptime_seconds{${WHERE}})`, { legend: HOST })],
        }),
    ],
};

/** What a JVM does with its memory, its threads and its time. */
export const jvm: DashboardSpec = {
    name: "jvm",
    title: "JVM",
    folder: "Applications",
    description: "Is it the JVM? Memory by pool, garbage collection, threads, classes, CPU and files of an application's processes.",
    variables: commonVariables(["environment", "application", "instance"], 'jvm_info{job="was"}'),
    links: navigation(["service", "Service"], ["tomcat", "Tomcat and HikariCP"], ["host", "Host"], ["logs", "Logs"]),
    rows: [processes, memory, collections, threads, process],
};
