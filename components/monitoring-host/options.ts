import * as pulumi from "@pulumi/pulumi";
import { MonitoringHostArgs } from "./args";

/** Resource options are computed here, as plain values, because Pulumi's mocks do not show them to a test. */
type Options = Pick<pulumi.CustomResourceOptions, "protect" | "retainOnDelete" | "deleteBeforeReplace" | "ignoreChanges" | "replaceOnChanges" | "deletedWith">;

/** The machine may go at any time; its data, address, keys and volume stay. */
export function instanceOptions(): Options {
    return {
        // The volume can be attached to one machine only, so the new one cannot start beside the old one.
        deleteBeforeReplace: true,
        // EC2 would stop and start the machine for another type, and Pulumi would go on to its containers while it still boots. A new machine
        // is waited for; so one way for whatever changes the machine, and it is the one that is needed for another architecture anyway.
        replaceOnChanges: ["instanceType"],
    };
}

/** The image stays the one that the machine was made with. */
export function imageOptions(): Options {
    // The memory would keep its output all the same; this keeps each new image of Canonical's from showing as a change.
    return { ignoreChanges: ["input"] };
}

/** The volume holds what cannot be made again. */
export function volumeOptions(args: MonitoringHostArgs): Options {
    return {
        protect: args.dataVolume?.protect ?? true,
        // Should it leave the stack after all, it stays in the account.
        retainOnDelete: args.dataVolume?.retain ?? true,
        // Another order of zones, or a new one, must not move the volume; a subnet that is named does.
        ignoreChanges: args.subnetId ? [] : ["availabilityZone"],
    };
}

/** The volume leaves one machine before it gets to the next; a machine that goes for good lets go of it by itself, after a clean shutdown. */
export function attachmentOptions(instance: pulumi.Resource): Options {
    return { deleteBeforeReplace: true, deletedWith: instance };
}

/** An address points at one machine, and at none when that has gone. */
export function addressOptions(instance: pulumi.Resource): Options {
    return { deleteBeforeReplace: true, deletedWith: instance };
}

/** A pair is named by what is in it; where keys are made here, by the machine's own key: two pairs of one name cannot be there at once. */
export function keyPairOptions(args: MonitoringHostArgs): Options {
    return { deleteBeforeReplace: args.publicKey === undefined };
}

/** A rule goes with its group. */
export function ruleOptions(group: pulumi.Resource): Options {
    return { deletedWith: group };
}
