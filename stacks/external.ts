import * as pulumi from "@pulumi/pulumi";
import { ExternalEndpoints } from "../components/log-agent";
import { validateExternal } from "../components/log-agent/external";
import { Problem, under } from "../components/problems";
import type { ExternalConfig } from "./schema";

/** An endpoint as the components take it: what is secret marked as such. */
export function secretEndpoint<T extends NonNullable<ExternalConfig["logs"]>>(endpoint: T) {
    const { password, token } = endpoint;
    return { ...endpoint, ...(password === undefined ? {} : { password: pulumi.secret(password) }), ...(token === undefined ? {} : { token: pulumi.secret(token) }) };
}

/** All endpoints of a stack, likewise. */
export function externalEndpoints({ logs, traces, metrics }: ExternalConfig): ExternalEndpoints {
    return { logs: logs && secretEndpoint(logs), traces: traces && secretEndpoint(traces), metrics: metrics && secretEndpoint(metrics) };
}

/**
 * Rules between the endpoints, and those of the component.
 *
 * @param shared whether there is a shared deployment, too
 */
export function crossCheckExternal(external: ExternalConfig, shared: boolean): Problem[] {
    const { logs, traces, metrics } = external;
    return [
        ...under("monitoring", validateExternal(external)),
        ...(logs ?? traces ?? metrics ? [] : [{ path: "monitoring.external", message: "expected at least one of logs, traces and metrics" }]),
        ...(shared || logs ? [] : [{ path: "monitoring.external.logs", message: "expected an endpoint: without a shared deployment logs would go nowhere" }]),
    ];
}
