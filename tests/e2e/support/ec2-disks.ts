import * as fs from "node:fs";
import * as path from "node:path";
import { exec } from "./exec";
import { temporaryDirectory } from "./state";

/** A file system of another kind, with somebody's file in it. */
export async function foreignDisk(file: string): Promise<void> {
    const content = temporaryDirectory("foreign");
    fs.writeFileSync(path.join(content, "accounts"), "not ours\n");
    await exec("mke2fs", ["-q", "-t", "ext3", "-d", content, file, "64M"]);
    fs.rmSync(content, { recursive: true });
}

/** What no program knows, and not from the beginning. */
export async function garbage(file: string): Promise<void> {
    fs.writeFileSync(file, Buffer.concat([Buffer.alloc(2 ** 19), Buffer.from("somebody's data".padEnd(2 ** 19))]));
}

/** @throws Error where a volume is not what its snapshot is: other bytes, or more than the snapshot has */
export async function sameBytes(snapshot: string, volume: string): Promise<void> {
    const { size } = fs.statSync(snapshot);
    await exec("cmp", ["--bytes", String(size), snapshot, volume]);
    // Blocks that nothing was written to are none.
    const written = fs.statSync(volume).blocks * 512;
    if (written > size) throw new Error(`${written} bytes are written on the volume, its snapshot has ${size}`);
}
