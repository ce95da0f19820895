import { RecordingRule, RuleGroup } from "./rule";

/** What counts as a user's request: Prometheus and health checks ask /actuator, and would look like fast traffic where there is little. */
export const USER_REQUESTS = 'uri!~"/actuator.*"';

/**
 * Over which time the recorded rates are taken: short, as people look at them right after a change, but with two samples of a target that is
 * scraped once a minute.
 */
const WINDOW = "2m";

/** Names of the recorded series that dashboards read. */
export const RECORDED = {
    /** Buckets of request durations by URI and status, all hosts of an application together. */
    requestsByUri: "uri_status:http_server_requests_seconds_bucket:rate2m",
    /** Buckets of request durations by host, all URIs together. */
    requestsByInstance: "instance:http_server_requests_seconds_bucket:rate2m",
} as const;

/**
 * A host has about 60 buckets for each URI, which is half of all its series, and a quantile over many hosts would read every one of them
 * for each point of a curve. Recorded, 50 hosts have a tenth of that.
 */
const REQUESTS: RecordingRule[] = [
    { record: RECORDED.requestsByUri, expr: bucketRates("environment, application, uri, status, le") },
    { record: RECORDED.requestsByInstance, expr: bucketRates("environment, application, instance, le") },
];

/** What dashboards read instead of the series of every host. Every 15 s it was a third of Prometheus' processor time at 100 hosts. */
export const RECORDING_GROUPS: RuleGroup[] = [{ name: "dashboards-requests", interval: "30s", rules: REQUESTS }];

function bucketRates(by: string): string {
    return `sum by (${by}) (rate(http_server_requests_seconds_bucket{job="was", ${USER_REQUESTS}}[${WINDOW}]))`;
}
