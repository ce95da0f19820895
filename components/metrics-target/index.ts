import * as pulumi from "@pulumi/pulumi";
import type { ExternalEndpoint } from "../endpoint";
import { isSection, machineCommand, SshConnection, validateSsh } from "../machine";
import { failOn, under } from "../problems";
import { MetricsTargetArgs, RegistrationArgs } from "./args";
import { pushEndpoint } from "./push";
import { REGISTRATION } from "./registration";
import { renderTargets, TargetList, validateTargets } from "./targets";

export * from "./args";

/**
 * How the metrics of one environment get to the monitoring host.
 *
 * Pulled: it tells the Prometheus there what to scrape. The list goes through an SSH identity that can only replace or remove its own environment's list; nothing is
 * restarted, and a target is scraped within seconds. Pushed, for hosts that Prometheus cannot reach: it gives the endpoint that their agents send to, which the
 * environment has with `pushedMetrics` in `MonitoringServices`.
 *
 * Cost: nothing runs for it; one SSH call per change of what is pulled, none for what is pushed.
 *
 * @example
 * new MetricsTarget("metrics", {
 *     environment: "dev",
 *     registration: connection.registration,
 *     targets: [{ kind: "application", address: "10.0.1.2:8080", application: "orders", instance: "orders-1", path: "/actuator/prometheus" }],
 * });
 *
 * @example
 * const pushed = new MetricsTarget("metrics-pushed", { environment: "dev", mode: "push", gateway: connection.gateway });
 * new LogAgent("orders-2", { …, external: { metrics: pushed.endpoint }, push: { applications: [{ address: "127.0.0.1:8080" }] } });
 */
export class MetricsTarget extends pulumi.ComponentResource {
    /** Number of targets that are registered; known when the monitoring host has taken them. 0 where metrics are pushed. */
    public readonly targetCount: pulumi.Output<number>;
    /** Where agents send metrics that are pushed, a secret; absent where they are pulled. */
    public readonly endpoint?: pulumi.Output<ExternalEndpoint>;

    constructor(name: string, args: MetricsTargetArgs, opts?: pulumi.ComponentResourceOptions) {
        super("photogather-monitoring:index:MetricsTarget", name, {}, opts);
        const { mode = "pull", registration, targets = [], gateway } = args;
        failOn(`MetricsTarget ${name}`, [...validateTargets(args), ...(registration ? under("registration", validateSsh(connectionOf(registration))) : [])]);

        if (mode === "push") {
            this.endpoint = pushEndpoint(`MetricsTarget ${name}`, gateway!);
            this.targetCount = pulumi.output(0);
            this.registerOutputs({ targetCount: this.targetCount, endpoint: this.endpoint });
            return;
        }
        const registered = machineCommand(`${name}-targets`, {
            machine: { ssh: connectionOf(registration!) },
            // The words of the forced command, not shell text: the identity has no shell. `set` runs on every change.
            create: "set",
            delete: "remove",
            // Another environment's list is another one: the old one is taken back, by the identity that wrote it.
            triggers: [args.environment],
            // Addresses and labels are no secrets, but profiles are, and they are one text.
            stdin: pulumi.secret(pulumi.output({ environment: args.environment, targets, profiles: args.profiles ?? {}, repair: args.repair })
                .apply((list) => renderTargets(list as TargetList))),
        }, { parent: this, dependsOn: opts?.dependsOn });

        this.targetCount = registered.id.apply(() => targets.length);
        this.registerOutputs({ targetCount: this.targetCount });
    }
}

/** All of it may be an Output: what a StackReference gives is one, and programs in other languages hand it on whole. */
function connectionOf(registration: pulumi.Input<RegistrationArgs>): pulumi.Input<SshConnection> {
    const withUser = (given: RegistrationArgs) => ({ ...given, user: given.user ?? REGISTRATION.user });
    return isSection(registration)
        ? withUser(registration) : pulumi.output(registration).apply((known) => withUser(known as RegistrationArgs)) as pulumi.Output<SshConnection>;
}
