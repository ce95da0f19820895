import { Machines } from "./machines";
import { World } from "./world";

type Values = Record<string, unknown>;

/** What is done beside the records where instances are booted: after it was recorded. */
export interface Boot {
    create?: (machines: Machines, world: World, id: string, inputs: Values) => Promise<void> | void;
    update?: (machines: Machines, id: string, inputs: Values) => Promise<void>;
    delete?: (machines: Machines, id: string, state: Values) => Promise<void> | void;
}

const BOOTS: Record<string, Boot> = {
    "aws:ec2/instance:Instance": {
        create: (machines, { instances, keyPairs }, id, { userData, keyName }) => machines.run(id, instances[id], String(userData), keyPairs[String(keyName)]),
        delete: (machines, id) => machines.terminate(id),
    },
    "aws:ebs/volume:Volume": {
        create: (machines, _, id, { size, snapshotId }) => machines.createVolume(id, Number(size), String(snapshotId ?? "")),
        update: (machines, id, { size }) => machines.growVolume(id, Number(size)),
        delete: (machines, id) => machines.deleteVolume(id),
    },
    "aws:ec2/volumeAttachment:VolumeAttachment": {
        create: (machines, _, __, { volumeId, instanceId }) => machines.attach(String(volumeId), String(instanceId)),
        delete: async (machines, _, { volumeId, instanceId, stopInstanceBeforeDetaching }) => {
            if (stopInstanceBeforeDetaching) await machines.stop(String(instanceId));
            await machines.detach(String(volumeId), String(instanceId));
        },
    },
    "aws:ec2/eipAssociation:EipAssociation": {
        create: (machines, { publicAddresses }, _, { allocationId, instanceId }) => machines.associate(String(allocationId), publicAddresses[String(allocationId)], String(instanceId)),
        delete: (machines, _, { allocationId, instanceId }) => machines.dissociate(String(allocationId), String(instanceId)),
    },
};

/** What happens for real to a kind of resource; nothing for most. */
export function bootOf(type: string): Boot {
    return BOOTS[type] ?? {};
}
