import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import * as fs from "node:fs";
import * as path from "node:path";
import { IMAGES } from "../../components/versions";
import { Engine, EngineStack, succeeded } from "./support/engine";
import { tryExec } from "./support/exec";
import { GrafanaClient } from "./support/grafana";
import { Host } from "./support/hosts";
import { LONG, lengthy } from "./support/lengthy";
import { eventually } from "../support/wait";
import { World } from "./support/world";

const [OWNER, MEMBER] = ["upkeep", "guest"];
const LOG = "/var/log/numbers.log";
const FIRST = "first";
const DATA = "/var/lib/photogather-monitoring/data";

/**
 * A deployment of its own, on hosts of its own: an owner without WAS hosts, and a member with one, whose agent reads a log of numbered lines.
 */
describe("backup, restore, upgrades, and a monitoring host that moves", () => {
    let world: World;
    let engine: Engine;
    let [oldHost, newHost, was]: Host[] = [];
    const stacks: Record<string, EngineStack> = {};
    let file: string;
    /** Lines that are on the old host when it is stopped. */
    let moved: number;

    before(async () => {
        world = await World.get();
        engine = Engine.create();
        const { lab } = world;
        [oldHost, was] = await Promise.all([lab.host("upkeep-old", 40), lab.host("upkeep-was", 42)]);
        if (LONG) newHost = await lab.host("upkeep-new", 41);
        // About ten numbered lines a second, from now to the end.
        await was.must(`setsid sh -c 'n=0; while :; do n=$((n + 1)); echo "$(date +%FT%T.%3N%z) INFO line-$n of the numbers" >> ${LOG}; sleep 0.1; done' >/dev/null 2>&1 &`);
        stacks[OWNER] = await engine.open(OWNER);
        stacks[MEMBER] = await engine.open(MEMBER);
        await configureMember();
    });

    after(async () => {
        await Promise.all([oldHost, newHost, was].map((host) => host?.remove()));
        engine?.remove();
        engine?.removeState();
    });

    /** The owner's config, on a host; `more` is laid over its section `monitoring`. */
    const configureOwner = (host: Host, more: object = {}) => stacks[OWNER].configure({
        monitoring: {
            host: { machine: { ssh: { address: host.address, hostKey: host.hostKey } } },
            environments: { [OWNER]: { cidrs: [world.lab.network.cidr] }, [MEMBER]: { cidrs: [world.lab.network.cidr] } },
            ...more,
        },
    }, { "monitoring.host.machine.ssh.privateKey": world.lab.keys.privateKey });

    const configureMember = () => {
        return stacks[MEMBER].configure({
            monitoring: { stack: OWNER },
            was: [{
                name: was.name, address: was.address, application: "numbers", ssh: { user: "ubuntu", hostKey: was.hostKey }, actuator: { enabled: false },
                logs: { files: [LOG] }, tracing: { javaAgent: false }, artifacts: { agent: world.lab.artifacts.agent() },
            }],
        }, { "was[0].ssh.privateKey": world.lab.keys.privateKey });
    };

    const up = async (name: string) => succeeded(await stacks[name].up());
    const refused = async (name: string) => {
        const run = await stacks[name].up();
        assert.equal(run.ok, false);
        return run.output;
    };
    const grafana = async () => {
        const outputs = await stacks[OWNER].outputs();
        return new GrafanaClient((outputs.monitoring as { url: string }).url, outputs.ca as string, outputs.grafanaPassword as string);
    };
    const tool = (name: string, ...args: string[]) => tryExec("npm", ["run", "--silent", name, "--", "--stack", OWNER, ...args], { cwd: engine.directory, env: engine.env });
    const containers = async (host: Host) => (await host.must("docker ps --format '{{.Names}} {{.ID}}' | sort")).split("\n");
    const written = async () => Number((await was.must(`wc -l < ${LOG}`)).trim());

    /** Sends one trace by the WAS host's agent. */
    const sendTrace = async (name: string) => {
        const traceId = randomBytes(16).toString("hex");
        const span = { traceId, spanId: randomBytes(8).toString("hex"), name, kind: 1, startTimeUnixNano: `${Date.now()}000000`, endTimeUnixNano: `${Date.now() + 5}000000` };
        const resource = { attributes: Object.entries({ "service.name": "numbers", "service.instance.id": was.name }).map(([key, stringValue]) => ({ key, value: { stringValue } })) };
        await was.must("curl --silent --fail --header 'Content-Type: application/json' --data @- http://127.0.0.1:4318/v1/traces",
            JSON.stringify({ resourceSpans: [{ resource, scopeSpans: [{ spans: [span] }] }] }));
        return traceId;
    };

    /** How many of the lines 1 to n cannot be found, and how many were found more than once. */
    const compare = async (last: number) => {
        const client = await grafana();
        const count = new Map<number, number>();
        for (let at = 0; at <= last; at += 400) {
            // Loki gives 5,000 lines at most: a range of numbers at a time, by the last digits.
            const range = Array.from({ length: 4 }, (_, i) => Math.floor(at / 100) + i).map((hundred) => (hundred === 0 ? "line-[0-9]{1,2} " : `line-${hundred}[0-9]{2} `)).join("|");
            for (const { text } of await client.logs(`{environment="${MEMBER}"} |~ "${range}"`, "loki", 5000)) {
                const number = Number(/line-(\d+) /.exec(text)![1]);
                count.set(number, (count.get(number) ?? 0) + 1);
            }
        }
        const numbers = Array.from({ length: last }, (_, i) => i + 1);
        return { lost: numbers.filter((number) => !count.has(number)).length, twice: numbers.filter((number) => (count.get(number) ?? 0) > 1).length };
    };
    const allLines = (last: number) => eventually(`lines 1 to ${last}`, 90, async () => {
        const { lost, twice } = await compare(last);
        if (lost > 0) throw new Error(`${lost} lost`);
        return { lost, twice };
    });

    /** As docs/backup.md has it. */
    const moveStacks = async (repair: number) => {
        await engine.run("npm", ["run", "forget", "--", "--stack", OWNER]);
        for (const stack of [OWNER, MEMBER]) await engine.run("pulumi", ["up", "-s", stack, "--continue-on-error", "--yes", "-c", `repair=${repair}`]);
    };
    const firstTrace = () => eventually("the first trace", 90, async () => {
        const client = await grafana();
        const [id] = await client.searchTraces(`{ name = "${FIRST}" }`);
        return id && await client.trace(id);
    });
    /** Sends a trace, and waits for it and for a line of now. */
    const takesWhatComes = async () => {
        const trace = await sendTrace("next");
        await eventually("a trace of now", 60, async () => (await grafana()).trace(trace));
        const now = await written();
        await eventually("lines of now", 60, async () => (await (await grafana()).logs(`{environment="${MEMBER}"} |= "line-${now} "`))[0]);
    };

    it("the deployment stands, and the numbered lines arrive", async () => {
        await configureOwner(oldHost);
        await up(OWNER);
        await up(MEMBER);
        await allLines(await written());
    });

    it("a backup with traffic on: the services stand still for seconds at most, and no line is lost", async () => {
        const traceId = await sendTrace(FIRST);
        await eventually("the first trace", 60, async () => (await grafana()).trace(traceId));
        // What people change in Grafana is in its database; the stand-in keeps the admin's password there.
        const before = await containers(oldHost);
        const { code, stdout, stderr } = await tool("backup", "--to", "kept");
        assert.equal(code, 0, stderr);
        file = path.join(engine.directory, /^(\S+\.tar\.gz): /.exec(stdout)![1]);
        assert.equal(fs.statSync(file).mode & 0o777, 0o600);
        const pause = Number(/stood still for ([\d.]+) s/.exec(stdout)![1]);
        world.figures["backup: services stand still"] = pause;
        // Half a second on a machine that has nothing else to do; at 25 the backup would have given up.
        assert.ok(pause < 20, stdout);
        assert.deepEqual(await containers(oldHost), before);
        assert.equal(await oldHost.must(`ls -A ${DATA} | grep '^\\.backup' || :`), "");
        await allLines(await written());
    });

    it("a backup is refused, in one sentence each: no such stack, a member, a host that cannot be reached", async () => {
        const say = async (...args: string[]) => {
            const { code, stderr } = await tryExec("npm", ["run", "--silent", "backup", "--", ...args], { cwd: engine.directory, env: engine.env });
            assert.notEqual(code, 0);
            return stderr;
        };
        assert.match(await say("--stack", "nowhere"), /no stack named 'nowhere' found/);
        assert.match(await say("--stack", MEMBER), /stack guest has no monitoring host: name the owner, whose config has monitoring\.host/);
        await oldHost.closeSsh();
        assert.match(await say("--stack", OWNER), new RegExp(`error: the monitoring host ${oldHost.address} cannot be reached: .*refused`));
        await oldHost.openSsh();
        assert.deepEqual(fs.readdirSync(path.join(engine.directory, "backups")), []);
    });

    it("a restore is refused: no backup, a cut one, a changed one, another version's, data that is there; and nothing is touched", async () => {
        const before = await containers(oldHost);
        const variant = (change: (data: Buffer) => Buffer) => {
            const other = path.join(engine.directory, "other.tar.gz");
            fs.writeFileSync(other, change(fs.readFileSync(file)));
            return tool("restore", "--from", other);
        };
        const says = async (run: ReturnType<typeof tool>, text: RegExp) => {
            const { code, stderr } = await run;
            assert.notEqual(code, 0);
            assert.match(stderr, text);
        };
        await says(variant(() => Buffer.from("something else")), /is no backup/);
        await says(variant((data) => data.subarray(0, data.length - 5000)), /is cut off/);
        await says(variant((data) => { data[data.length >> 1] ^= 0xff; return data; }), /was changed or damaged/);
        await configureOwner(oldHost, { images: { tempo: "grafana/tempo:2.9.0" } });
        await says(tool("restore", "--from", file), /tempo: the backup is of grafana\/tempo:3\.0\.3, and grafana\/tempo:2\.9\.0, which the config asks for, is older/);
        await configureOwner(oldHost);
        await says(tool("restore", "--from", file), /holds data already \(\d+ files, \d+ MiB\)\. With --replace/);
        assert.deepEqual(await containers(oldHost), before);
    });

    it("an image that never gets well fails the `up`, which says how to go back; and so one gets back", async () => {
        const image = await world.lab.imageLike("node-exporter", "ill", 'ENTRYPOINT ["/bin/sh", "-c", "echo no such luck; exit 1"]');
        const before = await containers(oldHost);
        await configureOwner(oldHost, { images: { "node-exporter": image } });
        const said = await refused(OWNER);
        assert.match(said, /no such luck/);
        assert.match(said, new RegExp(`set monitoring.images.node-exporter to "${IMAGES["node-exporter"]}"`));
        await configureOwner(oldHost, { images: { "node-exporter": IMAGES["node-exporter"] } });
        await up(OWNER);
        const differing = (await containers(oldHost)).filter((line) => !before.includes(line));
        assert.deepEqual(differing.map((line) => line.split(" ")[0]), ["monitoring-node-exporter"]);
    });

    lengthy.it("a step that cannot be undone is refused before anything changes, then done with a backup; the way back needs the backup or a word", async () => {
        const image = await world.lab.imageLike("tempo", "3.9.0", "LABEL again=yes");
        const before = await containers(oldHost);
        await oldHost.must(`rm ${DATA}/last-backup.json`);
        await configureOwner(oldHost, { images: { tempo: image } });
        assert.match(await refused(OWNER), /tempo: from 3\.0\.3 to 3\.9\.0 cannot be undone: .* Make a backup first .*acceptIrreversible: \{ tempo: "3\.9\.0" \}/);
        assert.deepEqual(await containers(oldHost), before);
        assert.equal((await tool("backup", "--to", "kept")).code, 0);
        await up(OWNER);
        await configureOwner(oldHost);
        assert.match(await refused(OWNER), /tempo: from 3\.9\.0 to 3\.0\.3: the older one cannot be relied on/);
        await configureOwner(oldHost, { acceptIrreversible: { tempo: "3.0.3" } });
        await up(OWNER);
    });

    lengthy.it("the host moves: everything of before is on the new one, and no line is lost on the way", async () => {
        moved = await written();
        await allLines(moved);
        const traceId = (await (await grafana()).searchTraces(`{ name = "${FIRST}" }`))[0];
        const samples = await (await grafana()).metrics(`count_over_time(up{environment="${MEMBER}"}[1h])`);

        const backup = await tool("backup", "--to", "kept", "--stop");
        assert.equal(backup.code, 0, backup.stderr);
        assert.equal(await oldHost.must("docker ps --quiet"), "");
        await configureOwner(newHost);
        const start = performance.now();
        const restored = await tool("restore", "--from", /^(\S+\.tar\.gz): /.exec(backup.stdout)![1]);
        assert.equal(restored.code, 0, restored.stderr);
        assert.match(restored.stdout, /Nothing runs there yet\. Next: `pulumi up -s upkeep`/);
        await moveStacks(1);
        world.figures["move of the monitoring host"] = (performance.now() - start) / 1000;

        await allLines(await written());
        assert.ok((await written()) > moved);
        const outputs = await stacks[OWNER].outputs();
        const client = new GrafanaClient((outputs.monitoring as { url: string }).url, outputs.ca as string, outputs.grafanaPassword as string);
        await eventually("the first trace", 90, () => client.trace(traceId));
        assert.equal((await client.request("/api/datasources/uid/prometheus")).status, 200, "the stack's password");
        const after = await client.metrics(`count_over_time(up{environment="${MEMBER}"}[1h])`);
        for (const { labels, value } of samples) {
            const now = after.find((other) => other.labels.job === labels.job && other.labels.instance === labels.instance);
            assert.ok(now && now.value >= value, `samples of ${labels.job}: ${value} before, ${now?.value} after`);
        }
    });

    lengthy.it("a restore where services run, with --replace, is the way back over a step that cannot be undone: they run on the data of the backup, and take what comes", async () => {
        const tempo = () => newHost.must("docker inspect --format '{{.State.Running}} {{.Config.Image}}' monitoring-tempo");
        const lines = await written();
        await allLines(lines);
        const backup = await tool("backup", "--to", "kept");
        assert.equal(backup.code, 0, backup.stderr);
        const later = await sendTrace("later");
        await eventually("a trace of after the backup", 60, async () => (await grafana()).trace(later));
        await configureOwner(newHost, { images: { tempo: await world.lab.imageLike("tempo", "3.9.0", "LABEL again=yes") } });
        const ran = await tempo();
        await up(OWNER);
        assert.notEqual(await tempo(), ran);
        await configureOwner(newHost);
        const restored = await tool("restore", "--replace", "--from", /^(\S+\.tar\.gz): /.exec(backup.stdout)![1]);
        assert.equal(restored.code, 0, restored.stderr);
        assert.match(restored.stdout, /tempo ran a version that stores its data in another way than the config's, and stays stopped\. Next: `pulumi up -s upkeep`, which replaces it\./);
        assert.match(await tempo(), /^false /);
        await up(OWNER);
        assert.equal(await tempo(), ran);
        await allLines(lines);
        await firstTrace();
        assert.equal(await (await grafana()).trace(later), undefined);
        await takesWhatComes();
    });

    lengthy.it("the way back of a move: the old host runs again on its data, and takes what comes", async () => {
        await newHost.must("docker stop $(docker ps --quiet --filter name=monitoring-)");
        await configureOwner(oldHost);
        await oldHost.must("docker rm -f $(docker ps -aq --filter name=monitoring-); docker network rm monitoring");
        await moveStacks(2);
        await allLines(moved);
        await firstTrace();
        await takesWhatComes();
    });
});
