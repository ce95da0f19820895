import * as fs from "node:fs";
import * as path from "node:path";
import { findPart } from "../../support/parts";
import { exec } from "./exec";

/** A directory inside an image that belongs to its user. */
export interface OwnedDirectory {
    path: string;
    uid: number;
    gid: number;
}

/** What an image made from a program holds: as much as the real one that its behaviour depends on, and no more. */
export interface ImageRecipe {
    /** File on this machine to path in the image. */
    files: Record<string, string>;
    /** busybox as shell, wget and the rest; false for a distroless image. */
    shell: boolean;
    /** The shared libraries that the files need, time zones and libsystemd, which the agents load at run time. */
    glibc: boolean;
    /** File capabilities by path in the image, as `setcap` takes them. */
    capabilities: Record<string, string>;
    directories: OwnedDirectory[];
    /** Dockerfile lines, as `docker import --change` takes them. */
    config: string[];
}

/** The users of all the real images. */
const PASSWD = [
    "root:x:0:0:root:/root:/bin/sh",
    "nobody:x:65534:65534:nobody:/nonexistent:/bin/false",
    "grafana:x:472:0:grafana:/usr/share/grafana:/bin/sh",
    "alloy:x:473:473:alloy:/home/alloy:/bin/sh",
    "loki:x:10001:10001:loki:/nonexistent:/bin/false",
];
const GROUP = ["root:x:0:", "nogroup:x:65534:", "alloy:x:473:", "loki:x:10001:"];
const CERTIFICATES = "/etc/ssl/certs/ca-certificates.crt";

/** The static busybox, where the machine has one. */
export function findBusybox(): string | undefined {
    return findPart("busybox");
}

/** Lays out a recipe's root file system in an empty directory. Needs root, for the owners. */
export async function layOut(root: string, recipe: ImageRecipe): Promise<void> {
    const into = (file: string) => path.join(root, file);
    for (const directory of ["bin", "etc/ssl/certs", "root", "usr/bin"]) fs.mkdirSync(into(directory), { recursive: true });
    fs.mkdirSync(into("tmp"));
    fs.chmodSync(into("tmp"), 0o1777);
    fs.writeFileSync(into("etc/passwd"), PASSWD.join("\n") + "\n");
    fs.writeFileSync(into("etc/group"), GROUP.join("\n") + "\n");
    if (fs.existsSync(CERTIFICATES)) fs.copyFileSync(CERTIFICATES, into(CERTIFICATES));
    if (recipe.shell) await layOutShell(root);
    for (const [from, to] of Object.entries(recipe.files)) {
        copy(from, into(to));
        fs.chmodSync(into(to), 0o755);
    }
    if (recipe.glibc) await layOutLibraries(root, Object.keys(recipe.files));
    for (const [file, capability] of Object.entries(recipe.capabilities)) {
        if (findPart("setcap")) await exec("setcap", [capability, into(file)]);
    }
    for (const { path: directory, uid, gid } of recipe.directories) {
        fs.mkdirSync(into(directory), { recursive: true });
        fs.chownSync(into(directory), uid, gid);
    }
}

async function layOutShell(root: string): Promise<void> {
    const busybox = findBusybox();
    if (!busybox) throw new Error("busybox (static) is not on PATH");
    copy(busybox, path.join(root, "bin/busybox"));
    for (const applet of (await exec(busybox, ["--list"])).split("\n")) {
        if (applet !== "busybox") fs.symlinkSync("/bin/busybox", path.join(root, "bin", applet));
    }
}

async function layOutLibraries(root: string, programs: string[]): Promise<void> {
    const systemd = ["/lib", "/usr/lib"]
        .map((base) => path.join(base, "x86_64-linux-gnu", "libsystemd.so.0").replace("x86_64", process.arch === "arm64" ? "aarch64" : "x86_64"))
        .find((file) => fs.existsSync(file));
    const needing = [...programs, ...(systemd ? [systemd] : [])];
    const needed = await Promise.all(needing.map(async (file) => [...(await exec("ldd", [file])).matchAll(/(\/\S+) \(0x/g)].map(([, library]) => library)));
    for (const library of new Set([...needed.flat(), ...(systemd ? [systemd] : [])])) copy(library, path.join(root, library));
    if (fs.existsSync("/usr/share/zoneinfo")) fs.cpSync("/usr/share/zoneinfo", path.join(root, "usr/share/zoneinfo"), { recursive: true });
}

/** Copies what a path leads to, links followed. */
function copy(from: string, to: string): void {
    fs.mkdirSync(path.dirname(to), { recursive: true });
    fs.copyFileSync(fs.realpathSync(from), to);
    fs.chmodSync(to, 0o755);
}
