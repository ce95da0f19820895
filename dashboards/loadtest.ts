import * as common from "@grafana/grafana-foundation-sdk/common";
import * as dashboard from "@grafana/grafana-foundation-sdk/dashboard";
import {
    choiceVariable, Column, commonVariables, DashboardName, DashboardSpec, dataLink, environmentLink, LOKI, logLinesPanel, logs, metrics, navigation, Panel, PanelOptions, Query,
    singleVariable, stat, summary, timeSeries,
} from "./kit";
import { durationQuantile, errorRatio, offset, requestCount, requestRate } from "./requests";

/** One side of the comparison. */
interface Side {
    /** Matchers of its environment and of the application. */
    where: string;
    /** Looks back by this. @default now */
    earlier?: string;
    legend: string;
    colour: string;
}

const APPLICATION = 'application=~"$application"';
const SIDES: Side[] = [
    { where: `environment="$environment", ${APPLICATION}`, legend: "$environment", colour: "orange" },
    { where: `environment="$baseline", ${APPLICATION}`, legend: "$baseline", colour: "blue" },
    { where: `environment="$environment", ${APPLICATION}`, earlier: "$shift", legend: "$environment, $shift earlier", colour: "purple" },
];
const MARKERS = '{source="marker", environment=~"$environment|$baseline"}';

/** An expression of one side. */
type Expression = (side: Side) => string;

const requests: Expression = (side) => requestRate({ ...side, by: "environment" });
const errors: Expression = (side) => errorRatio({ ...side, by: "environment" });
const quantile = (of: number): Expression => (side) => durationQuantile(of, "requestsByUri", { ...side, by: "environment" });
const cpu: Expression = (side) => `max by (environment) (${gauge("system_cpu_usage", side)})`;
const heap: Expression = (side) => `sum by (environment) (${gauge("jvm_memory_used_bytes", side, 'area="heap"')})`;
const pauses: Expression = (side) => `max by (environment) (sum by (environment, instance) (rate(jvm_gc_pause_seconds_sum{${side.where}}[$__rate_interval]${offset(side.earlier)})))`;
const threads: Expression = (side) => `max by (environment) (${gauge("tomcat_threads_busy_threads", side)} / (${gauge("tomcat_threads_config_max_threads", side)} > 0))`;
const pending: Expression = (side) => `sum by (environment) (${gauge("hikaricp_connections_pending", side)})`;
const acquiring: Expression = (side) => `sum by (environment) (rate(hikaricp_connections_acquire_seconds_sum{${side.where}}[$__rate_interval]${offset(side.earlier)}))`
    + ` / (sum by (environment) (rate(hikaricp_connections_acquire_seconds_count{${side.where}}[$__rate_interval]${offset(side.earlier)})) > 0)`;
const logged: Expression = (side) => `sum by (environment) (rate(logback_events_total{${side.where}, level="error"}[$__rate_interval]${offset(side.earlier)})) * 60`;

/** A run of a load test against another environment and against an earlier run. */
export const loadtest: DashboardSpec = {
    name: "loadtest",
    title: "Load test",
    folder: "Overview",
    description: "A run against another environment and against an earlier run, in the same panels. docs/dashboards.md says how a run marks its start and end.",
    variables: [
        singleVariable("environment", 'up{job="was"}', "environment", "loadtest").label("Run in"),
        singleVariable("baseline", 'up{job="was"}', "environment", "prod").label("Compared with"),
        ...commonVariables(["environment", "application"]).slice(1),
        choiceVariable("shift", "Earlier run", ["5m", "15m", "30m", "1h", "2h", "6h", "12h", "1d", "2d", "7d"], "1h"),
    ],
    links: navigation(["environments", "Environments"], ["service", "Service"], ["jvm", "JVM"], ["tomcat", "Tomcat and HikariCP"], ["traces", "Traces"]),
    annotations: [marks("Start of a run", "start", "green"), marks("End of a run", "end", "red")],
    rows: [
        {
            title: "The run, the environment that it is compared with, and the earlier run",
            panels: [
                inFigures("Requests now", "reqps", "Requests per second.", requests),
                inFigures("Errors now", "percentunit", "Share of the requests that end in a 5xx status.", errors, { thresholds: { yellow: 0.01, red: 0.05 }, decimals: 1 }),
                inFigures("Median now", "s", "Half of the requests are faster than this.", quantile(0.5)),
                inFigures("95th percentile now", "s", "19 of 20 requests are faster than this.", quantile(0.95), { thresholds: { yellow: 0.5, red: 1 } }),
            ],
        },
        {
            title: "What users would notice",
            panels: [
                curves("Requests", "reqps", "Requests per second. Where it no longer follows the load, the limit is reached.", "service", requests),
                curves("Errors", "percentunit", "Share of the requests that end in a 5xx status.", "service", errors),
                curves("95th percentile", "s", "19 of 20 requests are faster than this.", "service", quantile(0.95)),
            ],
        },
        {
            title: "What may be short",
            panels: [
                curves("CPU", "percentunit", "The machine's CPU in use, of the busiest host.", "host", cpu),
                curves("Tomcat threads", "percentunit", "Busy threads as a share of their maximum, of the busiest host.", "tomcat", threads),
                curves("Pending connections", "none", "Threads that wait for a database connection.", "tomcat", pending),
                curves("Acquiring a connection", "s", "Mean time until a thread has its database connection.", "tomcat", acquiring),
                curves("Heap", "bytes", "Heap in use by all hosts together.", "jvm", heap),
                curves("Garbage collection", "percentunit", "Share of the time that the worst host stands still to collect garbage.", "jvm", pauses),
            ],
        },
        { title: "Details", panels: [urisCompared(), curves("Log errors per minute", "short", "Lines of level ERROR, as Micrometer counts them.", "logs", logged), markerLines()] },
    ],
};

