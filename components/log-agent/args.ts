import * as pulumi from "@pulumi/pulumi";
import { Machine } from "../machine";
import { JavaAgentSettings } from "../otel-java-agent/args";
import { ExternalEndpoints, PushedMetrics } from "./external-args";

/** What `LogAgent` needs: one WAS host, its environment, and where its logs and traces go. */
export interface LogAgentArgs {
    /** How to reach the WAS host. */
    machine: Machine;
    /** The host's name: the `instance` label of everything that it sends, e.g. `was-1`. */
    host: string;
    /** The `environment` label, e.g. `prod`. The gateway's token decides the tenant; this names it. */
    environment: string;
    /** The `application` label, and the service name of spans that carry none, e.g. `shop`. */
    application: string;
    /** Where logs and traces are sent: `connection.gateway` of the environment. Needed, unless `external` takes them. @default none */
    gateway?: pulumi.Input<AgentGateway>;
    /** Endpoints outside of the shared deployment: in place of the gateway, or beside it. Alloy only. @default none */
    external?: ExternalEndpoints;
    /** Metrics that the agent collects itself and sends to `external.metrics`. @default the machine's and the agent's own */
    push?: PushedMetrics;
    /** What is read: log files, systemd units, containers. */
    logs: LogSources;
    /** How the agent runs: `systemd` (a program and a unit) or `docker` (a container). @default "systemd" */
    runtime?: string;
    /** Which program: `alloy`, or `promtail` for hosts that are used to it (logs only). @default "alloy" */
    agent?: string;
    /**
     * A few more facts about the host, the same on each of its lines, e.g. `{ team: "pay" }`. They are structured metadata, no index labels, so that
     * they cost no streams. @default {}
     */
    labels?: Record<string, string>;
    /** How a line is read; each pattern has a default for Spring Boot. */
    patterns?: LogPatterns;
    /**
     * What must not leave the host: RE2 expressions by name. What the capturing groups match, or all of the match where there is no group, becomes
     * `[redacted:NAME]`. A name of the default set (`bearer`, `jwt`, `url`, `password`, `email`, `card`) replaces that one; "" switches it off. @default {}
     */
    redactions?: Record<string, string>;
    /** False leaves out the default set of redactions. @default true */
    defaultRedactions?: boolean;
    /** The OTLP/HTTP receiver for the applications' traces. */
    otlp?: OtlpReceiver;
    /** Which traces are kept. @default all of them */
    sampling?: TraceSampling;
    /** The Java agents of the host's applications, put there by the same command: what `OtelJavaAgent` does with one of its own. @default [] */
    javaAgents?: JavaAgentSettings[];
    /** A change must also prove itself: the agent must run, with all its parts healthy and nothing refused, for 10 seconds after it. @default false */
    canary?: boolean;
    /** Host metrics, pulled by Prometheus. @default none */
    hostMetrics?: HostMetrics;
    /** How much is kept on disk while the gateway is away. */
    buffer?: AgentBuffer;
    /** Memory limit of the agent in MiB. Alloy idles near 180 and takes about 230 at 500 lines/s and 100 spans/s. @default 512 */
    memoryMiB?: number;
    /** The image of runtime `docker`, e.g. from a mirror. @default the pinned one */
    image?: string;
    /** The download of runtime `systemd`, e.g. from a mirror. @default the pinned one */
    artifact?: AgentArtifact;
    /** Where `agent: promtail` has its configuration and its start script. @default "/home/ubuntu/promtail" */
    promtailDirectory?: string;
}

/** Where agents send to. The same fields as `GatewayConnection`. */
export interface AgentGateway {
    /** e.g. `https://10.0.0.5:8080`, without a path. */
    url: pulumi.Input<string>;
    /** PEM of the CA that signed the gateway's certificate; "" where a public one did, or where TLS is off. */
    ca: pulumi.Input<string>;
    /** Bearer token of the environment, a secret. */
    token: pulumi.Input<string>;
}

