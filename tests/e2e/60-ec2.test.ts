import assert from "node:assert/strict";
import { explain, gaps } from "./support/counted/count";
import { CountedStream, Mark } from "./support/counted/stream";
import { Ec2Deployment } from "./support/ec2";
import { foreignDisk, garbage, sameBytes } from "./support/ec2-disks";
import { Run, succeeded } from "./support/engine";
import { GrafanaClient } from "./support/grafana";
import { Host } from "./support/hosts";
import { Lab } from "./support/lab";
import { LONG, lengthy } from "./support/lengthy";
import { readRules } from "./support/rules";
import { ssh } from "./support/ssh";
import { eventually, timed } from "../support/wait";
import { World } from "./support/world";
import { secretsIn } from "./support/secrets";
import { part } from "../support/parts";

const DATA = "/var/lib/photogather-monitoring/data";
const SNAPSHOT = "snap-0123456789abcdef0";
/** An instance waits 10 minutes for its volume; the rest is for its boot and the engine, on a machine that is busy with the other tests. */
const GIVES_UP_SECONDS = 1000;
const INTERVAL_SECONDS = 15;

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
    let backupAt: Mark;
    let backup: string;
    let rules: string[];

    before(async function () {
        for (const program of ["losetup", "mke2fs", "cmp"]) part(this, program);
        world = await World.get();
        lab = world.lab;
        was = await lab.host("ec2-was-1", 30);
        await was.must("mkdir -p /var/log/was");
        if (LONG) {
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
        const { seconds } = await timed(async () => succeeded(await ec2.up(settings)));
        world.figures[`EC2: ${name}`] = seconds;
    };
    const all = async (grafana: GrafanaClient, mark: Mark) => {
        for (const [kind, count] of Object.entries(await stream.allThere(grafana, mark, 300))) console.log(`    ${kind}: ${explain(count)}`);
    };
    /** Times of the samples of the host's agent. */
    const samples = (grafana: GrafanaClient) => grafana.sampleTimes(`up{instance="${was.name}"}`, 3600);
    /** After a fault of that many seconds: rules are as before, and samples are missing for it and the interval at either end of it; for none of it where it does not touch Prometheus. */
    const ruledAndScraped = async (since: number, seconds = 0) => {
        const grafana = await ec2.grafana();
        assert.deepEqual(await readRules(ec2, grafana, ["prod"]), rules);
        const times = await eventually("samples of now", 120, async () => {
            const found = await samples(grafana);
            return Date.now() / 1000 - Math.max(...found) < 2 * INTERVAL_SECONDS ? found : undefined;
        });
        const found = gaps(times.filter((at) => at > since - 2 * INTERVAL_SECONDS), INTERVAL_SECONDS);
        for (const gap of found) assert.ok(gap.seconds <= (seconds === 0 ? 0 : seconds + 2 * INTERVAL_SECONDS), JSON.stringify({ found, since, seconds }));
        return Math.max(0, ...found.map((gap) => gap.seconds));
    };
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
        for (const option of ["noatime", "nodev", "nosuid", "nodelalloc"]) assert.ok(options.split(",").includes(option), options);
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
        rules = await readRules(ec2, grafana, ["prod"]);
        assert.ok(rules.length > 50, String(rules.length));
    });

    lengthy.it("a second boot changes nothing, and the services come back by themselves; no line and no span is lost", async () => {
        const facts = `sha256sum /etc/fstab /etc/docker/daemon.json /etc/ssh/ssh_host_ed25519_key.pub /home/ubuntu/.ssh/authorized_keys; blkid -p -o value -s UUID /dev/disk/by-id/${ec2.link}
            stat -c %Y /var/lib/photogather-monitoring/host-setup /var/lib/cloud/instance/sem/config_scripts_user; dpkg -l | sha256sum; docker ps --all --quiet --no-trunc | sort; findmnt --noheadings ${DATA}`;
        const before = await ec2.must(facts);
        const since = Date.now() / 1000;
        const { seconds } = await timed(async () => {
            await ec2.reboot();
            await eventually("the volume to be mounted and Docker to answer", 240, async () => (await ec2.exec(`docker version && mountpoint ${DATA}`)).code === 0 || undefined);
            await healthy();
        });
        world.figures["EC2: second boot"] = seconds;
        assert.equal(await ec2.must(facts), before);
        assert.equal(await ec2.changes(settings), 0);
        await all(await ec2.grafana(), await stream.mark());
        await ruledAndScraped(since, seconds);
    });

    it("the Docker daemon killed: the containers run on, and no line, no span and no sample is lost", async () => {
        const since = Date.now() / 1000;
        const started = "docker inspect --format '{{.Name}} {{.State.StartedAt}}' $(docker ps --quiet) | sort";
        const before = await ec2.must(started);
        await ec2.must("kill -9 $(systemctl show --property MainPID --value docker.service)");
        await eventually("Docker to answer", 90, async () => (await ec2.exec("docker version")).code === 0 || undefined);
        await healthy();
        assert.equal(await ec2.must(started), before);
        await all(await ec2.grafana(), await stream.mark());
        await ruledAndScraped(since);
    });

    it("no secret is in the state, the outputs, what the runs printed, the processes, the containers, the logs, or what a container's user may read of the user data", async () => {
        const secrets = await ec2.secrets();
        assert.ok(secrets.length >= 6, String(secrets.length));
        const userData = await ec2.must("cat /var/lib/cloud/instance/user-data.txt");
        assert.equal(secretsIn(userData, secrets).length > 0, true, "the host's own key is in the user data");
        const places: Record<string, string> = {
            "the state": await ec2.stack.state(), "the outputs": await ec2.outputsAsShown(), "the runs": ec2.printed, "the processes": await ec2.must("ps -ewwo args"),
            "the containers": await ec2.must("docker inspect $(docker ps --all --quiet)"),
            "the logs": await ec2.must("journalctl --no-pager --output cat; cat /var/log/cloud-init*.log; for id in $(docker ps --all --quiet); do docker logs $id 2>&1; done"),
            "what a container's user may read": await ec2.must("setpriv --reuid 65532 --regid 65532 --clear-groups sh -c 'find /var/lib/cloud /run/cloud-init /var/log /etc/photogather-monitoring -type f -readable -exec cat {} + 2>/dev/null || :'"),
        };
        for (const [place, text] of Object.entries(places)) {
            assert.ok(text.length > 100, place);
            assert.deepEqual(secretsIn(text, secrets), [], `${place} holds secrets that begin so`);
        }
    });

    lengthy.it("the key that Pulumi logs in with is rotated in two phases on the running machine: the old one is refused afterwards", async () => {
        const { id } = ec2;
        const { registration } = (await ec2.stack.outputs()).connection_prod as { registration: { address: string; hostKey: string } };
        const accepted = async (keys: string[]) => {
            const found: string[] = [];
            for (const privateKey of keys) if ((await ssh({ ...registration, user: "ubuntu", privateKey }, ["true"])).code === 0) found.push(privateKey);
            return found;
        };
        const [old, ...others] = await accepted(await ec2.keys());
        assert.ok(old && others.length === 0);
        await upWith("SSH key, first phase", { sshKeyGenerations: [1, 2] });
        assert.equal((await accepted(await ec2.keys())).length, 2);
        await upWith("SSH key, second phase", { sshKeyGenerations: [2] });
        const left = await accepted([old, ...await ec2.keys()]);
        assert.ok(left.length === 1 && left[0] !== old);
        assert.deepEqual([ec2.id, await ec2.changes(settings)], [id, 0]);
        await all(await ec2.grafana(), await stream.mark());
    });

    lengthy.it("a boot without its volume: Docker does not start, nothing is written in its place, SSH answers; with it all is as before", async () => {
        const find = ec2.loseVolume();
        await ec2.reboot();
        await eventually("systemd to have given up on the volume", 300, async () => /failed|inactive/.test((await ec2.exec(`systemctl is-active '${DATA}' || systemctl show --property ActiveState --value docker.service`)).stdout) && (await ec2.exec("systemctl list-jobs --no-legend | grep -q .")).code !== 0 || undefined);
        assert.equal((await ec2.exec("systemctl is-active docker.service")).stdout.trim(), "inactive");
        assert.equal(await ec2.must(`mountpoint -q ${DATA} || echo no volume; ls -A ${DATA}; touch ${DATA}/x 2>&1 | grep -o 'not permitted'; systemctl is-active ssh`), "no volume\nnot permitted\nactive");
        find();
        await ec2.reboot();
        await healthy();
        await all(await ec2.grafana(), await stream.mark());
    });

    lengthy.it("a newer image and changed user data: replaced in one up, with the volume, containers, registered targets and all old data; nothing is lost", async () => {
        const { id: old, volume } = ec2;
        const first = Math.min(...await samples(await ec2.grafana()));
        ec2.account.change((account) => { account.images.arm64 = "ami-arm64-2"; });
        const { calls: { length } } = ec2.account.world;
        const since = Date.now() / 1000;
        await upWith("replaced, other image", { imageRelease: "2026-12", swapMiB: 128 });
        const { id } = ec2;
        assert.deepEqual(ec2.account.world.calls.slice(length), [`stop ${old}`, `detach ${volume} from ${old}`, `terminate ${old}`, `run ${id}`, `attach ${volume} to ${id}`]);
        assert.equal(await ec2.must("cat /etc/ami; echo; stat -c %s /swapfile"), `ami-arm64-2\n${128 * 2 ** 20}`);
        const grafana = await ec2.grafana();
        await all(grafana, await stream.mark());
        world.figures["EC2: longest gap of samples"] = await ruledAndScraped(since, world.figures["EC2: replaced, other image"]);
        assert.equal(Math.min(...await samples(grafana)), first, "samples from before");
        assert.equal(await ec2.changes(settings), 0);
    });

    lengthy.it("the restricted identities are on the new machine: the environment's key registers, and can do nothing else", async () => {
        const { registration } = (await ec2.stack.outputs()).connection_prod as { registration: { address: string; user: string; privateKey: string; hostKey: string } };
        const { code, stderr } = await ssh(registration, ["set"], [], '{"format":1,"environment":"dev","profiles":{},"targets":[]}');
        assert.notEqual(code, 0);
        assert.match(stderr, /prod/, `its own environment only: ${stderr}`);
        const registered = await ec2.must(`cat ${DATA}/registration/prod.json`);
        const again = await ssh(registration, ["set"], [], registered);
        assert.equal(again.code, 0, again.stderr);
        const shell = await ssh(registration, ["id"]);
        assert.notEqual(shell.code, 0);
        assert.doesNotMatch(shell.stdout, /uid=/);
    });

    // The file system is not made larger here: a container may not do that on all machines.
    lengthy.it("another type, of another architecture: the same, and the memory plan follows", async () => {
        const { id: old, volume } = ec2;
        const memory = "docker inspect --format '{{.HostConfig.Memory}}' $(docker ps --quiet) | awk '{ sum += $1 } END { print sum / 1048576 }'";
        const before = Number(await ec2.must(memory));
        await upWith("replaced, other type", { instanceType: "t3.medium" });
        assert.notEqual(ec2.id, old);
        assert.equal(ec2.volume, volume);
        assert.equal(await ec2.must("cat /etc/ami"), "ami-amd64-1");
        const after = Number(await ec2.must(memory));
        assert.ok(before < 1843 && after > 1.8 * before && after < 3687, `${before} MiB, then ${after}`);
        const grafana = await ec2.grafana();
        await all(grafana, await stream.mark());
        assert.ok(Date.now() / 1000 - Math.min(...await samples(grafana)) > 300, "samples from before");
        await eventually("samples from the new machine", 120, async () => Date.now() / 1000 - Math.max(...await samples(grafana)) < 20 || undefined);
        assert.equal(await ec2.changes(settings), 0);
    });

    /** What is younger may be in a cache, as in a power cut. */
    const aMinuteOld = async () => {
        const mark = await stream.mark();
        await eventually("lines and spans to be a minute old", 180, async () => (await stream.mark()).lines > mark.lines + 600 || undefined);
        return mark;
    };

    lengthy.it("destroy is refused while the volume is protected; --exclude-protected takes the rest, and the volume stays", async () => {
        snapshotAt = await aMinuteOld();
        await ec2.snapshot(SNAPSHOT);
        backupAt = await aMinuteOld();
        const said = await ec2.tool("backup", "--to", ec2.account.directory);
        backup = /^(\S+\.tar\.gz): /.exec(said)![1];
        const { volume } = ec2;
        const refused = await ec2.stack.destroy();
        assert.equal(refused.ok, false);
        assert.match(refused.output, /protect/);
        succeeded(await ec2.stack.destroy({ excludeProtected: true }));
        const { instances, volumes } = ec2.account.world;
        assert.deepEqual([instances, Object.keys(volumes)], [{}, [volume]]);
    });

    lengthy.it("a snapshot in a stack that is all new, as after a lost state: everything up to a minute before it is there", async () => {
        await ec2.startAnew();
        await upWith("restored from a snapshot", { dataVolume: { sizeGiB: 10, snapshotId: SNAPSHOT, protect: false } });
        const grafana = await ec2.grafana();
        await all(grafana, snapshotAt);
    });

    lengthy.it("a backup onto the instance of a stack that is all new: what came in between the snapshot and the backup is there too", async () => {
        // Its spans: the agent, which went with the stack, has read the lines anew.
        assert.ok((await stream.spans(await ec2.grafana(), backupAt)).lost.length > 0, "the snapshot has it already");
        assert.match(await ec2.tool("restore", "--replace", "--from", backup), /The services run on them/);
        // Grafana's password is the lost stack's.
        succeeded(await ec2.up(settings, { repair: "1" }));
        await healthy();
        await all(await ec2.grafana(), backupAt);
    });

    lengthy.it("without protection destroy takes everything, and the volume stays in the account", async () => {
        const { volume } = ec2;
        succeeded(await ec2.stack.destroy());
        const { instances, volumes, keyPairs, addresses } = ec2.account.world;
        assert.deepEqual([instances, keyPairs, addresses], [{}, {}, {}]);
        assert.ok(volume in volumes);
    });

    const foreign: [string, (file: string) => Promise<void>, RegExp][] = [
        ["another file system", foreignDisk, /holds ext3, expected ext4: it is left as it is/],
        ["no file system but data", garbage, /comes from a snapshot and has no file system/],
    ];
    for (const [name, fill, reason] of foreign) {
        lengthy.it(`a volume with ${name} is refused by name, and not a byte of it is changed`, async () => {
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

    lengthy.it("a volume that never comes fails the up in bounded time, by name; Docker is not there, and nothing is written to the root disk in its place", async () => {
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
