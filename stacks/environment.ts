import * as pulumi from "@pulumi/pulumi";
import * as random from "@pulumi/random";
import * as tls from "@pulumi/tls";
import { Connection } from "../components/connection";
import { LOG_AGENT_PROFILE, LogAgent } from "../components/log-agent";
import { Machine, SshConnection, SshJump } from "../components/machine";
import { MetricsTarget, RegistrationArgs, ScrapeProfile } from "../components/metrics-target";
import { generations } from "./identity";
import type { Was } from "./model";
import { actuatorProfiles, AgentCredentials, javaAgentArgs, logAgentArgs, planTargets } from "./host-args";
import type { ExternalConfig, JumpConfig, SshConfig } from "./schema";

/** What one stack wires, whether it owns the shared deployment or joins it. */
export interface EnvironmentArgs {
    environment: string;
    /** A secret; in the owner stack not yet known. Absent where the stack has no shared deployment. */
    connection?: pulumi.Output<Connection>;
    /** Endpoints outside of the shared deployment. */
    external?: ExternalConfig;
    /** The host to go through to the monitoring host. */
    jump?: SshJump;
    /** The monitoring host, for hosts that are reached through it; known to the owner stack only. */
    monitoring?: SshConnection;
    was: Was[];
    /** Of the key that is made here. @default only one, which the hosts have from elsewhere */
    deployKeyGenerations?: number[];
    repair: string;
    /** What must stand before targets are registered and agents are given their token. */
    dependsOn: pulumi.Resource[];
}

/** Certificates of the log agents' metrics port are renewed on `up` in their last year. */
const CERTIFICATE_HOURS = 5 * 365 * 24;
const RENEWAL_HOURS = 365 * 24;

/** After so many hosts what they consist of is handed to the engine, before more are made: with thousands of hosts it halves the memory. */
const HOSTS_AT_ONCE = 20;

/** Wires every WAS host of one environment: targets for Prometheus, and agents for logs, traces and host metrics. */
export async function wireEnvironment(args: EnvironmentArgs): Promise<WiredEnvironment> {
    const { environment, external, connection, was, dependsOn } = args;
    const deployKeys = deployKeysFor(args);
    const hostMetrics = connection && was.some((host) => host.hostMetrics.enabled && host.metrics === "pull") ? agentCredentials(environment) : undefined;

    const targets = connection && new MetricsTarget("metrics", {
        environment, repair: args.repair,
        registration: registrationOf(connection, args.jump),
        targets: planTargets(was),
        profiles: { ...actuatorProfiles(was), ...(hostMetrics ? { [LOG_AGENT_PROFILE]: profileOf(hostMetrics) } : {}) },
    }, { dependsOn });

    const gateway = connection?.gateway;
    const pushed = gateway && was.some(({ metrics }) => metrics === "push") ? new MetricsTarget("metrics-pushed", { environment, mode: "push", gateway }, { dependsOn }) : undefined;
    const agentOf = (host: Was, after: pulumi.Resource[]) => new LogAgent(`${host.name}-log-agent`, {
        ...logAgentArgs(host, machineOf(host, args.repair, deployKeys, args.monitoring), { environment, gateway, external, pushEndpoint: pushed?.endpoint, credentials: hostMetrics }),
        // By the same command: an SSH connection stays open until the engine ends, so one for each host and not two.
        javaAgents: javaAgentArgs(host, environment).map(({ settings }) => settings),
    }, { dependsOn: after });
    const { canaries, others } = planOrder(was);
    // After the gateway: an agent drops what it sends with a token that is not known there yet.
    const proven = canaries.map((host) => agentOf(host, dependsOn));
    const agents = [...proven];
    for (const host of others) {
        agents.push(agentOf(host, [...dependsOn, ...proven]));
        if (agents.length % HOSTS_AT_ONCE === 0) await new Promise(setImmediate);
    }
    return { resources: [...(targets ? [targets] : []), ...(pushed ? [pushed] : []), ...agents], outputs: deployKeys ? { sshPublicKey: deployKeys.publicKeys[0] } : {} };
}

