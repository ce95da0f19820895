import { quote, validateAbsolutePath, validateName, validateOneOf, validatePort } from "../names";
import { Problem } from "../problems";
import { MonitoringHostArgs } from "./args";
import { validateScrapes, validateSources } from "./ingress";
import { parseInstanceType } from "./instance-types";

/** The type that the memory budget was made for. */
export const DEFAULT_INSTANCE_TYPE = "t4g.small";

/** Size of the data volume that is not given. */
export const DEFAULT_DATA_GIB = 50;

/** Every problem with the arguments that can be seen before anything is made. */
export function validateMonitoringHost(args: MonitoringHostArgs): Problem[] {
    const { allowWorld = false, allowWorldSsh = false, dataVolume = {} } = args;
    return [
        ...validateInstanceType(args),
        ...(args.ami === undefined ? [] : matches("ami", args.ami, /^ami-[0-9a-f]{8,17}$/, 'an image id such as "ami-0123456789abcdef0"')),
        ...(args.subnetId === undefined ? [] : matches("subnetId", args.subnetId, /^subnet-[0-9a-f]{8,17}$/, 'a subnet id such as "subnet-0123456789abcdef0"')),
        ...validateSources("gatewayFrom", args.gatewayFrom, { allowed: allowWorld, by: "allowWorld" }),
        ...validateSources("sshFrom", args.sshFrom, { allowed: allowWorldSsh, by: "allowWorldSsh" }),
        ...validatePort("gatewayPort", args.gatewayPort ?? 8080),
        ...(args.gatewayPort === 22 ? [{ path: "gatewayPort", message: "22 is SSH's" }] : []),
        ...within("rootVolumeGiB", args.rootVolumeGiB ?? 16, 10, 1024),
        ...within("dataVolume.sizeGiB", dataVolume.sizeGiB ?? DEFAULT_DATA_GIB, 10, 16384),
        ...(dataVolume.snapshotId === undefined
            ? [] : matches("dataVolume.snapshotId", dataVolume.snapshotId, /^snap-[0-9a-f]{8,17}$/, 'a snapshot id such as "snap-0123456789abcdef0"')),
        ...within("dataVolume.snapshots", dataVolume.snapshots ?? 0, 0, 1000),
        ...(dataVolume.snapshotTime === undefined ? [] : timeOfDay("dataVolume.snapshotTime", dataVolume.snapshotTime)),
        ...(args.rebootTime ? timeOfDay("rebootTime", args.rebootTime) : []),
        ...validateImageRelease(args),
        ...(args.alarmTopic === undefined ? [] : matches("alarmTopic", args.alarmTopic, /^arn:aws[a-z-]*:sns:[a-z0-9-]+:\d{12}:[\w-]+$/, "the ARN of an SNS topic")),
        ...(args.dns ? [
            ...matches("dns.zoneId", args.dns.zoneId, /^Z[A-Z0-9]{1,31}$/, 'a hosted zone\'s id such as "Z0123456789ABCDEFGHIJ"'),
            ...matches("dns.name", args.dns.name, /^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,}$/, 'a name below the zone\'s own, such as "monitoring.example.com"'),
        ] : []),
        ...validateScrapes("scrapes", args.scrapes ?? []),
        ...validateAbsolutePath("dataDirectory", args.dataDirectory ?? "/"),
        ...within("swapMiB", args.swapMiB ?? 1024, 0, 16384),
        ...validateOneOf("cpuCredits", args.cpuCredits ?? "standard", ["standard", "unlimited"]),
        ...((args.publicKey === undefined) === (args.privateKey === undefined)
            ? [] : [{ path: args.publicKey === undefined ? "publicKey" : "privateKey", message: "a key pair is given whole or not at all" }]),
        ...validateGenerations(args),
    ];
}

function validateGenerations({ sshKeyGenerations, publicKey }: MonitoringHostArgs): Problem[] {
    if (sshKeyGenerations === undefined) return [];
    const path = "sshKeyGenerations";
    if (publicKey !== undefined) return [{ path, message: "counts keys that are made here: not with publicKey" }];
    const [first, second = first + 1, ...more] = sshKeyGenerations;
    return Number.isInteger(first) && first > 0 && second === first + 1 && more.length === 0
        ? [] : [{ path, message: `expected one generation such as [1], or two that follow each other: [1, 2], got ${quote(sshKeyGenerations)}` }];
}

/** The value is part of a resource's name. */
function validateImageRelease({ imageRelease, ami }: MonitoringHostArgs): Problem[] {
    if (imageRelease === undefined) return [];
    if (ami !== undefined) return [{ path: "imageRelease", message: "expected either ami or imageRelease: an image that is named is not looked up" }];
    return validateName("imageRelease", imageRelease);
}

function validateInstanceType({ instanceType = DEFAULT_INSTANCE_TYPE, memoryMiB, cpuCredits, recoveryAlarm }: MonitoringHostArgs): Problem[] {
    const type = parseInstanceType(instanceType);
    if (!type) return [{ path: "instanceType", message: `expected an instance type of a Nitro family such as "t4g.small", got ${quote(instanceType)}` }];
    return [
        ...(type.memoryMiB ?? memoryMiB
            ? [] : [{ path: "memoryMiB", message: `say how much memory ${instanceType} has: the services' limits are planned by it` }]),
        ...(recoveryAlarm && type.ownDisks ? [{ path: "recoveryAlarm", message: `${instanceType} has disks of its own, and cannot be moved to other hardware` }] : []),
        ...(cpuCredits !== undefined && !type.burstable ? [{ path: "cpuCredits", message: `${instanceType} has no CPU credits` }] : []),
    ];
}

function matches(path: string, value: string, pattern: RegExp, expected: string): Problem[] {
    return pattern.test(value) ? [] : [{ path, message: `expected ${expected}, got ${quote(value)}` }];
}

function timeOfDay(path: string, value: string): Problem[] {
    return matches(path, value, /^([01]\d|2[0-3]):[0-5]\d$/, 'a time of day such as "03:00" (UTC)');
}

function within(path: string, value: number, min: number, max: number): Problem[] {
    return Number.isInteger(value) && value >= min && value <= max
        ? [] : [{ path, message: `expected a whole number from ${min} to ${max}, got ${quote(value)}` }];
}
