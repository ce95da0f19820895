import assert from "node:assert/strict";
import { KeyPair, makeKeys } from "../../tools/local/keys";
import { CountedTraffic } from "./support/counted/traffic";
import { GrafanaClient } from "./support/grafana";
import { Host } from "./support/hosts";
import { ssh } from "./support/ssh";
import { Environment, StackSettings, World } from "./support/world";

const AUTHORIZED = "/home/ubuntu/.ssh/authorized_keys";

/** The keys that Pulumi itself logs in with: a user's own on prod's hosts, the monitoring host among them, and one that the stack makes on dev's. */
describe("rotation of the SSH keys, with traffic on", () => {
    let world: World;
    let grafana: GrafanaClient;
    let traffic: CountedTraffic;
    let containers: Record<string, string>;
    let next: KeyPair;
    const saved = new Map<Host, string>();

    before(async () => {
        world = await (await World.get()).deployed();
        grafana = await world.grafana();
        next = makeKeys();
        world.secrets.push(next.privateKey);
        for (const host of all()) saved.set(host, await host.must(`cat ${AUTHORIZED}`));
        traffic = await CountedTraffic.start(world);
        containers = await world.containers();
    });
    after(async () => {
        await traffic.remove();
        for (const [host, keys] of saved) await host.must(`cat > ${AUTHORIZED}`, keys);
        for (const environment of ["prod", "dev"] as const) await apply(environment, () => undefined);
    });

    const all = () => [world.monitor, world.hosts.prod, world.hosts.dev];
    const apply = async (environment: Environment, change: (settings: StackSettings) => void) => {
        await world.configure(environment, change);
        return world.up(environment);
    };
    const mayEnter = async (host: Host, privateKey: string) => {
        const { code, stderr } = await ssh({ ...host.target(), privateKey }, ["true"]);
        if (code !== 0) assert.match(stderr, /Permission denied/);
        return code === 0;
    };

    describe("of a user's own, for the monitoring host and a WAS host", () => {
        /** What the owner stack's config says of SSH. */
        const keys = (authorizedKeys: string[], privateKey: string) => ({ config, secrets }: StackSettings) => {
            Object.assign((config.defaults as { ssh: object }).ssh, { authorizedKeys });
            Object.assign((config.monitoring as { host: { machine: { ssh: object } } }).host.machine.ssh, { authorizedKeys });
            for (const path of ["defaults.ssh.privateKey", "monitoring.host.machine.ssh.privateKey"]) secrets[path] = privateKey;
        };
        const hosts = () => [world.monitor, world.hosts.prod];

        it("first phase: Pulumi comes with the old one, and lets the new one in", async () => {
            const { publicKey, privateKey } = world.lab.keys;
            await apply("prod", keys([publicKey, next.publicKey], privateKey));
            for (const host of hosts()) for (const key of [privateKey, next.privateKey]) assert.ok(await mayEnter(host, key), host.name);
        });
        it("second phase: it comes with the new one, Docker's provider too, and takes the old one out", async () => {
            await apply("prod", keys([next.publicKey], next.privateKey));
            for (const host of hosts()) assert.deepEqual([await mayEnter(host, world.lab.keys.privateKey), await mayEnter(host, next.privateKey)], [false, true], host.name);
        });
    });

    describe("of one that the stack makes", () => {
        const made = (deployKeyGenerations?: number[]) => ({ config, secrets }: StackSettings) => {
            delete secrets["defaults.ssh.privateKey"];
            if (deployKeyGenerations) config.deployKeyGenerations = deployKeyGenerations;
        };
        const keysOf = async () => [...new Set((await world.hosts.dev.must(`cat ${AUTHORIZED}`)).split("\n").map((line) => line.split(" ")[1]).filter(Boolean))];
        const printed = async () => ((await world.stacks.dev.outputs()).sshPublicKey as string).split(" ")[1];
        let first: string;

        it("its first `up` fails at the host, and says which key to let in", async () => {
            await world.configure("dev", made());
            const run = await world.tryUp("dev");
            assert.equal(run.ok, false);
            first = await printed();
            await world.hosts.dev.must(`cat >> ${AUTHORIZED}`, `ssh-ed25519 ${first}\n`);
            await world.up("dev");
        });
        it("first phase: both are let in; second phase: the old one goes", async () => {
            await apply("dev", made([1, 2]));
            const both = await keysOf();
            assert.ok(both.includes(first), both.join());
            await apply("dev", made([2]));
            const second = await printed();
            assert.notEqual(second, first);
            const left = await keysOf();
            assert.ok(both.includes(second) && left.includes(second) && !left.includes(first), JSON.stringify({ both, left }));
        });
    });

    describe("after all of it", () => {
        it("no line and no span is lost, no container was restarted, and no new key was printed", async () => {
            await traffic.stop();
            const { lines, spans } = await traffic.allThere(grafana);
            Object.assign(world.figures, { "SSH keys rotated, lines, none lost": lines, "SSH keys rotated, spans, none lost": spans });
            assert.deepEqual(await world.containers(), containers);
            const body = next.privateKey.split("\n")[3];
            for (const run of world.runs) assert.ok(!run.output.includes(body));
        });
    });
});
