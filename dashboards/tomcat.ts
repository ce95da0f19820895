import { chosen, commonVariables, DashboardSpec, dataLink, metrics, navigation, Row, timeSeries } from "./kit";

const WHERE = chosen("environment", "application", "instance");
const BY = "environment, application, instance";
const HOST = "{{environment}} {{instance}}";
const HERE = { environment: "${__field.labels.environment}", instance: "${__field.labels.instance}" };
const TO_JVM = dataLink("JVM of ${__field.labels.instance}", "jvm", HERE);
const TO_LOGS = dataLink("Logs of ${__field.labels.instance}", "logs", HERE);
const TO_TRACES = dataLink("Slow requests of ${__field.labels.instance}", "traces", HERE);

/** The sum of a metric for each process: it may have several connectors or pools. */
function total(metric: string): string {
    return `sum by (${BY}) (${metric}{${WHERE}})`;
}

function perSecond(metric: string, by = BY): string {
    return `sum by (${by}) (rate(${metric}{${WHERE}}[$__rate_interval]))`;
}

/** The mean of a timer; 0 where nothing was timed, as a division by zero draws nothing. */
function mean(timer: string, by: string): string {
    return `${perSecond(`${timer}_sum`, by)} / (${perSecond(`${timer}_count`, by)} > 0) or 0 * ${perSecond(`${timer}_count`, by)}`;
}

const threads: Row = {
    title: "Tomcat: threads and connections",
    panels: [
        timeSeries({
            title: "Busy threads",
            description: "Threads that handle a request, and how many there may be. At the maximum further requests wait.",
            unit: "short",
            min: 0,
            links: [TO_JVM, TO_TRACES],
            queries: [
                metrics(total("tomcat_threads_busy_threads"), { legend: `${HOST} busy` }),
                metrics(total("tomcat_threads_config_max_threads"), { legend: `${HOST} max` }),
            ],
        }),
        timeSeries({
            title: "Busy threads of max",
            description: "The same as a share. What stays above 80 % has no room for a burst: requests are slow (see the traces) or threads are too few.",
            unit: "percentunit",
            min: 0,
            max: 1,
            thresholds: { yellow: 0.8, red: 0.95 },
            links: [TO_JVM, TO_TRACES],
            queries: [metrics(`${total("tomcat_threads_busy_threads")} / ${total("tomcat_threads_config_max_threads")}`, { legend: HOST })],
        }),
        timeSeries({
            title: "Connections that may wait for a thread",
            description: "While every thread is busy: connections without a thread, which is at most how many requests wait. Tomcat does not count its queue. 0 while a thread is free.",
            unit: "short",
            min: 0,
            thresholds: { yellow: 10, red: 50 },
            links: [TO_JVM, TO_TRACES],
            queries: [
                metrics(`clamp_min(${total("tomcat_connections_current_connections")} - ${total("tomcat_threads_busy_threads")}, 0) `
                    + `* (${total("tomcat_threads_busy_threads")} >= bool ${total("tomcat_threads_config_max_threads")})`, { legend: HOST }),
            ],
        }),
        timeSeries({
            title: "Connections",
            description: "Open connections, and the most that are taken. At the maximum clients cannot connect.",
            unit: "short",
            min: 0,
            logarithmic: true,
            queries: [
                metrics(total("tomcat_connections_current_connections"), { legend: `${HOST} open` }),
                metrics(total("tomcat_connections_config_max_connections"), { legend: `${HOST} max` }),
            ],
        }),
        timeSeries({
            title: "Threads in the pool",
            description: "Threads that Tomcat has, busy or not. It makes more under load, up to the maximum.",
            unit: "short",
            min: 0,
            queries: [metrics(total("tomcat_threads_current_threads"), { legend: HOST })],
        }),
        timeSeries({
            title: "Sessions",
            description: "HTTP sessions in memory, and those refused because there were too many. 0 in an application that has none.",
            unit: "short",
            min: 0,
            queries: [
                metrics(total("tomcat_sessions_active_current_sessions"), { legend: `${HOST} active` }),
                metrics(`sum by (${BY}) (increase(tomcat_sessions_rejected_sessions_total{${WHERE}}[$__rate_interval]))`, { legend: `${HOST} refused` }),
            ],
        }),
    ],
};

const requests: Row = {
    title: "Tomcat: requests",
    panels: [
        timeSeries({
            title: "Requests",
            description: "Requests that Tomcat has finished each second, whatever handled them: also those that no controller saw.",
            unit: "reqps",
            min: 0,
            links: [dataLink("Service", "service", HERE)],
            queries: [metrics(perSecond("tomcat_global_request_seconds_count"), { legend: HOST })],
        }),
        timeSeries({
            title: "Errors",
            description: "Answers with a status of 400 or above, each second, as Tomcat counts them: also those that no controller saw.",
            unit: "reqps",
            min: 0,
            links: [dataLink("Service", "service", HERE), TO_LOGS],
            queries: [metrics(perSecond("tomcat_global_error_total"), { legend: HOST })],
        }),
        timeSeries({
            title: "Time of a request",
            description: "Mean time of a request, and the longest since the server started. For quantiles see the Service dashboard.",
            unit: "s",
            min: 0,
            links: [TO_TRACES],
            queries: [
                metrics(mean("tomcat_global_request_seconds", BY), { legend: `${HOST} mean` }),
                metrics(`max by (${BY}) (tomcat_global_request_max_seconds{${WHERE}})`, { legend: `${HOST} longest` }),
            ],
        }),
        timeSeries({
            title: "Bytes in and out",
            description: "Bodies received (below 0) and sent each second.",
            unit: "Bps",
            width: 24,
            height: 6,
            queries: [
                metrics(perSecond("tomcat_global_sent_bytes_total"), { legend: `${HOST} sent` }),
                metrics(`-${perSecond("tomcat_global_received_bytes_total")}`, { legend: `${HOST} received` }),
            ],
        }),
    ],
};

