import { BundleFile } from "../bundle";
import { renderTemplate } from "../render";
import { KnownServicesArgs } from "./args";
import { gatewayTls, planGatewayUrl, sorted } from "./gateway";
import { CONFIG } from "./services";

/** Grafana: its file, data sources for all environments and for each, the dashboards, and the first password. */
export function renderGrafana(args: KnownServicesArgs): BundleFile[] {
    const below = (file: string) => `${CONFIG}/grafana/${file}`;
    return [
        {
            path: below("grafana.ini"),
            content: renderTemplate("grafana/grafana.ini", { rootUrl: `${planGatewayUrl(args)}/`, cookieSecure: gatewayTls(args).mode !== "off" }),
        },
        { path: below("provisioning/datasources/monitoring.yml"), content: renderDatasources(Object.keys(args.environments)) },
        { path: below("provisioning/dashboards/monitoring.yml"), content: renderTemplate("grafana/dashboards.yml", {}) },
        ...sorted(args.dashboards ?? {}).map(([file, content]) => ({ path: below(`dashboards/${file}`), content })),
        { path: below("admin-password"), content: args.grafanaAdminPassword, mode: "0400", owner: "472:0" },
    ];
}

/** One data source over all environments, and one for each: Loki's live tail answers for a single one only. */
export function renderDatasources(environments: string[]): string {
    const names = [...environments].sort();
    const scopes = [{ suffix: "", title: "", tenants: names.join("|") }, ...names.map((name) => ({ suffix: `-${name}`, title: ` (${name})`, tenants: name }))];
    return renderTemplate("grafana/datasources.yml", {
        lokis: scopes.map(({ suffix, title, tenants }) => ({ name: `Loki${title}`, uid: `loki${suffix}`, tempo: `tempo${suffix}`, tenants })),
        tempos: scopes.map(({ suffix, title, tenants }) => ({ name: `Tempo${title}`, uid: `tempo${suffix}`, loki: `loki${suffix}`, tenants })),
    });
}
