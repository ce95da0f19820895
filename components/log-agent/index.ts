import * as pulumi from "@pulumi/pulumi";
import { GatewayConnection } from "../connection";
import { machineFiles, MachineFilesArgs, machineFilesScripts } from "../machine";
import { javaAgentBundle, planJavaAgent, renderJavaAgentSweep } from "../otel-java-agent/plan";
import { failOn } from "../problems";
import { HostMetrics, LogAgentArgs } from "./args";
import { BUNDLE_NAME, MetricsSecrets, planBundle } from "./bundle";
import { checkKnown, KnownExternal } from "./external";
import { renderInstall, renderPrepare, renderRemove } from "./install";
import { planLogAgent } from "./plan";
import { encodeUserData, HOST_AT_BOOT, LogAgentUserDataArgs, validateUserData, withTokenAtBoot } from "./user-data";
import { validateLogAgent } from "./validate";

export * from "./args";
export * from "./external-args";
export * from "./target";
export { LogAgentUserDataArgs } from "./user-data";

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
        machineFiles(`${name}-files`, agentFiles(args), { parent: this, dependsOn: opts?.dependsOn });
        this.registerOutputs({});
    }

    /**
     * The same for hosts that nobody logs in to, as those of a launch template: user data that puts the agent on an instance at its first boot. Prometheus does not know
     * such hosts: give them `external.metrics`. What changes here reaches instances that are made afterwards.
     *
     * @returns base64 of a compressed script, as `userData` of a launch template and `userDataBase64` of an instance take it; a secret
     * @throws pulumi.RunError where an argument is wrong, or where EC2 would take no more than a part of it
     * @example
     * new aws.ec2.LaunchTemplate("was", { userData: LogAgent.userData({
     *     environment: "prod", application: "shop", gateway: connection.gateway, logs: { files: ["/var/log/shop/*.log"] },
     * }) });
     */
    static userData(args: LogAgentUserDataArgs): pulumi.Output<string> {
        const { hostCommand, tokenCommand, ...rest } = args;
        const all: LogAgentArgs = {
            ...rest, machine: {}, host: HOST_AT_BOOT,
            javaAgents: rest.javaAgents?.map((settings) => ({ ...settings, instance: HOST_AT_BOOT })),
        };
        failOn("LogAgent.userData", [...validateLogAgent(all), ...validateUserData(args)]);
        return machineFilesScripts(agentFiles(tokenCommand ? withTokenAtBoot(all) : all)).apply((scripts) => encodeUserData(scripts, { hostCommand, tokenCommand }));
    }
}

/** All that the agent needs on its machine. */
function agentFiles(args: LogAgentArgs): MachineFilesArgs {
    const plan = planLogAgent(args);
    const javaAgents = (args.javaAgents ?? []).map(planJavaAgent);
    const metrics = plan.metrics.enabled ? resolveMetrics(args.hostMetrics!) : pulumi.output(undefined);
    const gateway = pulumi.output(args.gateway) as pulumi.Output<GatewayConnection | undefined>;
    const external = (pulumi.output({ endpoints: args.external ?? {}, passwords: (args.push?.applications ?? []).map(({ password }) => password ?? "") }) as pulumi.Output<KnownExternal>)
        .apply((known) => checkKnown(`LogAgent ${args.host}`, known));
    return {
        machine: args.machine, bundleName: BUNDLE_NAME,
        bundle: pulumi.all([gateway, metrics, external]).apply(([connection, secrets, endpoints]) => planBundle(plan, connection, secrets, endpoints)),
        before: renderPrepare(plan), after: renderInstall(plan) + renderJavaAgentSweep(plan.host, BUNDLE_NAME, javaAgents), remove: renderRemove(),
        more: javaAgents.map(javaAgentBundle),
    };
}

function resolveMetrics({ password, certificate, privateKey }: HostMetrics): pulumi.Output<MetricsSecrets | undefined> {
    return pulumi.all([password, certificate, privateKey]).apply(([password, certificate, privateKey]) => ({ password, certificate, privateKey }));
}
