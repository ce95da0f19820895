import * as pulumi from "@pulumi/pulumi";
import { GatewayConnection, PUSH_PATH, validateGateway } from "../connection";
import type { ExternalEndpoint } from "../endpoint";
import type { AgentGateway } from "../log-agent/args";
import { failOn } from "../problems";

/**
 * The gateway as an endpoint of metrics: what comes there with an environment's token goes to that environment's relay.
 *
 * @throws pulumi.RunError where it is no gateway, once that is known
 */
export function pushEndpoint(what: string, gateway: pulumi.Input<AgentGateway>): pulumi.Output<ExternalEndpoint> {
    return pulumi.secret((pulumi.output(gateway) as pulumi.Output<GatewayConnection>).apply((known) => {
        failOn(what, validateGateway(known));
        return { url: `${known.url}${PUSH_PATH}`, token: known.token, ca: known.ca };
    }));
}
