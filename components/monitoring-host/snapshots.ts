import * as pulumi from "@pulumi/pulumi";
import * as dlm from "@pulumi/aws/dlm";
import * as ebs from "@pulumi/aws/ebs";
import * as iam from "@pulumi/aws/iam";
import { MonitoringHostArgs } from "./args";
import { partitionOf } from "./arn";
import { globalName, tags } from "./tags";
import { assumedBy } from "./trust";

/** A day's snapshots are taken within the hour after this time. */
const DEFAULT_TIME = "03:00";
export const DEFAULT_SNAPSHOTS = 7;

/** How many daily snapshots are kept. */
export function snapshotCount({ dataVolume }: MonitoringHostArgs): number {
    return dataVolume?.snapshots ?? DEFAULT_SNAPSHOTS;
}

/** The tag by which the snapshots' policy finds the volume: of this stack and component, as policies look through the whole account. */
export function snapshotTag(name: string, args: MonitoringHostArgs): Record<string, string> {
    return snapshotCount(args) > 0 ? { "photogather-monitoring:snapshots": globalName(name) } : {};
}

/** What to take, when, and how many to keep. */
export function planSnapshots(name: string, args: MonitoringHostArgs): dlm.LifecyclePolicyArgs["policyDetails"] {
    return {
        resourceTypes: ["VOLUME"], targetTags: snapshotTag(name, args),
        schedules: [{
            name: "daily", createRule: { interval: 24, intervalUnit: "HOURS", times: args.dataVolume?.snapshotTime ?? DEFAULT_TIME },
            retainRule: { count: snapshotCount(args) },
            // Not the volume's own tags: by the one above, a volume made from the snapshot in another stack would be this policy's too.
            copyTags: false, tagsToAdd: tags(`${name}-data`, args),
        }],
    };
}

/** Daily snapshots by Data Lifecycle Manager, which works whether or not the machine does. They stay when the stack goes. */
export function createSnapshots(name: string, args: MonitoringHostArgs, volume: ebs.Volume, parent: pulumi.Resource): void {
    if (snapshotCount(args) === 0) return;
    const role = new iam.Role(`${name}-snapshots-role`, { assumeRolePolicy: assumedBy("dlm.amazonaws.com"), tags: tags(name, args) }, { parent });
    const rights = new iam.RolePolicyAttachment(`${name}-snapshots-rights`, {
        // Amazon's own policy for this service, and only this service can take the role: what it calls changes with it.
        role: role.name, policyArn: volume.arn.apply((arn) => `arn:${partitionOf(arn)}:iam::aws:policy/service-role/AWSDataLifecycleManagerServiceRole`),
    }, { parent });
    new dlm.LifecyclePolicy(`${name}-snapshots`, {
        description: `Daily snapshots of ${name}`.replace(/[^0-9A-Za-z _-]/g, " "), executionRoleArn: role.arn, state: "ENABLED",
        policyDetails: planSnapshots(name, args), tags: tags(name, args),
    }, { parent, dependsOn: [rights] });
}
