import { createHash } from "node:crypto";
import * as pulumi from "@pulumi/pulumi";
import * as tls from "@pulumi/tls";
// The service modules, not "@pulumi/aws": loading all of it takes 0.4 s, these 0.03 s.
import * as ebs from "@pulumi/aws/ebs";
import * as ec2 from "@pulumi/aws/ec2";
import * as vpc from "@pulumi/aws/vpc";
import { SshConnection } from "../machine";
import { usableMiB } from "../monitoring-services/budget";
import { failOn } from "../problems";
import { createAlarms } from "./alarms";
import { MonitoringHostArgs } from "./args";
import { createRecord } from "./dns";
import { findImage } from "./image";
import { planIngress, planScrapes } from "./ingress";
import { parseInstanceType } from "./instance-types";
import { addressOptions, attachmentOptions, instanceOptions, keyPairOptions, ruleOptions, volumeOptions } from "./options";
import { createProfile } from "./role";
import { createSnapshots, snapshotTag } from "./snapshots";
import { globalName, tags } from "./tags";
import { renderUserData } from "./user-data";
import { DEFAULT_DATA_GIB, DEFAULT_INSTANCE_TYPE, validateMonitoringHost } from "./validate";

export * from "./args";

/** The user of Ubuntu's images. */
const USER = "ubuntu";

/**
 * The EC2 machine of the shared deployment: Ubuntu with Docker, its data on an encrypted volume of its own that outlives it, reachable from
 * named sources only.
 *
 * Cost, us-east-1 on demand, per month: t4g.small about 12 USD, 50 + 16 GiB gp3 about 5 USD, the public IPv4 address about 4 USD;
 * snapshots by what changes from day to day, and the alarm within AWS's free ten or 0.10 USD.
 *
 * @example
 * new MonitoringHost("monitoring-host", { gatewayFrom: ["10.0.0.0/16"], sshFrom: ["203.0.113.0/24"] });
 */
export class MonitoringHost extends pulumi.ComponentResource {
    /** How to reach the machine; for `Machine.ssh`. Depend on the component: the address is known before the machine stands. */
    public readonly ssh: SshConnection;
    /** The address for agents, people and SSH. */
    public readonly address: pulumi.Output<string>;
    /** Inside the VPC it resolves to the private address, outside to the public one (where the VPC has DNS host names, as the default VPC has). */
    public readonly dnsName: pulumi.Output<string>;
    /** The address inside the VPC. */
    public readonly privateAddress: pulumi.Output<string>;
    /** Id of the present machine; another one when it is replaced. */
    public readonly instanceId: pulumi.Output<string>;
    /** For rules of other security groups: Prometheus scrapes from here. */
    public readonly securityGroupId: pulumi.Output<string>;
    /** Id of the data volume, which stays. */
    public readonly volumeId: pulumi.Output<string>;
    /** What the kernel has of the instance type's memory; plan the services by it. */
    public readonly memoryMiB: number;
    /** Private key of the user `ubuntu`, a secret. */
    public readonly sshPrivateKey: pulumi.Output<string>;
    /** The machine's public key. */
    public readonly hostKey: pulumi.Output<string>;

    constructor(name: string, args: MonitoringHostArgs, opts?: pulumi.ComponentResourceOptions) {
        super("photogather-monitoring:index:MonitoringHost", name, {}, opts);
        failOn(`MonitoringHost ${name}`, validateMonitoringHost(args));
        const type = parseInstanceType(args.instanceType ?? DEFAULT_INSTANCE_TYPE)!;

        const hostKey = new tls.PrivateKey(`${name}-host-key`, { algorithm: "ED25519" }, { parent: this });
        const identity = this.createIdentity(name, args, hostKey);
        const volume = this.createVolume(name, args);
        const subnet = this.findSubnet(args, volume);
        const securityGroup = this.createSecurityGroup(name, args, subnet.vpcId);
        const instance = this.createInstance(name, args, {
            ami: findImage(name, type.architecture, args, this), burstable: type.burstable, subnetId: subnet.id, keyName: identity.keyName, keyPair: identity.pair,
            securityGroupId: securityGroup.id, profile: createProfile(name, args, this), userData: userData(args, volume, hostKey),
        });
        this.attachVolume(name, volume, instance);
        createSnapshots(name, args, volume, this);
        createAlarms(name, args, instance, this);

        const eip = args.staticAddress === false ? undefined : this.createAddress(name, args, instance);
        this.address = eip ? eip.publicIp : ownAddress(instance);
        this.dnsName = createRecord(name, args, { staticName: eip?.publicDns, address: this.address }, this)
            ?? eip?.publicDns ?? pulumi.all([instance.publicDns, this.address]).apply(([dns, address]) => dns || address);
        this.privateAddress = instance.privateIp;
        this.instanceId = instance.id;
        this.securityGroupId = securityGroup.id;
        this.volumeId = volume.id;
        this.memoryMiB = usableMiB(args.memoryMiB ?? type.memoryMiB!);
        this.sshPrivateKey = identity.privateKey;
        this.hostKey = hostKey.publicKeyOpenssh.apply((key) => key.trim());
        this.ssh = { address: this.address, port: 22, user: USER, privateKey: this.sshPrivateKey, hostKey: this.hostKey, ...(args.sshKeyGenerations ? { authorizedKeys: identity.publicKeys } : {}) };
        this.registerOutputs({
            address: this.address, dnsName: this.dnsName, privateAddress: this.privateAddress, instanceId: this.instanceId, securityGroupId: this.securityGroupId,
            volumeId: this.volumeId, memoryMiB: this.memoryMiB, sshPrivateKey: this.sshPrivateKey, hostKey: this.hostKey,
        });
    }

