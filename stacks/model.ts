import type { Connection } from "../components/connection";
import type { ArtifactsConfig, ExternalConfig, JumpConfig, OwnerConfig, SshConfig } from "./schema";

/** The config of one stack, complete: every default filled in, every rule held. */
export interface StackConfig {
    /** The environment that this stack wires. @default the stack's name */
    environment: string;
    /** Set in the owner stack only. */
    owner?: OwnerConfig;
    /** Set in a member stack only. */
    member?: Member;
    /** Endpoints that the agents send to beside the shared deployment, or instead where the stack neither owns nor joins one. */
    external?: ExternalConfig;
    was: Was[];
    /** Of the key that this stack makes for its WAS hosts: those that may log in, the one that Pulumi logs in with first. @default the hosts' keys are left alone */
    deployKeyGenerations?: number[];
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
    /** Those beside it. */
    applications: Application[];
    runtime: string;
    /** `pull`: Prometheus scrapes the host. `push`: its agent sends them through the gateway. */
    metrics: string;
    agent: string;
    labels: Record<string, string>;
    /** A change goes to this host first, and to the others once its agent is healthy. */
    canary: boolean;
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

/** An application beside the host's first one, with every default filled in. Its log sources are among the host's. */
export interface Application {
    name: string;
    actuator: Actuator;
    tracing: ApplicationTracing;
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

/** Whether and how an application's spans are made. */
export interface ApplicationTracing {
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
    /** Restart the application when the Java agent or its settings changed. */
    restart: boolean;
}

/** The same for the host's first application, and whether and how the host's spans are taken and thinned. */
export interface Tracing extends ApplicationTracing {
    enabled: boolean;
    /** Requests to paths that match one of these get no span; undefined for the log agent's default. */
    droppedPaths?: string[];
    listenAddress: string;
    percentage: number;
    slowMs: number;
}
