import * as pulumi from "@pulumi/pulumi";
import { Machine, machineScript } from "../machine";
import { membersGuardScript } from "./scripts";

/** Arguments of `MembersGuard`. */
export interface MembersGuardArgs {
    /** The monitoring host. */
    machine: Machine;
    /** The environment of the stack itself, which is no member. @default "" */
    ownEnvironment?: string;
    /** Lets `destroy` go on while members are registered. @default false */
    destroyWithMembers?: boolean;
}

/**
 * Refuses the stack's `destroy` while other environments have targets on the monitoring host. What depends on others is deleted before them: so make it
 * last, with `dependsOn` everything that must still stand when `destroy` is refused.
 *
 * @example
 * new MembersGuard("members-guard", { machine, ownEnvironment: "prod" }, { dependsOn: [services, metrics, ...agents] });
 */
export class MembersGuard extends pulumi.ComponentResource {
    constructor(name: string, args: MembersGuardArgs, opts?: pulumi.ComponentResourceOptions) {
        super("photogather-monitoring:index:MembersGuard", name, {}, opts);
        machineScript(`${name}-check`, {
            machine: args.machine, create: ":", delete: membersGuardScript(args.ownEnvironment ?? "", args.destroyWithMembers ?? false),
        }, { parent: this, dependsOn: opts?.dependsOn });
        this.registerOutputs({});
    }
}