    private createIdentity(name: string, args: MonitoringHostArgs, hostKey: tls.PrivateKey): SshIdentity {
        const made = args.publicKey === undefined ? (args.sshKeyGenerations ?? [1]).map((number) => this.makeKey(name, number)) : [];
        const publicKeys = (args.publicKey === undefined ? made.map(({ publicKeyOpenssh }) => publicKeyOpenssh) : [pulumi.output(args.publicKey)]).map((key) => key.apply((text) => text.trim()));
        // Named by what is in it, not at random: a pair that was deleted by hand comes back without replacing the machine; another given key does replace it.
        // Keys that are made here are rotated on the machine, which goes on: so their pair is named by the machine's own key. A stack whose state was
        // lost finds no pair of that name in its way.
        const [named] = args.publicKey === undefined ? [hostKey.publicKeyOpenssh] : publicKeys;
        const keyName = named.apply((key) => `${globalName(name)}-${createHash("sha256").update(key).digest("hex").slice(0, 12)}`);
        const pair = new ec2.KeyPair(`${name}-key-pair`, { keyName, publicKey: publicKeys[0], tags: tags(name, args) }, { parent: this, ...keyPairOptions(args) });
        return { keyName: args.publicKey === undefined ? keyName : pair.keyName, pair, publicKeys, privateKey: pulumi.secret(args.privateKey ?? made[0].privateKeyOpenssh) };
    }

    private makeKey(name: string, generation: number): tls.PrivateKey {
        return new tls.PrivateKey(`${name}-ssh-key${generation === 1 ? "" : `-${generation}`}`, { algorithm: "ED25519" }, { parent: this });
    }

    private createVolume(name: string, args: MonitoringHostArgs): ebs.Volume {
        const { sizeGiB = DEFAULT_DATA_GIB, snapshotId } = args.dataVolume ?? {};
        return new ebs.Volume(`${name}-data`, {
            availabilityZone: this.findZone(args), type: "gp3", size: sizeGiB, encrypted: true, snapshotId,
            tags: { ...tags(`${name}-data`, args), ...snapshotTag(name, args) },
        }, { parent: this, ...volumeOptions(args) });
    }

    /** The zone of the subnet that is named, or the first one that has machines of this type: not every zone has. */
    private findZone(args: MonitoringHostArgs): pulumi.Output<string> {
        if (args.subnetId) return ec2.getSubnetOutput({ id: args.subnetId }, { parent: this }).availabilityZone;
        const type = args.instanceType ?? DEFAULT_INSTANCE_TYPE;
        const filters = [{ name: "instance-type", values: [type] }];
        const offers = ec2.getInstanceTypeOfferingsOutput({ locationType: "availability-zone", filters }, { parent: this });
        return offers.locations.apply((zones) => {
            if (zones.length === 0) throw new pulumi.RunError(`no zone of this region offers ${type}`);
            return [...zones].sort()[0];
        });
    }

    /** Where the volume is, there the machine must be. */
    private findSubnet(args: MonitoringHostArgs, volume: ebs.Volume): pulumi.Output<ec2.GetSubnetResult> {
        return args.subnetId
            ? ec2.getSubnetOutput({ id: args.subnetId }, { parent: this })
            : ec2.getSubnetOutput({ availabilityZone: volume.availabilityZone, defaultForAz: true }, { parent: this });
    }

