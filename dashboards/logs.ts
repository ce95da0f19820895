import { chosen, commonVariables, dataLink, DashboardSpec, logLinesPanel, logs, navigation, severalVariable, table, textVariable, timeSeries } from "./kit";

const STREAMS = `{${chosen("environment", "application", "instance")}}`;
/** As it is typed: between backquotes only a backquote would end it. Grafana would escape quotes in it. */
const SEARCHED = `${STREAMS} |= \`\${search:raw}\` | level=~"$level"`;
const ERRORS = 'level=~"ERROR|FATAL"';
const ELAPSED = `${SEARCHED} | elapsed_ms>=0 | unwrap elapsed_ms`;
/** Loki answers with a frame for each series: one table of them, labels as columns. */
const ONE_TABLE = [{ id: "labelsToFields", options: {} }, { id: "merge", options: {} }, { id: "organize", options: { excludeByName: { Time: true } } }];
const KEPT = { environment: "", application: "", instance: "", search: "", level: "" };

function elapsed(quantile: number, name: string) {
    return logs(`quantile_over_time(${quantile}, ${ELAPSED} [$__auto]) by (environment, application)`, { legend: `{{environment}} {{application}} ${name}` });
}

/** The applications' log lines: how many, which are errors, how long requests took by them, and the lines themselves. */
export const logsDashboard: DashboardSpec = {
    name: "logs",
    title: "Logs",
    folder: "Applications",
    description: "Log lines of the applications: volume by level, errors by logger, a search, elapsed times as the lines tell them. A line with a trace id opens its trace.",
    variables: [
        ...commonVariables(["environment", "application", "instance"]), severalVariable("level", "Level", ["FATAL", "ERROR", "WARN", "INFO", "DEBUG", "TRACE"]),
        textVariable("search", "Search"), textVariable("slowerMs", "Slow from (ms)", "1000"),
    ],
    // Each panel reads every line of the range: an hour of many hosts takes seconds for each.
    from: "now-10m",
    links: navigation(["service", "Service"], ["traces", "Traces"], ["jvm", "JVM"], ["environments", "Environments"]),
    rows: [
        {
            title: "How much",
            panels: [
                timeSeries({
                    title: "Lines by level", description: "Lines that match the search, by level. Lines without a level stand under an empty name.", unit: "short",
                    width: 12, stacked: true, bars: true, queries: [logs(`sum by (level) (count_over_time(${SEARCHED} [$__auto]))`, { legend: "{{level}}" })],
                    links: [dataLink("Lines of level ${__field.labels.level}", "logs", { ...KEPT, level: "${__field.labels.level}" })],
                }),
                timeSeries({
                    title: "Lines by host", description: "Lines per second of each host. One that falls to nothing while its application runs has an agent in trouble.", unit: "cps",
                    width: 12, queries: [logs(`sum by (environment, application, instance) (rate(${SEARCHED} [$__auto]))`, { legend: "{{environment}} {{application}} {{instance}}" })],
                    links: [dataLink("Host ${__field.labels.instance}", "host", { environment: "${__field.labels.environment}", instance: "${__field.labels.instance}" })],
                }),
            ],
        },
        {
            title: "Errors",
            panels: [
                timeSeries({
                    title: "Error lines", description: "Lines of level ERROR or FATAL per second. Empty is good.", unit: "cps", width: 12,
                    queries: [logs(`sum by (environment, application) (rate(${STREAMS} | ${ERRORS} [$__auto]))`, { legend: "{{environment}} {{application}}", emptyUntil: "serverError" })],
                    // Two values of one variable.
                    links: [dataLink("Its error lines", "logs", {
                        ...KEPT, environment: "${__field.labels.environment}", application: "${__field.labels.application}", level: "ERROR&var-level=FATAL",
                    })],
                }),
                table({
                    title: "Errors by logger", description: "Error lines in the time range by the class that wrote them. Empty is good.", unit: "short",
                    queries: [logs(`topk(20, sum by (environment, application, logger) (count_over_time(${STREAMS} | ${ERRORS} [$__range])))`, { instant: true, emptyUntil: "serverError" })],
                }, (panel) => panel.transformations(ONE_TABLE)),
            ],
        },
        {
            title: "Elapsed time, as the lines tell it (elapsed=…ms)",
            panels: [
                timeSeries({
                    title: "Elapsed time", description: "Quantiles of elapsed=…ms over the lines that match the search. Needs no tracing. A gap means no such lines.", unit: "ms",
                    width: 12, queries: [elapsed(0.5, "p50"), elapsed(0.95, "p95")],
                }),
                logLinesPanel({
                    title: "Slow lines", description: "Lines whose elapsed time is at least what \"Slow from\" says. Open a line, and click Trace.", width: 12, height: 8,
                    queries: [logs(`${SEARCHED} | elapsed_ms>=\${slowerMs:raw}`, { maxLines: 100, emptyUntil: "slowSql" })],
                }),
            ],
        },
        {
            title: "Lines",
            panels: [
                logLinesPanel({
                    title: "Log lines",
                    description: "Newest first. Open a line: Trace leads to its trace, \"Lines with this id\" searches for a hand-made traceId.", height: 16,
                    queries: [logs(SEARCHED, { maxLines: 500 })],
                }),
            ],
        },
    ],
};