/** What the agent reads. At least one of the three. */
export interface LogSources {
    /** Log files, as absolute globs: `/var/log/shop/*.log`, `/srv/shop?/app.log`. @default [] */
    files?: string[];
    /** systemd units whose journal is read, e.g. `shop.service`. @default [] */
    units?: string[];
    /** Containers of the host's Docker whose output is read: names, or RE2 expressions that match a whole name. @default [] */
    containers?: string[];
    /** The application of a source, where it is another than the host's: keys are entries of the lists above. @default {} */
    applications?: Record<string, string>;
}

/**
 * RE2 expressions (no look-around, no back-references) that read a line. Except for `firstLine`, the first capturing group is the value.
 * A pattern that is given replaces the default ones of its field; "" switches the field off. The defaults know Spring Boot's console and file
 * pattern, `[application,trace,span]`, `[trace-span]`, and `key=value` lines such as `traceId=4bf9… elapsed=12ms`.
 */
export interface LogPatterns {
    /** Matches a line that begins an entry; others (stack traces) belong to the entry before. @default a date and time, also behind `[` or `[otel.javaagent `, a time, or `{"@timestamp"` */
    firstLine?: string;
    /** `level`, e.g. `INFO`. */
    level?: string;
    /** `trace_id`: the id of a trace. Grafana makes each value a link to one. @default 32 hex digits, from the bracket or from `traceId=` */
    traceId?: string;
    /** `request_id`: an id made by hand, which Grafana makes a link to the lines that have it. @default what stands after `traceId=` */
    requestId?: string;
    /** `span_id`. */
    spanId?: string;
    /** `elapsed_ms`, a number of milliseconds. */
    elapsedMs?: string;
    /** `logger`, e.g. `c.e.shop.OrderController`. */
    logger?: string;
    /** `method`, e.g. `GET`. */
    method?: string;
    /** `status`, e.g. `200`. */
    status?: string;
}

/** Where applications send their spans. */
export interface OtlpReceiver {
    /** @default true with Alloy, false with Promtail, which has none */
    enabled?: boolean;
    /** The address to listen on; for applications in bridged containers the bridge's own, e.g. `172.17.0.1`. @default "127.0.0.1" */
    address?: string;
    /** @default 4318 */
    port?: number;
    /** RE2 expressions: a request to a path that one of them matches gets no span. @default `["^/actuator(/|$)"]`, scrapes and health checks */
    droppedPaths?: string[];
}

/** Tail sampling: a trace is judged when it is complete. Each host judges by the spans that it has itself. */
export interface TraceSampling {
    /** Share of traces kept whatever they are, by a hash of the trace id, so that all hosts choose the same ones. @default 100, which judges nothing */
    percentage?: number;
    /** Traces that took longer are kept, in milliseconds; 0 keeps none for that. @default 1000 */
    slowMs?: number;
    /** Traces with an error are kept. @default true */
    keepErrors?: boolean;
    /** How long to wait for the rest of a trace, in seconds. @default 10 */
    waitSeconds?: number;
}

/** Alloy's HTTP port, at which Prometheus pulls host metrics: always with TLS and basic auth. */
export interface HostMetrics {
    /** @default true */
    enabled?: boolean;
    /** @default 12345 */
    port?: number;
    /** @default "prometheus" */
    username?: string;
    /** A secret. */
    password: pulumi.Input<string>;
    /** PEM of the server's certificate, for the name `log-agent`. */
    certificate: pulumi.Input<string>;
    /** PEM of its private key, a secret. */
    privateKey: pulumi.Input<string>;
}

/** What is kept on disk while the gateway is away. At 10 lines/s of 300 bytes a GiB holds about 4 days (1 GiB / (10 × 300 B)). */
export interface AgentBuffer {
    /** MiB of log lines. When it is full, reading pauses, so the log files themselves are the buffer. @default 512 */
    logsMiB?: number;
    /** MiB of spans. When it is full, applications are refused and try again, then drop. @default 256 */
    tracesMiB?: number;
}

/** A download of the agent, other than the pinned one. */
export interface AgentArtifact {
    /** Names the directory on the host; a change of it installs anew. */
    version: string;
    /** An `https://`, `http://` or `file://` address of a .zip with the program in it, or of the program itself. `{arch}` stands for amd64 or arm64. */
    url: string;
    /** SHA-256 of the download by architecture: `{ amd64: "…", arm64: "…" }`. What is not listed is not verified. @default {} */
    sha256?: Record<string, string>;
}
