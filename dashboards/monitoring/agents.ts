import { dataLink, logs, metrics, Row, summary, table, timeSeries } from "../kit";

const AGENTS = 'job="agent", environment=~"$environment"';
const UP = 'up{environment=~"$environment"}';
const BY = "environment, instance";
const HOST = "{{environment}} {{instance}}";
const TO_HOST = dataLink("Host ${__field.labels.instance}", "host", { environment: "${__field.labels.environment}", instance: "${__field.labels.instance}" });
const SIGNALS = ["log_records", "spans"];
/** Every exporter counts a queue for each signal, those that it does not send too. */
const QUEUES = `${AGENTS}, data_type=~"logs|traces"`;

function perSecond(metric: string, also = ""): string {
    return `sum by (${BY}${also}) (rate(${metric}{${AGENTS}}[$__rate_interval]))`;
}

/** The counter begins with the first failure: until then 0 for each agent that is up. */
function lost(what: string): string {
    return `(${perSecond(`otelcol_exporter_${what}_total`)} or on (${BY}) 0 * sum by (${BY}) (up{${AGENTS}}))`;
}

/** Whether what the hosts have gets here. */
export const agents: Row = {
    title: "Agents on the WAS hosts",
    panels: [
        timeSeries({
            title: "Queue on disk",
            description: "Bytes that each agent has queued for the gateway, by signal. A rise: the gateway or a backend is away or too slow; nothing is lost until the queue is full.",
            unit: "bytes", min: 0, links: [TO_HOST],
            queries: [metrics(`sum by (${BY}, data_type) (otelcol_exporter_queue_size{${QUEUES}})`, { legend: `${HOST} {{data_type}}` })],
        }),
        timeSeries({
            title: "Queue of capacity",
            description: "The same as a share. A full queue stops the reading of log files (nothing is lost while the files are there) and refuses spans.",
            unit: "percentunit", min: 0, max: 1, thresholds: { yellow: 0.5, red: 0.9 }, links: [TO_HOST],
            queries: [
                metrics(`max by (${BY}, data_type) (otelcol_exporter_queue_size{${QUEUES}} / otelcol_exporter_queue_capacity{${QUEUES}})`, { legend: `${HOST} {{data_type}}` }),
            ],
        }),
        timeSeries({
            title: "Log bytes not yet read",
            description: "What stands in the log files and was not read yet. Above 0 for long: the agent does not keep up, or its queue is full.",
            unit: "bytes", min: 0, links: [TO_HOST],
            queries: [metrics(`sum by (${BY}) (loki_source_file_file_bytes_total{${AGENTS}} - loki_source_file_read_bytes_total{${AGENTS}})`, { legend: HOST })],
        }),
        timeSeries({
            title: "Sent",
            description: "Log lines and spans that the gateway took, each second.",
            unit: "ops", min: 0, links: [TO_HOST],
            queries: SIGNALS.map((signal) => metrics(perSecond(`otelcol_exporter_sent_${signal}_total`), { legend: `${HOST} ${signal.replace("_", " ")}` })),
        }),
        timeSeries({
            title: "Given up",
            description: "Log lines and spans that an agent dropped, each second: a wrong token, an answer that says not to try again, or no place in the queue. They are lost.",
            unit: "ops", min: 0, thresholds: { red: 0.001 }, links: [TO_HOST],
            queries: [
                // The queue of logs lets the reading wait where it is full, so nothing is refused there.
                metrics(lost("send_failed_log_records"), { legend: `${HOST} log records` }),
                metrics(`${lost("send_failed_spans")} + ${lost("enqueue_failed_spans")}`, { legend: `${HOST} spans` }),
            ],
        }),
        timeSeries({
            title: "Memory of the agents",
            description: "Resident memory of each agent. About 200 MiB is usual.",
            unit: "bytes", min: 0, links: [TO_HOST],
            queries: [metrics(`max by (${BY}) (process_resident_memory_bytes{${AGENTS}})`, { legend: HOST })],
        }),
    ],
};

/** The time of a log line, as a number that can be compared. Marks of load tests are no host's. */
const LINE_TIME = "{environment=~\"$environment\", source!=\"marker\"} | label_format ts=`{{ __timestamp__ | unixEpochMillis }}` | unwrap ts";

/** Of what is up its newest sample; of what is not, the last minute of the day in which it was. */
const LAST_SCRAPE = `(timestamp(${UP}) and ${UP} == 1) or max_over_time(timestamp(${UP} == 1)[1d:1m])`;

/** When each host was heard of last, by signal. */
export const freshness: Row = {
    title: "Last heard of",
    panels: [
        summary({
            title: "Last sample",
            description: "Age of the last scrape that succeeded, by host and what was scraped, within a day. Above a minute: down, or not reachable from here.",
            width: 8, height: 10,
        }, { environment: "Environment", instance: "Host", job: "Of" }, [
            {
                title: "Age", unit: "s", decimals: 0, thresholds: { yellow: 60, red: 180 },
                expr: `time() - max by (environment, instance, job) (${LAST_SCRAPE})`,
            },
        ]),
        table({
            title: "Last log line",
            description: "When the last line of each host came, of the last quarter of an hour. A host that is missing logs nothing, or its agent is away.",
            unit: "dateTimeFromNow", width: 8, height: 10,
            queries: [logs(`max by (environment, instance) (max_over_time(${LINE_TIME} [15m]) by (environment, instance))`, { instant: true })],
        }, (panel) => panel.withTransformation({ id: "organize", options: { excludeByName: { Time: true }, indexByName: {}, renameByName: { environment: "Environment", instance: "Host", "Value #A": "Last line" } } })),
        summary({
            title: "Last span",
            description: "Age of the last span of each host, within an hour. Grows while nobody asks the application for anything.",
            width: 8, height: 10,
        }, { environment: "Environment", instance: "Host" }, [
            {
                title: "Age", unit: "s", decimals: 0, thresholds: { yellow: 300, red: 900 },
                expr: "time() - max by (environment, instance) (max_over_time(timestamp(sum by (environment, instance) "
                    + '(rate(traces_spanmetrics_calls_total{environment=~"$environment"}[2m])) > 0)[1h:1m]))',
            },
        ]),
    ],
};
