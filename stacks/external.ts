import * as pulumi from "@pulumi/pulumi";
import { ExternalEndpoints } from "../components/log-agent";
import { validateExternal } from "../components/log-agent/external";
import { Problem, under } from "../components/problems";
import type { ExternalConfig } from "./schema";

/** The endpoints as the components take them: what is secret marked as such. */
export function externalEndpoints(external: ExternalConfig): ExternalEndpoints {
    const secrets = (endpoint: ExternalConfig["metrics"]) => endpoint && {
        ...endpoint,
        ...(endpoint.password === undefined ? {} : { password: pulumi.secret(endpoint.password) }), ...(endpoint.token === undefined ? {} : { token: pulumi.secret(endpoint.token) }),
    };
    return { logs: secrets(external.logs), traces: secrets(external.traces), metrics: secrets(external.metrics) };
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
