/**
 * What systemd and a Docker inside a container need. Not `--privileged`: a sandbox may lack a capability of the full set, and the host has no
 * business with this machine's modules, clock or raw devices.
 */
const CAPABILITIES = ["SYS_ADMIN", "NET_ADMIN", "SYS_PTRACE", "DAC_READ_SEARCH", "IPC_LOCK", "SYS_NICE", "AUDIT_CONTROL", "LEASE", "LINUX_IMMUTABLE"];

/** `docker create`'s flags for a container that boots systemd. */
export const SYSTEMD_IN_A_CONTAINER = [
    ...CAPABILITIES.flatMap((capability) => ["--cap-add", capability]),
    ...["seccomp", "apparmor", "systempaths"].flatMap((kind) => ["--security-opt", `${kind}=unconfined`]),
    "--cgroupns", "private", "--tmpfs", "/run", "--tmpfs", "/run/lock", "--stop-signal", "SIGRTMIN+3",
];

/** Packages of Debian that any of the hosts needs; the program itself installs nothing by package. */
export const PACKAGES = [
    "systemd", "systemd-sysv", "dbus", "openssh-server", "sudo", "docker.io", "ca-certificates", "curl", "python3", "iptables", "iproute2", "procps", "openjdk-17-jre-headless", "unzip", "zstd",
];

/** Units that would act on the machine that the container runs on, or that only cost time. */
export const MASKED = [
    "systemd-udevd.service", "systemd-udev-trigger.service", "systemd-sysctl.service", "systemd-modules-load.service", "systemd-timesyncd.service", "systemd-logind.service",
    "systemd-remount-fs.service", "getty.target", "console-getty.service", "sys-kernel-debug.mount", "sys-kernel-tracing.mount", "sys-kernel-config.mount", "dev-hugepages.mount",
    "dev-mqueue.mount", "proc-sys-fs-binfmt_misc.automount", "apt-daily.timer", "apt-daily-upgrade.timer", "dpkg-db-backup.timer", "e2scrub_all.timer", "fstrim.timer",
];

/** The first process of the container; gives way to systemd. */
export const INIT_PATH = "/usr/local/sbin/host-init";
export const INIT = `#!/bin/sh
# A container's /sys is read-only; systemd and the inner Docker write their control groups below it.
mount -o remount,bind,rw /sys
for hierarchy in /sys/fs/cgroup /sys/fs/cgroup/*; do
    ! mountpoint -q "$hierarchy" || mount -o remount,bind,rw "$hierarchy"
done
# Bind mounts into the inner containers may ask for propagation.
mount --make-rshared /
exec /lib/systemd/systemd
`;
