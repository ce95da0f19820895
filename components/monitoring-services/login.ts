import { BundleFile } from "../bundle";
import { quote } from "../names";
import { Problem, under } from "../problems";
import { KnownServicesArgs } from "./args";
import { GithubLoginArgs, GoogleLoginArgs, LoginArgs } from "./login-args";
import { CONFIG } from "./services";

const ORGANIZATION = /^[A-Za-z0-9][A-Za-z0-9-]{0,38}$/;
const TEAM = /^@([A-Za-z0-9][A-Za-z0-9-]{0,38})\/[A-Za-z0-9][A-Za-z0-9_.-]{0,99}$/;
const DOMAIN = /^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,}$/;
const ACCOUNT = /^[a-z0-9._%+-]+@([a-z0-9.-]+)$/;
/** Domains in which everybody can have an account. */
const PUBLIC_DOMAINS = ["gmail.com", "googlemail.com"];

/** What grafana.ini says of logins from elsewhere. */
export function planLogin({ github, google }: NonNullable<KnownServicesArgs["login"]> = {}): object {
    return {
        github: github ? { clientId: github.clientId, organizations: github.allowedOrganizations.join(" "), roles: roles((team) => `contains(groups[*], '${team}')`, github.adminTeams, github.editorTeams) } : false,
        google: google ? { clientId: google.clientId, domains: google.allowedDomains.join(" "), roles: roles((account) => `email=='${account}'`, google.admins, google.editors) } : false,
    };
}

/** The expression (JMESPath) that gives a role: what nobody is named for only looks. */
function roles(is: (name: string) => string, admins: string[] = [], editors: string[] = []): string {
    return [...admins.map((name) => `${is(name)} && 'Admin'`), ...editors.map((name) => `${is(name)} && 'Editor'`), "'Viewer'"].join(" || ");
}

/** The secrets, in files that grafana.ini names; Grafana reads them at its start. */
export function renderLoginSecrets(login: KnownServicesArgs["login"]): BundleFile[] {
    return (["github", "google"] as const).flatMap((name) => {
        const secret = login?.[name]?.clientSecret;
        return secret === undefined ? [] : [{ path: `${CONFIG}/grafana/${name}-client-secret`, content: secret, mode: "0400", owner: "472:0" }];
    });
}

/** Problems with logins from elsewhere; what would let everybody in is one. */
export function validateLogin({ github, google }: LoginArgs, tls: string): Problem[] {
    return [
        ...(github ? under("github", validateGithub(github)) : []),
        ...(google ? under("google", validateGoogle(google)) : []),
        ...((github ?? google) && tls === "off" ? [{ path: "", message: "needs an encrypted gateway: with tls off, what logs in could be read on the way" }] : []),
    ];
}

function validateGithub({ allowedOrganizations: organizations, adminTeams = [], editorTeams = [], ...client }: GithubLoginArgs): Problem[] {
    const known = organizations.map((name) => name.toLowerCase());
    const team = (name: string) => known.includes(TEAM.exec(name)?.[1].toLowerCase() ?? "");
    return [
        ...validateClient(client),
        ...(organizations.length > 0 ? [] : [{ path: "allowedOrganizations", message: "expected at least one organization: without it everybody with a GitHub account could log in" }]),
        ...each("allowedOrganizations", organizations, (name) => ORGANIZATION.test(name), 'a GitHub organization such as "example"'),
        ...each("adminTeams", adminTeams, team, "@organization/team of an allowed organization"),
        ...each("editorTeams", editorTeams, team, "@organization/team of an allowed organization"),
    ];
}

function validateGoogle({ allowedDomains: domains, admins = [], editors = [], ...client }: GoogleLoginArgs): Problem[] {
    const account = (name: string) => domains.includes(ACCOUNT.exec(name)?.[1] ?? "");
    return [
        ...validateClient(client),
        ...(domains.length > 0 ? [] : [{ path: "allowedDomains", message: "expected at least one domain: without it everybody with a Google account could log in" }]),
        ...each("allowedDomains", domains, (name) => DOMAIN.test(name), 'a domain such as "example.com"'),
        ...each("allowedDomains", domains, (name) => !PUBLIC_DOMAINS.includes(name), "a domain of your own: everybody can have an account in this one"),
        ...each("admins", admins, account, "the address of an account in an allowed domain, in lower case"),
        ...each("editors", editors, account, "the address of an account in an allowed domain, in lower case"),
    ];
}

function validateClient({ clientId, clientSecret }: Pick<GithubLoginArgs, "clientId" | "clientSecret">): Problem[] {
    return [
        ...(/^[\w.-]{4,200}$/.test(clientId) ? [] : [{ path: "clientId", message: `expected the client id of an OAuth app, got ${quote(clientId)}` }]),
        ...(typeof clientSecret !== "string" || /^[\x21-\x7e]{8,200}$/.test(clientSecret) ? [] : [{ path: "clientSecret", message: "expected the client secret of an OAuth app: at least 8 characters without blanks" }]),
    ];
}

function each(path: string, values: string[], good: (value: string) => boolean, expected: string): Problem[] {
    return values.flatMap((value, i) => (good(value) ? [] : [{ path: `${path}[${i}]`, message: `expected ${expected}, got ${quote(value)}` }]));
}
