import * as zlib from "zlib";
import * as pulumi from "@pulumi/pulumi";
import type { ExternalEndpoint } from "../endpoint";
import { Scripts } from "../machine";
import { failOn, Problem } from "../problems";
import { renderTemplate } from "../render";
import type { AgentGateway, LogAgentArgs } from "./args";

/** What `LogAgent.userData` needs: what all hosts of a launch template have in common. */
export interface LogAgentUserDataArgs extends Omit<LogAgentArgs, "machine" | "host" | "canary"> {
    /** Shell text that prints the host's name, its label `instance`, at its first boot. @default the EC2 instance's id, or else `hostname` */
    hostCommand?: string;
    /**
     * Shell text that prints the gateway's token at the first boot, so that user data, which many may read, holds none, e.g.
     * `aws ssm get-parameter --with-decryption --name /monitoring/prod/token --query Parameter.Value --output text`. @default the token is in the user data
     */
    tokenCommand?: string;
}

/** Stands in the scripts for what is known at boot only. Both are words that nothing else holds. */
export const HOST_AT_BOOT = "photogather-host-at-boot";
const TOKEN_AT_BOOT = "photogather-token-at-boot";
/** By IMDSv2, as instances that allow nothing else need it. */
const INSTANCE_ID = `token=$(curl -fsS -m 5 -X PUT -H 'X-aws-ec2-metadata-token-ttl-seconds: 60' http://169.254.169.254/latest/api/token 2>/dev/null) &&
  curl -fsS -m 5 -H "X-aws-ec2-metadata-token: $token" http://169.254.169.254/latest/meta-data/instance-id || hostname`;
/** What EC2 takes, before it is encoded. */
const MOST_BYTES = 16384;

/** Without the gateway's token: in `gateway`, and in `external.metrics` where metrics are pushed to it by the same one. */
export function withTokenAtBoot({ gateway, external, ...rest }: LogAgentArgs): LogAgentArgs {
    const [known, metrics] = [pulumi.output(gateway) as pulumi.Output<AgentGateway>, pulumi.output(external?.metrics) as pulumi.Output<ExternalEndpoint>];
    return {
        ...rest, gateway: known.apply((all) => ({ ...all, token: TOKEN_AT_BOOT })),
        external: external && { ...external, ...(external.metrics ? { metrics: pulumi.all([known, metrics]).apply(([{ token }, endpoint]) => (endpoint.token === token ? { ...endpoint, token: TOKEN_AT_BOOT } : endpoint)) } : {}) },
    };
}

/** Problems that only user data can have. */
export function validateUserData({ gateway, hostMetrics, tokenCommand }: LogAgentUserDataArgs): Problem[] {
    return [
        ...(hostMetrics && hostMetrics.enabled !== false ? [{ path: "hostMetrics", message: "expected nothing: Prometheus does not know these hosts; their metrics are sent to external.metrics" }] : []),
        ...(tokenCommand && !gateway ? [{ path: "tokenCommand", message: "needs gateway: its token is what the command prints" }] : []),
    ];
}

/**
 * User data as EC2 takes it: a script for cloud-init, compressed and in base64.
 *
 * @throws pulumi.RunError where it is more than EC2 takes
 */
export function encodeUserData({ create, input }: Scripts, { hostCommand = INSTANCE_ID, tokenCommand = "" }: Pick<LogAgentUserDataArgs, "hostCommand" | "tokenCommand">): string {
    const script = renderTemplate("log-agent/user-data.sh", {
        hostCommand, tokenCommand, host: HOST_AT_BOOT, token: TOKEN_AT_BOOT, script: create, input: input.trimEnd(),
    });
    const compressed = zlib.gzipSync(script, { level: 9 });
    failOn("LogAgent.userData", compressed.length <= MOST_BYTES ? []
        : [{ path: "", message: `is ${compressed.length} bytes, and EC2 takes ${MOST_BYTES}: bake the agent into the image, or leave out what is long (patterns, redactions, CAs)` }]);
    return compressed.toString("base64");
}
