import * as dashboard from "@grafana/grafana-foundation-sdk/dashboard";

/** The uid of every built-in dashboard: stable, as bookmarks, alerts and links hold it. */
export const UIDS = {
    environments: "environments",
    service: "service",
    jvm: "jvm",
    tomcat: "tomcat-hikari",
    host: "host",
    logs: "logs",
    traces: "traces",
    loadtest: "loadtest",
    monitoring: "monitoring",
} as const;

/** Name of a built-in dashboard. */
export type DashboardName = keyof typeof UIDS;

/**
 * A link in a panel's data to another dashboard: the time range is kept, and each variable is given a value.
 *
 * @param variables variable to its value: a field's label as `${__field.labels.instance}`, a column as `${__data.fields.instance}`, or a variable of this
 *     dashboard as `${environment:queryparam}`. A value that is `""` stands for the variable's own choice, all values of it kept.
 *
 * @example dataLink("JVM of ${__field.labels.instance}", "jvm", { environment: "", instance: "${__field.labels.instance}" })
 */
export function dataLink(title: string, target: DashboardName, variables: Record<string, string> = {}): dashboard.DashboardLinkBuilder {
    return new dashboard.DashboardLinkBuilder(title).type(dashboard.DashboardLinkType.Link).url(dashboardUrl(target, variables));
}

/** Dashboards that tell of machines, on which there may be several applications. */
const OF_MACHINES: DashboardName[] = ["host", "monitoring"];

/** A link from a value of an environment to a dashboard that tells more of that environment. */
export function environmentLink(target: DashboardName): dashboard.DashboardLinkBuilder {
    const environment = "${__field.labels.environment}";
    return dataLink(`Details of ${environment}`, target, { environment, ...(OF_MACHINES.includes(target) ? {} : { application: "" }) });
}

/** Properties of a column or field that lead on from its values, for `overrideByName`; they take the place of the links that the data source gives it. */
export function columnLinks(...links: dashboard.DashboardLinkBuilder[]): dashboard.DynamicConfigValue[] {
    return [{ id: "links", value: links.map((link) => link.build()).map(({ title, url }) => ({ title, url })) }];
}

/** Path and query of a dashboard with the time range of now, as `dataLink` makes them. */
export function dashboardUrl(target: DashboardName, variables: Record<string, string> = {}): string {
    const parts = Object.entries(variables).map(([name, value]) => (value === "" ? `\${${name}:queryparam}` : `var-${name}=${value}`));
    return `/d/${UIDS[target]}?${["${__url_time_range}", ...parts].join("&")}`;
}

/** Links at the top of a dashboard to others, with its time range and variables. */
export function navigation(...targets: [DashboardName, string][]): dashboard.DashboardLinkBuilder[] {
    return targets.map(([target, title]) => new NavigationLink(title).type(dashboard.DashboardLinkType.Link).url(`/d/${UIDS[target]}`)
        .icon("dashboard").keepTime(true).includeVars(true));
}

/** A link in the bar at the top: the SDK would put it into a menu where nobody looks. */
class NavigationLink extends dashboard.DashboardLinkBuilder {
    build(): dashboard.DashboardLink {
        return { ...super.build(), placement: undefined };
    }
}