const POOL = `${BY}, pool`;
const OF_POOL = `${HOST} {{pool}}`;

function pool(metric: string): string {
    return `sum by (${POOL}) (${metric}{${WHERE}})`;
}

const connections: Row = {
    title: "HikariCP: database connections",
    panels: [
        timeSeries({
            title: "Connections by use",
            description: "Database connections that are in use and idle, by pool, and how many there may be.",
            unit: "short",
            min: 0,
            links: [TO_JVM, TO_TRACES],
            queries: [
                metrics(pool("hikaricp_connections_active"), { legend: `${OF_POOL} active` }),
                metrics(pool("hikaricp_connections_idle"), { legend: `${OF_POOL} idle` }),
                metrics(pool("hikaricp_connections_max"), { legend: `${OF_POOL} max` }),
            ],
        }),
        timeSeries({
            title: "Connections in use of max",
            description: "At 100 % the next request waits for a connection. Look for slow SQL in the traces before making the pool larger.",
            unit: "percentunit",
            min: 0,
            max: 1,
            thresholds: { yellow: 0.8, red: 0.95 },
            links: [TO_JVM, TO_TRACES],
            queries: [metrics(`${pool("hikaricp_connections_active")} / ${pool("hikaricp_connections_max")}`, { legend: OF_POOL })],
        }),
        timeSeries({
            title: "Threads that wait for a connection",
            description: "0 on a healthy day. Above 0 for more than moments: the pool is exhausted.",
            unit: "short",
            min: 0,
            thresholds: { yellow: 1, red: 5 },
            links: [TO_LOGS, TO_TRACES],
            queries: [metrics(pool("hikaricp_connections_pending"), { legend: OF_POOL })],
        }),
        timeSeries({
            title: "Time to get a connection",
            description: "Mean time that a request waits for a connection, and the longest of the last minutes. More than a few milliseconds is waiting for others to give one back.",
            unit: "s",
            min: 0,
            thresholds: { yellow: 0.1, red: 1 },
            links: [TO_TRACES],
            queries: [
                metrics(mean("hikaricp_connections_acquire_seconds", POOL), { legend: `${OF_POOL} mean` }),
                metrics(`max by (${POOL}) (hikaricp_connections_acquire_seconds_max{${WHERE}})`, { legend: `${OF_POOL} longest` }),
            ],
        }),
        timeSeries({
            title: "Time a connection is held",
            description: "Mean time from getting a connection to giving it back, and the longest of the last minutes. Long times empty the pool: slow SQL, or other work inside a transaction.",
            unit: "s",
            min: 0,
            links: [TO_TRACES],
            queries: [
                metrics(mean("hikaricp_connections_usage_seconds", POOL), { legend: `${OF_POOL} mean` }),
                metrics(`max by (${POOL}) (hikaricp_connections_usage_seconds_max{${WHERE}})`, { legend: `${OF_POOL} longest` }),
            ],
        }),
        timeSeries({
            title: "Timeouts",
            description: "Requests that gave up waiting for a connection and failed, each second. Anything but 0 is seen by users.",
            unit: "ops",
            min: 0,
            thresholds: { red: 0.001 },
            links: [TO_LOGS, TO_TRACES],
            queries: [metrics(perSecond("hikaricp_connections_timeout_total", POOL), { legend: OF_POOL })],
        }),
        timeSeries({
            title: "Connections taken each second",
            description: "How often a connection is taken from the pool. Several for each request are several transactions, or queries outside of one.",
            unit: "ops",
            min: 0,
            width: 12,
            queries: [metrics(perSecond("hikaricp_connections_usage_seconds_count", POOL), { legend: OF_POOL })],
        }),
        timeSeries({
            title: "Time to open a connection",
            description: "Longest time to open a new connection to the database, of the last minutes; 0 while none is opened. Slow: the database or the network to it.",
            unit: "s",
            min: 0,
            width: 12,
            queries: [metrics(`max by (${POOL}) (hikaricp_connections_creation_seconds_max{${WHERE}})`, { legend: OF_POOL })],
        }),
    ],
};

/** Whether requests wait for a thread or for a database connection. */
export const tomcat: DashboardSpec = {
    name: "tomcat",
    title: "Tomcat and HikariCP",
    folder: "Applications",
    description: "Do requests wait for a thread, or for a database connection? Needs server.tomcat.mbeanregistry.enabled=true in the application for Tomcat's threads.",
    variables: commonVariables(["environment", "application", "instance"], 'jvm_info{job="was"}'),
    links: navigation(["service", "Service"], ["jvm", "JVM"], ["host", "Host"], ["traces", "Traces"], ["logs", "Logs"]),
    rows: [threads, requests, connections],
};
