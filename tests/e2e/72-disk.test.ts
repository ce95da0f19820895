import assert from "node:assert/strict";
import { AFTER_FULL_SECONDS, WATCHDOG } from "../../components/monitoring-services/disk-watchdog";
import { SERVICES } from "../../components/monitoring-services/services";
import { gaps } from "./support/counted/count";
import { CountedTraffic } from "./support/counted/traffic";
import { GrafanaClient } from "./support/grafana";
import { Ingest } from "./support/ingest";
import { lengthy } from "./support/lengthy";
import { readRules } from "./support/rules";
import { fillTo, fillUp, makeRoom, onSmallDisk } from "./support/small-disk";
import { Undo } from "./support/traffic";
import { eventually, sleep } from "../support/wait";
import { APPLICATION, World } from "./support/world";

/** Of the disk, where lines and spans are refused from 90 % on. */
const NEARLY_FULL_PERCENT = 93;
const FREE_MIB = 300;
/** From taking a span to writing it, Tempo waits so long at most: docs/reliability.md. */
const UNWRITTEN_SECONDS = 7.5;
const INTERVAL_SECONDS = 15;
/** By Loki's and the gateway's own look at the disk, or for dev by the watchdog's, which looks once a minute: agents keep what is answered with either. */
const REFUSED = [429, 503];
/** The watchdog's next look, the restart of Tempo that it may end with, and Loki's reading of its limits. */
const TAKEN_AGAIN_SECONDS = 65 + AFTER_FULL_SECONDS + 15;

describe("a data volume that fills up, with traffic on", () => {
    let world: World;
    let grafana: GrafanaClient;
    let ingest: Ingest;
    let traffic: CountedTraffic;
    let undo: Undo | undefined;
    let rules: string[];
    let full: number;

    before(async () => {
        world = await (await World.get()).deployed();
        grafana = await world.grafana();
        ingest = await Ingest.of(world, "dev");
        rules = await readRules(world.monitor, grafana);
        traffic = await CountedTraffic.start(world);
        undo = await onSmallDisk(world, FREE_MIB);
    });
    after(async () => {
        await traffic?.stop();
        await undo?.();
        await traffic?.remove();
    });

    const ofProbe = { environment: "dev", application: APPLICATION, instance: "probe", source: "file" };
    const line = () => ingest.logs(ofProbe, ["is there room?"]);
    const span = () => ingest.spans({ "service.name": "probe" }, [{ traceId: "00f067aa0ba902b700f067aa0ba90270", spanId: "00f067aa0ba90270", name: "probe", kind: 1, startTimeUnixNano: `${Date.now()}000000`, endTimeUnixNano: `${Date.now() + 1}000000` }]);
    const answered = (status: number[]) => async () => {
        const got = { line: await line(), span: await span() };
        if (Object.values(got).every((each) => status.includes(each))) return true;
        throw new Error(`answered ${JSON.stringify(got)}\n${await world.monitor.must("docker ps --all --filter name=monitoring- --format '{{.Names}} {{.Status}}'")}`);
    };

    it("on its way there, lines and spans are refused in the way that makes agents keep them", async () => {
        await traffic.allThere(grafana);
        await fillTo(world, NEARLY_FULL_PERCENT);
        const start = performance.now();
        await eventually("both to be refused", 40, answered(REFUSED));
        world.figures["disk nearly full to lines and spans refused"] = (performance.now() - start) / 1000;
        // What Tempo took before is on disk some seconds later: a disk that fills in less is what docs/reliability.md excepts.
        await sleep(8000);
    });

    it("full, they still are, and the services stay; but Prometheus ends itself, and is started until there is room", async () => {
        const restarts = async () => Number(await world.monitor.must("docker inspect --format '{{.RestartCount}}' monitoring-prometheus"));
        const before = await restarts();
        full = Date.now() / 1000;
        assert.match(await fillUp(world), /No space left on device/);
        await eventually("Prometheus to end", 90, async () => await restarts() > before || undefined);
        await answered(REFUSED)();
        const running = (await world.monitor.must("docker ps --filter name=monitoring- --filter status=running --format '{{.Names}}'")).split("\n");
        assert.deepEqual(SERVICES.map(({ name }) => name).filter((name) => name !== "prometheus" && !running.includes(`monitoring-${name}`)), []);
    });

    it("with room again, everything comes that was sent meanwhile", async () => {
        await makeRoom(world);
        const start = performance.now();
        await eventually("both to be taken again", TAKEN_AGAIN_SECONDS, answered([200, 204]));
        const { duplicates } = await traffic.allThere(grafana, 120 + TAKEN_AGAIN_SECONDS);
        world.figures["room again to all there"] = (performance.now() - start) / 1000;
        world.figures["lines twice after the full disk"] = duplicates;
        await eventually("Prometheus to be well again", 90, async () => (await grafana.metrics("count(up == 1)"))[0]?.value > 0 || undefined);
        const well = Date.now() / 1000;
        world.figures["room again to Prometheus well"] = (performance.now() - start) / 1000;
        const times = await grafana.sampleTimes('jvm_threads_live_threads{instance="prod-was-1"}', well - full + 60);
        const found = gaps(times, INTERVAL_SECONDS);
        world.figures["full disk: longest gap between samples"] = Math.max(0, ...found.map(({ seconds }) => seconds));
        // It ends at its first write after the disk is full, and scrapes anew an interval after it is back.
        for (const { seconds } of found) assert.ok(seconds <= well - full + 2 * INTERVAL_SECONDS, JSON.stringify({ found, full, well }));
        assert.deepEqual(await readRules(world.monitor, grafana), rules);
    });

    lengthy.it("filled faster than anybody looks, it takes spans that Tempo cannot write, and none after the disk watchdog has seen that there is room", async () => {
        const started = () => world.monitor.must("docker inspect --format '{{.State.StartedAt}}' monitoring-tempo");
        const before = await started();
        const filled = Date.now() / 1000;
        assert.match(await fillUp(world), /No space left on device/);
        // By its timer it looks once a minute.
        await world.monitor.must(`systemctl start ${WATCHDOG.unit}.service`);
        assert.equal(JSON.parse(await world.monitor.must(`cat ${WATCHDOG.state}`)).full, true);
        await makeRoom(world);
        await world.monitor.must(`systemctl start ${WATCHDOG.unit}.service`);
        const restarted = Date.parse(await started()) / 1000;
        assert.notEqual(restarted, Date.parse(before) / 1000, await world.monitor.must(`journalctl -u ${WATCHDOG.unit} -n 20 -o cat --no-pager`));
        await eventually("both to be taken again", TAKEN_AGAIN_SECONDS, answered([200, 204]));
        const { missing } = await traffic.allButSpans(grafana, 120 + TAKEN_AGAIN_SECONDS);
        world.figures["spans lost by a disk that fills at once"] = missing.length;
        // Those that it could not write any more, and none that came to the new one.
        assert.ok(missing.every((at) => at > filled - UNWRITTEN_SECONDS && at < restarted + 1), JSON.stringify({ filled, restarted, missing }));
        await sleep(15_000);
        await traffic.allThere(grafana);
    });
});
