import { AlertDashboard, AlertRule, RuleGroup } from "./rule";
import { seconds } from "./expressions";
import { KnownThresholds } from "./thresholds";

const ENVIRONMENTS: AlertDashboard = { name: "environments", variables: ["environment"] };
const HOST: AlertDashboard = { name: "host", variables: ["environment", "instance"] };
/** Hosts of which an application is scraped, and none answers. */
const NO_APPLICATION = 'on (environment, instance) (max by (environment, instance) (up{job="was"}) == 0)';
const WHERE = "{{ $labels.environment }}: {{ $labels.instance }}";

/** Whether hosts, their applications and their agents answer. */
export function availabilityGroups({ downSeconds, restarts }: KnownThresholds): RuleGroup[] {
    const rules: AlertRule[] = [
        {
            name: "HostDown", severity: "critical", for: seconds(downSeconds / 2), dashboard: HOST,
            // Neither the agent nor an application answers. Sooner than ApplicationDown, which it silences.
            expr: `up{job="host"} == 0 and ${NO_APPLICATION}`,
            summary: `${WHERE} does not answer`,
            description: "Neither the agent nor the application ({{ $labels.application }}) on this host answers Prometheus. Its other alerts are silent meanwhile.",
        },
        {
            name: "ApplicationDown", severity: "critical", for: seconds(downSeconds), dashboard: ENVIRONMENTS,
            expr: 'up{job="was"} == 0',
            summary: `${WHERE}: {{ $labels.application }} does not answer`,
            description: "Prometheus gets no metrics from the application's Actuator: it is stopped, hangs, or refuses the request.",
        },
        {
            name: "AgentDown", severity: "warning", for: seconds(downSeconds), dashboard: HOST,
            // Also where no application of the host is scraped: then nothing says whether it is the agent alone or the host.
            expr: `up{job="host"} == 0 unless ${NO_APPLICATION}`,
            summary: `${WHERE}: the log agent does not answer`,
            description: "The host's agent does not answer, and its application does, or is not scraped: logs and spans of this host may not arrive, its host metrics do not.",
        },
        {
            name: "ApplicationRestarts", severity: "warning", dashboard: { name: "jvm", variables: ["environment", "application", "instance"] },
            expr: `changes(process_start_time_seconds{job="was"}[15m]) >= ${restarts}`,
            summary: `${WHERE}: {{ $labels.application }} starts again and again`,
            description: "{{ $value }} starts in the last 15 minutes.",
        },
    ];
    return [{ name: "availability", rules }];
}
