import { DashboardName, UIDS } from "../kit/links";

/** An alert of Prometheus or of Loki's ruler. */
export interface AlertRule {
    /** CamelCase; it is the title of its section in `docs/runbook.md` as well. */
    name: string;
    /** PromQL, or LogQL in a file for Loki: what it returns fires. */
    expr: string;
    /** How long that must last, e.g. `5m`. @default at once */
    for?: string;
    /** `critical`: somebody must act now. `warning`: in working hours. `info`: good to know. */
    severity: "critical" | "warning" | "info";
    /** One line with what and where; may hold labels: `{{ $labels.instance }}`. */
    summary: string;
    /** What it means, with the value: `{{ $value | humanize }}`. */
    description: string;
    dashboard: AlertDashboard;
    /** Labels beside `severity`. @default {} */
    labels?: Record<string, string>;
}

/** The dashboard that shows more about an alert. */
export interface AlertDashboard {
    name: DashboardName;
    /** Variables of the dashboard that are set to the alert's label of the same name, e.g. `["environment", "instance"]`. */
    variables: string[];
}

/** A query whose result Prometheus keeps as a series of its own. */
export interface RecordingRule {
    /** `level:metric:operation`, e.g. `environment_application:http_server_requests:rate5m`. */
    record: string;
    expr: string;
    /** @default {} */
    labels?: Record<string, string>;
}

/** Rules that are evaluated one after the other, at the same time. */
export interface RuleGroup {
    name: string;
    /** Time between evaluations, e.g. `30s`. @default the server's: 15 s in Prometheus, 1 min in Loki */
    interval?: string;
    rules: (AlertRule | RecordingRule)[];
}

/** What the links in alerts begin with. */
export interface AlertLinks {
    /** Grafana's address without a slash at its end, e.g. `https://10.0.0.5:8080`. */
    grafana: string;
    /** Where `docs/runbook.md` can be read, e.g. `https://wiki.example.com/runbook`. @default none: the annotation names the file */
    runbook?: string;
}

/** True for an alert, false for a recording rule. */
export function isAlert(rule: AlertRule | RecordingRule): rule is AlertRule {
    return "name" in rule;
}

/** The names of all alerts in groups. */
export function alertNames(groups: RuleGroup[]): string[] {
    return groups.flatMap(({ rules }) => rules).filter(isAlert).map(({ name }) => name);
}

/** Groups without some alerts; a group that is empty then is left out. */
export function withoutAlerts(groups: RuleGroup[], without: string[] = []): RuleGroup[] {
    return groups.map((group) => ({ ...group, rules: group.rules.filter((rule) => !isAlert(rule) || !without.includes(rule.name)) })).filter(({ rules }) => rules.length > 0);
}

/** A rule file as Prometheus and Loki's ruler read it. Written as JSON, which is YAML too. */
export function renderRuleFile(title: string, groups: RuleGroup[], links: AlertLinks): string {
    const rendered = groups.map(({ name, interval, rules }) => ({ name, interval, rules: rules.map((rule) => (isAlert(rule) ? renderAlert(rule, links) : rule)) }));
    return `# Written by photogather-monitoring: ${title}. What each alert means stands in docs/runbook.md.\n${JSON.stringify({ groups: rendered }, undefined, 1)}\n`;
}

function renderAlert(rule: AlertRule, links: AlertLinks): object {
    return {
        alert: rule.name, expr: rule.expr, for: rule.for, labels: { severity: rule.severity, ...rule.labels },
        annotations: {
            summary: rule.summary, description: rule.description, dashboard: dashboardLink(rule.dashboard, links.grafana),
            // Grafana shows a button for what is called runbook_url, which must then be one.
            ...(links.runbook ? { runbook_url: `${links.runbook}#${runbookSection(rule.name)}` } : { runbook: `docs/runbook.md#${runbookSection(rule.name)}` }),
        },
    };
}

/** Anchor of an alert's section in `docs/runbook.md`. */
export function runbookSection(name: string): string {
    return name.toLowerCase();
}

/** The dashboard with its variables set to the alert's labels; `urlquery` is Go's own function of templates. */
function dashboardLink({ name, variables }: AlertDashboard, grafana: string): string {
    const query = variables.map((variable) => `var-${variable}={{ urlquery $labels.${variable} }}`);
    return `${grafana}/d/${UIDS[name]}${query.length > 0 ? `?${query.join("&")}` : ""}`;
}
