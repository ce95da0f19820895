import assert from "node:assert/strict";
import * as fs from "node:fs";
import * as path from "node:path";
import type { Connection } from "../../components/connection";
import { Run } from "./support/engine";
import { lengthy } from "./support/lengthy";
import { knownSecrets, secretsIn } from "./support/secrets";
import { ENVIRONMENTS, Environment, StackSettings, World } from "./support/world";

describe("secrets", () => {
    let world: World;

    before(async () => { world = await (await World.get()).deployed(); });

    /** A run that must fail, for a reason that it tells; then everything is put back. */
    const failing = (what: string, environment: Environment, reason: RegExp, change: (settings: StackSettings) => void, spoil = async () => {}, mend = async () => {}, test: Mocha.TestFunction | Mocha.PendingTestFunction = it) =>
        test(`${what} fails with its reason`, async () => {
            await spoil();
            let run: Run;
            try {
                await world.configure(environment, change);
                run = await world.tryUp(environment);
            } finally {
                await mend();
            }
            assert.equal(run.ok, false);
            assert.match(run.output, reason);
            await world.configure(environment);
            await world.up(environment);
        });

    describe("every command is made to fail once", () => {
        const artifacts = (settings: StackSettings) => (settings.config.defaults as { artifacts: { agent: { sha256: object; version: string }; javaAgent: { sha256: string; version?: string } } }).artifacts;
        const policy = "/etc/photogather-monitoring/registration/dev.json";

        failing("a log agent whose download is not what it should be", "prod", /SHA-256/, (settings) => {
            Object.assign(artifacts(settings).agent, { version: "0.0.1", sha256: { amd64: "0".repeat(64), arm64: "0".repeat(64) } });
        });
        failing("a Java agent whose download is not what it should be", "loadtest", /SHA-256/, (settings) => {
            Object.assign(artifacts(settings).javaAgent, { version: "0.0.1", sha256: "0".repeat(64) });
        });
        failing("a registration that the monitoring host refuses", "dev", /refused: .*label/, (settings) => {
            (settings.config.was as { labels?: object }[])[0].labels = { team: "refused" };
        }, async () => { await world.monitor.must(`cp ${policy} /root/policy && sed -i 's/"team"/"nothing"/' ${policy}`); }, async () => { await world.monitor.must(`cat /root/policy > ${policy}`); });
        failing("the deployment's files without Docker", "prod", /[Dd]ocker/, (settings) => {
            (settings.config.monitoring as { environments: Record<string, object> }).environments.loadtest = { cidrs: ["10.0.0.0/8"] };
        }, async () => { await world.monitor.must("systemctl stop docker.socket docker.service"); }, async () => {
            await world.monitor.must("systemctl start docker.socket docker.service");
        });
        failing("the wait for a service that does not take its config", "prod", /loki/i, (settings) => {
            (settings.config.monitoring as { environments: Record<string, object> }).environments.dev = { cidrs: [world.lab.network.cidr], labels: ["team"], retention: { logs: "99h" } };
        }, async () => { await world.monitor.must("docker pause monitoring-loki"); }, async () => { await world.monitor.must("docker unpause monitoring-loki"); }, lengthy.it);
    });

    describe("none is in plain text", () => {
        let secrets: string[];

        before(async () => { secrets = world.secrets = await knownSecrets(world); });

        const assertNone = (where: string, text: string) => assert.deepEqual(secretsIn(text, secrets), [], `${where} holds secrets that begin so`);

        it("there are secrets to look for, and the search finds them, in base64 too", async () => {
            assert.ok(secrets.length >= 12, String(secrets.length));
            const { token } = ((await world.stacks.prod.outputs()).connection_dev as Connection).gateway;
            assert.equal(secretsIn(`x ${token} y`, secrets).length, 1);
            assert.equal(secretsIn(Buffer.from(`some words ${token} and more`).toString("base64"), secrets).length, 1);
        });
        it("in the state files", async () => {
            for (const environment of ENVIRONMENTS) assertNone(`the state of ${environment}`, await world.stacks[environment].state());
        });
        it("in what any run printed", () => {
            for (const run of world.runs) assertNone("the output of a run", run.output);
        });
        it("in the process lists of the hosts, taken all the time", async () => {
            for (const host of [world.monitor, ...Object.values(world.hosts)]) {
                const list = await host.must("cat /tmp/process-list");
                assert.match(list, /systemd/);
                assertNone(`the process list of ${host.name}`, list);
            }
        });
        it("in what `npm run plan` prints and writes", async () => {
            for (const file of ["tools", "tsconfig.json"]) assert.ok(fs.existsSync(path.join(world.engine.directory, file)));
            assertNone("the plan", await world.engine.run("npm", ["run", "plan"]));
            const out = path.join(world.engine.directory, "out");
            for (const file of fs.readdirSync(out, { recursive: true, encoding: "utf8" })) {
                const full = path.join(out, file);
                if (fs.statSync(full).isFile()) assertNone(`out/${file}`, fs.readFileSync(full, "utf8"));
            }
        });
        it("in the containers' environment, labels and commands", async () => {
            for (const host of [world.monitor, world.hosts.dev]) {
                const inspected = await host.must("docker inspect $(docker ps -aq)");
                assert.ok(inspected.length > 1000, host.name);
                assertNone(`docker inspect on ${host.name}`, inspected);
            }
        });
    });
});
