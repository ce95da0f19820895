import assert from "node:assert/strict";
import { planImages, SERVICES } from "../../components/monitoring-services/services";
import { Host } from "./support/hosts";
import { World } from "./support/world";

/** Capability bits by number, as in linux/capability.h. */
const NET_BIND_SERVICE = 1n << 10n;
const DAC_READ_SEARCH = 1n << 2n;
const SETS = ["CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"];

/** What a container may have beside nothing, and why. */
const MAY: Record<string, { capabilities: bigint; writable: string[] }> = {
    // The binary of Caddy carries the capability in its file, and Linux does not start it without.
    "monitoring-gateway": { capabilities: NET_BIND_SERVICE, writable: ["/data", "/tmp"] },
    "monitoring-prometheus": { capabilities: 0n, writable: ["/prometheus", "/tmp"] },
    "monitoring-alertmanager": { capabilities: 0n, writable: ["/alertmanager", "/tmp"] },
    "monitoring-loki": { capabilities: 0n, writable: ["/loki", "/tmp"] },
    "monitoring-tempo": { capabilities: 0n, writable: ["/tmp", "/var/tempo"] },
    "monitoring-grafana": { capabilities: 0n, writable: ["/tmp", "/var/lib/grafana"] },
    "monitoring-node-exporter": { capabilities: 0n, writable: ["/tmp"] },
};

/** The host's file systems, as the node exporter and the agents see them. Docker before 25 keeps only the uppermost read-only: what lies below is left to their permissions. */
const HOSTS_OWN = /^\/host\//;
/** Directories in which anybody may write, each of them with the sticky bit. */
const ANYBODYS = /^\/(tmp|var\/tmp|dev\/(shm|mqueue)|run\/lock)(\/|$)/;

/** What Docker puts into every container itself. */
const DOCKERS_OWN = /^\/(proc|sys|dev|etc\/(hostname|hosts|resolv\.conf))(\/|$)/;

interface Inspected {
    Image: string;
    State: { Pid: number };
    Config: { User: string };
    HostConfig: {
        Privileged: boolean; NetworkMode: string; PidMode: string; IpcMode: string; UsernsMode: string; Memory: number; MemorySwap: number; PidsLimit: number | null;
        CpuShares: number; Devices: unknown[] | null; LogConfig: { Type: string; Config: Record<string, string> }; PortBindings: Record<string, { HostIp: string; HostPort: string }[]>;
    };
    Mounts: { Source: string; Destination: string; RW: boolean }[];
}

