import * as pulumi from "@pulumi/pulumi";

/** An organization of Grafana: people who see some environments only. */
export interface OrganizationArgs {
    /** Whose logs, traces and metrics its members see, e.g. `["dev", "loadtest"]`. */
    environments: string[];
    /** Its members, all of them, by login or e-mail address. They are taken out of the main organization, which sees everything. @default none */
    members?: Record<string, OrganizationMemberArgs>;
}

/** A member of an organization. */
export interface OrganizationMemberArgs {
    /** `Viewer`, or `Editor`, who may also make and change dashboards. @default "Viewer" */
    role?: string;
    /** A secret: the password of a user that Grafana does not know yet. One that it knows keeps the own password. */
    password: pulumi.Input<string>;
}
