import { AlertDashboard, AlertRule, RuleGroup } from "./rule";
import { KnownThresholds } from "./thresholds";

const TOMCAT: AlertDashboard = { name: "tomcat", variables: ["environment", "application", "instance"] };
const WHERE = "{{ $labels.environment }}: {{ $labels.application }} on {{ $labels.instance }}";

/** What requests queue for: Tomcat's threads and HikariCP's connections. */
export function tomcatHikariGroups({ busyThreads, hikariPending, hikariTimeouts }: KnownThresholds): RuleGroup[] {
    const rules: AlertRule[] = [
        {
            name: "TomcatThreadsExhausted", severity: "critical", for: "2m", dashboard: TOMCAT,
            // Of Tomcat's MBeans: server.tomcat.mbeanregistry.enabled=true.
            expr: `tomcat_threads_busy_threads{job="was"} / tomcat_threads_config_max_threads{job="was"} >= ${busyThreads}`,
            summary: `${WHERE} has no thread left for requests`,
            description: "{{ $value | humanizePercentage }} of Tomcat's threads ({{ $labels.name }}) are busy: further requests wait.",
        },
        {
            name: "HikariPending", severity: "warning", for: "2m", dashboard: TOMCAT,
            expr: `hikaricp_connections_pending{job="was"} > ${hikariPending}`,
            summary: `${WHERE} waits for database connections`,
            description: "{{ $value }} threads wait for a connection of {{ $labels.pool }}.",
        },
        {
            name: "HikariTimeouts", severity: "critical", dashboard: TOMCAT,
            expr: `increase(hikaricp_connections_timeout_total{job="was"}[5m]) > ${hikariTimeouts}`,
            summary: `${WHERE} gets no database connection in time`,
            description: "{{ $value | humanize }} requests to {{ $labels.pool }} timed out in the last 5 minutes.",
        },
    ];
    return [{ name: "tomcat-hikari", rules }];
}
