import { dashboardUrl, renderDashboards, UIDS } from "../../dashboards";
import { BundleFile } from "../bundle";
import { renderTemplate } from "../render";
import { KnownServicesArgs } from "./args";
import { planCaps } from "./caps";
import { gatewayTls, planGatewayUrl, sorted } from "./gateway";
import { planLogin, renderLoginSecrets } from "./login";
import { CONFIG } from "./services";

/** The built-in data sources' file; a user's own stand beside it. */
export const DATASOURCES_FILE = "monitoring.yml";

/** Grafana: its file, data sources for all environments and for each, the dashboards, and the first password. */
export function renderGrafana(args: KnownServicesArgs): BundleFile[] {
    const below = (file: string) => `${CONFIG}/grafana/${file}`;
    return [
        {
            path: below("grafana.ini"),
            content: renderTemplate("grafana/grafana.ini", {
                rootUrl: `${planGatewayUrl(args)}/`, cookieSecure: gatewayTls(args).mode !== "off", responseBytes: planCaps(args.memoryMiB).grafanaResponseMiB * 1024 * 1024, ...planLogin(args.login),
            }),
        },
        {
            path: below(`provisioning/datasources/${DATASOURCES_FILE}`),
            content: renderDatasources(Object.keys(args.environments), args.withoutDataSources, args.withoutDashboards),
        },
        // They may hold credentials; Grafana's user is of group 0.
        ...sorted(args.dataSources ?? {}).map(([file, content]) => ({ path: below(`provisioning/datasources/${file}`), content, mode: "0640", owner: "root:0" })),
        { path: below("provisioning/dashboards/monitoring.yml"), content: renderTemplate("grafana/dashboards.yml", {}) },
        ...sorted({ ...renderDashboards(args.withoutDashboards), ...args.dashboards }).map(([file, content]) => ({ path: below(`dashboards/${file}`), content })),
        ...renderLoginSecrets(args.login),
        { path: below("admin-password"), content: args.grafanaAdminPassword, mode: "0400", owner: "472:0" },
    ];
}

/** What a data source covers: all environments, or one. */
interface Scope {
    /** That one. */
    environment?: string;
    /** End of the uid: "" for all, `-<environment>` for one. */
    suffix: string;
    title: string;
    tenants: string;
}

/** Loki and Tempo have one data source over all environments, and one for each: Loki's live tail answers for a single one only. */
export function datasourceScopes(environments: string[]): Scope[] {
    const names = [...environments].sort();
    return [{ suffix: "", title: "", tenants: names.join("|") }, ...names.map((name) => ({ environment: name, suffix: `-${name}`, title: ` (${name})`, tenants: name }))];
}

/** Where Grafana reads: ports of the gateway that are not published. */
const DATASOURCE_URLS = { metrics: "http://gateway:2021", logs: "http://gateway:2022", traces: "http://gateway:2023" };
/** Where it reads the metrics of some environments: by the label proxy, which needs to be told which ones. */
const ENFORCED_METRICS = "http://label-proxy:8080";

/**
 * The built-in data sources. Where one of an environment's is left out, the other one's links lead to that over all environments.
 *
 * @param without uids of those that are not wanted, e.g. `["loki-dev"]`
 * @param withoutDashboards uids of dashboards that are not there to be linked to
 * @param enforced metrics too are those of these environments only
 * @param urls where they are read
 */
export function renderDatasources(environments: string[], without: string[] = [], withoutDashboards: string[] = [], enforced = false, urls = DATASOURCE_URLS): string {
    const scopes = datasourceScopes(environments);
    const wanted = (uid: string) => !without.includes(uid);
    const partner = (service: string, suffix: string) => (wanted(`${service}${suffix}`) ? `${service}${suffix}` : service);
    return renderTemplate("grafana/datasources.yml", {
        metricsUrl: enforced ? ENFORCED_METRICS : urls.metrics, logsUrl: urls.logs, tracesUrl: urls.traces, metricsOf: enforced && scopes[0].tenants,
        lokis: scopes.map(({ suffix, title, tenants, environment }) => ({
            name: `Loki${title}`, uid: `loki${suffix}`, tempo: partner("tempo", suffix), tenants, search: !withoutDashboards.includes(UIDS.logs) && searchLink(environment),
        })).filter(({ uid }) => wanted(uid)),
        tempos: scopes.map(({ suffix, title, tenants }) => ({ name: `Tempo${title}`, uid: `tempo${suffix}`, loki: partner("loki", suffix), tenants }))
            .filter(({ uid }) => wanted(uid)),
    });
}

/** From a line's request id to all lines that have it, on the Logs dashboard. Over all environments it keeps what a dashboard has chosen. */
function searchLink(environment = ""): string {
    // Grafana's provisioning reads `$$` as `$`.
    return dashboardUrl("logs", { environment, search: "${__value.raw:percentencode}" }).replaceAll("$", "$$$$");
}
