import assert from "node:assert/strict";
import { explain } from "./support/counted/count";
import { CountedStream, Mark } from "./support/counted/stream";
import { Ec2Deployment } from "./support/ec2";
import { foreignDisk, garbage, sameBytes } from "./support/ec2-disks";
import { Run } from "./support/engine";
import { GrafanaClient } from "./support/grafana";
import { Host } from "./support/hosts";
import { Lab } from "./support/lab";
import { ssh } from "./support/ssh";
import { eventually, timed } from "./support/wait";
import { World } from "./support/world";
import { part } from "../support/parts";

const DATA = "/var/lib/photogather-monitoring/data";
/** What takes long, as instances are replaced again and again, runs on request only, and counts as skipped otherwise. */
const ALL = process.env.E2E_EC2 === "all";
const lengthy = ALL ? it : it.skip;
const SNAPSHOT = "snap-0123456789abcdef0";
/** An instance waits 10 minutes for its volume; the rest is for its boot and the engine, on a machine that is busy with the other tests. */
const GIVES_UP_SECONDS = 1000;

/**
 * The owner stack on EC2, by the real engine. AWS is a stand-in whose instances boot: containers in which cloud-init runs the user data that they were given.
 * A WAS host sends numbered lines and spans all the while.
 */
describe("the monitoring host on EC2", () => {
    let world: World;
    let lab: Lab;
    let was: Host;
    let ec2: Ec2Deployment;
    let without: Ec2Deployment;
    let givingUp: Promise<{ seconds: number; result: Run }>;
    let stream: CountedStream;
    let snapshotAt: Mark;

    before(async function () {
        for (const program of ["losetup", "mke2fs", "cmp"]) part(this, program);
        world = await World.get();
        lab = world.lab;
        was = await lab.host("ec2-was-1", 30);
        await was.must("mkdir -p /var/log/was");
        if (ALL) {
            without = await Ec2Deployment.make(lab, { name: "without-volume", firstAddress: 140, attachesNothing: true });
            // It takes its ten minutes beside the tests; the last one looks at what came of it.
            givingUp = timed(() => without.up());
        }
        ec2 = await Ec2Deployment.make(lab, { name: "life", firstAddress: 100, hosts: [was] });
    });
    after(async () => {
        await stream?.stop();
        await givingUp;
        for (const made of [ec2, without]) await made?.close();
        await was?.remove();
    });

    const settings: Record<string, unknown> = { dataVolume: { sizeGiB: 10 } };
    const upWith = async (name: string, change: object) => {
        Object.assign(settings, change);
        const { seconds, result } = await timed(() => ec2.up(settings));
        assert.ok(result.ok, result.output);
        world.figures[`EC2: ${name}`] = seconds;
    };
    const all = async (grafana: GrafanaClient, mark: Mark) => {
        for (const kind of ["lines", "spans"] as const) {
            const count = await eventually(`all ${kind}`, 300, async () => {
                const found = await stream[kind](grafana, mark);
                if (found.lost.length > 0) throw new Error(explain(found));
                return found;
            });
            console.log(`    ${kind}: ${explain(count)}`);
        }
    };
    /** Times of the samples of the host's agent. */
    const samples = (grafana: GrafanaClient) => grafana.sampleTimes(`up{instance="${was.name}"}`, 3600);
    const healthy = () => eventually("all services to be healthy", 300, async () => {
        const states = (await ec2.must("docker ps --all --format '{{.Names}} {{.Status}}'")).split("\n");
        const ill = states.filter((state) => !/\(healthy\)$/.test(state) && !/node-exporter Up/.test(state));
        if (ill.length > 0 || states.length < 7) throw new Error(ill.join(", "));
        return true;
    });

    it("first up on an empty account: boots, formats and mounts the volume, installs Docker, and the services run on it", async () => {
        await upWith("first up", {});
        assert.equal(await ec2.must("cat /var/lib/photogather-monitoring/host-setup; cloud-init status; cat /etc/ami"), "done\nstatus: done\nami-arm64-1");
        const [source, type, options] = (await ec2.must(`findmnt --noheadings --raw --output SOURCE,FSTYPE,OPTIONS ${DATA}`)).split(" ");
        assert.equal(source, await ec2.must(`readlink -f /dev/disk/by-id/${ec2.link}`), "the volume, found by its id");
        assert.equal(type, "ext4");
        for (const option of ["noatime", "nodev", "nosuid"]) assert.ok(options.split(",").includes(option), options);
        await healthy();
    });

    it("the machine is what the user data says: pinned host key, no passwords, Docker's settings, swap, time, updates", async () => {
        const outputs = await ec2.stack.outputs();
        const { registration } = outputs.connection_prod as { registration: { hostKey: string } };
        assert.equal((await ec2.must("cut -d' ' -f1,2 /etc/ssh/ssh_host_ed25519_key.pub; ls /etc/ssh/*_key")), `${registration.hostKey}\n/etc/ssh/ssh_host_ed25519_key`);
        const sshd = await ec2.must("sshd -T");
        for (const line of ["passwordauthentication no", "maxstartups 60:30:120", "maxsessions 60"]) assert.match(sshd, new RegExp(`^${line}$`, "m"));
        assert.equal(await ec2.must("docker info --format '{{.LiveRestoreEnabled}} {{.LoggingDriver}}'"), "true json-file");
        assert.equal(await ec2.must("cat /run/swapon; stat -c '%s %a' /swapfile"), `/swapfile\n${1024 * 2 ** 20} 600`);
        // It may not set this machine's clock, only say what it would set it by.
        assert.match(await ec2.must("chronyd -x; sleep 1; chronyc -n sources; chronyc shutdown"), /^\S+ 169\.254\.169\.123 +0 +4 /m);
        assert.match(await ec2.must("apt-config dump && systemctl is-enabled unattended-upgrades chrony docker"), /Unattended-Upgrade "1";[\s\S]*Automatic-Reboot "false";[\s\S]*enabled\nenabled\nenabled$/);
        assert.match(await ec2.must("systemctl show --property RequiresMountsFor docker.service"), new RegExp(`[= ]${DATA}( |$)`));
    });

    it("lines, spans and samples of a host arrive; a second up changes nothing", async () => {
        stream = await CountedStream.start({ host: was, file: "/var/log/was/counted.log", otlp: "http://127.0.0.1:4318" });
        const grafana = await ec2.grafana();
        await eventually("samples", 180, async () => (await samples(grafana)).length > 0 || undefined);
        assert.equal(await ec2.changes(settings), 0);
        await all(grafana, await stream.mark());
    });

    it("a second boot changes nothing, and the services come back by themselves; no line and no span is lost", async () => {
        const facts = `sha256sum /etc/fstab /etc/docker/daemon.json /etc/ssh/ssh_host_ed25519_key.pub /home/ubuntu/.ssh/authorized_keys; blkid -p -o value -s UUID /dev/disk/by-id/${ec2.link}
            stat -c %Y /var/lib/photogather-monitoring/host-setup /var/lib/cloud/instance/sem/config_scripts_user; dpkg -l | sha256sum; docker ps --all --quiet --no-trunc | sort; findmnt --noheadings ${DATA}`;
        const before = await ec2.must(facts);
        const { seconds } = await timed(async () => {
            await ec2.reboot();
            await eventually("the volume to be mounted and Docker to answer", 240, async () => (await ec2.exec(`docker version && mountpoint ${DATA}`)).code === 0 || undefined);
            await healthy();
        });
        world.figures["EC2: second boot"] = seconds;
        assert.equal(await ec2.must(facts), before);
        assert.equal(await ec2.changes(settings), 0);
        await all(await ec2.grafana(), await stream.mark());
    });

    lengthy("a newer image and changed user data: replaced in one up, with the volume, containers, registered targets and all old data; nothing is lost", async () => {
        const { id: old, volume } = ec2;
        const first = Math.min(...await samples(await ec2.grafana()));
        ec2.account.change((account) => { account.images.arm64 = "ami-arm64-2"; });
        const { calls: { length } } = ec2.account.world;
        await upWith("replaced, other image", { imageRelease: "2026-12", swapMiB: 128 });
        const { id } = ec2;
        assert.deepEqual(ec2.account.world.calls.slice(length), [`stop ${old}`, `detach ${volume} from ${old}`, `terminate ${old}`, `run ${id}`, `attach ${volume} to ${id}`]);
        assert.equal(await ec2.must("cat /etc/ami; echo; stat -c %s /swapfile"), `ami-arm64-2\n${128 * 2 ** 20}`);
        const grafana = await ec2.grafana();
        await all(grafana, await stream.mark());
        const times = await eventually("samples from the new machine", 120, async () => {
            const found = await samples(grafana);
            return Date.now() / 1000 - Math.max(...found) < 20 ? found.sort((a, b) => a - b) : undefined;
        });
        assert.equal(times[0], first, "samples from before");
        world.figures["EC2: longest gap of samples"] = Math.max(...times.slice(1).map((time, i) => time - times[i]));
        assert.equal(await ec2.changes(settings), 0);
    });

    lengthy("the restricted identities are on the new machine: the environment's key registers, and can do nothing else", async () => {
        const { registration } = (await ec2.stack.outputs()).connection_prod as { registration: { address: string; user: string; privateKey: string; hostKey: string } };
        const { code, stderr } = await ssh(registration, ["set"], [], '{"format":1,"environment":"dev","profiles":{},"targets":[]}');
        assert.notEqual(code, 0);
        assert.match(stderr, /prod/, `its own environment only: ${stderr}`);
        const shell = await ssh(registration, ["id"]);
        assert.notEqual(shell.code, 0);
        assert.doesNotMatch(shell.stdout, /uid=/);
    });

    // The file system is not made larger here: a container may not do that on all machines.
    lengthy("another type, of another architecture: the same, and the memory plan follows", async () => {
        const { id: old, volume } = ec2;
        const memory = "docker inspect --format '{{.HostConfig.Memory}}' $(docker ps --quiet) | awk '{ sum += $1 } END { print sum / 1048576 }'";
        const before = Number(await ec2.must(memory));
        await upWith("replaced, other type", { instanceType: "t3.medium" });
        assert.notEqual(ec2.id, old);
        assert.equal(ec2.volume, volume);
        assert.equal(await ec2.must("cat /etc/ami"), "ami-amd64-1");
        const after = Number(await ec2.must(memory));
        assert.ok(before < 1843 && after > 1.8 * before && after < 3687, `${before} MiB, then ${after}`);
        await all(await ec2.grafana(), await stream.mark());
    });

    lengthy("destroy is refused while the volume is protected; --exclude-protected takes the rest, and the volume stays", async () => {
        snapshotAt = await stream.mark();
        // What is younger may be in a cache, as in a power cut.
        await eventually("lines and spans to be a minute old", 180, async () => (await stream.mark()).lines > snapshotAt.lines + 600 || undefined);
        await ec2.snapshot(SNAPSHOT);
        const { volume } = ec2;
        const refused = await ec2.stack.destroy();
        assert.equal(refused.ok, false);
        assert.match(refused.output, /protect/);
        const { ok, output } = await ec2.stack.destroy({ excludeProtected: true });
        assert.ok(ok, output);
        const { instances, volumes } = ec2.account.world;
        assert.deepEqual([instances, Object.keys(volumes)], [{}, [volume]]);
    });

    lengthy("a snapshot in a stack that is all new, as after a lost state: everything up to a minute before it is there", async () => {
        await ec2.startAnew();
        await upWith("restored from a snapshot", { dataVolume: { sizeGiB: 10, snapshotId: SNAPSHOT, protect: false } });
        const grafana = await ec2.grafana();
        await all(grafana, snapshotAt);
    });

    lengthy("without protection destroy takes everything, and the volume stays in the account", async () => {
        const { volume } = ec2;
        const { ok, output } = await ec2.stack.destroy();
        assert.ok(ok, output);
        const { instances, volumes, keyPairs, addresses } = ec2.account.world;
        assert.deepEqual([instances, keyPairs, addresses], [{}, {}, {}]);
        assert.ok(volume in volumes);
    });

    const foreign: [string, (file: string) => Promise<void>, RegExp][] = [
        ["another file system", foreignDisk, /holds ext3, expected ext4: it is left as it is/],
        ["no file system but data", garbage, /comes from a snapshot and has no file system/],
    ];
    for (const [name, fill, reason] of foreign) {
        lengthy(`a volume with ${name} is refused by name, and not a byte of it is changed`, async () => {
            await fill(ec2.disks.snapshot("snap-0fffffffffffffff0"));
            await ec2.startAnew();
            const { seconds, result: { ok, output } } = await timed(() => ec2.up({ dataVolume: { sizeGiB: 10, snapshotId: "snap-0fffffffffffffff0", protect: false } }));
            assert.equal(ok, false);
            assert.match(output, reason);
            assert.ok(output.includes(ec2.volume) && seconds < 500, `${seconds} s: ${output}`);
            await nothingWritten(ec2);
            await sameBytes(ec2.disks.snapshot("snap-0fffffffffffffff0"), ec2.disks.volume(ec2.volume));
        });
    }

    lengthy("a volume that never comes fails the up in bounded time, by name; Docker is not there, and nothing is written to the root disk in its place", async () => {
        const { seconds, result: { ok, output } } = await givingUp;
        world.figures["EC2: volume that never comes"] = seconds;
        assert.equal(ok, false);
        assert.ok(output.includes(`the data volume ${without.volume} is not attached after 10 minutes`), output);
        assert.ok(seconds < GIVES_UP_SECONDS, `${seconds} s`);
        await nothingWritten(without);
    });
});

/** No Docker, and no data directory. */
async function nothingWritten(ec2: Ec2Deployment): Promise<void> {
    assert.equal(await ec2.must(`command -v docker || :; ls -A ${DATA} 2>/dev/null || :; cut -d: -f1 /var/lib/photogather-monitoring/host-setup`), "failed");
}
