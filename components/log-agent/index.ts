import * as pulumi from "@pulumi/pulumi";
import { GatewayConnection } from "../connection";
import { machineFiles } from "../machine";
import { javaAgentBundle, planJavaAgent, renderJavaAgentSweep } from "../otel-java-agent/plan";
import { failOn } from "../problems";
import { HostMetrics, LogAgentArgs } from "./args";
import { BUNDLE_NAME, MetricsSecrets, planBundle } from "./bundle";
import { KnownExternal } from "./external";
import { renderInstall, renderPrepare, renderRemove } from "./install";
import { planLogAgent } from "./plan";
import { validateLogAgent } from "./validate";

export * from "./args";
export * from "./external-args";
export * from "./target";

/**
 * The agent of one WAS host: sends its logs to Loki and its traces to Tempo through the gateway, offers its host metrics to Prometheus, and keeps
 * on disk what the gateway cannot take yet. Alloy by default; Promtail where `agent` says so.
 *
 * Cost on the host: about 200 MiB of memory, 0.15 core at 500 lines/s and 100 spans/s, and the buffer's size on disk while the gateway is away.
 *
 * @example
 * new LogAgent("was-1", {
 *     machine: { ssh }, host: "was-1", environment: "prod", application: "shop", gateway: connection.gateway,
 *     logs: { files: ["/var/log/shop/*.log"] },
 * });
 */
export class LogAgent extends pulumi.ComponentResource {
    constructor(name: string, args: LogAgentArgs, opts?: pulumi.ComponentResourceOptions) {
        super("photogather-monitoring:index:LogAgent", name, {}, opts);
        failOn(`LogAgent ${name}`, validateLogAgent(args));
        const plan = planLogAgent(args);
        const javaAgents = (args.javaAgents ?? []).map(planJavaAgent);
        const metrics = plan.metrics.enabled ? resolveMetrics(args.hostMetrics!) : pulumi.output(undefined);
        const gateway = pulumi.output(args.gateway) as pulumi.Output<GatewayConnection | undefined>;
        const external = pulumi.output({ endpoints: args.external ?? {}, passwords: (args.push?.applications ?? []).map(({ password }) => password ?? "") }) as pulumi.Output<KnownExternal>;
        machineFiles(`${name}-files`, {
            machine: args.machine, bundleName: BUNDLE_NAME,
            bundle: pulumi.all([gateway, metrics, external]).apply(([connection, secrets, endpoints]) => planBundle(plan, connection, secrets, endpoints)),
            before: renderPrepare(plan), after: renderInstall(plan) + renderJavaAgentSweep(plan.host, BUNDLE_NAME, javaAgents), remove: renderRemove(),
            more: javaAgents.map(javaAgentBundle),
        }, { parent: this, dependsOn: opts?.dependsOn });
        this.registerOutputs({});
    }
}

function resolveMetrics({ password, certificate, privateKey }: HostMetrics): pulumi.Output<MetricsSecrets | undefined> {
    return pulumi.all([password, certificate, privateKey]).apply(([password, certificate, privateKey]) => ({ password, certificate, privateKey }));
}
