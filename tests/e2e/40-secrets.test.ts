import assert from "node:assert/strict";
import * as fs from "node:fs";
import * as path from "node:path";
import { Run } from "./support/engine";
import { ENVIRONMENTS, Environment, StackSettings, World } from "./support/world";

describe("secrets", () => {
    let world: World;

    before(async () => { world = await World.get(); });

    /** A run that must fail, for a reason that it tells; then everything is put back. */
    const failing = (what: string, environment: Environment, reason: RegExp, change: (settings: StackSettings) => void, spoil = async () => {}, mend = async () => {}) =>
        it(`${what} fails with its reason`, async () => {
            await spoil();
            let run: Run;
            try {
                await world.configure(environment, change);
                run = await world.up(environment);
            } finally {
                await mend();
            }
            assert.equal(run.ok, false);
            assert.match(run.output, reason);
            await world.configure(environment);
            const mended = await world.up(environment);
            assert.ok(mended.ok, mended.output);
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
        }, async () => { await world.monitor.must("docker pause monitoring-loki"); }, async () => { await world.monitor.must("docker unpause monitoring-loki"); });
    });

    describe("none is in plain text", () => {
        let secrets: string[];

        before(async () => { secrets = await knownSecrets(world); });

        const assertNone = (where: string, text: string) => {
            for (const secret of secrets) assert.ok(!text.includes(secret), `${where} holds a secret that begins with ${secret.slice(0, 4)}…`);
        };

        it("there are secrets to look for", () => assert.ok(secrets.length >= 12, String(secrets.length)));
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
            assertNone("docker inspect", await world.monitor.must("docker inspect $(docker ps -aq)"));
        });
    });
});

/** Every secret of the stacks: what was generated, and what the config gave. Keys line by line, as a part would do harm too. */
async function knownSecrets(world: World): Promise<string[]> {
    const found = new Set<string>(Object.values(world.settings("prod").secrets).flatMap(lines));
    for (const environment of ENVIRONMENTS) {
        const exported = await world.engine.run("pulumi", ["stack", "export", "--stack", environment, "--show-secrets"]);
        const { deployment } = JSON.parse(exported) as { deployment: { resources: { type: string; outputs?: Record<string, unknown> }[] } };
        for (const { type, outputs = {} } of deployment.resources) {
            const names = { "random:index/randomPassword:RandomPassword": ["result"], "tls:index/privateKey:PrivateKey": ["privateKeyOpenssh", "privateKeyPem"] }[type] ?? [];
            // OpenSSH's form of a private key holds the public one too, which is none.
            const open = String(outputs.publicKeyOpenssh ?? "");
            for (const name of names) for (const line of lines(plaintext(outputs[name])).filter((text) => !open.includes(text))) found.add(line);
        }
    }
    return [...found];
}

function plaintext(value: unknown): string {
    const secret = value as { plaintext?: string };
    return typeof value === "string" ? value : JSON.parse(secret.plaintext ?? '""') as string;
}

/** Lines that are long enough to tell, and no frame. The first line of a key's body is the same in every key. */
function lines(text: string): string[] {
    const all = text.split("\n").map((line) => line.trim()).filter((line) => line.length >= 12 && !line.startsWith("-----"));
    return all.length > 1 ? all.slice(1) : all;
}