/** As the kernel has it, not as Docker was asked for it. */
describe("the containers' confinement", () => {
    let world: World;
    let containers: Record<string, Inspected>;

    before(async () => {
        world = await (await World.get()).deployed();
        const all = JSON.parse(await world.monitor.must("docker inspect $(docker ps -aq)")) as (Inspected & { Name: string })[];
        containers = Object.fromEntries(all.map((container) => [container.Name.slice(1), container]));
    });

    const status = (name: string) => statusOf(world.monitor, containers[name].State.Pid);

    it("there are these containers, and no other", () => assert.deepEqual(Object.keys(containers).sort(), Object.keys(MAY).sort()));

    it("the host listens for SSH and the gateway, and for nothing else but itself", async () => {
        const listening = (await world.monitor.must("ss -Htuln")).split("\n").map((line) => line.trim().split(/\s+/)).map(([kind, , , , local]) => ({ kind, address: local.replace(/:\d+$/, ""), port: Number(/\d+$/.exec(local))}));
        const open = listening.filter(({ address }) => !/^(127\.|\[::1\]|\[::ffff:127\.)/.test(address)).map(({ kind, port }) => `${kind} ${port}`);
        assert.deepEqual([...new Set(open)].sort(), ["tcp 22", "tcp 8080"]);
    });

    for (const [name, { capabilities, writable }] of Object.entries(MAY)) {
        describe(name, () => {
            it("is not root, in user and group as its data's owner is", async () => {
                const { Uid, Gid } = await status(name);
                const { user } = SERVICES.find((service) => `monitoring-${service.name}` === name)!;
                assert.deepEqual([...new Set(Uid.split("\t"))], [user.split(":")[0]]);
                assert.deepEqual([...new Set(Gid.split("\t"))], [user.split(":")[1]]);
                assert.notEqual(Uid.split("\t")[0], "0");
            });
            it("has no capability but those named here, and can gain none", async () => {
                const found = await status(name);
                for (const set of SETS) assert.equal(BigInt(`0x${found[set]}`) & ~capabilities, 0n, `${set} ${found[set]}`);
                assert.equal(found.NoNewPrivs, "1");
            });
            it("has a root file system that cannot be written, and writes in its own places only", async () => {
                assert.deepEqual(await writableBy(world.monitor, containers[name].State.Pid, name === "monitoring-node-exporter"), writable);
                assert.deepEqual(containers[name].Mounts.filter(({ Source }) => /docker\.sock/.test(Source)), []);
            });
            it("shares no namespace and no device with the host, and is bounded in memory and log", async () => {
                const { HostConfig: config } = containers[name];
                assert.deepEqual([config.Privileged, config.PidMode, config.UsernsMode, config.Devices ?? []], [false, "", "", []]);
                for (const kind of ["net", "pid", "ipc", "uts", "mnt"]) {
                    const [own, host] = (await world.monitor.must(`readlink /proc/${containers[name].State.Pid}/ns/${kind} /proc/1/ns/${kind}`)).split("\n");
                    assert.notEqual(own, host, kind);
                }
                assert.ok(config.Memory > 0 && config.MemorySwap === config.Memory, String(config.Memory));
                const limit = await world.monitor.must(`cg=$(sed -n 's/^0:://p; s/^[0-9]*:memory://p' /proc/${containers[name].State.Pid}/cgroup | head -n1); cat /sys/fs/cgroup$cg/memory.max /sys/fs/cgroup/memory$cg/memory.limit_in_bytes 2>/dev/null | head -n1`);
                assert.equal(Number(limit), config.Memory);
                assert.deepEqual([config.LogConfig.Type, config.LogConfig.Config], ["json-file", { "max-file": "3", "max-size": "10m" }]);
            });
            it("publishes no port, unless it is the gateway, and its image is the one that is pinned", async () => {
                const ports = Object.keys(containers[name].HostConfig.PortBindings ?? {});
                assert.equal(ports.length, name === "monitoring-gateway" ? 1 : 0, ports.join());
                const tags = JSON.parse(await world.monitor.must(`docker image inspect --format '{{json .RepoTags}}' ${containers[name].Image}`)) as string[];
                const pinned = planImages()[name.replace("monitoring-", "")];
                assert.ok(tags.some((tag) => tag.endsWith(pinned)), `${tags.join(", ")}, not ${pinned}`);
            });
        });
    }

    it("an agent's container on a WAS host is root with one capability, to read any log, and writes in its own places only", async () => {
        const { dev } = world.hosts;
        const pid = Number(await dev.must("docker inspect --format '{{.State.Pid}}' photogather-log-agent"));
        const found = await statusOf(dev, pid);
        for (const set of SETS) assert.equal(BigInt(`0x${found[set]}`) & ~DAC_READ_SEARCH, 0n, `${set} ${found[set]}`);
        assert.equal(found.NoNewPrivs, "1");
        assert.deepEqual(await writableBy(dev, pid, true), ["/tmp", "/var/lib/photogather-monitoring/log-agent"]);
    });

    it("the node exporter, which sees the host's files, can write where anybody can and nowhere else", async () => {
        const found = await world.monitor.must("setpriv --reuid 65532 --regid 65532 --clear-groups find / -maxdepth 6 -path /proc -prune -o -type d -writable -print 2>/dev/null || true");
        assert.deepEqual(found.split("\n").filter((directory) => directory && !ANYBODYS.test(directory)), []);
    });
});

/** What the kernel says of a process, by the names of `/proc/PID/status`. */
async function statusOf(host: Host, pid: number): Promise<Record<string, string>> {
    return Object.fromEntries((await host.must(`cat /proc/${pid}/status`)).split("\n").map((line) => line.split(/:\s*/) as [string, string]));
}

/** Where a container can write, beside what Docker puts there, and the host's file systems where it sees them. Its root file system cannot be. */
async function writableBy(host: Host, pid: number, seesHost: boolean): Promise<string[]> {
    const mounts = (await host.must(`cat /proc/${pid}/mounts`)).split("\n").map((line) => line.split(" "));
    assert.match(mounts.find(([, at]) => at === "/")![3], /^ro(,|$)/);
    return mounts.filter(([, at, , options]) => /^rw(,|$)/.test(options) && !DOCKERS_OWN.test(at) && !(seesHost && HOSTS_OWN.test(at))).map(([, at]) => at).sort();
}
