import { execFileSync, spawnSync } from "node:child_process";
import * as fs from "node:fs";
import * as path from "node:path";
import type { Context } from "mocha";
import { lack } from "./parts";

/** A real disk of its own with ext4, as a file below `directory`, mounted at `directory/data`. Where this machine has no loop devices, that is the part that is missing. */
export class SmallVolume {
    readonly data: string;

    private constructor(directory: string) {
        this.data = path.join(directory, "data");
    }

    static mount(test: Context, directory: string, mib: number): SmallVolume {
        const volume = new SmallVolume(directory);
        const disk = path.join(directory, "disk");
        fs.mkdirSync(volume.data);
        execFileSync("truncate", ["-s", `${mib}M`, disk]);
        execFileSync("mkfs.ext4", ["-q", "-m", "1", disk], { stdio: "pipe" });
        if (spawnSync("mount", ["-o", "loop", disk, volume.data]).status !== 0) {
            fs.rmSync(directory, { recursive: true });
            lack(test, "loop devices");
        }
        return volume;
    }

    /** Percent in use, as the watchdog counts it. */
    get used(): number {
        const { blocks, bfree, bavail } = fs.statfsSync(this.data);
        return (100 * (blocks - bfree)) / (blocks - bfree + bavail);
    }

    /** Fills it with a file up to that many percent; where there is more already, only takes the file away. */
    fill(percent: number): void {
        fs.rmSync(path.join(this.data, "ballast"), { force: true });
        const { blocks, bfree, bavail, bsize } = fs.statfsSync(this.data);
        const wanted = Math.floor((percent / 100) * (blocks - bfree + bavail)) - (blocks - bfree);
        fs.writeFileSync(path.join(this.data, "ballast"), Buffer.alloc(Math.max(0, wanted) * bsize));
    }

    unmount(): void {
        spawnSync("umount", [this.data]);
    }
}
