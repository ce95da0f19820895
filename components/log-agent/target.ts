import { TargetArgs } from "../metrics-target/args";
import { hostPort } from "../names";
import { ALLOY_PORT } from "./paths";

/** Where Prometheus finds the metrics of a host and of its agent. */
export interface LogAgentTargetArgs {
    /** The host's IP address as the monitoring host reaches it. */
    address: string;
    /** `hostMetrics.port`. @default 12345 */
    port?: number;
    /** The `instance` label: the agent's `host`. */
    host: string;
    /** The `application` label. */
    application: string;
    /** Extra labels. @default {} */
    labels?: Record<string, string>;
}

/** Credentials and CA of all agents of an environment are registered once, under this name; it is in their certificate too, as `serverName`. */
export const LOG_AGENT_PROFILE = "log-agent";
/** Where Alloy offers the host's metrics. */
export const HOST_METRICS_PATH = "/api/v0/component/prometheus.exporter.unix.host/metrics";

/** The host's metrics and the agent's own as targets of `MetricsTarget`: both on Alloy's port, with TLS and the profile's credentials. */
export function logAgentTargets(args: LogAgentTargetArgs): TargetArgs[] {
    const common = {
        profile: LOG_AGENT_PROFILE, address: hostPort(args.address, args.port ?? ALLOY_PORT), scheme: "https",
        application: args.application, instance: args.host, labels: args.labels ?? {},
    };
    return [{ ...common, kind: "host", path: HOST_METRICS_PATH }, { ...common, kind: "agent", path: "/metrics" }];
}
