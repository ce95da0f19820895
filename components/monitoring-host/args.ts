import * as pulumi from "@pulumi/pulumi";

/** Arguments of `MonitoringHost`. */
export interface MonitoringHostArgs {
    /** EC2 instance type of a Nitro family; Graviton types (`t4g`, `m7g`…) get an arm64 image. @default "t4g.small" */
    instanceType?: string;
    /** Image id of an Ubuntu 24.04 or alike. @default Canonical's current Ubuntu 24.04 when the machine is made; a newer one does not replace it */
    ami?: string;
    /** Subnet of the machine, in whose availability zone its data volume is. @default the default VPC's subnet in the first zone that offers the type */
    subnetId?: string;
    /** Who may reach the gateway, i.e. Grafana and the agents' way in: CIDRs, security group ids (`sg-…`) or prefix lists (`pl-…`). */
    gatewayFrom: string[];
    /** @default 8080 */
    gatewayPort?: number;
    /** Who may reach SSH: where `pulumi up` runs, for the owner stack and (target registration) for every member. Forms as in `gatewayFrom`. */
    sshFrom: string[];
    /** Must be true for a source that is the whole internet (or most of it). @default false */
    allowWorld?: boolean;
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
    /** An Elastic IP, so that a replaced machine keeps its address. @default true */
    staticAddress?: boolean;
    /** Public key for the user `ubuntu`; with `privateKey`. @default a key pair that is made for the machine */
    publicKey?: pulumi.Input<string>;
    /** The private key's text, a secret. */
    privateKey?: pulumi.Input<string>;
    /** Memory of an instance type that this component does not know. */
    memoryMiB?: number;
    /** Tags of everything that is made. @default {} */
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
}
