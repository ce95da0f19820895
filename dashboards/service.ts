import { USER_REQUESTS } from "./alerts/recording";
import { chosen, commonVariables, DashboardSpec, dataLink, heatmap, labelVariable, logLinesPanel, logs, metrics, navigation, Panel, stat, summary, timeSeries } from "./kit";
import { durationBuckets, durationQuantile, errorRatio, meanDuration, orZero, requestCount, requestRate, Slice, withTraces } from "./requests";

const HOSTS = chosen("environment", "application", "instance");
const NARROW = 'uri=~"$uri", status=~"$status"';
/** Requests of the chosen hosts. */
const WHERE = `${HOSTS}, ${NARROW}`;
/** Recorded by URI: of all hosts. */
const OF_URIS = `${chosen("environment", "application")}, ${NARROW}`;
/** Recorded by host: of all URIs. */
const OF_HOSTS = HOSTS;
/** A span's name is the method and the URI. */
const SPANS = `${HOSTS}, span_kind="SPAN_KIND_SERVER", span_name=~".* ($uri)"`;
const ERROR_LINES = `{${HOSTS}} | detected_level=~"error|fatal|critical"`;

const TO_TRACES = dataLink("Traces at that time", "traces", { environment: "", application: "", instance: "" });
const TO_LOGS = dataLink("Logs at that time", "logs", { environment: "", application: "", instance: "" });
const TO_JVM = dataLink("JVM at that time", "jvm", { environment: "", application: "", instance: "" });
const THIS_HOST = { environment: "${__field.labels.environment}", application: "", instance: "${__field.labels.instance}" };
const HOST_LINKS = [dataLink("JVM of ${__field.labels.instance}", "jvm", THIS_HOST), dataLink("Tomcat of ${__field.labels.instance}", "tomcat", THIS_HOST),
    dataLink("Logs of ${__field.labels.instance}", "logs", THIS_HOST)];

function slice(by: string, where = WHERE): Slice {
    return { where, by };
}

/** Rate, errors and duration of an application's requests. */
export const service: DashboardSpec = {
    name: "service",
    title: "Service",
    folder: "Applications",
    description: "What users get of an application: rate, errors and duration of its requests by URI, status and host, and what was thrown.",
    variables: [
        ...commonVariables(["environment", "application", "instance"]),
        labelVariable("uri", `http_server_requests_seconds_count{${HOSTS}, ${USER_REQUESTS}}`, "uri").label("URI"),
        labelVariable("status", `http_server_requests_seconds_count{${HOSTS}, ${USER_REQUESTS}}`, "status").label("Status"),
    ],
    links: navigation(["environments", "Environments"], ["traces", "Traces"], ["logs", "Logs"], ["jvm", "JVM"], ["tomcat", "Tomcat and HikariCP"], ["loadtest", "Load test"]),
    rows: [
        { title: "Now", panels: figures() },
        { title: "Rate and errors", panels: rateAndErrors() },
        { title: "Duration", panels: duration() },
        { title: "URIs", panels: [slowest()] },
        { title: "Exceptions", panels: exceptions() },
    ],
};

function figures(): Panel[] {
    return [
        stat({
            title: "Requests", description: "Requests per second, without those to /actuator.", unit: "reqps", curve: true, links: [TO_TRACES],
            queries: [metrics(requestRate(slice("")), { legend: "requests" })],
        }),
        stat({
            title: "Errors", description: "Share of the requests that ended in a 5xx status.", unit: "percentunit", curve: true, decimals: 1, links: [TO_LOGS],
            thresholds: { yellow: 0.01, red: 0.05 }, queries: [metrics(errorRatio(slice("")), { legend: "errors" })],
        }),
        ...[0.5, 0.95, 0.99].map((quantile) => stat({
            title: `${percent(quantile)} percentile`, unit: "s", curve: true, links: [TO_TRACES], thresholds: { yellow: 0.5, red: 1 },
            description: `${percent(quantile, "")} % of the requests of the last two minutes were faster than this, all hosts together.`,
            queries: [metrics(durationQuantile(quantile, "requestsByUri", slice("", OF_URIS)), { legend: "duration" })],
        })),
        stat({
            title: "Log errors per minute", description: "Lines of level ERROR, as Micrometer counts them.", unit: "short", curve: true, decimals: 1, links: [TO_LOGS],
            thresholds: { yellow: 1, red: 10 }, queries: [metrics(`sum(rate(logback_events_total{${HOSTS}, level="error"}[$__rate_interval])) * 60`, { legend: "errors" })],
        }),
    ];
}

