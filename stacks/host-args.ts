import type { Connection } from "../components/connection";
import * as pulumi from "@pulumi/pulumi";
import { HostMetrics, LogAgentArgs, logAgentTargets, PushedApplication } from "../components/log-agent";
import type { ExternalEndpoint } from "../components/endpoint";
import { OTLP_PORT } from "../components/log-agent/paths";
import { Machine } from "../components/machine";
import type { ScrapeProfile, TargetArgs } from "../components/metrics-target";
import { hostPort } from "../components/names";
import { JavaAgentSettings } from "../components/otel-java-agent";
import { externalEndpoints } from "./external";
import type { Actuator, ApplicationTracing, Was } from "./model";
import type { ExternalConfig } from "./schema";

/** What of the environment a log agent must know. */
export interface AgentContext {
    environment: string;
    /** Absent where the stack has no shared deployment. */
    gateway?: pulumi.Input<Connection["gateway"]>;
    external?: ExternalConfig;
    /** Where hosts push metrics that Prometheus cannot reach; absent where there is none. */
    pushEndpoint?: pulumi.Input<ExternalEndpoint>;
    /** Of the metrics port; absent where no host has one. */
    credentials?: AgentCredentials;
}

/** One password and one certificate for the metrics port of all log agents of the environment. */
export type AgentCredentials = Required<Pick<HostMetrics, "username" | "password" | "certificate" | "privateKey">>;

/** Every endpoint that Prometheus shall scrape for these hosts. */
export function planTargets(was: Was[]): TargetArgs[] {
    const endpoints = allEndpoints(was);
    return was.filter(({ metrics }) => metrics === "pull").flatMap((host) => {
        const { hostMetrics } = host;
        return [
            ...endpointsOf(host).filter(({ actuator }) => actuator.enabled).map(({ application, actuator }) => ({
                application, instance: host.name, labels: host.labels, kind: "application", address: hostPort(host.address, actuator.port), path: actuator.path, scheme: actuator.scheme,
                profile: actuatorProfileName(actuator, endpoints), ...(actuator.intervalSeconds ? { intervalSeconds: actuator.intervalSeconds } : {}),
            })),
            ...(hostMetrics.enabled ? logAgentTargets({ address: host.address, port: hostMetrics.port, host: host.name, application: host.application, labels: host.labels }) : []),
        ];
    });
}

/** An application's Actuator, and what names the profile of its credentials. */
export interface Endpoint {
    application: string;
    actuator: Actuator;
    profile: string;
}

/** Of the host's first application, and of those beside it. */
export function endpointsOf({ name, application, applications, actuator }: Was): Endpoint[] {
    const host = name.replace(/\./g, "-");
    return [
        { application, actuator, profile: `actuator-${host}` },
        ...applications.map((each) => ({ application: each.name, actuator: each.actuator, profile: `actuator-${host}-${each.name.replace(/\./g, "-")}` })),
    ];
}

/** Of hosts that Prometheus scrapes. */
function allEndpoints(was: Was[]): Endpoint[] {
    return was.filter(({ metrics }) => metrics === "pull").flatMap(endpointsOf);
}

/** Applications with the same credentials share a profile, named after the first of them. */
function actuatorProfileName(actuator: Actuator, endpoints: Endpoint[]): string {
    const identity = actuatorIdentity(actuator);
    return identity === "" ? "" : endpoints.find((other) => actuatorIdentity(other.actuator) === identity)!.profile;
}

function actuatorIdentity({ enabled, username, password, ca, serverName }: Actuator): string {
    return enabled && (username || ca || serverName) ? JSON.stringify([username, password, ca, serverName]) : "";
}

/** The credentials that Actuator endpoints ask for, by profile. */
export function actuatorProfiles(was: Was[]): Record<string, ScrapeProfile> {
    const endpoints = allEndpoints(was);
    return Object.fromEntries(endpoints.filter(({ actuator }) => actuatorIdentity(actuator) !== "").map(({ actuator }) => {
        const { username, password, ca, serverName } = actuator;
        return [actuatorProfileName(actuator, endpoints), { username, password, ca, serverName }];
    }));
}

/** What `LogAgent` is given for a host. */
export function logAgentArgs(host: Was, machine: Machine, { environment, gateway, external: outside, pushEndpoint, credentials }: AgentContext): LogAgentArgs {
    const { tracing, hostMetrics, artifacts } = host;
    const push = host.metrics === "push" && pushEndpoint !== undefined;
    const external = outside || push ? { ...(outside ? externalEndpoints(outside) : {}), ...(push ? { metrics: pushEndpoint } : {}) } : undefined;
    return {
        machine, host: host.name, environment, application: host.application, gateway, runtime: host.runtime, agent: host.agent, canary: host.canary,
        logs: host.logs, labels: host.labels, patterns: host.patterns, redactions: host.redactions,
        otlp: { enabled: tracing.enabled, address: tracing.listenAddress, droppedPaths: tracing.droppedPaths },
        sampling: { percentage: tracing.percentage, slowMs: tracing.slowMs },
        ...(hostMetrics.enabled && credentials && !push ? { hostMetrics: { enabled: true, port: hostMetrics.port, ...credentials } } : {}),
        ...(external ? { external, push: { host: hostMetrics.enabled, applications: external.metrics ? pushedApplications(host) : [] } } : {}),
        artifact: artifacts.agent, image: artifacts.agentImage, promtailDirectory: host.promtailDirectory,
    };
}

/** Actuators as the host's own agent reaches them. */
function pushedApplications(host: Was): PushedApplication[] {
    return endpointsOf(host).filter(({ actuator }) => actuator.enabled).map(({ application, actuator: { port, path, scheme, intervalSeconds, username, password, ca, serverName } }) => ({
        application, address: hostPort("127.0.0.1", port), path, scheme, ...(intervalSeconds ? { intervalSeconds } : {}), ...(username ? { username, password: pulumi.secret(password) } : {}),
        // The certificate is for the name or address that others reach the host by.
        ...(scheme === "https" ? { ca, serverName: serverName || host.address } : {}),
    }));
}

/** An application that gets a Java agent, and where its settings stand in the host's entry. */
export interface Traced {
    path: string;
    settings: JavaAgentSettings;
}

/** The Java agents of a host: of its first application, and of those beside it. */
export function javaAgentArgs({ name, application, applications, tracing, artifacts }: Was, environment: string): Traced[] {
    if (!tracing.enabled) return [];
    const all = [{ path: "", name: application, tracing: tracing as ApplicationTracing }, ...applications.map((each, index) => ({ path: `applications[${index}].`, name: each.name, tracing: each.tracing }))];
    return all.filter((each) => each.tracing.javaAgent).map(({ path, name: of, tracing: { properties, methods, service, container, restart } }) => ({
        path, settings: {
            environment, application: of, instance: name, otlpEndpoint: `http://${hostPort(tracing.listenAddress, OTLP_PORT)}`,
            properties, ...(Object.keys(methods).length > 0 ? { methods } : {}),
            ...(service ? { systemdService: service } : {}),
            ...(service && restart ? { restartService: service } : {}),
            ...(container && restart ? { restartContainer: container } : {}),
            ...artifacts.javaAgent,
        },
    }));
}
