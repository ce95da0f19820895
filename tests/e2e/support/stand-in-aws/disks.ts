import * as fs from "node:fs";
import * as path from "node:path";
import { exec } from "../exec";

const GIB = 2 ** 30;

/** The volumes of an account, for real: files, which a loop device makes a disk as long as a machine has them. */
export class Disks {
    constructor(private readonly directory: string) {
        for (const kind of ["volumes", "snapshots"]) fs.mkdirSync(path.join(directory, kind), { recursive: true });
    }

    /** Ends every disk below a directory that a killed run left. */
    static async forgetAll(directory: string): Promise<void> {
        for (const line of (await exec("losetup", ["--list", "--noheadings", "--output", "NAME,BACK-FILE"])).split("\n")) {
            const [device, file] = line.trim().split(/\s+/);
            if (file?.startsWith(`${directory}/`)) await exec("losetup", ["--detach", device]);
        }
        fs.rmSync(directory, { recursive: true, force: true });
    }

    /** The file of a volume, given by id or serial number. */
    volume(id: string): string {
        return path.join(this.directory, "volumes", id.replace("-", ""));
    }

    snapshot(id: string): string {
        return path.join(this.directory, "snapshots", id);
    }

    async create(id: string, sizeGiB: number, snapshot: string): Promise<void> {
        if (snapshot) await copy(this.snapshot(snapshot), this.volume(id));
        else fs.writeFileSync(this.volume(id), "");
        await this.grow(id, sizeGiB);
    }

    async grow(id: string, sizeGiB: number): Promise<void> {
        const file = this.volume(id);
        if (fs.statSync(file).size < sizeGiB * GIB) fs.truncateSync(file, sizeGiB * GIB);
        for (const device of await devices(file)) await exec("losetup", ["--set-capacity", device]);
    }

    async remove(id: string): Promise<void> {
        await this.release(id);
        fs.rmSync(this.volume(id));
    }

    /** A volume as it is at this moment. */
    async keep(id: string, snapshot: string): Promise<void> {
        await copy(this.volume(id), this.snapshot(snapshot));
    }

    /** Makes a volume a disk, and gives its device numbers, `7:3`. */
    async present(id: string): Promise<string> {
        const device = await exec("losetup", ["--find", "--show", this.volume(id)]);
        return fs.readFileSync(`/sys/block/${path.basename(device)}/dev`, "utf8").trim();
    }

    /** The disk goes, its content stays. */
    async release(id: string): Promise<void> {
        for (const device of await devices(this.volume(id))) await exec("losetup", ["--detach", device]);
    }
}

async function devices(file: string): Promise<string[]> {
    return (await exec("losetup", ["--associated", file, "--noheadings", "--output", "NAME"])).split("\n").map((line) => line.trim()).filter(Boolean);
}

function copy(from: string, to: string): Promise<string> {
    return exec("cp", ["--sparse=always", from, to]);
}
