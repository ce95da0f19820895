import * as pulumi from "@pulumi/pulumi";

/** Logins to Grafana with accounts from elsewhere, beside its own users. */
export interface LoginArgs {
    /** Members of GitHub organizations; the OAuth app's callback is `<gateway>/login/github`. @default none */
    github?: GithubLoginArgs;
    /** Accounts of Google Workspace domains; the OAuth client's redirect URI is `<gateway>/login/google`. @default none */
    google?: GoogleLoginArgs;
}

/** Logins by GitHub. */
export interface GithubLoginArgs {
    /** Of the OAuth app, e.g. `Ov23liExample`. */
    clientId: string;
    /** A secret. */
    clientSecret: pulumi.Input<string>;
    /** Whose members may log in, at least one, e.g. `["example"]`. */
    allowedOrganizations: string[];
    /** Teams whose members may change everything in Grafana, as `@organization/team`. @default [] */
    adminTeams?: string[];
    /** Teams whose members may change dashboards. Everybody else only looks. @default [] */
    editorTeams?: string[];
}

/** Logins by Google. */
export interface GoogleLoginArgs {
    /** Of the OAuth client, e.g. `123-example.apps.googleusercontent.com`. */
    clientId: string;
    /** A secret. */
    clientSecret: pulumi.Input<string>;
    /** Whose accounts may log in, at least one, e.g. `["example.com"]`. */
    allowedDomains: string[];
    /** Accounts that may change everything in Grafana, e.g. `["alice@example.com"]`. @default [] */
    admins?: string[];
    /** Accounts that may change dashboards. Everybody else only looks. @default [] */
    editors?: string[];
}