function rateAndErrors(): Panel[] {
    const all = requestRate(slice("uri"));
    return [
        timeSeries({
            title: "Requests by URI", description: "Requests per second. A URI that stops while others go on is broken or was taken out.", unit: "reqps", min: 0,
            queries: [metrics(all, { legend: "{{uri}}" })], links: [TO_TRACES, TO_LOGS],
        }),
        timeSeries({
            title: "Requests by status", description: "Requests per second by HTTP status.", unit: "reqps", min: 0, stacked: true,
            queries: [metrics(requestRate(slice("status")), { legend: "{{status}}" })], links: [TO_TRACES, TO_LOGS],
        }),
        timeSeries({
            title: "Requests by host", description: "Requests per second. Hosts behind one load balancer should be alike.", unit: "reqps", min: 0,
            queries: [metrics(requestRate(slice("environment, instance")), { legend: "{{environment}} {{instance}}" })], links: HOST_LINKS,
        }),
        timeSeries({
            title: "Errors by URI", description: "Share of a URI's requests that ended in a 5xx status: the server's fault.", unit: "percentunit", min: 0,
            queries: [metrics(errorRatio(slice("uri")), { legend: "{{uri}}" })], links: [TO_LOGS, TO_TRACES],
        }),
        timeSeries({
            title: "Refused by URI", description: "Requests per second that ended in a 4xx status: the caller's fault, or a wrong link of ours.", unit: "reqps", min: 0,
            queries: [metrics(orZero(requestRate(slice("uri"), 'status=~"4.."'), all), { legend: "{{uri}}" })], links: [TO_LOGS, TO_TRACES],
        }),
        timeSeries({
            title: "Errors by host", description: "Share of a host's requests that ended in a 5xx status. One host alone: look at that host; all of them: at what they share.",
            unit: "percentunit", min: 0, queries: [metrics(errorRatio(slice("environment, instance")), { legend: "{{environment}} {{instance}}" })], links: HOST_LINKS,
        }),
    ];
}

/** Recorded rates know no hosts, but the points on them are requests of the chosen ones. */
function duration(): Panel[] {
    const all = slice("", OF_URIS);
    const points = "The points are requests of the chosen hosts: click one for its trace.";
    return [
        timeSeries({
            title: "Duration", unit: "s", min: 0, links: [TO_TRACES, TO_LOGS, TO_JVM], description: `Quantiles of the requests' duration, all hosts together. ${points}`,
            queries: [0.5, 0.95, 0.99].map((quantile) => {
                const expr = durationQuantile(quantile, "requestsByUri", all);
                return quantile === 0.95 ? metrics(withTraces(expr, SPANS), { legend: percent(quantile), exemplars: true }) : metrics(expr, { legend: percent(quantile) });
            }),
        }),
        timeSeries({
            title: "Duration by URI", unit: "s", min: 0, links: [TO_TRACES, TO_LOGS], description: `95th percentile by URI, all hosts together. ${points}`,
            queries: [metrics(withTraces(durationQuantile(0.95, "requestsByUri", { ...all, by: "uri" }), SPANS), { legend: "{{uri}}", exemplars: true })],
        }),
        timeSeries({
            title: "Duration by status", unit: "s", min: 0, links: [TO_TRACES, TO_LOGS],
            description: "95th percentile by status, all hosts together. Errors that are fast are refused early; slow ones ran into a timeout.",
            queries: [metrics(durationQuantile(0.95, "requestsByUri", { ...all, by: "status" }), { legend: "{{status}}" })],
        }),
        heatmap({
            title: "Durations", width: 24, unit: "s", links: [TO_TRACES], description: `How many requests took how long, all hosts together. Two bands are two kinds of requests, as with and without a cache. ${points}`,
            queries: [metrics(withTraces(durationBuckets("requestsByUri", all), SPANS), { format: "heatmap", legend: "{{le}}", exemplars: true })],
        }),
        timeSeries({
            title: "Duration by host", unit: "s", min: 0, width: 12, links: HOST_LINKS,
            description: "95th percentile by host, all URIs together. One host alone: garbage collection, a noisy neighbour, a cold cache.",
            queries: [metrics(durationQuantile(0.95, "requestsByInstance", slice("environment, instance", OF_HOSTS)), { legend: "{{environment}} {{instance}}" })],
        }),
        timeSeries({
            title: "Mean duration by URI", description: "Mean of the chosen hosts' requests.", unit: "s", min: 0, width: 12, links: [TO_TRACES, TO_LOGS],
            queries: [metrics(meanDuration(slice("uri")), { legend: "{{uri}}" })],
        }),
    ];
}

