import { quote, validateAbsolutePath, validateOneOf, validatePort } from "../names";
import { Problem } from "../problems";
import { MonitoringHostArgs } from "./args";
import { validateSources } from "./ingress";
import { parseInstanceType } from "./instance-types";

/** The type that the memory budget was made for. */
export const DEFAULT_INSTANCE_TYPE = "t4g.small";

/** Every problem with the arguments that can be seen before anything is made. */
export function validateMonitoringHost(args: MonitoringHostArgs): Problem[] {
    const { allowWorld = false, dataVolume = {} } = args;
    return [
        ...validateInstanceType(args),
        ...(args.ami === undefined ? [] : matches("ami", args.ami, /^ami-[0-9a-f]{8,17}$/, 'an image id such as "ami-0123456789abcdef0"')),
        ...(args.subnetId === undefined ? [] : matches("subnetId", args.subnetId, /^subnet-[0-9a-f]{8,17}$/, 'a subnet id such as "subnet-0123456789abcdef0"')),
        ...validateSources("gatewayFrom", args.gatewayFrom, allowWorld),
        ...validateSources("sshFrom", args.sshFrom, allowWorld),
        ...validatePort("gatewayPort", args.gatewayPort ?? 8080),
        ...(args.gatewayPort === 22 ? [{ path: "gatewayPort", message: "22 is SSH's" }] : []),
        ...within("rootVolumeGiB", args.rootVolumeGiB ?? 16, 10, 1024),
        ...within("dataVolume.sizeGiB", dataVolume.sizeGiB ?? 50, 10, 16384),
        ...(dataVolume.snapshotId === undefined
            ? [] : matches("dataVolume.snapshotId", dataVolume.snapshotId, /^snap-[0-9a-f]{8,17}$/, 'a snapshot id such as "snap-0123456789abcdef0"')),
        ...validateAbsolutePath("dataDirectory", args.dataDirectory ?? "/"),
        ...within("swapMiB", args.swapMiB ?? 1024, 0, 16384),
        ...validateOneOf("cpuCredits", args.cpuCredits ?? "standard", ["standard", "unlimited"]),
        ...((args.publicKey === undefined) === (args.privateKey === undefined)
            ? [] : [{ path: args.publicKey === undefined ? "publicKey" : "privateKey", message: "a key pair is given whole or not at all" }]),
    ];
}

function validateInstanceType({ instanceType = DEFAULT_INSTANCE_TYPE, memoryMiB, cpuCredits }: MonitoringHostArgs): Problem[] {
    const type = parseInstanceType(instanceType);
    if (!type) return [{ path: "instanceType", message: `expected an instance type of a Nitro family such as "t4g.small", got ${quote(instanceType)}` }];
    return [
        ...(type.memoryMiB ?? memoryMiB
            ? [] : [{ path: "memoryMiB", message: `say how much memory ${instanceType} has: the services' limits are planned by it` }]),
        ...(cpuCredits !== undefined && !type.burstable ? [{ path: "cpuCredits", message: `${instanceType} has no CPU credits` }] : []),
    ];
}

function matches(path: string, value: string, pattern: RegExp, expected: string): Problem[] {
    return pattern.test(value) ? [] : [{ path, message: `expected ${expected}, got ${quote(value)}` }];
}

function within(path: string, value: number, min: number, max: number): Problem[] {
    return Number.isInteger(value) && value >= min && value <= max
        ? [] : [{ path, message: `expected a whole number from ${min} to ${max}, got ${quote(value)}` }];
}
