import * as pulumi from "@pulumi/pulumi";
import { MonitoringHost } from "../components/monitoring-host";
import { Machine } from "../components/machine";
import { parseInstanceType } from "../components/monitoring-host/instance-types";
import { DEFAULT_INSTANCE_TYPE } from "../components/monitoring-host/validate";
import { SMALL_HOST_CORES, SMALL_HOST_MIB, usableMiB } from "../components/monitoring-services/budget";
import { withKey } from "./environment";
import type { Ec2Config, OwnerConfig } from "./schema";

/** The monitoring host as the rest of the owner stack needs it, whichever kind it is. */
export interface OwnerHost {
    machine: Machine;
    /** Where agents and people reach the gateway. */
    address: pulumi.Input<string>;
    /** Other names and addresses that the gateway's certificate must be for. */
    names: pulumi.Input<string>[];
    /** Where member stacks register their targets. */
    registrationAddress: pulumi.Input<string>;
    /** The host's public key. */
    hostKey: pulumi.Input<string>;
    /** Changes with the machine behind the address. */
    id: pulumi.Input<string>;
    memoryMiB: number;
    cores: number;
    bootTimeoutSeconds: number;
    dependsOn: pulumi.Resource[];
}

/** Memory that the host really has for all services, in MiB. On EC2 it follows from the instance type. */
export function hostMemoryMiB({ host }: OwnerConfig): number {
    if (!host.ec2) return host.machine?.memoryMiB ?? SMALL_HOST_MIB;
    return usableMiB(host.ec2.memoryMiB ?? parseInstanceType(host.ec2.instanceType ?? DEFAULT_INSTANCE_TYPE)?.memoryMiB ?? NaN);
}

/** vCPUs of the host. On EC2 they follow from the instance type. */
export function hostCores({ host }: OwnerConfig): number {
    if (!host.ec2) return host.machine?.cores ?? SMALL_HOST_CORES;
    return parseInstanceType(host.ec2.instanceType ?? DEFAULT_INSTANCE_TYPE)?.cores ?? SMALL_HOST_CORES;
}

/** From `monitoring.host`: an EC2 instance that is made here, or a machine that is there. */
export function ownerHost(owner: OwnerConfig, repair: string): OwnerHost {
    return owner.host.ec2 ? ec2Host(owner, owner.host.ec2, repair) : machineHost(owner, repair);
}

function machineHost(owner: OwnerConfig, repair: string): OwnerHost {
    const { host, address, registrationAddress, hostKey } = owner;
    const { ssh } = host.machine!;
    const [memoryMiB, cores] = [hostMemoryMiB(owner), hostCores(owner)];
    if (!ssh) return { machine: { repair }, address: address!, names: [], registrationAddress: registrationAddress ?? address!, hostKey: hostKey!, id: "", memoryMiB, cores, bootTimeoutSeconds: 0, dependsOn: [] };
    const { jump, ...direct } = ssh;
    const own = withKey({ ...direct, hostKey: ssh.hostKey! }, undefined);
    return {
        machine: { repair, ssh: { ...own, ...(jump ? { jump: withKey(jump, own.privateKey) } : {}) } },
        address: address ?? ssh.address, names: address ? [ssh.address] : [], registrationAddress: registrationAddress ?? ssh.address, hostKey: ssh.hostKey!, id: "", memoryMiB, cores, bootTimeoutSeconds: 0, dependsOn: [],
    };
}

/** First boot: cloud-init installs Docker and formats the volume; 2 to 4 minutes on a t4g.small are usual. */
const BOOT_SECONDS = 900;

function ec2Host(owner: OwnerConfig, ec2: Ec2Config, repair: string): OwnerHost {
    const ec2Discovery = Object.values(owner.environments).some(({ discovery }) => discovery !== undefined);
    const host = new MonitoringHost("monitoring-host", { ...ec2, gatewayPort: owner.port, dataDirectory: owner.directory, ...(ec2Discovery ? { ec2Discovery } : {}) });
    return {
        // Inside the VPC the DNS name is the private address, outside the public one: one URL for agents and people.
        machine: { repair, ssh: host.ssh }, address: owner.address ?? host.dnsName, names: [host.address, host.privateAddress], registrationAddress: owner.registrationAddress ?? host.address, hostKey: host.hostKey,
        id: host.instanceId, memoryMiB: hostMemoryMiB(owner), cores: hostCores(owner), bootTimeoutSeconds: BOOT_SECONDS, dependsOn: [host],
    };
}