/** One row for each URI, over the whole time range. */
function slowest(): Panel {
    const labels = { environment: "Environment", application: "Application", uri: "URI" };
    const over: Slice = { ...slice(Object.keys(labels).join(", ")), over: "$__range" };
    const all = requestCount(over);
    const row = { environment: "${__data.fields.environment}", application: "${__data.fields.application}", instance: "" };
    return summary({
        title: "Slowest URIs", height: 10, highest: "95th percentile",
        description: "Each URI over the whole time range, the slowest first. 95th percentile of all hosts, the rest of the chosen ones. Click a row for its traces or logs.",
        links: [
            dataLink("Traces of ${__data.fields.uri}", "traces", { ...row, condition: 'span.http.route%3D"${__data.fields.uri:percentencode}"' }),
            dataLink("Traces of ${__data.fields.uri} from 500 ms on", "traces", { ...row, slower: "500ms", condition: 'span.http.route%3D"${__data.fields.uri:percentencode}"' }),
            dataLink("Error lines of ${__data.fields.application}", "logs", { ...row, level: "ERROR" }),
        ],
    }, labels, [
        { title: "95th percentile", unit: "s", expr: durationQuantile(0.95, "requestsByUri", { ...over, where: OF_URIS }), thresholds: { yellow: 0.5, red: 1 } },
        { title: "Mean", unit: "s", expr: meanDuration(over) },
        { title: "Longest", unit: "s", expr: `max by (${over.by}) (max_over_time(http_server_requests_seconds_max{${WHERE}, ${USER_REQUESTS}}[$__range]))` },
        { title: "Requests", unit: "short", decimals: 0, expr: all },
        { title: "Errors", unit: "short", decimals: 0, expr: orZero(requestCount(over, 'status=~"5.."'), all), thresholds: { red: 1 } },
    ]);
}

function exceptions(): Panel[] {
    return [
        timeSeries({
            title: "Exceptions by URI", description: "Requests per second that ended in an exception, by its class.", unit: "reqps", min: 0, width: 8, links: [TO_LOGS, TO_TRACES],
            queries: [metrics(requestRate(slice("exception, uri"), 'exception!="none"'), { legend: "{{exception}} {{uri}}", emptyUntil: "serverError" })],
        }),
        timeSeries({
            title: "Log events by level", description: "Lines of level WARN and ERROR per second, as Micrometer counts them.", unit: "short", min: 0, width: 8, links: [TO_LOGS],
            queries: [metrics(`sum by (level) (rate(logback_events_total{${HOSTS}, level=~"warn|error"}[$__rate_interval]))`, { legend: "{{level}}" })],
        }),
        timeSeries({
            title: "Errors by logger", description: "Lines of level ERROR by the class that logged them.", unit: "short", min: 0, width: 8, bars: true, stacked: true, links: [TO_LOGS],
            queries: [logs(`sum by (logger) (count_over_time(${ERROR_LINES} [$__auto]))`, { legend: "{{logger}}", emptyUntil: "serverError" })],
        }),
        logLinesPanel({
            title: "Last errors", description: "The newest lines of level ERROR with their stack traces. Open one for its trace.", height: 10,
            queries: [logs(ERROR_LINES, { maxLines: 50, emptyUntil: "serverError" })],
        }),
    ];
}

/** `0.95` as `95th`, or as `95` with an empty ending. */
function percent(quantile: number, ending = "th"): string {
    return `${Math.round(quantile * 100)}${ending}`;
}
