import * as pulumi from "@pulumi/pulumi";
import { MonitoringHostArgs } from "./args";

/** Resource options are computed here, as plain values, because Pulumi's mocks do not show them to a test. */
type Options = Pick<pulumi.CustomResourceOptions, "protect" | "retainOnDelete" | "deleteBeforeReplace" | "ignoreChanges">;

/** The machine may go at any time; its data, address, keys and volume stay. */
export function instanceOptions(args: MonitoringHostArgs): Options {
    return {
        // The volume can be attached to one machine only, so the new one cannot start beside the old one.
        deleteBeforeReplace: true,
        // Canonical publishes an image every few weeks: it is for the next machine, not a reason to replace this one. An image that is named is.
        ignoreChanges: args.ami ? [] : ["ami"],
    };
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

/** The volume leaves one machine before it gets to the next. */
export function attachmentOptions(): Options {
    return { deleteBeforeReplace: true };
}

/** An address points at one machine. */
export function addressOptions(): Options {
    return { deleteBeforeReplace: true };
}
