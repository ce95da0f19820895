import assert from "node:assert/strict";
import type { Connection } from "../../components/connection";
import { CountedTraffic } from "./support/counted/traffic";
import { GrafanaClient } from "./support/grafana";
import { Ingest } from "./support/ingest";
import { knownSecrets, noneInLogs, secretsIn } from "./support/secrets";
import { ssh } from "./support/ssh";
import { sleep } from "../support/wait";
import { Environment, World } from "./support/world";

/** The owner's own environment, which its `up` moves, and a member's, which moves between the phases. */
const ROTATED = ["prod", "dev"] as const;
const LINES_PER_SECOND = 20;

describe("rotation with traffic on", () => {
    let world: World;
    let grafana: GrafanaClient;
    let containers: Record<string, string>;
    let traffic: CountedTraffic;
    const old = {} as Record<(typeof ROTATED)[number], Connection>;
    let oldPassword: string;

    before(async () => {
        world = await (await World.get()).deployed();
        grafana = await world.grafana();
        const outputs = await world.stacks.prod.outputs();
        for (const name of ROTATED) old[name] = outputs[`connection_${name}`] as Connection;
        oldPassword = outputs.grafanaPassword as string;
        traffic = await CountedTraffic.start(world, LINES_PER_SECOND);
        containers = await world.containers();
        await sleep(5000);
    });
    after(() => traffic.remove());

    /** Both kinds of secrets of both environments, and the stack's `up`. */
    const phase = async (generations: number[], environments: Environment[]): Promise<void> => {
        for (const name of ROTATED) world.rotated.environments[name] = { tokenGenerations: generations, registrationKeyGenerations: generations };
        for (const name of environments) {
            await world.configure(name);
            const run = await world.up(name);
            world.figures[`rotation, ${generations.length === 2 ? "first" : "second"} phase, ${name}`] = run.seconds;
        }
    };

    it("first phase: old and new are accepted, and the agents move over", async () => {
        await phase([1, 2], ["prod", "dev"]);
        const outputs = await world.stacks.prod.outputs();
        for (const name of ROTATED) {
            const { gateway, registration } = outputs[`connection_${name}`] as Connection;
            assert.notEqual(gateway.token, old[name].gateway.token);
            assert.notEqual(registration.privateKey, old[name].registration.privateKey);
            for (const each of [old[name].gateway, gateway]) assert.equal(await Ingest.by(each).logs({ source: "rotation" }, ["accepted"]), 204);
            for (const each of [old[name].registration, registration]) assert.match((await ssh(each, ["nothing"])).stderr, /may only say "set" or "remove"/);
        }
        await sleep(5000);
    });

    it("second phase: the old ones are refused, the new ones are not", async () => {
        await phase([2], ["prod"]);
        const outputs = await world.stacks.prod.outputs();
        for (const name of ROTATED) {
            const { gateway, registration } = outputs[`connection_${name}`] as Connection;
            assert.equal(await Ingest.by(old[name].gateway).logs({ source: "rotation" }, ["refused"]), 401);
            assert.equal(await Ingest.by(gateway).logs({ source: "rotation" }, ["accepted"]), 204);
            assert.match((await ssh(old[name].registration, ["nothing"])).stderr, /Permission denied/);
            assert.match((await ssh(registration, ["nothing"])).stderr, /may only say "set" or "remove"/);
        }
        await sleep(5000);
    });

    it("no line and no span is lost, and no container was restarted", async () => {
        await traffic.stop();
        const { lines, spans } = await traffic.allThere(grafana);
        Object.assign(world.figures, { "rotation, lines, none lost": lines, "rotation, spans, none lost": spans });
        assert.deepEqual(await world.containers(), containers);
    });

    describe("the admin's password", () => {
        const status = async (password: string) => (await grafana.as(password).request("/api/user")).status;
        const rotate = async (): Promise<string> => {
            await world.configure("prod");
            await world.up("prod");
            return (await world.stacks.prod.outputs()).grafanaPassword as string;
        };

        it("is changed in the running Grafana; the old one is refused", async () => {
            world.rotated.owner = { adminPasswordGeneration: 2 };
            const password = await rotate();
            assert.notEqual(password, oldPassword);
            assert.deepEqual([await status(password), await status(oldPassword)], [200, 401]);
            assert.deepEqual(await world.containers(), containers);
        });

        it("is set past one that somebody changed by hand and nobody knows", async () => {
            const password = (await world.stacks.prod.outputs()).grafanaPassword as string;
            await world.monitor.must("echo 'unknown to everybody' | docker exec -i monitoring-grafana grafana cli admin reset-admin-password --password-from-stdin");
            assert.equal(await status(password), 401);
            world.rotated.owner = { adminPasswordGeneration: 3 };
            const next = await rotate();
            assert.deepEqual([await status(next), await status(password), await status("unknown to everybody")], [200, 401, 401]);
            assert.deepEqual(await world.containers(), containers);
        });
    });

    describe("after all of it", () => {
        it("none of the new secrets was printed, or stands in a process list", async () => {
            const secrets = await knownSecrets(world);
            world.secrets = [...new Set([...world.secrets, ...secrets])];
            for (const run of world.runs) assert.deepEqual(secretsIn(run.output, secrets), []);
            for (const host of [world.monitor, world.hosts.prod, world.hosts.dev]) assert.deepEqual(secretsIn(await host.must("cat /tmp/process-list"), secrets), [], host.name);
            assert.deepEqual(secretsIn(await world.monitor.must("docker inspect $(docker ps -aq)"), secrets), []);
            await noneInLogs(world, secrets);
        });
    });
});