/** Canaries first, and all others once they are healthy; without canaries no host waits for another one. */
export function planOrder(was: Was[]): { canaries: Was[]; others: Was[] } {
    return { canaries: was.filter(({ canary }) => canary), others: was.filter(({ canary }) => !canary) };
}

/** What one environment consists of. */
export interface WiredEnvironment {
    resources: pulumi.Resource[];
    /** Outputs of the stack. */
    outputs: Record<string, pulumi.Output<unknown>>;
}

/** The key that Pulumi logs in with, and those that the hosts let in. */
export interface DeployKeys {
    privateKey: pulumi.Input<string>;
    publicKeys: pulumi.Output<string>[];
    /** Whether the program keeps the hosts' list. */
    kept: boolean;
}

/**
 * The keys for hosts that config names none for. While they are rotated, Pulumi logs in with the first, which the hosts know, and lets the second in; then the
 * second is the first.
 */
function deployKeysFor({ environment, was, deployKeyGenerations }: EnvironmentArgs): DeployKeys | undefined {
    if (!was.some(({ ssh }) => ssh && !ssh.privateKey)) return undefined;
    const keys = generations(`${environment}-deploy-key`, deployKeyGenerations).map((name) => new tls.PrivateKey(name, { algorithm: "ED25519" }));
    return { privateKey: keys[0].privateKeyOpenssh, publicKeys: keys.map(({ publicKeyOpenssh }) => publicKeyOpenssh.apply((key) => key.trim())), kept: deployKeyGenerations !== undefined };
}

/** One password and one certificate for the metrics port of all log agents of the environment. */
function agentCredentials(environment: string): AgentCredentials {
    const password = new random.RandomPassword(`${environment}-agent-password`, { length: 32, special: false });
    const key = new tls.PrivateKey(`${environment}-agent-key`, { algorithm: "ECDSA", ecdsaCurve: "P256" });
    const certificate = new tls.SelfSignedCert(`${environment}-agent-certificate`, {
        privateKeyPem: key.privateKeyPem, subject: { commonName: LOG_AGENT_PROFILE }, dnsNames: [LOG_AGENT_PROFILE], allowedUses: ["digital_signature", "server_auth"],
        isCaCertificate: false, validityPeriodHours: CERTIFICATE_HOURS, earlyRenewalHours: RENEWAL_HOURS,
    });
    return { username: "prometheus", password: password.result, certificate: certificate.certPem, privateKey: key.privateKeyPem };
}

function profileOf({ username, password, certificate }: AgentCredentials): ScrapeProfile {
    return { username, password, ca: certificate, serverName: LOG_AGENT_PROFILE };
}

function registrationOf(connection: pulumi.Output<Connection>, jump?: SshJump): RegistrationArgs {
    const { address, port, user, privateKey, hostKey } = connection.registration as unknown as Record<keyof Connection["registration"], pulumi.Output<never>>;
    return { address, port, user, privateKey: pulumi.secret(privateKey), hostKey, ...(jump ? { jump } : {}) };
}

/** How commands reach the host, with the stack's own key where config names none. */
export function machineOf(host: Was, repair: string, deployKeys?: DeployKeys, monitoring?: SshConnection): Machine {
    if (!host.ssh) return { repair };
    const { jump, throughMonitoring, ...direct } = host.ssh;
    const made = host.ssh.privateKey ? undefined : deployKeys;
    const own = { ...(made?.kept ? { authorizedKeys: made.publicKeys } : {}), ...withKey(direct, made?.privateKey) };
    if (throughMonitoring && monitoring) {
        const { address, port, user, privateKey, hostKey } = monitoring;
        return { repair, ssh: { ...own, jump: { address, port, user, privateKey, hostKey } } };
    }
    return { repair, ssh: { ...own, ...(jump ? { jump: withKey(jump, own.privateKey) } : {}) } };
}

/** A hop with a key: its own, or else the one of what lies behind it. */
export function withKey<T extends SshConfig | JumpConfig>(hop: T, otherwise: pulumi.Input<string> | undefined): Omit<T, "privateKey"> & { privateKey: pulumi.Input<string> } {
    return { ...hop, privateKey: pulumi.secret(hop.privateKey ?? otherwise ?? "") };
}
