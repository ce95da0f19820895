import { availabilityGroups } from "./availability";
import { capacityGroups } from "./capacity";
import { hostGroups } from "./host";
import { httpGroups } from "./http";
import { jvmGroups } from "./jvm";
import { logGroups } from "./logs";
import { DeploymentFacts, monitoringGroups } from "./monitoring";
import { RECORDING_GROUPS } from "./recording";
import { AlertLinks, alertNames, renderRuleFile, RuleGroup, withoutAlerts } from "./rule";
import { telemetryGroups } from "./telemetry";
import { AlertThresholds, DEFAULT_THRESHOLDS, KnownThresholds, planThresholds } from "./thresholds";
import { tomcatHikariGroups } from "./tomcat-hikari";

export { DeploymentFacts } from "./monitoring";
export { AlertLinks } from "./rule";
export { AlertThresholds, DEFAULT_THRESHOLDS, SHARES } from "./thresholds";

/** What the built-in rules are made from. */
export interface AlertOptions {
    facts: DeploymentFacts;
    links: AlertLinks;
    thresholds?: AlertThresholds;
    /** Names of alerts that are not wanted, e.g. `["ClockSkew"]`. */
    without?: string[];
}

/** What the built-in rule files' names begin with; one's own must not. */
export const BUILT_IN = "builtin-";

/** Prometheus' rule groups, by area; recorded series, which alerts and dashboards read, stay whatever is left out. */
export function metricGroups(thresholds: KnownThresholds, facts: DeploymentFacts): Record<string, RuleGroup[]> {
    return {
        recording: RECORDING_GROUPS,
        availability: availabilityGroups(thresholds),
        http: httpGroups(thresholds),
        jvm: jvmGroups(thresholds),
        "tomcat-hikari": tomcatHikariGroups(thresholds),
        host: hostGroups(thresholds),
        telemetry: telemetryGroups(thresholds),
        monitoring: monitoringGroups(thresholds, facts),
        capacity: capacityGroups(),
    };
}

/** Prometheus' built-in rule files: name to text. */
export function renderMetricRules({ facts, links, thresholds, without }: AlertOptions): Record<string, string> {
    return ruleFiles(metricGroups(planThresholds(thresholds), facts), links, without);
}

/** Built-in rule files of an environment for Loki's ruler: name to text. */
export function renderLogRules(environment: string, { links, thresholds, without }: Omit<AlertOptions, "facts">): Record<string, string> {
    return ruleFiles({ logs: logGroups(environment, planThresholds(thresholds)) }, links, without);
}

function ruleFiles(areas: Record<string, RuleGroup[]>, links: AlertLinks, without?: string[]): Record<string, string> {
    const wanted = Object.entries(areas).map(([area, groups]): [string, RuleGroup[]] => [area, withoutAlerts(groups, without)]);
    return Object.fromEntries(wanted.filter(([, groups]) => groups.length > 0).map(([area, groups]) => [`${BUILT_IN}${area}.yml`, renderRuleFile(area, groups, links)]));
}

/** Names of all built-in alerts: what `withoutAlerts` may name, and what `docs/runbook.md` has sections for. */
export const ALERT_NAMES: string[] = [...new Set([
    ...Object.values(metricGroups(DEFAULT_THRESHOLDS, { memoryLimits: {}, certificateEnds: {} })).flatMap(alertNames),
    ...alertNames(logGroups("prod", DEFAULT_THRESHOLDS)),
])];
