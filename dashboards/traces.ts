import {
    chosen, chosenSpans, columnLinks, commonVariables, dataLink, DashboardSpec, logLinesPanel, logs, metrics, navigation, nodeGraph, serviceGraph, table,
    textVariable, timeSeries, trace, traceMetrics, traces, waterfall,
} from "./kit";

const WHERE = chosen("environment", "application", "instance");
const SPANS = chosenSpans("environment", "application", "instance");
const SERVER = `${WHERE}, span_kind="SPAN_KIND_SERVER"`;
const BY = "environment, application, span_name";
const LEGEND = "{{environment}} {{application}} {{span_name}}";
/** What is chosen here, kept while the trace changes. */
const KEPT = { environment: "", application: "", instance: "", slower: "", slowerSql: "", condition: "" };
const CHOSEN_SQL = `${SPANS} && span.db.query.text != nil`;
/** Where a span comes from, as columns. Conditions select what they ask for; this makes it sure. */
const FROM = "resource.deployment.environment.name, resource.service.name, resource.service.instance.id";
const OF_SPAN = {
    environment: '${__data.fields["deployment.environment.name"]}', application: '${__data.fields["service.name"]}', instance: '${__data.fields["service.instance.id"]}',
};
const OF_SERIES = { environment: "${__field.labels.environment}", application: "${__field.labels.application}", instance: "" };

function quantile(q: number, kind: string, name: string) {
    const rate = `rate(traces_spanmetrics_latency_bucket{${WHERE}, span_kind="${kind}"}[$__rate_interval])`;
    return metrics(`histogram_quantile(${q}, sum by (le, ${BY}) (${rate}))`, { legend: `${LEGEND} ${name}`, exemplars: true });
}

