import { AlertDashboard, AlertRule, RuleGroup } from "./rule";
import { KnownThresholds } from "./thresholds";

const LOGS: AlertDashboard = { name: "logs", variables: ["environment", "application", "instance"] };

/** Alerts of one environment's logs, for Loki's ruler: what no metric tells. */
export function logGroups(environment: string, { logErrorsPerSecond }: KnownThresholds): RuleGroup[] {
    const lines = `{environment="${environment}"}`;
    const rules: AlertRule[] = [
        {
            name: "LogErrorBurst", severity: "warning", dashboard: { ...LOGS, variables: ["environment", "application"] },
            expr: `sum by (environment, application) (rate(${lines} | detected_level=~"error|fatal|critical" [5m])) > ${logErrorsPerSecond}`,
            summary: "{{ $labels.environment }}: {{ $labels.application }} logs many errors",
            description: '{{ printf "%.1f" $value }} lines of level error per second over the last 5 minutes.',
        },
        {
            name: "OutOfMemoryError", severity: "critical", dashboard: LOGS,
            expr: `sum by (environment, application, instance) (count_over_time(${lines} |= "java.lang.OutOfMemoryError" [2m])) > 0`,
            summary: "{{ $labels.environment }}: {{ $labels.application }} on {{ $labels.instance }} ran out of memory",
            description: "A line of the last 2 minutes holds java.lang.OutOfMemoryError: threads may be dead, and the process in an unknown state.",
        },
    ];
    return [{ name: "logs", interval: "1m", rules }];
}
