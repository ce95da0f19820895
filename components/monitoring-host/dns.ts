import * as pulumi from "@pulumi/pulumi";
import * as route53 from "@pulumi/aws/route53";
import { MonitoringHostArgs } from "./args";

/** What the record of the user's own name points at. */
export interface DnsTarget {
    /** The DNS name of a static address; absent where there is none. */
    staticName?: pulumi.Output<string>;
    address: pulumi.Output<string>;
}

/** Seconds for which resolvers keep the record: short, as a machine without a static address moves. */
const TTL = 60;

/**
 * A record for a name of the user's own; undefined where none is wanted. An alias (CNAME) of Amazon's name for the static address, as that name
 * is the private address inside the VPC and the public one outside; the address itself would send agents in the VPC out and in again.
 */
export function createRecord(name: string, args: MonitoringHostArgs, target: DnsTarget, parent: pulumi.Resource): pulumi.Output<string> | undefined {
    if (!args.dns) return undefined;
    const { staticName, address } = target;
    const to = staticName ? { type: "CNAME", records: [staticName] } : { type: "A", records: [address] };
    const { zoneId, name: recordName } = args.dns;
    return new route53.Record(`${name}-dns`, { zoneId, name: recordName, ttl: TTL, ...to }, { parent }).fqdn;
}
