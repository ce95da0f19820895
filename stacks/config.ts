import * as pulumi from "@pulumi/pulumi";
import { z } from "zod";
import { Connection, validateConnection } from "../components/connection";
import { failOn, Problem, under } from "../components/problems";
import { crossCheckOwner, crossCheckWas } from "./checks";
import { ArtifactsConfig, JumpConfig, memberSchema, OwnerConfig, ownerSchema, schema, SshConfig, WasConfig, WasDefaults } from "./schema";

/** The config of one stack, complete: every default filled in, every rule held. */
export interface StackConfig {
    /** The environment that this stack wires. @default the stack's name */
    environment: string;
    /** Set in the owner stack only. */
    owner?: OwnerConfig;
    /** Set in a member stack only. */
    member?: Member;
    was: Was[];
    /** Any new value runs every host's command again, which puts right what was changed by hand. */
    repair: string;
}

/** Where a member stack has its connection from: one of both. */
export interface Member {
    /** Name of the owner stack: `prod`, or `organization/project/stack`. */
    stack?: string;
    /** The owner's output `connection_<environment>`, where this stack must not read the owner's state. A secret. */
    connection?: Connection;
    /** The host to go through to the monitoring host, where it cannot be reached directly. */
    jump?: JumpConfig;
}

/** One WAS host with every default filled in. */
export interface Was {
    name: string;
    address: string;
    application: string;
    runtime: string;
    agent: string;
    labels: Record<string, string>;
    /** Absent: the host is the machine that Pulumi runs on. */
    ssh?: SshConfig & { address: string; hostKey: string };
    actuator: Actuator;
    logs: Logs;
    tracing: Tracing;
    hostMetrics: { enabled: boolean; port: number };
    patterns: Record<string, string>;
    redactions: Record<string, string>;
    artifacts: ArtifactsConfig;
    /** `agent: promtail` only. */
    promtailDirectory?: string;
}

/** What the log agent reads. */
export interface Logs {
    /** Globs of log files. */
    files: string[];
    /** systemd units, read from the journal. */
    units: string[];
    /** Docker containers. */
    containers: string[];
    /** The application of a source, where it is another than the host's. */
    applications: Record<string, string>;
}

/** Where Prometheus finds the application's metrics. */
export interface Actuator {
    enabled: boolean;
    port: number;
    path: string;
    scheme: string;
    intervalSeconds?: number;
    username: string;
    password: string;
    ca: string;
    serverName: string;
}

/** Whether and how the host's spans are made, taken and thinned. */
export interface Tracing {
    enabled: boolean;
    /** Puts the OpenTelemetry Java agent on the host. */
    javaAgent: boolean;
    /** systemd service of the application, which then includes the Java agent's environment file; "" for none. */
    service: string;
    /** Container of the application, to restart with `restart`; "" for none. */
    container: string;
    /** More settings for the Java agent: `OTEL_…` names to values. */
    properties: Record<string, string>;
    /** Methods that get a span of their own, by class. */
    methods: Record<string, string[]>;
    /** Requests to paths that match one of these get no span; undefined for the log agent's default. */
    droppedPaths?: string[];
    /** Restart the application when the Java agent or its settings changed. */
    restart: boolean;
    listenAddress: string;
    percentage: number;
    slowMs: number;
}

/** Raw config, as Pulumi hands it over: full keys to texts, structured values in JSON. */
export type RawConfig = Record<string, string>;

/** Reads the running stack's config. The only reader of config; ends the program with all problems at once. */
export function readConfig(): StackConfig {
    // Not pulumi.Config: it warns about each secret inside a structured value. Secrets are marked as such where they are handed on.
    return parseConfig(pulumi.runtime.allConfig(), pulumi.getProject(), pulumi.getStack());
}

/**
 * Parses a stack's config.
 *
 * @throws pulumi.RunError that lists every problem with its path, e.g. `was[2].address: expected a host name or an IP address, got ""`
 */
export function parseConfig(raw: RawConfig, project: string, stack: string): StackConfig {
    const subject = `the config of stack "${stack}" (Pulumi.${stack}.yaml)`;
    const problems: Problem[] = [];
    const values = ownValues(raw, project, problems);
    const base = schema.safeParse({ monitoring: {}, ...values });
    problems.push(...issues(base.error));
    const given = isRecord(values.monitoring) ? values.monitoring : undefined;
    const environment = typeof values.environment === "string" ? values.environment : stack;
    const role = parseRole(given, environment, problems);
    failOn(subject, problems);

    const { defaults = {}, was = [], repair = "" } = base.data!;
    const hosts = was.map((host) => completeWas(host, defaults));
    failOn(subject, [...crossCheckWas(hosts), ...(role.owner ? crossCheckOwner(role.owner, environment, hosts) : [])]);
    return { environment, ...role, was: hosts, repair };
}

