import assert from "node:assert/strict";
import * as fs from "node:fs";
import * as net from "node:net";
import * as path from "node:path";
import { UIDS } from "../../dashboards";
import { BASES } from "../../tools/local/image";
import { LABEL } from "../../tools/local/names";
import { without } from "../support/parts";
import { Result, tryExec } from "./support/exec";
import { GrafanaClient } from "./support/grafana";
import { interrupt } from "./support/interrupt";
import { Lab } from "./support/lab";
import { LONG, lengthy } from "./support/lengthy";
import { describeEmpty, hasData, readDashboards, runQueries } from "./support/panel-run";
import { PROJECT, temporaryDirectory } from "./support/state";
import { eventually } from "../support/wait";
import { buildWas } from "./support/was";
import { ENVIRONMENTS, World } from "./support/world";

const PORT = 18080;
const KINDS = [["ps", "--all"], ["network", "ls"], ["volume", "ls"], ["images", "--all"]];

/** As a user has it, in a Docker of its own; only what this machine cannot fetch comes from elsewhere. */
describe("npm run local", () => {
    let lab: Lab;
    let directory: string;
    /** The machines' image is made as for a user; else it is given, as that takes minutes and nothing of it is kept. */
    let built: boolean;
    const seconds: number[] = [];
    /** What Docker has without the demo. */
    let clean: string[][];

    before(async () => {
        await World.end();
        lab = await Lab.start();
        built = LONG && await canBuild();
        directory = temporaryDirectory("local");
        fs.writeFileSync(path.join(directory, "settings.json"), JSON.stringify({ defaults: {
            artifacts: { agent: lab.artifacts.agent(), javaAgent: lab.artifacts.get("opentelemetry-javaagent") },
        } }));
        // What a run that was cut off left in Docker.
        await local("down");
        clean = await everything();
    });
    after(async () => {
        if (lab) await local("down");
        await lab?.stop();
        if (directory) fs.rmSync(directory, { recursive: true, force: true });
    });

    /** The public images that the machines' image is made from. */
    async function canBuild(): Promise<boolean> {
        const lacking = [];
        for (const base of Object.values(BASES)) if ((await lab.docker.try(["image", "inspect", base])).code !== 0 && (await lab.docker.try(["pull", "--quiet", base])).code !== 0) lacking.push(base);
        lacking.forEach(without);
        return lacking.length === 0;
    }

    const command = (...args: string[]) => ["run", "--silent", "local", "--", ...args];
    const options = () => ({ cwd: PROJECT, env: { DOCKER_HOST: lab.docker.host, PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION: "true" } });
    async function local(...args: string[]): Promise<Result> {
        const start = performance.now();
        const run = await tryExec("npm", command(...args), options());
        seconds.push((performance.now() - start) / 1000);
        return run;
    }
    const given = async () => [
        "--port", String(PORT), "--subnet", lab.network.gateway.replace(/77\.1$/, "78"), "--registry-mirror", lab.registry.mirror,
        ...(built ? [] : ["--host-image", lab.image, "--jar", await buildWas()]),
        "--settings", path.join(directory, "settings.json"),
    ];
    const up = async (...more: string[]) => local(...await given(), ...more);
    /** The machines and what runs on them, and since when. */
    const running = async () => {
        const since = "docker inspect --format '{{.Name}} {{.Id}} {{.State.StartedAt}}' $(docker ps --quiet) | sort";
        const { stdout: machines } = await tryExec("sh", ["-c", since], options());
        const [monitor] = /[^/\s]*monitor\S*/.exec(machines)!;
        return [machines, await lab.docker.run(["exec", monitor, "sh", "-c", since])].map((text) => text.trim().split("\n"));
    };
    /** Ids of all that Docker has, whoever made it. */
    const everything = async () => Promise.all(KINDS.map(async (kind) => (await lab.docker.run([...kind, "--quiet"])).split("\n").sort()));
    const ours = async (kind: string[]) => (await lab.docker.run([...kind, "--quiet", "--filter", `label=${LABEL}`])).split("\n").filter(Boolean);

    it("what is missing is told in one sentence, and nothing is begun", async () => {
        const other = net.createServer();
        await new Promise<void>((resolve) => other.listen(PORT, "127.0.0.1", resolve));
        try {
            const { code, stderr } = await up();
            assert.equal(code, 1);
            assert.match(stderr, new RegExp(`port ${PORT} is taken by another program: npm run local -- --port`));
        } finally {
            await new Promise((resolve) => other.close(resolve));
        }
        const { code, stderr } = await tryExec("npm", ["run", "--silent", "local"], { cwd: PROJECT, env: { DOCKER_HOST: "unix:///nowhere" } });
        assert.equal(code, 1);
        assert.match(stderr, /^error: Docker does not answer; start it/);
        assert.deepEqual(await ours(["ps", "--all"]), []);
    });

    lengthy.it("tells what it does while it works; killed half-way, the same command goes on from there", async () => {
        const { output } = await interrupt("npm", command(...await given()), { ...options(), when: /^\[ *\d+ s\] +prod: monitoring-prometheus-image$/m, signal: "SIGKILL", all: true });
        assert.match(output, /^\[ *\d+ s\] 4 machines run\n\[ *\d+ s\] the demo applications answer\n/m);
    });

    it("from nothing to three environments, whose every panel side by side has data", async () => {
        const { code, stdout, stderr } = await up();
        assert.equal(code, 0, stdout.slice(-3000) + stderr);
        const [, password] = /password {2}(\S+)/.exec(stdout)!;
        const grafana = new GrafanaClient(`http://localhost:${PORT}`, "", password);
        const rows = (await readDashboards(grafana, [UIDS.environments])).filter(({ query }) => !query.panel.startsWith("annotation "));
        for (const row of rows) if (row.query.text.includes("by (environment")) row.atLeast = ENVIRONMENTS.length;
        await runQueries(grafana, rows, {}, 180);
        const empty = rows.filter((row) => !hasData(row));
        assert.ok(rows.length > 10 && empty.length === 0, empty.map(describeEmpty).join("\n"));
        for (const environment of ENVIRONMENTS) {
            await eventually(`lines of ${environment}`, 60, async () => (await grafana.logs(`{environment="${environment}"}`))[0]);
            await eventually(`traces of ${environment}`, 60, async () => (await grafana.searchTraces(`{ resource.deployment.environment.name = "${environment}" && span.db.query.text != "" }`))[0]);
        }
    });

    it("a second run is faster, and changes nothing", async () => {
        const before = await running();
        const { code, stdout, stderr } = await up();
        assert.equal(code, 0, stdout.slice(-3000) + stderr);
        for (const environment of ENVIRONMENTS) assert.match(stdout, new RegExp(`${environment}: nothing to change`));
        assert.deepEqual(await running(), before);
        assert.ok(before[1].length >= 7, before.join("\n"));
        const [first, second] = seconds.slice(-2);
        console.log(`    first run ${first.toFixed(0)} s, second ${second.toFixed(0)} s`);
        assert.ok(second < first);
    });

    it("a run that asks for another port than the one it stands on is refused, and says what to do", async () => {
        const machines = await lab.docker.run(["ps", "--quiet"]);
        const { code, stderr } = await up("--port", String(PORT + 1));
        assert.equal(code, 1);
        assert.match(stderr, new RegExp(`^error: the demo stands already, by --port ${PORT} --subnet \\S+: go on with these, or begin anew: npm run local -- down`));
        assert.equal(await lab.docker.run(["ps", "--quiet"]), machines);
    });

    it("`down` leaves nothing", async () => {
        const { code, stderr } = await local("down");
        assert.equal(code, 0, stderr);
        assert.deepEqual(await everything(), clean);
        assert.ok(!fs.existsSync(path.join(PROJECT, ".local")));
    });
});
