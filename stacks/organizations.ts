import * as pulumi from "@pulumi/pulumi";
import * as random from "@pulumi/random";
import { OrganizationArgs } from "../components/monitoring-services";
import type { OwnerConfig } from "./schema";

/** The organizations of the config, with the members' passwords by `passwordOf`; by default they are not known yet. */
export function organizationsOf({ organizations = {} }: OwnerConfig, passwordOf: (member: string) => pulumi.Input<string> = () => pulumi.output("")): Record<string, OrganizationArgs> {
    return Object.fromEntries(Object.entries(organizations).map(([name, { environments, members = {} }]) => [name, {
        environments, members: Object.fromEntries(Object.entries(members).map(([member, role]) => [member, { role, password: passwordOf(member) }])),
    }]));
}

/** A first password for each member, made once; whoever is a member of two organizations has one. */
export function memberPasswords({ organizations = {} }: OwnerConfig): Record<string, pulumi.Output<string>> {
    const members = [...new Set(Object.values(organizations).flatMap(({ members = {} }) => Object.keys(members)))].sort();
    return Object.fromEntries(members.map((member) => [member, pulumi.secret(new random.RandomPassword(`grafana-member-${member}`, { length: 24, special: false }).result)]));
}