/** The project's own keys, structured values parsed. Keys of other namespaces (`aws:region`) are not ours. */
function ownValues(raw: RawConfig, project: string, problems: Problem[]): Record<string, unknown> {
    const values: Record<string, unknown> = {};
    for (const [key, text] of Object.entries(raw)) {
        if (!key.startsWith(`${project}:`)) continue;
        const name = key.slice(project.length + 1);
        if (name === "environment" || name === "repair") {
            if (text !== "") values[name] = text; // "" is Pulumi.yaml's default: not given
            continue;
        }
        try {
            values[name] = JSON.parse(text);
        } catch {
            problems.push({ path: name, message: "expected a section, got a plain text" });
        }
    }
    return values;
}

/** Owner or member, told from the keys under `monitoring`. */
function parseRole(given: Record<string, unknown> | undefined, environment: string, problems: Problem[]): { owner?: OwnerConfig; member?: Member } {
    if (given && "host" in given) {
        const parsed = ownerSchema.safeParse(given);
        problems.push(...under("monitoring", issues(parsed.error)));
        return { owner: parsed.data };
    }
    if (given && ("stack" in given || "connection" in given)) {
        const section = "connection" in given ? { ...given, connection: fromText(given.connection) } : given;
        const parsed = memberSchema.safeParse(section);
        problems.push(...under("monitoring", issues(parsed.error)));
        if ("stack" in given && "connection" in given) problems.push({ path: "monitoring", message: "expected either `stack` or `connection`, got both" });
        if ("connection" in given) problems.push(...under("monitoring.connection", validateConnection(fromText(given.connection), environment)));
        return { member: parsed.data as Member | undefined };
    }
    problems.push({ path: "monitoring", message: "expected `host` (this stack owns the shared deployment), or `stack: prod` or `connection` (it uses another stack's)" });
    return {};
}

/** `pulumi config set --secret` can set texts only: a section that is a secret as a whole comes as JSON. */
function fromText(value: unknown): unknown {
    if (typeof value !== "string") return value;
    try { return JSON.parse(value); } catch { return undefined; }
}

/** A host's own settings over the stack's `defaults`, section by section, over ours. */
function completeWas(host: WasConfig, defaults: WasDefaults): Was {
    const agent = host.agent ?? defaults.agent ?? "alloy";
    const alloy = agent === "alloy";
    const actuator = { enabled: true, port: 8080, path: "/actuator/prometheus", scheme: "http", username: "", password: "", ca: "", serverName: "", ...defaults.actuator, ...host.actuator };
    const tracing = { enabled: alloy, javaAgent: true, service: "", container: "", properties: {}, methods: {}, restart: false, listenAddress: "127.0.0.1", percentage: 100, slowMs: 500, ...defaults.tracing, ...host.tracing };
    return {
        name: host.name, address: host.address, agent,
        application: host.application ?? defaults.application ?? "",
        runtime: host.runtime ?? defaults.runtime ?? "systemd",
        labels: { ...defaults.labels, ...host.labels },
        ...(host.local ? {} : { ssh: completeSsh(host, defaults) }),
        actuator, tracing,
        logs: { files: [], units: [], containers: [], applications: {}, ...defaults.logs, ...host.logs },
        hostMetrics: { enabled: alloy, port: 12345, ...defaults.hostMetrics, ...host.hostMetrics },
        patterns: { ...defaults.patterns, ...host.patterns },
        redactions: { ...defaults.redactions, ...host.redactions },
        artifacts: { ...defaults.artifacts, ...host.artifacts },
        promtailDirectory: host.promtailDirectory ?? defaults.promtailDirectory,
    };
}

function completeSsh(host: WasConfig, defaults: WasDefaults): SshConfig & { address: string; hostKey: string } {
    const ssh = { ...defaults.ssh, ...host.ssh };
    return { ...ssh, address: ssh.address ?? host.address, hostKey: ssh.hostKey ?? "" };
}

/** zod's issues as problems: `was[2].address: expected …`. */
function issues(error: z.ZodError | undefined): Problem[] {
    return (error?.issues ?? []).map((issue) => ({ path: dotted(issue.path), message: wording(issue) }));
}

function dotted(path: PropertyKey[]): string {
    return path.map((key) => typeof key === "number" ? `[${key}]` : `.${String(key)}`).join("").replace(/^\./, "");
}

function wording(issue: z.core.$ZodIssue): string {
    if (issue.code === "unrecognized_keys") return `unknown ${issue.keys.length > 1 ? "keys" : "key"} ${issue.keys.map((key) => `"${key}"`).join(", ")}: see docs/configuration.md for those that exist`;
    if (issue.code === "invalid_key") return issue.issues[0]?.message ?? issue.message;
    return issue.message.replace(/^Invalid (input|option): /, "").replace(/, received undefined$/, ", which is missing");
}

function isRecord(value: unknown): value is Record<string, unknown> {
    return typeof value === "object" && value !== null && !Array.isArray(value);
}
