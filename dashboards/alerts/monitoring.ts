import { SERIES_QUOTA } from "./capacity";
import { BACKENDS, grown } from "./expressions";
import { AlertDashboard, AlertRule, RecordingRule, RuleGroup } from "./rule";
import { KnownThresholds } from "./thresholds";

const MONITORING: AlertDashboard = { name: "monitoring", variables: [] };
const DAY = 86400;
/** What the program that finds EC2 instances by their tags shows of itself, by the monitoring host's node exporter. */
const DISCOVERY = "photogather_discovery";
/** Series that only the deployment's own arguments know, recorded as constants. */
const RECORDED = { memoryLimit: "monitoring:memory_limit_bytes", certificateEnd: "monitoring:certificate_end_timestamp_seconds" };

/** What the deployment knows of itself. */
export interface DeploymentFacts {
    /** The services' memory limits in bytes, by the label `application` of their metrics. */
    memoryLimits: Record<string, number>;
    /** Series that each environment's targets may have together. @default {} */
    seriesQuotas?: Record<string, number>;
    /** When certificates end, in seconds since 1970, by name. */
    certificateEnds: Record<string, number>;
}

/** The deployment itself: its services, rules, files, certificates, and its own voice. */
export function monitoringGroups(thresholds: KnownThresholds, facts: DeploymentFacts): RuleGroup[] {
    return [{ name: "monitoring-facts", interval: "1m", rules: factRules(facts) }, { name: "monitoring", rules: alerts(thresholds) }];
}

function factRules({ memoryLimits, certificateEnds, seriesQuotas = {} }: DeploymentFacts): RecordingRule[] {
    return [
        ...Object.entries(memoryLimits).map(([application, bytes]) => ({ record: RECORDED.memoryLimit, expr: `vector(${bytes})`, labels: { application } })),
        ...Object.entries(seriesQuotas).map(([environment, series]) => ({ record: SERIES_QUOTA, expr: `vector(${series})`, labels: { environment } })),
        ...Object.entries(certificateEnds).map(([certificate, end]) => ({ record: RECORDED.certificateEnd, expr: `vector(${end})`, labels: { certificate } })),
    ];
}

function alerts({ backendMemory, certificateDays }: KnownThresholds): AlertRule[] {
    return [
        {
            name: "BackendDown", severity: "critical", for: "2m", dashboard: MONITORING,
            expr: `up{${BACKENDS}} == 0`,
            summary: "{{ $labels.application }} of the monitoring host is down",
            description: "Prometheus cannot reach {{ $labels.instance }}.",
        },
        {
            name: "BackendMemoryNearLimit", severity: "warning", for: "10m", dashboard: MONITORING,
            // What Go holds, which GOMEMLIMIT bounds below the limit: the resident set counts the program's own file too, which the kernel takes back.
            expr: `(go_memstats_sys_bytes{${BACKENDS}} - go_memstats_heap_released_bytes{${BACKENDS}}) / on (application) group_left () ${RECORDED.memoryLimit} > ${backendMemory}`,
            summary: "{{ $labels.application }} of the monitoring host is near its memory limit",
            description: "It uses {{ $value | humanizePercentage }} of what its container may; at the limit the kernel kills it, and Docker starts it again.",
        },
        certificate("warning", certificateDays),
        certificate("critical", certificateDays / 3),
        {
            name: "ConfigReloadFailed", severity: "warning", for: "2m", dashboard: MONITORING,
            expr: ["prometheus_config", "alertmanager_config", "loki_runtime_config", "tempo_runtime_config", "caddy_config"]
                .map((name) => `${name}_last_reload_successful == 0`).concat(['alloy_config_last_load_successful{job="agent"} == 0']).join(" or "),
            summary: "{{ with $labels.environment }}{{ . }}: {{ end }}{{ $labels.application }} refuses its configuration ({{ $labels.job }} at {{ $labels.instance }})",
            description: "It goes on with the one before; after a restart it would not come up.",
        },
        {
            name: "HostDiscoveryFails", severity: "warning", for: "5m", dashboard: MONITORING,
            expr: `time() - ${DISCOVERY}_last_success_timestamp_seconds > 600`,
            summary: "{{ $labels.environment }}: EC2 does not tell which hosts there are",
            description: "What was found last goes on being scraped; hosts that were made since are not.",
        },
        {
            name: "HostsLeftOut", severity: "warning", for: "10m", dashboard: MONITORING,
            expr: `${DISCOVERY}_skipped > 0`,
            summary: "{{ $labels.environment }}: hosts that carry the tags are not scraped ({{ $labels.reason }})",
            description: "{{ $value }} of them.",
        },
        {
            name: "RulesFailing", severity: "warning", for: "5m", dashboard: MONITORING,
            expr: `${grown("prometheus_rule_evaluation_failures_total", "application, rule_group")} or ${grown("loki_prometheus_rule_evaluation_failures_total", "application, rule_group")}`,
            summary: "{{ $labels.application }} cannot evaluate rules of {{ $labels.rule_group }}",
            description: "{{ $value | humanize }} evaluations failed in the last 5 minutes: the alerts there may be silent for that reason alone.",
        },
        {
            name: "NotificationsFailing", severity: "critical", for: "2m", dashboard: MONITORING,
            expr: `${grown("alertmanager_notifications_failed_total", "application, integration")} or ${grown("prometheus_notifications_dropped_total", "application")}`,
            summary: "alerts do not reach their receivers ({{ $labels.application }} {{ $labels.integration }})",
            description: "{{ $value | humanize }} notifications failed in the last 5 minutes.",
        },
        {
            name: "Watchdog", severity: "info", dashboard: MONITORING,
            expr: "vector(1)",
            summary: "alerts are evaluated and sent",
            description: "Always fires. An outside service that expects it at short intervals tells when the monitoring host itself is gone.",
        },
    ];
}

function certificate(severity: AlertRule["severity"], days: number): AlertRule {
    return {
        name: "CertificateExpiry", severity, dashboard: MONITORING,
        expr: `${RECORDED.certificateEnd} - time() < ${days * DAY}`,
        summary: "the {{ $labels.certificate }} certificate ends in {{ $value | humanizeDuration }}",
        description: "After that no agent can send, and browsers refuse Grafana.",
    };
}
