import assert from "node:assert/strict";
import * as fs from "node:fs";
import { DASHBOARDS, UIDS } from "../../dashboards";
import { CountedStream, Mark } from "./support/counted/stream";
import { doctor } from "./support/doctor";
import { GrafanaClient } from "./support/grafana";
import { lengthy } from "./support/lengthy";
import { Outside } from "./support/outside";
import { describeEmpty, hasData, readDashboards, Row, runQueries } from "./support/panel-run";
import { knownSecrets, secretsIn } from "./support/secrets";
import { temporaryDirectory } from "./support/state";
import { startTraffic, Undo } from "./support/traffic";
import { eventually, sleep } from "../support/wait";
import { APPLICATION, World } from "./support/world";

/** The agent of a member is fed to the shared host and to endpoints outside, moves there, and comes back, with traffic on. */
describe("endpoints outside of the shared deployment", () => {
    let world: World;
    let outside: Outside;
    let shared: GrafanaClient;
    let there: GrafanaClient;
    let stream: CountedStream;
    let stopTraffic: Undo | undefined;
    /** Where the stream was when only the shared host had been fed, and when both had. */
    let single: Mark;
    let both: Mark;

    before(async () => {
        world = await (await World.get()).deployed();
        shared = await world.grafana();
        outside = await Outside.start(world.lab, 35, "dev");
        there = outside.grafana();
        stopTraffic = await startTraffic([world.apps.dev]);
        const pid = await world.hosts.dev.must("docker inspect --format '{{.State.Pid}}' was");
        stream = await CountedStream.start({ host: world.hosts.dev, file: `/proc/${pid}/fd/1`, otlp: "http://172.17.0.1:4318" });
        await sleep(5000);
    });
    after(async () => {
        await stopTraffic?.();
        await stream?.stop();
        await stream?.remove();
        await outside?.remove();
    });

    const up = async (monitoring: object, secrets: Record<string, string> = {}) => {
        await world.configure("dev", (settings) => {
            settings.config.monitoring = monitoring;
            Object.assign(settings.secrets, secrets);
        });
        return world.up("dev");
    };
    /** Ids of traces that began in a time, which ends some seconds ago. */
    const tracesBetween = async (grafana: GrafanaClient, from: number, to: number): Promise<string[]> => {
        const query = { q: '{ resource.deployment.environment.name = "dev" }', limit: "2000", start: String(Math.floor(from / 1000)), end: String(Math.ceil(to / 1000)) };
        const { traces = [] } = await grafana.ask<{ traces?: { traceID: string; startTimeUnixNano: string }[] }>("tempo", "/api/search", query);
        return traces.filter(({ startTimeUnixNano }) => Number(startTimeUnixNano) / 1e6 >= from && Number(startTimeUnixNano) / 1e6 < to - 5000).map(({ traceID }) => traceID).sort();
    };

    it("beside the shared host: each line and span goes to both, and nothing is lost in the change", async () => {
        const { seconds } = await up({ stack: "prod", external: outside.config() }, outside.secrets());
        world.figures["up with external endpoints"] = seconds;
        single = await stream.mark();
        await sleep(15_000);
        both = await stream.mark();
        await stream.allThere(shared, both, 120);
        await stream.allThere(there, both, 120, single);
    });

    it("the dashboards' queries find the same there as on the shared host", async () => {
        const trace = await eventually("a trace in both", 120, async () => {
            const query = `{ resource.service.name = "${APPLICATION}" && resource.deployment.environment.name = "dev" && span.db.query.text != "" }`;
            // One that began before both were fed may have its spans in both, as they wait for the sampling, and its lines in one.
            const since = { start: Math.ceil(both.accepted.at(-1)!.at) };
            const [here, outsideToo] = await Promise.all([shared.searchTraces(query, "tempo", since), there.searchTraces(query, "tempo", since)]);
            return here.find((id) => outsideToo.includes(id));
        });
        const choices = { environment: ["dev"], shift: "1m", trace, traceId: trace };
        const all = await readDashboards(shared, DASHBOARDS.map(({ name }) => UIDS[name]).filter((uid) => uid !== UIDS.monitoring && uid !== UIDS.loadtest));
        await runQueries(shared, all, choices, 60);
        // There is no monitoring host.
        const found = all.filter((row) => hasData(row) && !row.query.panel.startsWith("Monitoring host:") && !row.query.text.includes('job="monitoring-host"'));
        assert.ok(found.length > 50, `${found.length} queries`);
        const same = found.map(({ query, dashboard }): Row => ({ query, dashboard }));
        await runQueries(there, same, choices, 120);
        assert.deepEqual(same.filter((row) => !hasData(row)).map(describeEmpty), []);
    });

    it("a time's work is the same in both: its lines, traces and requests to the last one", async () => {
        const from = Date.now() - 5000;
        await sleep(30_000);
        const to = Date.now() - 5000;
        const around = { start: BigInt(from) * 1_000_000n, end: BigInt(to) * 1_000_000n };
        const of = async (grafana: GrafanaClient) => ({
            lines: (await grafana.logs('{environment="dev"}', "loki", 5000, around)).map(({ nanoseconds, text }) => `${nanoseconds} ${text}`).sort(),
            traces: await tracesBetween(grafana, from, to),
        });
        await eventually("the same lines and traces", 90, async () => {
            const [here, outsideToo] = await Promise.all([of(shared), of(there)]);
            assert.ok(here.lines.length > 250 && here.lines.length < 5000 && here.traces.length > 50, `${here.lines.length} lines, ${here.traces.length} traces`);
            assert.deepEqual(outsideToo, here);
            return true;
        });
        // The counters are read at different moments: they are the same when nothing counts for a while.
        await stopTraffic!();
        stopTraffic = undefined;
        const requests = async (grafana: GrafanaClient) => (await grafana.metrics('sum by (uri, status) (http_server_requests_seconds_count{environment="dev", uri!~"/actuator.*"})'))
            .map(({ labels, value }) => `${labels.uri} ${labels.status} ${value}`).sort();
        await eventually("the same requests", 90, async () => {
            const [here, outsideToo] = await Promise.all([requests(shared), requests(there)]);
            assert.ok(here.length > 3, `${here.length} counters`);
            assert.deepEqual(outsideToo, here);
            return true;
        });
        stopTraffic = await startTraffic([world.apps.dev]);
    });

    it("in place of the shared host: its targets go from there, and everything goes on at the endpoints", async () => {
        await up({ external: outside.config() }, outside.secrets());
        await eventually("its targets to go", 25, async () => (await shared.scraped("dev")).length === 0 || undefined);
        await sleep(5000);
        await stream.allThere(there, await stream.mark(), 120, single);
        await eventually("samples of a whole minute", 90, async () => (await there.sampleTimes(`jvm_threads_live_threads{instance="${world.hosts.dev.name}"}`, 60)).length >= 4 || undefined);
        const preview = world.keep(await world.stacks.dev.preview());
        assert.deepEqual([preview.ok, Object.keys(preview.changes).filter((kind) => kind !== "same")], [true, []], preview.output);
    });

    it("the doctor asks there, and finds nothing wrong; without the login it says what it needs", async () => {
        const directory = temporaryDirectory("doctor");
        const { args, env } = outside.doctorArgs(directory);
        const stdout = await eventually("a doctor that finds nothing", 60, async () => {
            const { code, stdout: said, stderr } = await doctor(world, "dev", args, env);
            assert.equal(code, 0, said + stderr);
            return said;
        });
        assert.match(stdout, /^host .* samples .* lines .* spans/m);
        assert.match(stdout, new RegExp(`^${world.hosts.dev.name} .* \\d+ s .* \\d+ s`, "m"));
        const { code, stderr } = await doctor(world, "dev", args);
        fs.rmSync(directory, { recursive: true });
        assert.equal(code, 1);
        assert.match(stderr, /^error: --grafana needs a login there: .*GRAFANA_TOKEN/m);
    });

    it("and back: the shared host is fed again, and nothing was lost on the way", async () => {
        const from = await stream.mark();
        await up({ stack: "prod", external: outside.config() }, outside.secrets());
        const back = await stream.mark();
        await sleep(5000);
        await up({ stack: "prod" });
        await sleep(5000);
        const now = await stream.mark();
        await stream.allThere(shared, now, 120, back);
        assert.deepEqual(await stream.inNone([shared, there], from, now), { lines: [], spans: [] });
        await eventually("its targets", 60, async () => (await shared.scraped("dev")).length > 0 || undefined);
    });

    lengthy.it("metrics for years: the shared Prometheus sends all environments' samples there besides, and after a pause from where it was; no container is made anew", async () => {
        const { ca, headers, url, username } = outside.config().metrics as Record<string, string>;
        await world.configure("prod", ({ config, secrets }) => {
            Object.assign(config.monitoring as object, { remoteWrite: [{ ca, headers, url, username }] });
            secrets["monitoring.remoteWrite[0].password"] = outside.secrets()["monitoring.external.metrics.password"];
        });
        const containers = () => world.monitor.must("docker ps --format '{{.ID}} {{.Names}}' | sort");
        const before = await containers();
        await world.up("prod");
        assert.equal(await containers(), before);
        const up = 'up{environment="loadtest", job="was"}';
        await eventually("samples of an environment whose agents know nothing of it", 90, async () => (await there.metrics(up)).length > 0 || undefined);
        await outside.away(30);
        const back = Date.now() / 1000;
        await eventually("the samples of the pause", 120, async () => {
            const [here, outsideToo] = await Promise.all([shared, there].map((grafana) => grafana.sampleTimes(up, 150)));
            const [first, last] = [Math.min(...outsideToo), Math.max(...outsideToo)];
            return last > back && here.filter((time) => time >= first && time <= last && !outsideToo.includes(time)).length === 0 || undefined;
        });
        await world.configure("prod");
        await world.up("prod");
        assert.equal(await containers(), before);
    });

    it("nothing secret was printed, nor stands in the agent's configuration", async () => {
        const secrets = [...await knownSecrets(world), ...Object.values(outside.secrets())];
        for (const run of world.runs) assert.deepEqual(secretsIn(run.output, secrets), []);
        assert.equal((await world.hosts.dev.exec("ls /etc/photogather-monitoring/log-agent/ | grep external")).stdout, "");
    });
});
