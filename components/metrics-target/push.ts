import * as pulumi from "@pulumi/pulumi";
import { GatewayConnection, PUSH_PATH } from "../connection";
import { PushEndpoint } from "./args";

/** The gateway as an endpoint of metrics: what comes there with an environment's token goes to that environment's relay. */
export function pushEndpoint(gateway: pulumi.Input<GatewayConnection>): pulumi.Output<PushEndpoint> {
    return pulumi.secret(pulumi.output(gateway).apply(({ url, token, ca }) => ({ url: `${url}${PUSH_PATH}`, token, ca })));
}
