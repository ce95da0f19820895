import * as pulumi from "@pulumi/pulumi";
import { isSection, machineCommand, SshConnection, validateSsh } from "../machine";
import { failOn, under } from "../problems";
import { MetricsTargetArgs, RegistrationArgs } from "./args";
import { REGISTRATION } from "./registration";
import { renderTargets, TargetList, validateTargets } from "./targets";

export * from "./args";

/**
 * Tells the monitoring host's Prometheus what to scrape for one environment. The list goes through an SSH identity that can only replace or
 * remove its own environment's list; nothing is restarted, and a target is scraped within seconds.
 *
 * Cost: nothing runs for it; one SSH call per change.
 *
 * @example
 * new MetricsTarget("metrics", {
 *     environment: "dev",
 *     registration: connection.registration,
 *     targets: [{ kind: "application", address: "10.0.1.2:8080", application: "orders", instance: "orders-1", path: "/actuator/prometheus" }],
 * });
 */
export class MetricsTarget extends pulumi.ComponentResource {
    /** Number of targets that are registered; known when the monitoring host has taken them. */
    public readonly targetCount: pulumi.Output<number>;

    constructor(name: string, args: MetricsTargetArgs, opts?: pulumi.ComponentResourceOptions) {
        super("photogather-monitoring:index:MetricsTarget", name, {}, opts);
        failOn(`MetricsTarget ${name}`, [...validateTargets(args), ...under("registration", validateSsh(connectionOf(args.registration)))]);

        const registered = machineCommand(`${name}-targets`, {
            machine: { ssh: connectionOf(args.registration) },
            // The words of the forced command, not shell text: the identity has no shell. `set` runs on every change.
            create: "set",
            delete: "remove",
            // Another environment's list is another one: the old one is taken back, by the identity that wrote it.
            triggers: [args.environment],
            // Addresses and labels are no secrets, but profiles are, and they are one text.
            stdin: pulumi.secret(pulumi.output({ environment: args.environment, targets: args.targets, profiles: args.profiles ?? {}, repair: args.repair })
                .apply((list) => renderTargets(list as TargetList))),
        }, { parent: this, dependsOn: opts?.dependsOn });

        this.targetCount = registered.id.apply(() => args.targets.length);
        this.registerOutputs({ targetCount: this.targetCount });
    }
}

/** All of it may be an Output: what a StackReference gives is one, and programs in other languages hand it on whole. */
function connectionOf(registration: pulumi.Input<RegistrationArgs>): pulumi.Input<SshConnection> {
    const withUser = (given: RegistrationArgs) => ({ ...given, user: given.user ?? REGISTRATION.user });
    return isSection(registration)
        ? withUser(registration) : pulumi.output(registration).apply((known) => withUser(known as RegistrationArgs)) as pulumi.Output<SshConnection>;
}