/** Traces: the search for one, its spans and its lines, and what all spans together tell. */
export const tracesDashboard: DashboardSpec = {
    name: "traces",
    title: "Traces",
    folder: "Applications",
    description: "Find a trace, read its spans and its log lines; slow SQL; which service calls which; rate, errors and duration by span. A click on a trace id shows that trace here.",
    variables: [
        ...commonVariables(["environment", "application", "instance"]), textVariable("slower", "Slower than", "0ms"), textVariable("condition", "And (TraceQL)", "true"),
        textVariable("slowerSql", "SQL slower than", "100ms"), textVariable("traceId", "Trace id"),
    ],
    links: navigation(["service", "Service"], ["logs", "Logs"], ["jvm", "JVM"], ["tomcat", "Tomcat and HikariCP"], ["environments", "Environments"]),
    rows: [
        {
            title: "Find",
            panels: [
                table({
                    title: "Traces", description: "Newest traces with a span of the chosen application and host that fits. A click on the id shows the trace below.", unit: "none", height: 10,
                    queries: [traces(`{ ${SPANS} && duration >= $slower && \${condition:raw} } with (most_recent=true)`)],
                }, (panel) => panel
                    .overrideByName("traceID", columnLinks(dataLink("Show this trace", "traces", { ...KEPT, traceId: "${__value.raw}" })))
                    .overrideByName("traceService", columnLinks(dataLink("Service ${__value.raw}", "service", { environment: "", application: "${__value.raw}" })))),
                table({
                    title: "Slow SQL", description: "Newest statements that took longer than \"SQL slower than\", with their text. Empty is good. A click on the span shows its trace below.", unit: "none", height: 10,
                    queries: [traces(`{ ${CHOSEN_SQL} && duration > $slowerSql } | select(span.db.query.text, ${FROM}) with (most_recent=true)`, { spans: true, emptyUntil: "slowSql" })],
                }, (panel) => panel
                    .overrideByName("spanID", columnLinks(dataLink("Show its trace", "traces", { ...KEPT, traceId: "${__data.fields.traceIdHidden}" })))
                    .overrideByName("service.name", columnLinks(dataLink("Service ${__value.raw}", "service", OF_SPAN)))
                    .overrideByName("service.instance.id", columnLinks(
                        dataLink("JVM of ${__value.raw}", "jvm", OF_SPAN), dataLink("Connections of ${__value.raw}", "tomcat", OF_SPAN), dataLink("Logs of ${__value.raw}", "logs", OF_SPAN),
                    ))),
            ],
        },
        {
            title: "The chosen trace: $traceId",
            panels: [
                waterfall({
                    title: "Spans", description: "The spans of the trace whose id stands above, as a waterfall. Each span leads to its log lines and to its host's metrics.",
                    queries: [trace("$traceId")],
                }),
                logLinesPanel({
                    title: "Its log lines", description: "Lines with this trace's id, from every application and host that it went through, oldest first.", oldestFirst: true,
                    queries: [logs('{environment=~"$environment"} | trace_id!="" | trace_id=`${traceId:raw}`')],
                }),
            ],
        },
        {
            title: "Where time goes",
            panels: [
                timeSeries({
                    title: "Time spent waiting", description: "Seconds per second that requests wait for SQL and other services, by call: what costs most in sum, though each may be fast.",
                    unit: "s", stacked: true,
                    queries: [metrics(`sum by (${BY}) (rate(traces_spanmetrics_latency_sum{${WHERE}, span_kind="SPAN_KIND_CLIENT"}[$__rate_interval]))`, { legend: LEGEND })],
                }),
                timeSeries({
                    title: "Calls out, 95th percentile", description: "How long the application waits for a call: SQL and other services. Points are exemplars: a click opens their trace.",
                    unit: "s", queries: [quantile(0.95, "SPAN_KIND_CLIENT", "p95")],
                }),
                timeSeries({
                    title: "SQL statements, 95th percentile", description: "Duration by the statement's text, from the spans themselves.",
                    unit: "s", queries: [traceMetrics(`{ ${CHOSEN_SQL} } | quantile_over_time(duration, 0.95) by (span.db.query.text)`)],
                }),
            ],
        },
        {
            title: "Rate, errors, duration of requests, from all spans",
            panels: [
                timeSeries({
                    title: "Rate", description: "Requests per second by what they ask for, counted from server spans.", unit: "reqps",
                    queries: [metrics(`sum by (${BY}) (rate(traces_spanmetrics_calls_total{${SERVER}}[$__rate_interval]))`, { legend: LEGEND })],
                    links: [dataLink("Service ${__field.labels.application}", "service", OF_SERIES)],
                }),
                timeSeries({
                    title: "Errors", description: "Requests per second whose span has the status error; 0 where there are requests, but no errors.", unit: "reqps",
                    queries: [metrics(
                        `sum by (${BY}) (rate(traces_spanmetrics_calls_total{${SERVER}, status_code="STATUS_CODE_ERROR"}[$__rate_interval]))`
                        + ` or sum by (${BY}) (rate(traces_spanmetrics_calls_total{${SERVER}}[$__rate_interval])) * 0`, { legend: LEGEND },
                    )],
                    links: [dataLink("Its errors as traces", "traces", { ...KEPT, ...OF_SERIES, condition: "status%20%3D%20error" })],
                }),
                timeSeries({
                    title: "Duration", description: "Median and 95th percentile of server spans. Points are exemplars: a click opens their trace.", unit: "s",
                    queries: [quantile(0.5, "SPAN_KIND_SERVER", "p50"), quantile(0.95, "SPAN_KIND_SERVER", "p95")],
                    links: [dataLink("Its slow traces", "traces", { ...KEPT, ...OF_SERIES, slower: "500ms" }), dataLink("Service ${__field.labels.application}", "service", OF_SERIES)],
                }),
            ],
        },
        {
            title: "Services",
            panels: [
                nodeGraph({
                    title: "Service graph", description: "Which service calls which, over the time range, with requests per second and duration. A click on an edge or a service leads to its traces.", width: 24,
                    // The plugin would give several values as {a,b}, which is no regular expression.
                    queries: [serviceGraph('{environment=~"${environment:pipe}"}')],
                }, (panel) => panel
                    .overrideByName("target", columnLinks(dataLink("Traces of ${__data.fields.target}", "traces", { environment: "", application: "${__data.fields.target}" })))
                    .overrideByName("title", columnLinks(dataLink("Traces of ${__data.fields.title}", "traces", { environment: "", application: "${__data.fields.title}" })))),
            ],
        },
    ],
};
