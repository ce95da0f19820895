import { KnownSsh } from "../../components/monitoring-services/ssh-files";
import { parseConfig } from "../../stacks/config";
import type { StackConfig, Was } from "../../stacks/model";
import { pulumiCli, stackConfig, stackOutputs } from "../cli";
import { basicLogin, GrafanaLogin } from "./data";

const PROJECT = "photogather-monitoring";

/** What the doctor knows of a stack before it asks anybody. */
export interface StackFacts {
    config: StackConfig;
    /** The stack's own key, for hosts that the config names none for; "" where there is none. */
    deployKey: string;
    /** The monitoring host; absent in a member stack, and where it is this machine. */
    monitoring?: KnownSsh;
    /** "" where the stack has no shared deployment. */
    gatewayUrl: string;
    /** Absent where this stack must not read the owner's outputs. */
    grafana?: GrafanaLogin;
}

/**
 * Reads a stack's config, outputs and key by the Pulumi CLI.
 *
 * @throws Error where there is no such stack, or it was never deployed
 */
export function readStack(stack: string): StackFacts {
    const config = parseConfig(stackConfig(stack), PROJECT, stack);
    const owner = config.owner ? stack : config.member?.stack;
    const shared = owner ? stackOutputs(owner) : {};
    const { url } = (shared.monitoring ?? config.member?.connection?.gateway ?? {}) as { url?: string };
    if (!url && (config.owner ?? config.member)) throw new Error(`stack ${owner ?? stack} has no output \`monitoring\`: run \`pulumi up -s ${owner ?? stack}\` first`);
    return {
        config, gatewayUrl: url ?? "",
        deployKey: config.was.some(({ ssh }) => ssh && !ssh.privateKey) ? readDeployKey(stack, config.environment) : "",
        ...(config.owner ? { monitoring: parseSshFiles((shared.sshFiles ?? {}) as Record<string, string>) } : {}),
        ...(owner ? { grafana: { url: url!, ca: text(shared.ca), authorization: basicLogin("admin", text(shared.grafanaPassword)) } } : {}),
    };
}

/** How a WAS host is reached, all keys in place. @param monitoring for hosts that are reached through it */
export function sshOf({ ssh }: Was, { deployKey, monitoring }: Pick<StackFacts, "deployKey" | "monitoring">): KnownSsh | undefined {
    if (!ssh) return undefined;
    const { jump, throughMonitoring, ...own } = ssh;
    const privateKey = own.privateKey ?? deployKey;
    const hop = throughMonitoring ? monitoring && { ...monitoring, jump: undefined } : jump && { ...jump, privateKey: jump.privateKey ?? privateKey };
    return { ...own, privateKey, jump: hop };
}

/** The connection in the files that the owner stack keeps for `ssh`: see `renderSshFiles`. */
export function parseSshFiles(files: Record<string, string>): KnownSsh | undefined {
    if (!files.known_hosts) return undefined;
    const users = [...files.ssh_config.matchAll(/^ *User (.+)$/gm)].map(([, user]) => user);
    const [host, jump] = files.known_hosts.trim().split("\n").map((line, index) => {
        const [, address, port = "22", hostKey] = /^\[?([^\]\s]+?)\]?(?::(\d+))? (.+)$/.exec(line)!;
        return { address, port: Number(port), user: users[index], hostKey, privateKey: files[index === 0 ? "host.key" : "jump.key"] };
    });
    return { ...host, jump };
}

function readDeployKey(stack: string, environment: string): string {
    const { deployment } = JSON.parse(pulumiCli("stack", "export", "--stack", stack, "--show-secrets")) as { deployment: { resources?: { urn: string; outputs?: { privateKeyOpenssh?: unknown } }[] } };
    const key = (deployment.resources ?? []).find(({ urn }) => urn.endsWith(`::${environment}-deploy-key`))?.outputs?.privateKeyOpenssh;
    const { plaintext } = Object(key) as { plaintext?: string };
    return plaintext === undefined ? text(key) : JSON.parse(plaintext) as string;
}

function text(value: unknown): string {
    return typeof value === "string" ? value : "";
}
