import * as fs from "node:fs";
import * as path from "node:path";
import * as systemd from "../../../tools/local/systemd-container";
import { Docker } from "./docker";
import { exec } from "./exec";
import { importRoot } from "./images";
import { digest, stateDirectory } from "./state";

/** By these names in `prepare`, whose text is a part of the image's name. */
export const { INIT, MASKED, PACKAGES } = systemd;

const SUITE = process.env.E2E_DEBIAN_SUITE ?? "bookworm";

/** Makes a host's image with debootstrap, unless the daemon has it from an earlier run. Takes minutes then. Gives its reference. */
export async function hostImage(docker: Docker): Promise<string> {
    return debianImage(docker, "host", { packages: PACKAGES, inputs: [...MASKED, INIT, prepare.toString()], prepare });
}

/** What makes one root file system of Debian differ from another. */
export interface DebianRecipe {
    packages: string[];
    /** Whatever else goes into it: another one makes another image. */
    inputs: string[];
    /** Changes the root file system before it becomes an image. */
    prepare: (root: string) => Promise<void>;
}

/** An image that boots systemd, made with debootstrap unless the daemon has it. Gives its reference. */
export async function debianImage(docker: Docker, name: string, { packages, inputs, prepare: change }: DebianRecipe): Promise<string> {
    const reference = `photogather-monitoring-e2e/${name}:${digest([SUITE, ...packages, ...inputs]).slice(0, 16)}`;
    if (await docker.hasImage(reference)) return reference;
    const root = path.join(stateDirectory(`${name}-image`), "root");
    fs.rmSync(root, { recursive: true, force: true });
    try {
        await exec("debootstrap", ["--variant=minbase", `--include=${packages.join(",")}`, SUITE, root], { seconds: 1800 });
        await change(root);
        await importRoot(docker, reference, root, [`CMD ["${systemd.INIT_PATH}"]`, "ENV container=docker"]);
    } finally {
        fs.rmSync(root, { recursive: true, force: true });
    }
    return reference;
}

async function prepare(root: string): Promise<void> {
    const into = (file: string) => path.join(root, file);
    for (const unit of MASKED) {
        fs.rmSync(into(`etc/systemd/system/${unit}`), { force: true });
        fs.symlinkSync("/dev/null", into(`etc/systemd/system/${unit}`));
    }
    fs.writeFileSync(into("usr/local/sbin/host-init"), INIT, { mode: 0o755 });
    await exec("chroot", [root, "useradd", "--create-home", "--groups", "docker", "--shell", "/bin/bash", "ubuntu"]);
    fs.writeFileSync(into("etc/sudoers.d/ubuntu"), "ubuntu ALL=(ALL) NOPASSWD:ALL\n", { mode: 0o440 });
    // Each host gets keys of its own, made before it starts.
    for (const key of fs.readdirSync(into("etc/ssh")).filter((name) => name.startsWith("ssh_host_"))) fs.rmSync(into(`etc/ssh/${key}`));
    fs.writeFileSync(into("etc/machine-id"), "");
    for (const directory of ["var/cache/apt", "var/lib/apt/lists"]) fs.rmSync(into(directory), { recursive: true, force: true });
}
