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

/** What finding WAS hosts by their tags needs. This action cannot be narrowed to single instances. */
export const DISCOVERY_POLICY = JSON.stringify({ Version: "2012-10-17", Statement: [{ Effect: "Allow", Action: "ec2:DescribeInstances", Resource: "*" }] });

/** The machine's role, with what was asked for and no more; none unless asked: a machine without a role has nothing to steal. */
export function createProfile(name: string, args: MonitoringHostArgs, parent: pulumi.Resource): pulumi.Output<string> | undefined {
    if (!args.sessionManager && !args.ec2Discovery) return undefined;
    const role = new iam.Role(`${name}-role`, { assumeRolePolicy: assumedBy("ec2.amazonaws.com"), tags: tags(name, args) }, { parent });
    if (args.sessionManager) new iam.RolePolicy(`${name}-session-manager`, { role: role.name, policy: SESSION_POLICY }, { parent });
    if (args.ec2Discovery) new iam.RolePolicy(`${name}-ec2-discovery`, { role: role.name, policy: DISCOVERY_POLICY }, { parent });
    return new iam.InstanceProfile(`${name}-profile`, { role: role.name, tags: tags(name, args) }, { parent }).name;
}
