import * as pulumi from "@pulumi/pulumi";

/** Arguments of `MonitoringHost`. */
export interface MonitoringHostArgs {
    /** EC2 instance type of a Nitro family; Graviton types (`t4g`, `m7g`…) get an arm64 image. @default "t4g.small" */
    instanceType?: string;
    /** Image id of an Ubuntu 24.04 or alike; another one replaces the machine. @default Canonical's current Ubuntu 24.04 when the machine is made; it stays on that */
    ami?: string;
    /**
     * Moves the machine to Canonical's present image: any value that differs from the last one looks the image up again, and replaces the machine
     * where there is a newer one. Say when you moved, e.g. `"2026-11"`. Not with `ami`. @default the image stays
     */
    imageRelease?: string;
    /** Subnet of the machine, in whose availability zone its data volume is. @default the default VPC's subnet in the first zone that offers the type */
    subnetId?: string;
    /** Who may reach the gateway, i.e. Grafana and the agents' way in: CIDRs, security group ids (`sg-…`) or prefix lists (`pl-…`). */
    gatewayFrom: string[];
    /** @default 8080 */
    gatewayPort?: number;
    /** Who may reach SSH: where `pulumi up` runs, for the owner stack and (target registration) for every member. Forms as in `gatewayFrom`. */
    sshFrom: string[];
    /** Must be true for a source in `gatewayFrom` that is the whole internet (or most of it). @default false */
    allowWorld?: boolean;
    /** The same for `sshFrom`. @default false */
    allowWorldSsh?: boolean;
    /** Root disk: system, images, swap. @default 16 */
    rootVolumeGiB?: number;
    /** The volume that outlives the machine. */
    dataVolume?: DataVolumeArgs;
    /** Where the data volume is mounted; `MonitoringServices.dataDirectory`. @default "/var/lib/photogather-monitoring/data" */
    dataDirectory?: string;
    /** Swap file on the root disk, so that a short peak slows the machine down rather than killing a service. 0 for none. @default 1024 */
    swapMiB?: number;
    /** `"standard"` (slower when the CPU credits are used up) or `"unlimited"` (costs money instead); of `t` types only. @default "standard" */
    cpuCredits?: string;
    /** Lets people in by AWS Systems Manager: a role that can do that and nothing else. @default false: the machine has no role */
    sessionManager?: boolean;
    /** Gives it a role by which it can list the account's instances, as `discovery` of `MonitoringServices` needs. @default false */
    ec2Discovery?: boolean;
    /** When the machine may restart for a security update that needs it, UTC: `"04:00"`. Updates are installed daily anyway. @default "": never by itself */
    rebootTime?: string;
    /** An alarm that moves the machine to other hardware when its own fails; it keeps addresses and volumes. @default true, where the type can be recovered */
    recoveryAlarm?: boolean;
    /** ARN of an SNS topic that hears of the recovery, and of a machine that does not answer: `"arn:aws:sns:eu-west-1:123456789012:oncall"`. */
    alarmTopic?: string;
    /** A name of your own for the gateway, in Route 53. @default none: AWS's name of the address */
    dns?: DnsArgs;
    /** Security groups of WAS hosts that shall let Prometheus in: they get rules for it. @default []: such rules are yours to make */
    scrapes?: ScrapeRuleArgs[];
    /** An Elastic IP, so that a replaced machine keeps its address. @default true */
    staticAddress?: boolean;
    /** Public key for the user `ubuntu`; with `privateKey`. @default a key pair that is made for the machine */
    publicKey?: pulumi.Input<string>;
    /**
     * Which of the keys that are made for the machine may log in: one, or two that follow each other while it is rotated, e.g. `[1, 2]`, and then `[2]`. The machine
     * stays. Not with `publicKey`, whose change replaces it. @default [1]
     */
    sshKeyGenerations?: number[];
    /** The private key's text, a secret. */
    privateKey?: pulumi.Input<string>;
    /** Memory of an instance type that this component does not know, as AWS states it. */
    memoryMiB?: number;
    /** Tags of everything that is made, beside its name, project and stack. @default {} */
    tags?: Record<string, string>;
}

/** The data volume: gp3 and always encrypted. */
export interface DataVolumeArgs {
    /** May grow, never shrink. @default 50 */
    sizeGiB?: number;
    /** Snapshot that the volume is made from; changing it makes another volume. */
    snapshotId?: string;
    /** Refuses every deletion or replacement of the volume until set to false. @default true */
    protect?: boolean;
    /** Leaves the volume in the account when it goes from the stack. @default true */
    retain?: boolean;
    /** Daily snapshots that are kept; 0 for none. They stay when the stack goes. @default 7 */
    snapshots?: number;
    /** When a day's snapshot is begun, UTC; within the hour after. @default "03:00" */
    snapshotTime?: string;
}

/** A record in a zone of Route 53. */
export interface DnsArgs {
    /** Hosted zone, e.g. `"Z0123456789ABCDEFGHIJ"`. */
    zoneId: string;
    /** The whole name, below the zone's own: `"monitoring.example.com"`. */
    name: string;
}

/** WAS hosts that Prometheus scrapes, by their security group. */
export interface ScrapeRuleArgs {
    /** `"sg-0123456789abcdef0"`. */
    securityGroupId: string;
    /** Ports of Actuator and of the log agent. @default [8080, 12345] */
    ports?: number[];
}
