import * as pulumi from "@pulumi/pulumi";
import * as iam from "@pulumi/aws/iam";
import { MonitoringHostArgs } from "./args";
import { tags } from "./tags";
import { assumedBy } from "./trust";

/**
 * What a session needs and no more. Amazon's own policy (AmazonSSMManagedInstanceCore) would let the machine, and whoever gets onto it, read
 * every parameter of the account besides. None of these actions can be narrowed to one resource.
 */
export const SESSION_POLICY = JSON.stringify({
    Version: "2012-10-17",
    Statement: [{
        Effect: "Allow",
        Action: [
            "ssm:UpdateInstanceInformation",
            "ssmmessages:CreateControlChannel", "ssmmessages:CreateDataChannel", "ssmmessages:OpenControlChannel", "ssmmessages:OpenDataChannel",
        ],
        Resource: "*",
    }],
});

/** The profile by which people get a shell without SSH; none unless asked for: a machine without a role has nothing to steal. */
export function createProfile(name: string, args: MonitoringHostArgs, parent: pulumi.Resource): pulumi.Output<string> | undefined {
    if (!args.sessionManager) return undefined;
    const role = new iam.Role(`${name}-role`, { assumeRolePolicy: assumedBy("ec2.amazonaws.com"), tags: tags(name, args) }, { parent });
    new iam.RolePolicy(`${name}-session-manager`, { role: role.name, policy: SESSION_POLICY }, { parent });
    return new iam.InstanceProfile(`${name}-profile`, { role: role.name, tags: tags(name, args) }, { parent }).name;
}
