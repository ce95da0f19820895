import * as fs from "fs";
import * as path from "path";
import { load } from "js-yaml";
import { UIDS } from "../../dashboards";
import { BundleFile } from "../bundle";
import { shell } from "../encode";
import { quote, validateOneOf } from "../names";
import { Problem } from "../problems";
import { KnownServicesArgs } from "./args";
import { digest } from "./backends";
import { renderDatasources, renderGrafana } from "./grafana";
import { LoginArgs } from "./login-args";
import { OrganizationArgs } from "./organization-args";
import { CONFIG, NETWORK } from "./services";

/** The program on the host that makes Grafana's organizations what the arguments say. */
const PROGRAM = "/usr/local/lib/photogather-monitoring/set-organizations";
const ROLES = ["Viewer", "Editor"];
const NAME = /^[A-Za-z0-9][A-Za-z0-9_-]{0,62}$/;
const MEMBER = /^[A-Za-z0-9][A-Za-z0-9._%+@-]{0,189}$/;

/** The program's text: Python 3 of the standard library. */
export function organizationsProgram(): BundleFile {
    return { path: PROGRAM, mode: "0700", content: fs.readFileSync(path.join(__dirname, "..", "..", "templates", "grafana", "set-organizations"), "utf8") };
}

/** Shell text that makes them so, by what stands on standard input. Which ones are ours is kept beside Grafana's data. */
export function organizationsScript(dataDirectory: string): string {
    return `${PROGRAM} ${NETWORK}-grafana ${shell(`${dataDirectory}/grafana-organizations`)} ${CONFIG}/grafana/dashboards`;
}

/** What the program is told, as one line of JSON: data sources as Grafana's API takes them, and members. "" without organizations. */
export function planOrganizations(args: KnownServicesArgs): string {
    const organizations = Object.entries(args.organizations ?? {});
    if (organizations.length === 0) return "";
    return JSON.stringify({
        organizations: Object.fromEntries(organizations.map(([name, { environments, members = {} }]) => [name, {
            dataSources: planDataSources(environments, args.withoutDashboards),
            members: Object.fromEntries(Object.entries(members).map(([login, { role = "Viewer", password }]) => [login, { role, password }])),
        }])),
        // What it shows belongs to no environment.
        withoutDashboards: [UIDS.monitoring],
        // It reads them on the host; another digest makes it run again.
        dashboards: digest(renderGrafana(args).filter(({ path: file }) => file.startsWith(`${CONFIG}/grafana/dashboards/`))),
    });
}

/** The provisioned data sources once more, for some environments, metrics included. Not provisioned as files: with one for an organization that is not there yet, Grafana does not start. */
export function planDataSources(environments: string[], withoutDashboards?: string[]): Record<string, unknown>[] {
    // Provisioning reads `$$` as `$`; the API takes text as it is.
    const text = renderDatasources(environments, [], withoutDashboards, true).replaceAll("$$", () => "$");
    return (load(text) as { datasources: Record<string, unknown>[] }).datasources.map(({ editable: _, ...source }) => source);
}

/** Problems with organizations. */
export function validateOrganizations(organizations: Record<string, OrganizationArgs>, environments: string[], login: LoginArgs = {}): Problem[] {
    const entries = Object.entries(organizations);
    if (entries.length > 0 && (login.github ?? login.google)) {
        return [{ path: "", message: "not together with login: at each login Grafana puts who comes by GitHub or Google into the main organization, which sees all environments" }];
    }
    return entries.flatMap(([name, { environments: seen, members = {} }]) => [
        ...(NAME.test(name) ? [] : [{ path: quote(name), message: "expected a name of letters, digits, hyphens and underscores" }]),
        ...(seen.length > 0 ? [] : [{ path: `${name}.environments`, message: "expected at least one environment" }]),
        ...seen.flatMap((environment, i) => validateOneOf(`${name}.environments[${i}]`, environment, environments)),
        ...Object.entries(members).flatMap(([member, { role = "Viewer", password }]) => validateMember(`${name}.members.${member}`, member, role, password)),
    ]);
}

function validateMember(at: string, member: string, role: string, password: unknown): Problem[] {
    return [
        ...(MEMBER.test(member) ? [] : [{ path: at, message: "expected a login or an e-mail address" }]),
        ...(member.toLowerCase() === "admin" ? [{ path: at, message: "administers Grafana, and sees everything in any case" }] : []),
        ...(role === "Admin" ? [{ path: `${at}.role`, message: `expected one of ${ROLES.join(", ")}: an Admin may add data sources, and by one of them read every environment` }] : validateOneOf(`${at}.role`, role, ROLES)),
        ...(typeof password !== "string" || /^[\x21-\x7e]{12,}$/.test(password) ? [] : [{ path: `${at}.password`, message: "expected at least 12 characters without blanks" }]),
    ];
}
