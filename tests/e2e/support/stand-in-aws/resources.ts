import { addressFor, World } from "./world";

type Values = Record<string, unknown>;

/** What AWS and its provider do with one kind of resource, as far as the order of things depends on it. */
export interface Kind {
    /** Inputs whose change replaces the resource, as in the real provider. */
    replaces: (inputs: Values) => string[];
    /** Records it, and gives what AWS computes. Throws where AWS would refuse. */
    create: (world: World, id: string, inputs: Values) => Values;
    update?: (world: World, id: string, inputs: Values) => void;
    delete: (world: World, id: string, state: Values) => void;
}

const plain: Kind = { replaces: () => [], create: (_, id) => ({ arn: `arn:aws:stand-in:eu-west-1:123456789012:${id}`, name: id }), delete: () => undefined };

const instance: Kind = {
    // Security groups of a machine in a VPC and its type change in place, user data too unless `userDataReplaceOnChange` says otherwise.
    replaces: ({ userDataReplaceOnChange }) => ["ami", "subnetId", "keyName", ...(userDataReplaceOnChange ? ["userData"] : [])],
    create: (world, id, { ami, instanceType, keyName, userData }) => {
        if (!(String(keyName) in world.keyPairs)) throw new Error(`InvalidKeyPair.NotFound: ${String(keyName)}`);
        const expects = /VOLUME='([^']+)'/.exec(String(userData))?.[1] ?? "";
        const privateIp = addressFor(world, "private");
        world.instances[id] = { ami: ami as string, type: instanceType as string, expects, privateIp };
        world.calls.push(`run ${id}`);
        return { arn: `arn:aws:ec2:eu-west-1:123456789012:instance/${id}`, privateIp, publicIp: "", publicDns: "" };
    },
    update: (world, id, { instanceType }) => {
        world.calls.push(`modify ${id}`);
        world.instances[id].type = instanceType as string;
    },
    delete: (world, id) => {
        world.calls.push(`terminate ${id}`);
        delete world.instances[id];
        for (const held of [world.attachments, world.addresses]) for (const [key, holder] of Object.entries(held)) if (holder === id) delete held[key];
    },
};

const volume: Kind = {
    replaces: () => ["availabilityZone", "snapshotId", "encrypted"],
    create: (world, id, { snapshotId }) => {
        world.volumes[id] = (snapshotId as string | undefined) ?? "";
        world.calls.push(`create ${id}`);
        return { arn: `arn:aws:ec2:eu-west-1:123456789012:volume/${id}` };
    },
    delete: (world, id) => {
        if (world.attachments[id]) throw new Error(`VolumeInUse: ${id} is attached to ${world.attachments[id]}`);
        world.calls.push(`delete ${id}`);
        delete world.volumes[id];
    },
};

const attachment: Kind = {
    replaces: () => ["deviceName", "instanceId", "volumeId"],
    create: (world, _, { volumeId, instanceId }) => {
        const [disk, machine] = [String(volumeId), String(instanceId)];
        if (world.attachments[disk]) throw new Error(`VolumeInUse: ${disk} is attached to ${world.attachments[disk]}`);
        if (!world.instances[machine]) throw new Error(`InvalidInstanceID.NotFound: ${machine}`);
        world.attachments[disk] = machine;
        world.calls.push(`attach ${disk} to ${machine}`);
        return {};
    },
    delete: (world, _, { volumeId, instanceId, stopInstanceBeforeDetaching }) => {
        if (stopInstanceBeforeDetaching) world.calls.push(`stop ${String(instanceId)}`);
        world.calls.push(`detach ${String(volumeId)} from ${String(instanceId)}`);
        delete world.attachments[String(volumeId)];
    },
};

const association: Kind = {
    replaces: () => ["allocationId", "instanceId"],
    create: (world, _, { allocationId, instanceId }) => {
        if (!world.instances[String(instanceId)]) throw new Error(`InvalidInstanceID.NotFound: ${String(instanceId)}`);
        world.addresses[String(allocationId)] = String(instanceId);
        return {};
    },
    delete: (world, _, { allocationId }) => { delete world.addresses[String(allocationId)]; },
};

const keyPair: Kind = {
    replaces: () => ["keyName", "publicKey"],
    create: (world, _, { keyName, publicKey }) => {
        if (String(keyName) in world.keyPairs) throw new Error(`InvalidKeyPair.Duplicate: ${String(keyName)}`);
        world.keyPairs[String(keyName)] = String(publicKey);
        return {};
    },
    delete: (world, _, { keyName }) => { delete world.keyPairs[String(keyName)]; },
};

const address: Kind = {
    ...plain,
    create: (world, id) => {
        const publicIp = addressFor(world, "public");
        world.publicAddresses[id] = publicIp;
        // Nobody would know the name in a network of our own: there the address stands for it.
        return { allocationId: id, publicIp, publicDns: world.lab ? publicIp : `ec2-${publicIp.replace(/\./g, "-")}.example.com` };
    },
};

/** Keys are taken as they are given: nothing in these tests logs in anywhere. */
const privateKey: Kind = { ...plain, create: (_, id) => ({ privateKeyOpenssh: `private ${id}`, publicKeyOpenssh: `ssh-ed25519 ${id}` }) };

const KINDS: Record<string, Kind> = {
    "aws:ec2/instance:Instance": instance, "aws:ebs/volume:Volume": volume, "aws:ec2/volumeAttachment:VolumeAttachment": attachment,
    "aws:ec2/eip:Eip": address, "aws:ec2/eipAssociation:EipAssociation": association, "aws:ec2/keyPair:KeyPair": keyPair, "tls:index/privateKey:PrivateKey": privateKey,
};
const PREFIXES: Record<string, string> = { "aws:ec2/instance:Instance": "i", "aws:ebs/volume:Volume": "vol", "aws:ec2/eip:Eip": "eipalloc" };

/** What is known of a type; whatever plays no part in the order of things is only remembered. */
export function kindOf(type: string): Kind {
    return KINDS[type] ?? plain;
}

/** An id as AWS gives them. */
export function idOf(type: string, world: World): string {
    world.made += 1;
    return `${PREFIXES[type] ?? type.split(":").pop()!.toLowerCase()}-${world.made}`;
}

/** Answers of the lookups that `MonitoringHost` makes. */
export function answer(token: string, inputs: Values, world: World): Values {
    switch (token) {
        case "aws:ssm/getParameter:getParameter": return { value: world.images[String(inputs.name).includes("/arm64/") ? "arm64" : "amd64"] };
        case "aws:ec2/getSubnet:getSubnet": return { id: "subnet-1", availabilityZone: "zone-a", vpcId: "vpc-1" };
        case "aws:ec2/getInstanceTypeOfferings:getInstanceTypeOfferings": return { locations: ["zone-a"] };
        default: throw new Error(`the stand-in has no answer to ${token}`);
    }
}
