import { Machine } from "../machine";

/** What `OtelJavaAgent` needs: one application on one WAS host. */
export interface OtelJavaAgentArgs extends JavaAgentSettings {
    /** How to reach the WAS host. */
    machine: Machine;
}

/** The Java agent of one application. */
export interface JavaAgentSettings {
    /** The service name of the spans, and the name of the environment file, e.g. `shop`. */
    application: string;
    /** The host's name: the `instance` label, e.g. `was-1`. */
    instance: string;
    /** e.g. `prod`. */
    environment: string;
    /** Where spans go: the log agent on the same host. A container needs an address that it can reach. @default "http://127.0.0.1:4318" */
    otlpEndpoint?: string;
    /** Share of traces that the application makes, 0 to 1. The log agent samples when a trace is complete, so 1 is right nearly always. @default 1 */
    samplingRatio?: number;
    /**
     * Methods that get a span of their own, by class, e.g. `{ "com.example.shop.OrderService": ["place"] }`. Controllers, repositories, SQL and HTTP
     * have theirs anyway. @default {}
     */
    methods?: Record<string, string[]>;
    /** More of the environment file: names `OTEL_…`, values of letters, digits and `_@%+=:,./-`. They win over the defaults. @default {} */
    properties?: Record<string, string>;
    /** A systemd service that shall include the environment file, by a drop-in, from its next start on, e.g. `shop.service`. @default none */
    systemdService?: string;
    /** A systemd service to restart when something changed, e.g. `shop.service`. @default none: nothing is restarted */
    restartService?: string;
    /** A container to restart when something changed. It must read the environment file at its start: Docker itself reads `--env-file` once. @default none */
    restartContainer?: string;
    /** The agent's version; names the jar. @default the pinned one */
    version?: string;
    /** Where the jar comes from: `https://`, `http://` or `file://`. @default the release of the project */
    url?: string;
    /** SHA-256 of the jar, 64 hex digits. @default that of the pinned version */
    sha256?: string;
}
