/** Matchers of real file systems: neither memory nor what containers and systemd mount once more. */
export const DISKS = 'fstype!~"tmpfs|ramfs|overlay|squashfs|nfs.*|fuse.*", mountpoint!~"/(etc|run|proc|sys|dev)(/.*)?"';
