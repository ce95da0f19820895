import * as pulumi from "@pulumi/pulumi";
import * as ssm from "@pulumi/aws/ssm";
import { MonitoringHostArgs } from "./args";
import { imageOptions } from "./options";

/** Canonical's public parameter for the current image of an architecture. */
export function imageParameter(architecture: string): string {
    return `/aws/service/canonical/ubuntu/server/24.04/stable/current/${architecture}/hvm/ebs-gp3/ami-id`;
}

/** Another architecture or release is another memory, and so has the image looked up anew. */
export function imageName(name: string, architecture: string, { imageRelease }: MonitoringHostArgs): string {
    return [name, "image", architecture, ...(imageRelease ? [imageRelease] : [])].join("-");
}

/**
 * The image that is named; else Canonical's current one as it was when this release was first deployed. Canonical publishes every few weeks,
 * which is no reason to replace a machine, so the state remembers the answer.
 */
export function findImage(name: string, architecture: string, args: MonitoringHostArgs, parent: pulumi.Resource): pulumi.Input<string> {
    if (args.ami) return args.ami;
    // The id is no secret, though a parameter's value is taken for one.
    const current = pulumi.unsecret(ssm.getParameterOutput({ name: imageParameter(architecture) }, { parent }).value);
    return new pulumi.Stash(imageName(name, architecture, args), { input: current }, { parent, ...imageOptions() }).output;
}
