import * as fs from "node:fs";

/** A machine of the stand-in's. */
export interface Instance {
    ami: string;
    type: string;
    /** The volume that its user data waits for. */
    expects: string;
    /** Inside the network; another one for each machine. */
    privateIp: string;
}

/** What instances are booted with. Without it the account is records only: nothing runs. */
export interface Lab {
    /** `DOCKER_HOST` of the daemon whose containers the instances are. */
    docker: string;
    /** Whatever image is asked for, this one is booted. */
    image: string;
    network: string;
    /** The network's addresses without their last number, `10.213.77`. */
    subnet: string;
    /** The last number of the first address that is the account's. It has forty. */
    firstAddress: number;
    /** Registry that an instance's Docker asks before Docker Hub. */
    mirror: string;
    /** Volumes are said to be attached, and never are. */
    attachesNothing: boolean;
}

/** What the stand-in's account holds, as a file: it outlives each run of the engine, and a test may read and change it. */
export interface World {
    lab?: Lab;
    /** Canonical's current image by architecture. */
    images: Record<string, string>;
    instances: Record<string, Instance>;
    /** Volume to the snapshot that it was made from; "" for none. */
    volumes: Record<string, string>;
    /** Volume to instance. */
    attachments: Record<string, string>;
    /** Address, by its allocation, to instance. */
    addresses: Record<string, string>;
    publicAddresses: Record<string, string>;
    /** Name to public key. */
    keyPairs: Record<string, string>;
    /** What was asked of AWS, in order. */
    calls: string[];
    made: number;
}

export const EMPTY: World = { images: { arm64: "ami-arm64-1", amd64: "ami-amd64-1" }, instances: {}, volumes: {}, attachments: {}, addresses: {}, publicAddresses: {}, keyPairs: {}, calls: [], made: 0 };

/** Where the engine's plugins are told the file. */
export const WORLD_VARIABLE = "STAND_IN_AWS";

export function readWorld(file: string): World {
    return JSON.parse(fs.readFileSync(file, "utf8")) as World;
}

/** Whole or not at all: another plugin's process may be reading. */
export function writeWorld(file: string, world: World): void {
    fs.writeFileSync(`${file}.${process.pid}`, JSON.stringify(world, undefined, 2));
    fs.renameSync(`${file}.${process.pid}`, file);
}

/** Reads the account, lets something be done to it, and keeps what was done. One at a time, of all processes: AWS's plugin and TLS's have the same file. */
export function changeWorld<T>(file: string, act: (world: World) => T): T {
    const lock = `${file}.lock`;
    for (const end = Date.now() + 10_000; !lockedBy(lock); Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 5)) {
        if (Date.now() > end) throw new Error(`${lock} is there for more than 10 s: remove it`);
    }
    try {
        const world = readWorld(file);
        const result = act(world);
        writeWorld(file, world);
        return result;
    } finally {
        fs.rmdirSync(lock);
    }
}

function lockedBy(lock: string): boolean {
    try {
        fs.mkdirSync(lock);
        return true;
    } catch {
        return false;
    }
}

/** An address of the account's own network: `203.0.113` where nothing runs. */
export function addressFor({ lab, made }: World, kind: "public" | "private"): string {
    const base = lab ? lab.firstAddress + (made % 20) : 10;
    return `${lab?.subnet ?? (kind === "public" ? "203.0.113" : "10.0.0")}.${base + (lab && kind === "public" ? 20 : 0)}`;
}
