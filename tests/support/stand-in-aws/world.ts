import * as fs from "node:fs";

/** A machine of the stand-in's: a record that it was started, nothing that runs. */
export interface Instance {
    ami: string;
    type: string;
    /** The volume that its user data waits for. */
    expects: string;
}

/** What the stand-in's account holds, as a file: it outlives each run of the engine, and a test may read and change it. */
export interface World {
    /** Canonical's current image by architecture. */
    images: Record<string, string>;
    instances: Record<string, Instance>;
    /** Volume to the snapshot that it was made from; "" for none. */
    volumes: Record<string, string>;
    /** Volume to instance. */
    attachments: Record<string, string>;
    /** Address to instance. */
    addresses: Record<string, string>;
    keyPairs: string[];
    /** What was asked of AWS, in order. */
    calls: string[];
    made: number;
}

export const EMPTY: World = { images: { arm64: "ami-arm64-1", amd64: "ami-amd64-1" }, instances: {}, volumes: {}, attachments: {}, addresses: {}, keyPairs: [], calls: [], made: 0 };

/** Where the engine's plugins are told the file. */
export const WORLD_VARIABLE = "STAND_IN_AWS";

export function readWorld(file: string): World {
    return JSON.parse(fs.readFileSync(file, "utf8")) as World;
}

export function writeWorld(file: string, world: World): void {
    fs.writeFileSync(file, JSON.stringify(world, undefined, 2));
}
