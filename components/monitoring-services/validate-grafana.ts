import { DASHBOARDS, DASHBOARD_UIDS, dashboardFile, UIDS } from "../../dashboards";
import { quote, validateOneOf } from "../names";
import { Problem } from "../problems";
import { MonitoringServicesArgs } from "./args";
import { DATASOURCES_FILE, datasourceScopes } from "./grafana";

/** What of the arguments says what Grafana shows. */
export type GrafanaChoices = Pick<MonitoringServicesArgs, "dashboards" | "withoutDashboards" | "dataSources" | "withoutDataSources">;

/** Data sources that the built-in dashboards and every link between signals stand on. */
const COMBINED = ["prometheus", "loki", "tempo"];

/**
 * Problems with a user's own dashboards and data sources beside the built-in ones. A content that is still an Output is checked when it is known.
 *
 * @param environments names of the environments: each has data sources of its own
 */
export function validateGrafana(choices: GrafanaChoices, environments: string[]): Problem[] {
    return [
        ...(choices.withoutDashboards ?? []).flatMap((uid, i) => validateOneOf(`withoutDashboards[${i}]`, uid, DASHBOARD_UIDS)),
        ...validateDashboards(contents(choices.dashboards), choices.withoutDashboards ?? []),
        ...(choices.withoutDataSources ?? []).flatMap((uid, i) => validateWithout(`withoutDataSources[${i}]`, uid, environments)),
        ...validateDataSources(contents(choices.dataSources), choices.withoutDataSources ?? [], environments),
    ];
}

/** Grafana takes of two dashboards with one uid now this one, now that one. */
function validateDashboards(own: [string, unknown][], without: string[]): Problem[] {
    const builtIn = DASHBOARDS.filter(({ name }) => !without.includes(UIDS[name]));
    const files = new Map(builtIn.map((spec) => [dashboardFile(spec), UIDS[spec.name] as string]));
    const uids = new Map(builtIn.map(({ name }) => [UIDS[name] as string, mend(UIDS[name])]));
    return own.flatMap(([file, content]) => {
        const path = `dashboards[${quote(file)}]`;
        if (files.has(file)) return [{ path, message: `is a built-in dashboard's file: expected another name, or ${mend(String(files.get(file)))}` }];
        if (typeof content !== "string") return [];
        const { uid, title } = parsed(content) ?? {};
        if (typeof uid !== "string" || !uid || typeof title !== "string" || !title) {
            return [{ path, message: "expected a dashboard as Grafana exports it: JSON with a uid and a title" }];
        }
        const other = uids.get(uid);
        uids.set(uid, `another one than that of ${quote(file)}`);
        return other === undefined ? [] : [{ path, message: `has the uid ${quote(uid)} of another dashboard: expected a uid of its own, or ${other}` }];
    });
}

function mend(uid: string): string {
    return `${quote(uid)} in withoutDashboards`;
}

function validateWithout(path: string, uid: string, environments: string[]): Problem[] {
    if (COMBINED.includes(uid)) return [{ path, message: `${quote(uid)} stays: dashboards and links stand on it` }];
    return validateOneOf(path, uid, datasourceUids(environments).filter((each) => !COMBINED.includes(each)));
}

/** Two data sources with one uid, or two defaults, and Grafana does not start. Its files are YAML; for these lines no parser is needed. */
function validateDataSources(own: [string, unknown][], without: string[], environments: string[]): Problem[] {
    const taken = new Set(datasourceUids(environments).filter((uid) => !without.includes(uid)));
    return own.flatMap(([file, content]) => {
        const path = `dataSources[${quote(file)}]`;
        if (file === DATASOURCES_FILE) return [{ path, message: "is the built-in data sources' file: expected another name" }];
        if (typeof content !== "string") return [];
        const twice = [...content.matchAll(/\buid:\s*["']?([\w-]+)/g)].map(([, uid]) => uid).filter((uid) => taken.has(uid));
        return [
            ...(/^\s*datasources:/m.test(content) ? [] : [{ path, message: "expected a provisioning file of Grafana's: apiVersion: 1, datasources: […]" }]),
            ...twice.map((uid) => ({ path, message: `has the uid ${quote(uid)} of a built-in data source: expected a uid of its own` })),
            ...(/\bisDefault:\s*true\b/.test(content) ? [{ path, message: "expected no isDefault: true: the built-in Prometheus is the default, and Grafana takes one only" }] : []),
        ];
    });
}

function datasourceUids(environments: string[]): string[] {
    return ["prometheus", ...datasourceScopes(environments).flatMap(({ suffix }) => [`loki${suffix}`, `tempo${suffix}`])];
}

function parsed(json: string): Record<string, unknown> | undefined {
    try {
        const value: unknown = JSON.parse(json);
        return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : undefined;
    } catch {
        return undefined;
    }
}

function contents(files: unknown): [string, unknown][] {
    return typeof files === "object" && files !== null ? Object.entries(files) : [];
}
