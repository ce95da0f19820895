import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { renderSetup } from "../../components/monitoring-host/user-data";
import { part } from "../support/parts";

const VOLUME = "vol-0123456789abcdef0";
/** Programs that change the machine. Each writes its name and arguments to `$CALLS`. */
const STAND_INS: Record<string, string> = {
    "mkfs.ext4": "touch $ROOT/formatted", mount: "touch $ROOT/mounted", mountpoint: "[ -e $ROOT/mounted ]",
    chattr: "", resize2fs: "", fallocate: "", mkswap: "", swapon: "", chmod: "",
    sysctl: "", "apt-get": "", systemctl: "", usermod: "", docker: "", sleep: "",
    blkid: 'case "$*" in *UUID*) echo 1234-5678 ;; *) [ -z "$TYPE" ] && [ ! -e $ROOT/formatted ] && exit 2; echo ${TYPE:-ext4} ;; esac',
};

/** Runs the first boot with stand-ins for what changes the machine, below a directory of its own. */
function boot(disk: { content?: Buffer; type?: string; fromSnapshot?: boolean }) {
    const root = fs.mkdtempSync(path.join(os.tmpdir(), "first-boot-"));
    const bin = path.join(root, "bin");
    for (const directory of [bin, path.join(root, "dev/disk/by-id"), path.join(root, "etc/sysctl.d")]) fs.mkdirSync(directory, { recursive: true });
    for (const [name, body] of Object.entries(STAND_INS)) {
        fs.writeFileSync(path.join(bin, name), `#!/bin/sh\necho "${name} $*" >> $ROOT/calls\n${body || ":"}\n`, { mode: 0o755 });
    }
    fs.writeFileSync(path.join(root, "etc/fstab"), "");
    if (disk.content) fs.writeFileSync(path.join(root, "dev/disk/by-id", `nvme-Amazon_Elastic_Block_Store_${VOLUME.replace("-", "")}`), disk.content);
    const script = renderSetup({ volumeId: VOLUME, fromSnapshot: disk.fromSnapshot ?? false, dataDirectory: "/var/data", swapMiB: 512 })
        // The test's disk is a file, and its root is not the machine's.
        .replace('[ -b "$DEVICE" ]', '[ -e "$DEVICE" ]').replace(/(?<=[ =">'])\/(etc|var|swapfile|dev\/disk)\b/g, `${root}/$1`);
    const run = () => spawnSync("sh", ["-c", script], { encoding: "utf8", env: { PATH: `${bin}:${process.env.PATH}`, ROOT: root, TYPE: disk.type ?? "" } });
    const read = (file: string) => fs.existsSync(path.join(root, file)) ? fs.readFileSync(path.join(root, file), "utf8").replaceAll(root, "") : "";
    const first = run();
    const state = read("var/lib/photogather-monitoring/host-setup");
    const result = { status: first.status, stderr: first.stderr, state, calls: read("calls"), fstab: read("etc/fstab") };
    return {
        ...result,
        again: () => ({ status: run().status, fstab: read("etc/fstab"), calls: read("calls").slice(result.calls.length) }),
        remove: () => fs.rmSync(root, { recursive: true }),
    };
}

describe("the monitoring host's first boot, by a real shell", () => {
    const empty = Buffer.alloc(64 << 20);

    before(function () { part(this, "sh"); });

    it("formats a new volume, mounts it, and only then installs Docker", () => {
        const { status, stderr, state, calls, fstab, again, remove } = boot({ content: empty });
        assert.deepEqual([status, stderr, state], [0, "", "done\n"]);
        const order = ["mkfs.ext4 -q -m 1", "mount /var/data", "resize2fs", "DPkg::Lock::Timeout=600 install", "systemctl enable --now docker"];
        const positions = order.map((call) => calls.indexOf(call));
        assert.ok(positions.every((at, i) => at >= 0 && (i === 0 || at > positions[i - 1])), calls);
        assert.match(fstab, /^UUID=1234-5678 \/var\/data ext4 noatime,nodev,nosuid,nodelalloc,nofail,\S+ 0 2$/m);
        const second = again();
        assert.deepEqual([second.status, second.fstab], [0, fstab]);
        assert.doesNotMatch(second.calls, /mkfs|^mount \//m);
        remove();
    });

    it("leaves a volume that holds data as it is, and mounts it", () => {
        const { status, calls, remove } = boot({ content: Buffer.alloc(2 << 20, 1), type: "ext4" });
        assert.equal(status, 0);
        assert.doesNotMatch(calls, /mkfs/);
        assert.match(calls, /^mount \/var\/data$/m);
        remove();
    });

    const refused: [string, Parameters<typeof boot>[0], RegExp][] = [
        ["another file system", { content: empty, type: "xfs" }, /holds xfs, expected ext4: it is left as it is/],
        ["data that blkid does not know", { content: Buffer.concat([Buffer.alloc(60_000_000), Buffer.from("x"), Buffer.alloc(10_000_000)]) }, /is not empty and has no file system/],
        ["a snapshot without file system", { content: empty, fromSnapshot: true }, /comes from a snapshot and has no file system/],
        ["no volume", {}, /is not attached after 10 minutes/],
    ];
    for (const [name, disk, reason] of refused) {
        it(`stops at ${name}: says so, formats and mounts nothing, installs no Docker`, () => {
            const { status, stderr, state, calls, remove } = boot(disk);
            assert.equal(status, 1);
            assert.match(stderr, reason);
            assert.match(state, /^failed: /);
            assert.match(state, reason);
            assert.doesNotMatch(calls, /mkfs|^mount |apt-get|docker/m);
            remove();
        });
    }
});
