import { AlertDashboard, AlertRule, RuleGroup } from "./rule";

const MONITORING: AlertDashboard = { name: "monitoring", variables: [] };
/** What the disk watchdog on the monitoring host shows of itself, by its node exporter. */
const WATCHDOG = "photogather_disk_watchdog";
/** Series that an environment's targets may have together; a constant of the deployment. */
export const SERIES_QUOTA = "monitoring:series_quota";

/** What happens when there is less room than somebody wants: on the disk, and in Prometheus' memory. */
export function capacityGroups(): RuleGroup[] {
    const rules: AlertRule[] = [
        {
            name: "RetentionShortened", severity: "warning", dashboard: MONITORING,
            expr: `${WATCHDOG}_level > 0`,
            summary: "the monitoring host's data volume fills: logs and traces are kept shorter than configured",
            description: "The disk watchdog is at step {{ $value }}: environments with small shares have given way first. What was deleted does not come back.",
        },
        {
            name: "RetentionShortened", severity: "critical", dashboard: MONITORING,
            expr: `${WATCHDOG}_refusing == 1`,
            summary: "the monitoring host's data volume is nearly full: only the environment with the largest share may still write",
            description: "Logs and spans of the others are refused, and wait in their agents' buffers, until space is free again.",
        },
        {
            name: "DiskWatchdogDown", severity: "warning", for: "10m", dashboard: MONITORING,
            expr: `up{job="monitoring-host"} == 1 unless on () (time() - ${WATCHDOG}_last_run_timestamp_seconds < 600)`,
            summary: "the disk watchdog of the monitoring host does not run",
            description: "It looks once a minute; nothing shortens retention while the data volume fills.",
        },
        {
            name: "SeriesChurn", severity: "warning", for: "5m", dashboard: { name: "monitoring", variables: ["environment"] },
            // A limit of a scrape bounds what is there at one time, not how often it is something else.
            expr: `sum by (environment) (sum_over_time(scrape_series_added{environment!=""}[1h])) > on (environment) ${SERIES_QUOTA}`,
            summary: "{{ $labels.environment }} makes new series all the time",
            description: "{{ $value | humanize }} series were begun in the last hour, more than it may have at one time: they fill Prometheus' memory though each scrape is within its limit.",
        },
    ];
    return [{ name: "capacity", rules }];
}