    private createSecurityGroup(name: string, args: MonitoringHostArgs, vpcId: pulumi.Output<string>): ec2.SecurityGroup {
        const group = new ec2.SecurityGroup(`${name}-security-group`, {
            // A changed description would replace the group, which cannot go while the machine has it.
            description: "Monitoring host", vpcId, tags: tags(name, args),
        }, { parent: this });
        const common = { securityGroupId: group.id, tags: tags(name, args) };
        const options = { parent: this, ...ruleOptions(group) };
        // Rules of their own, not inline: one source more or less changes one rule.
        for (const { key, port, ...source } of planIngress(args)) {
            new vpc.SecurityGroupIngressRule(`${name}-${key}`, { ...common, ipProtocol: "tcp", fromPort: port, toPort: port, ...source }, options);
        }
        for (const [version, to] of [["ipv4", { cidrIpv4: "0.0.0.0/0" }], ["ipv6", { cidrIpv6: "::/0" }]] as const) {
            new vpc.SecurityGroupEgressRule(`${name}-out-${version}`, { ...common, ipProtocol: "-1", ...to }, options);
        }
        // These stand in groups of others, so they do not go with ours.
        for (const { key, port, ...rule } of planScrapes(args)) {
            new vpc.SecurityGroupIngressRule(`${name}-${key}`, {
                ...rule, referencedSecurityGroupId: group.id, ipProtocol: "tcp", fromPort: port, toPort: port, tags: tags(name, args),
            }, { parent: this });
        }
        return group;
    }

    private createInstance(name: string, args: MonitoringHostArgs, plan: InstancePlan): ec2.Instance {
        return new ec2.Instance(name, {
            ami: plan.ami,
            instanceType: args.instanceType ?? DEFAULT_INSTANCE_TYPE,
            subnetId: plan.subnetId,
            vpcSecurityGroupIds: [plan.securityGroupId],
            keyName: plan.keyName,
            iamInstanceProfile: plan.profile,
            userData: plan.userData,
            // User data counts at the first boot only; changed in place it would stop and start the machine for nothing.
            userDataReplaceOnChange: true,
            rootBlockDevice: {
                volumeType: "gp3", volumeSize: args.rootVolumeGiB ?? 16, encrypted: true, deleteOnTermination: true, tags: tags(`${name}-root`, args),
            },
            metadataOptions: { httpEndpoint: "enabled", httpTokens: "required", httpPutResponseHopLimit: 1, instanceMetadataTags: "disabled" },
            // t4g's own default is "unlimited", which costs money under load.
            ...(plan.burstable ? { creditSpecification: { cpuCredits: args.cpuCredits ?? "standard" } } : {}),
            tags: tags(name, args),
        }, { parent: this, dependsOn: [plan.keyPair], ...instanceOptions() });
    }

    private attachVolume(name: string, volume: ebs.Volume, instance: ec2.Instance): void {
        new ec2.VolumeAttachment(`${name}-data-attachment`, {
            // Only a label on Nitro: the machine finds the volume by its id.
            deviceName: "/dev/sdf", volumeId: volume.id, instanceId: instance.id,
            // A file system that is in use is not pulled away: the machine stops first.
            stopInstanceBeforeDetaching: true,
        }, { parent: this, ...attachmentOptions(instance) });
    }

    private createAddress(name: string, args: MonitoringHostArgs, instance: ec2.Instance): ec2.Eip {
        const address = new ec2.Eip(`${name}-address`, { domain: "vpc", tags: tags(name, args) }, { parent: this });
        new ec2.EipAssociation(`${name}-address-association`, {
            allocationId: address.allocationId, instanceId: instance.id,
        }, { parent: this, ...addressOptions(instance) });
        return address;
    }
}

/** Who logs in. */
interface SshIdentity {
    keyName: pulumi.Input<string>;
    pair: ec2.KeyPair;
    /** Those that may log in; the first is that of the private key. */
    publicKeys: pulumi.Output<string>[];
    privateKey: pulumi.Output<string>;
}

/** What was found out for the machine. */
interface InstancePlan {
    ami: pulumi.Input<string>;
    burstable: boolean;
    subnetId: pulumi.Output<string>;
    keyName: pulumi.Input<string>;
    /** By that name. The machine depends on it, and not on what is in it. */
    keyPair: ec2.KeyPair;
    securityGroupId: pulumi.Output<string>;
    /** Its role; none unless asked for. */
    profile?: pulumi.Output<string>;
    userData: pulumi.Output<string>;
}

function userData(args: MonitoringHostArgs, volume: ebs.Volume, hostKey: tls.PrivateKey): pulumi.Output<string> {
    const view = pulumi.all([volume.id, hostKey.privateKeyOpenssh, hostKey.publicKeyOpenssh]);
    return pulumi.secret(view.apply(([volumeId, hostPrivateKey, hostPublicKey]) => renderUserData({
        volumeId, hostPrivateKey, hostPublicKey, fromSnapshot: args.dataVolume?.snapshotId !== undefined,
        dataDirectory: args.dataDirectory ?? "/var/lib/photogather-monitoring/data", swapMiB: args.swapMiB ?? 1024, rebootTime: args.rebootTime ?? "",
    })));
}

/** Where no static address is wanted: the one that the subnet gives, public or not. */
function ownAddress(instance: ec2.Instance): pulumi.Output<string> {
    return pulumi.all([instance.publicIp, instance.privateIp]).apply(([publicIp, privateIp]) => publicIp || privateIp);
}
