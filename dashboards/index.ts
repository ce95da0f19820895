import type { Dashboard } from "@grafana/grafana-foundation-sdk/dashboard";
import { environments } from "./environments";
import { host } from "./host";
import { jvm } from "./jvm";
import { buildDashboard, DashboardSpec, UIDS } from "./kit";
import { loadtest } from "./loadtest";
import { logsDashboard } from "./logs";
import { monitoring } from "./monitoring";
import { service } from "./service";
import { tomcat } from "./tomcat";
import { tracesDashboard } from "./traces";

export { FAULTS, Fault } from "./faults";
export { buildDashboard, dashboardUrl, DashboardSpec, emptyUntil, UIDS } from "./kit";

/** Every built-in dashboard, in the order in which one goes from the whole to the detail. */
export const DASHBOARDS: DashboardSpec[] = [environments, service, jvm, tomcat, logsDashboard, tracesDashboard, host, loadtest, monitoring];

/** uids of the built-in dashboards: what `withoutDashboards` may name. */
export const DASHBOARD_UIDS: string[] = DASHBOARDS.map(({ name }) => UIDS[name]);

/** File of a dashboard below Grafana's directory: its folder's name is a part of it. */
export function dashboardFile({ name, folder }: DashboardSpec): string {
    return `${folder}/${UIDS[name]}.json`;
}

/**
 * The built-in dashboards as files: `<folder>/<uid>.json` to JSON.
 *
 * @param without uids of those that are not wanted, e.g. `["loadtest"]`
 */
export function renderDashboards(without: string[] = []): Record<string, string> {
    const wanted = DASHBOARDS.filter(({ name }) => !without.includes(UIDS[name]));
    return Object.fromEntries(wanted.map((spec) => [dashboardFile(spec), rendered(spec)]));
}

/** Each is the same every time, so it is built once. */
const built = new Map<DashboardSpec, string>();

function rendered(spec: DashboardSpec): string {
    const text = built.get(spec) ?? `${JSON.stringify(buildDashboard(spec) satisfies Dashboard, undefined, 1)}\n`;
    built.set(spec, text);
    return text;
}
