import { RECORDED as DASHBOARDS, USER_REQUESTS } from "./recording";
import { AlertDashboard, AlertRule, RecordingRule, RuleGroup } from "./rule";
import { KnownThresholds } from "./thresholds";

const BY = "environment, application";
const SERVICE: AlertDashboard = { name: "service", variables: ["environment", "application"] };
const WHERE = "{{ $labels.environment }}: {{ $labels.application }}";

/** Requests per second in all, those that failed, and those that were slow. Long windows are averages of these: rates over hours of every host's buckets cost too much. */
const RECORDED = {
    all: "environment_application:http_server_requests:rate5m",
    failed: "environment_application:http_server_requests_failed:rate5m",
    slow: "environment_application:http_server_requests_slow:rate5m",
};

/** How fast the budget of failed and of slow requests is used up, each over a long window, and over a short one so that the alert ends when the trouble does. */
export function httpGroups(thresholds: KnownThresholds): RuleGroup[] {
    const { errorBudget, slowBudget, slowSeconds } = thresholds;
    return [
        { name: "http-requests", interval: "30s", rules: recorded(slowSeconds) },
        {
            name: "http", interval: "30s",
            rules: [
                ...burn("HttpErrors", RECORDED.failed, errorBudget, thresholds, "requests fail", "of the requests of the last {{ $window }} ended in a 5xx status"),
                ...burn("HttpLatency", RECORDED.slow, slowBudget, thresholds, "requests are slow", `of the requests of the last {{ $window }} took longer than ${slowSeconds} s`),
            ],
        },
    ];
}

function recorded(slowSeconds: number): RecordingRule[] {
    const count = `http_server_requests_seconds_count{job="was", ${USER_REQUESTS}`;
    // From what is recorded for the dashboards already: a host has about 60 buckets for each URI.
    const buckets = DASHBOARDS.requestsByInstance;
    const share = `histogram_fraction(0, ${slowSeconds}, sum by (${BY}, le) (${buckets}))`;
    // Without requests the share is no number, and would make every average over it none: `> 0` drops it.
    return [
        { record: RECORDED.all, expr: `sum by (${BY}) (rate(${count}}[5m]))` },
        { record: RECORDED.failed, expr: `sum by (${BY}) (rate(${count}, status=~"5.."}[5m])) or 0 * ${RECORDED.all}` },
        { record: RECORDED.slow, expr: `(1 - ${share}) * sum by (${BY}) (${buckets}{le="+Inf"}) > 0 or 0 * ${RECORDED.all}` },
    ];
}

/** The factors and windows by which a budget of 30 days is gone within 2 and within 5 days. */
const BURNS: { severity: AlertRule["severity"]; factor: number; long: string; short: string }[] = [
    { severity: "critical", factor: 14.4, long: "1h", short: "5m" },
    { severity: "warning", factor: 6, long: "6h", short: "30m" },
];

function burn(name: string, bad: string, budget: number, { minRequestsPerSecond }: KnownThresholds, summary: string, description: string): AlertRule[] {
    return BURNS.map(({ severity, factor, long, short }) => {
        const limit = Number((factor * budget).toPrecision(6));
        const share = (window: string) => `avg_over_time(${bad}[${window}]) / avg_over_time(${RECORDED.all}[${window}]) > ${limit}`;
        return {
            name, severity, for: "1m", dashboard: SERVICE,
            expr: `(${share(long)}) and (${share(short)}) and avg_over_time(${RECORDED.all}[${long}]) > ${minRequestsPerSecond}`,
            summary: `${WHERE}: too many ${summary}`,
            description: `{{ $value | humanizePercentage }} ${description.replace("{{ $window }}", long)}; ${budget * 100} % is the budget of 30 days, which is used up ${factor} times too fast.`,
        };
    });
}
