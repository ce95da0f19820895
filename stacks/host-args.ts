import type { Connection } from "../components/connection";
import * as pulumi from "@pulumi/pulumi";
import { HostMetrics, LogAgentArgs, logAgentTargets, PushedApplication } from "../components/log-agent";
import { OTLP_PORT } from "../components/log-agent/paths";
import { Machine } from "../components/machine";
import { ScrapeProfile, TargetArgs } from "../components/metrics-target";
import { hostPort } from "../components/names";
import { JavaAgentSettings } from "../components/otel-java-agent";
import { externalEndpoints } from "./external";
import type { Was } from "./model";
import type { ExternalConfig } from "./schema";

/** What of the environment a log agent must know. */
export interface AgentContext {
    environment: string;
    /** Absent where the stack has no shared deployment. */
    gateway?: pulumi.Input<Connection["gateway"]>;
    external?: ExternalConfig;
    /** Of the metrics port; absent where no host has one. */
    credentials?: AgentCredentials;
}

/** One password and one certificate for the metrics port of all log agents of the environment. */
export type AgentCredentials = Required<Pick<HostMetrics, "username" | "password" | "certificate" | "privateKey">>;

/** Every endpoint that Prometheus shall scrape for these hosts. */
export function planTargets(was: Was[]): TargetArgs[] {
    return was.flatMap((host) => {
        const common = { application: host.application, instance: host.name, labels: host.labels };
        const { actuator, hostMetrics } = host;
        return [
            ...(actuator.enabled ? [{
                ...common, kind: "application", address: hostPort(host.address, actuator.port), path: actuator.path, scheme: actuator.scheme,
                profile: actuatorProfileName(host, was), ...(actuator.intervalSeconds ? { intervalSeconds: actuator.intervalSeconds } : {}),
            }] : []),
            ...(hostMetrics.enabled ? logAgentTargets({ address: host.address, port: hostMetrics.port, host: host.name, application: host.application, labels: host.labels }) : []),
        ];
    });
}

/** Hosts with the same credentials share a profile, named after the first of them. */
function actuatorProfileName(host: Was, was: Was[]): string {
    const identity = actuatorIdentity(host);
    if (identity === "") return "";
    const first = was.find((other) => actuatorIdentity(other) === identity)!;
    return `actuator-${first.name.replace(/\./g, "-")}`;
}

function actuatorIdentity({ actuator: { enabled, username, password, ca, serverName } }: Was): string {
    return enabled && (username || ca || serverName) ? JSON.stringify([username, password, ca, serverName]) : "";
}

/** The credentials that Actuator endpoints ask for, by profile. */
export function actuatorProfiles(was: Was[]): Record<string, ScrapeProfile> {
    return Object.fromEntries(was.filter((host) => actuatorIdentity(host) !== "").map((host) => {
        const { username, password, ca, serverName } = host.actuator;
        return [actuatorProfileName(host, was), { username, password, ca, serverName }];
    }));
}

/** What `LogAgent` is given for a host. */
export function logAgentArgs(host: Was, machine: Machine, { environment, gateway, external, credentials }: AgentContext): LogAgentArgs {
    const { tracing, hostMetrics, artifacts } = host;
    return {
        machine, host: host.name, environment, application: host.application, gateway, runtime: host.runtime, agent: host.agent, canary: host.canary,
        logs: host.logs, labels: host.labels, patterns: host.patterns, redactions: host.redactions,
        otlp: { enabled: tracing.enabled, address: tracing.listenAddress, droppedPaths: tracing.droppedPaths },
        sampling: { percentage: tracing.percentage, slowMs: tracing.slowMs },
        ...(hostMetrics.enabled && credentials ? { hostMetrics: { enabled: true, port: hostMetrics.port, ...credentials } } : {}),
        ...(external ? { external: externalEndpoints(external), push: { host: hostMetrics.enabled, applications: external.metrics ? pushedApplications(host) : [] } } : {}),
        artifact: artifacts.agent, image: artifacts.agentImage, promtailDirectory: host.promtailDirectory,
    };
}

/** Actuator as the host's own agent reaches it. */
function pushedApplications({ actuator: { enabled, port, password, serverName, ...actuator }, address }: Was): PushedApplication[] {
    if (!enabled) return [];
    const { path, scheme, intervalSeconds, username, ca } = actuator;
    return [{
        address: hostPort("127.0.0.1", port), path, scheme, ...(intervalSeconds ? { intervalSeconds } : {}), ...(username ? { username, password: pulumi.secret(password) } : {}),
        // The certificate is for the name or address that others reach the host by.
        ...(scheme === "https" ? { ca, serverName: serverName || address } : {}),
    }];
}

/** The settings of the host's Java agent, where it has one. */
export function javaAgentArgs({ name, application, tracing, artifacts }: Was, environment: string): JavaAgentSettings | undefined {
    if (!tracing.enabled || !tracing.javaAgent) return undefined;
    return {
        environment, application, instance: name, otlpEndpoint: `http://${hostPort(tracing.listenAddress, OTLP_PORT)}`,
        properties: tracing.properties, ...(Object.keys(tracing.methods).length > 0 ? { methods: tracing.methods } : {}),
        ...(tracing.service ? { systemdService: tracing.service } : {}),
        ...(tracing.service && tracing.restart ? { restartService: tracing.service } : {}),
        ...(tracing.container && tracing.restart ? { restartContainer: tracing.container } : {}),
        ...artifacts.javaAgent,
    };
}
