import * as fs from "node:fs";
import * as path from "node:path";
import { Docker } from "./docker";
import { exec } from "./exec";
import { importRoot } from "./images";
import { digest, stateDirectory } from "./state";

const SUITE = process.env.E2E_DEBIAN_SUITE ?? "bookworm";

/** What any of the hosts needs; the programs under test install nothing by package. */
const PACKAGES = [
    "systemd",
    "systemd-sysv",
    "dbus",
    "openssh-server",
    "sudo",
    "docker.io",
    "ca-certificates",
    "curl",
    "python3",
    "iptables",
    "iproute2",
    "procps",
    "openjdk-17-jre-headless",
    "unzip",
    "zstd",
];

/** Units that would act on the machine that the container runs on, or that only cost time. */
export const MASKED = [
    "systemd-udevd.service",
    "systemd-udev-trigger.service",
    "systemd-sysctl.service",
    "systemd-modules-load.service",
    "systemd-timesyncd.service",
    "systemd-logind.service",
    "systemd-remount-fs.service",
    "getty.target",
    "console-getty.service",
    "sys-kernel-debug.mount",
    "sys-kernel-tracing.mount",
    "sys-kernel-config.mount",
    "dev-hugepages.mount",
    "dev-mqueue.mount",
    "proc-sys-fs-binfmt_misc.automount",
    "apt-daily.timer",
    "apt-daily-upgrade.timer",
    "dpkg-db-backup.timer",
    "e2scrub_all.timer",
    "fstrim.timer",
];

const INIT = `#!/bin/sh
# A container's /sys is read-only; systemd and the inner Docker write their control groups below it.
mount -o remount,bind,rw /sys
for hierarchy in /sys/fs/cgroup /sys/fs/cgroup/*; do
    ! mountpoint -q "$hierarchy" || mount -o remount,bind,rw "$hierarchy"
done
# Bind mounts into the inner containers may ask for propagation.
mount --make-rshared /
exec /lib/systemd/systemd
`;

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
        await importRoot(docker, reference, root, ['CMD ["/usr/local/sbin/host-init"]', "ENV container=docker"]);
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