function gauge(metric: string, { where, earlier }: Side, more = ""): string {
    return `${metric}{${[where, more].filter(Boolean).join(", ")}}${offset(earlier)}`;
}

/** The same expression for each side. There is an earlier run only after some time: the tests make one. */
function sides(expression: Expression, instant: boolean): Query[] {
    return SIDES.map((side) => metrics(expression(side), { legend: side.legend, instant, emptyUntil: side.earlier ? "loadTestRun" : undefined }));
}

function links(target: DashboardName) {
    return [environmentLink(target)];
}

function curves(title: string, unit: string, description: string, target: DashboardName, expression: Expression): Panel {
    return timeSeries({ title, unit, description, min: 0, links: links(target), queries: sides(expression, false) }, (panel) =>
        SIDES.forEach(({ colour, earlier }, i) => panel.overrideByQuery(String.fromCharCode(65 + i), [
            { id: "color", value: { mode: "fixed", fixedColor: colour } },
            ...(earlier ? [{ id: "custom.lineStyle", value: { fill: "dash", dash: [8, 8] } }] : []),
        ])));
}

function inFigures(title: string, unit: string, description: string, expression: Expression, more: Partial<PanelOptions> = {}): Panel {
    return stat({ title, unit, description, width: 6, links: links("service"), queries: sides(expression, true), ...more }, (panel) => panel.orientation(common.VizOrientation.Horizontal));
}

/** Which URI is to blame for the difference. */
function urisCompared(): Panel {
    const over = { by: "uri", over: "$__range" };
    return summary({
        title: "URIs compared", width: 16, highest: `95th percentile: ${SIDES[0].legend}`, description: "95th percentile and number of requests of each URI over the whole time range.",
        links: [dataLink("Service in the run", "service", { environment: "", application: "", uri: "${__data.fields.uri:percentencode}" })],
    }, { uri: "URI" }, SIDES.flatMap((side): Column[] => {
        const emptyUntil = side.earlier ? "loadTestRun" as const : undefined;
        return [
            { title: `95th percentile: ${side.legend}`, unit: "s", expr: durationQuantile(0.95, "requestsByUri", { ...side, ...over }), emptyUntil },
            { title: `Requests: ${side.legend}`, unit: "short", decimals: 0, expr: requestCount({ ...side, ...over }), emptyUntil },
        ];
    }));
}

function markerLines(): Panel {
    return logLinesPanel({
        title: "Runs", description: "The marks of both environments' runs in the time range: what was started and ended, and when.", height: 8,
        queries: [logs(MARKERS, { maxLines: 100, emptyUntil: "loadTestRun" })],
    });
}

/** Vertical lines where a run says so in Loki. Grafana reads an annotation of Loki from these fields, not from a target. */
function marks(name: string, begins: string, colour: string): dashboard.AnnotationQueryBuilder {
    return new dashboard.AnnotationQueryBuilder().name(name).datasource(LOKI).enable(true).iconColor(colour)
        .expr(`${MARKERS} |~ "(?i)^${begins}"`).titleFormat("{{environment}} {{application}}").tagKeys("environment,application");
}
