import * as fs from "node:fs";
import * as path from "node:path";
import { exec } from "../exec";
import { Docker } from "../docker";
import { debianImage, MASKED } from "../host-image";

/** As little as a cloud image has; the first boot is to bring the rest, Docker above all. */
const PACKAGES = ["systemd", "systemd-sysv", "dbus", "udev", "openssh-server", "sudo", "ca-certificates", "iproute2", "e2fsprogs", "procps"];

/** What the first boot installs (setup.sh): laid beside the image, so that `apt-get` works as ever but downloads nothing in each run. */
const FETCHED = ["docker.io", "python3", "curl", "ca-certificates", "chrony", "unattended-upgrades"];

/** File of ours to its place in the image. */
const FILES: Record<string, { to: string; mode: number }> = {
    "host-init": { to: "usr/local/sbin/host-init", mode: 0o755 },
    hypervisor: { to: "usr/local/lib/hypervisor", mode: 0o755 },
    "hypervisor.service": { to: "etc/systemd/system/hypervisor.service", mode: 0o644 },
    "disk-serial": { to: "usr/local/lib/disk-serial", mode: 0o755 },
    "60-disks.rules": { to: "etc/udev/rules.d/60-disks.rules", mode: 0o644 },
    swapon: { to: "usr/local/sbin/swapon", mode: 0o755 },
    "cloud.cfg": { to: "etc/cloud/cloud.cfg.d/99-image.cfg", mode: 0o644 },
};

/** Rules of udev that say what disks there are. All others would rename or set up what is this machine's. */
const RULES = ["60-persistent-storage.rules", "99-systemd.rules"];

/** The image that an instance boots: Debian with cloud-init, and without Docker. */
export function instanceImage(docker: Docker): Promise<string> {
    const inputs = Object.keys(FILES).map((name) => fs.readFileSync(source(name), "utf8"));
    return debianImage(docker, "instance", { packages: PACKAGES, inputs: [...MASKED, ...FETCHED, ...RULES, ...inputs, prepare.toString()], prepare });
}

async function prepare(root: string): Promise<void> {
    const into = (file: string) => path.join(root, file);
    for (const unit of MASKED.filter((name) => name !== "systemd-udevd.service")) {
        fs.rmSync(into(`etc/systemd/system/${unit}`), { force: true });
        fs.symlinkSync("/dev/null", into(`etc/systemd/system/${unit}`));
    }
    for (const [name, { to, mode }] of Object.entries(FILES)) {
        fs.mkdirSync(path.dirname(into(to)), { recursive: true });
        fs.writeFileSync(into(to), fs.readFileSync(source(name)), { mode });
    }
    for (const rule of fs.readdirSync(into("usr/lib/udev/rules.d")).filter((name) => !RULES.includes(name))) fs.symlinkSync("/dev/null", into(`etc/udev/rules.d/${rule}`));
    await exec("chroot", [root, "systemctl", "enable", "hypervisor.service"]);
    const apt = (...args: string[]) => exec("chroot", [root, "apt-get", "--yes", "--no-install-recommends", ...args], { env: { DEBIAN_FRONTEND: "noninteractive" } });
    await apt("update");
    // Not by debootstrap, which knows no virtual packages.
    await apt("install", "cloud-init");
    await apt("install", "--download-only", ...FETCHED);
    // Each instance gets keys and an id of its own.
    for (const key of fs.readdirSync(into("etc/ssh")).filter((name) => name.startsWith("ssh_host_"))) fs.rmSync(into(`etc/ssh/${key}`));
    for (const file of ["etc/machine-id", "etc/resolv.conf"]) fs.writeFileSync(into(file), "");
}

function source(name: string): string {
    return path.join(__dirname, "machine", name);
}
