import * as pulumi from "@pulumi/pulumi";
import { Connection, validateConnection } from "../components/connection";
import { failOn, Problem, under } from "../components/problems";
import { checkTargets, TargetRules } from "./checks";
import type { StackConfig } from "./model";

/** The owner stack's plain output `monitoring`. */
export interface Shared {
    /** Where people open Grafana, and agents send to. */
    url: string;
    /** What each environment may register. */
    environments: Record<string, TargetRules>;
    /** Image and program versions by name. */
    versions: Record<string, string>;
}

/**
 * The connection of a member stack, from the owner's outputs or from config. Checked whole, before any resource exists: a reference that was
 * read with another passphrase succeeds, with every secret replaced by an empty object.
 */
export async function readConnection({ environment, member, was }: StackConfig): Promise<Connection> {
    const { stack, connection } = member!;
    failOn(`the config of environment "${environment}"`, was.flatMap(({ ssh }, index) => ssh?.throughMonitoring
        ? [{ path: `was[${index}].ssh.throughMonitoring`, message: "is for the owner stack, which has a login on the monitoring host: give ssh.jump with a login of your own" }] : []));
    if (connection) return connection;
    const owner = qualify(stack!);
    const reference = new pulumi.StackReference(owner);
    const read = async (output: string) => { const { value, secretValue } = await reference.getOutputDetails(output); return (secretValue ?? value) as unknown; };
    const shared = await read("monitoring");
    const found = await read(`connection_${environment}`);
    failOn(`what stack "${stack}" gives to the environment "${environment}"`, [...checkShared(shared, found, environment), ...checkHosts(shared, environment, was)]);
    return found as Connection;
}

function qualify(stack: string): string {
    return stack.includes("/") ? stack : `${pulumi.getOrganization()}/${pulumi.getProject()}/${stack}`;
}

function checkShared(shared: unknown, connection: unknown, environment: string): Problem[] {
    if (!isShared(shared)) {
        return [{ path: "monitoring.stack", message: "that stack has no output `monitoring`: name the owner stack, and run `pulumi up` on it first" }];
    }
    const listed = Object.keys(shared.environments);
    if (!listed.includes(environment)) {
        return [{ path: "environment", message: `the owner does not list "${environment}" (it lists ${listed.join(", ")}): add it to monitoring.environments there, and run \`pulumi up\` on it` }];
    }
    return under(`connection_${environment}`, validateConnection(connection, environment));
}

function checkHosts(shared: unknown, environment: string, was: StackConfig["was"]): Problem[] {
    const rules = isShared(shared) ? shared.environments[environment] : undefined;
    return rules ? checkTargets(rules, was, environment) : [];
}

function isShared(value: unknown): value is Shared {
    return typeof value === "object" && value !== null && typeof (value as Shared).environments === "object";
}
