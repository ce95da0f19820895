import * as pulumi from "@pulumi/pulumi";
import { GatewayConnection, PUSH_PATH } from "../connection";
import { ExternalEndpoint } from "../endpoint";

/**
 * The shared deployment as an endpoint of metrics, for hosts that Prometheus cannot reach: `external.metrics` of `LogAgent`. The environment needs `pushedMetrics` in
 * `MonitoringServices`.
 *
 * Metrics of the machine and of the agent go there; those of applications need `push.applications` beside it.
 *
 * @example
 * new LogAgent("was-1", {
 *     …, gateway: connection.gateway, external: { metrics: relayEndpoint(connection.gateway) }, push: { applications: [{ address: "127.0.0.1:8080" }] },
 * });
 */
export function relayEndpoint(gateway: pulumi.Input<GatewayConnection>): ExternalEndpoint {
    const known = pulumi.output(gateway);
    return { url: known.apply(({ url }) => `${url}${PUSH_PATH}`), token: pulumi.secret(known.apply(({ token }) => token)), ca: known.apply(({ ca }) => ca) };
}
