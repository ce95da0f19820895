import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { SERVICES } from "../../components/monitoring-services/services";
import { gaps } from "./support/counted/count";
import { CountedTraffic } from "./support/counted/traffic";
import { killContainer, killUnit } from "./support/cut";
import { GrafanaClient } from "./support/grafana";
import { Ingest } from "./support/ingest";
import { readRules } from "./support/rules";
import { eventually, sleep } from "../support/wait";
import { APPLICATION, World } from "./support/world";

/** Seconds between scrapes and between evaluations. */
const INTERVAL_SECONDS = 15;
/** What docs/reliability.md says that a kill -9 of Tempo takes at most. */
const TEMPO_WINDOW_SECONDS = 7.5;
const AGENT = "photogather-log-agent";

describe("faults, with traffic on", () => {
    let world: World;
    let grafana: GrafanaClient;
    let traffic: CountedTraffic;
    let rules: string[];
    let begun: number;
    /** Seconds at which something that scrapes was not there. */
    const down: { from: number; seconds: number }[] = [];

    before(async () => {
        world = await (await World.get()).deployed();
        grafana = await world.grafana();
        rules = await readRules(world.monitor, grafana);
        begun = Date.now() / 1000;
        traffic = await CountedTraffic.start(world);
        await sleep(10_000);
    });
    after(async () => {
        await traffic?.stop();
        await traffic?.remove();
    });

    const healthy = async () => Number(await world.monitor.must("docker ps --filter health=healthy --filter name=monitoring- -q | wc -l")) === SERVICES.length || undefined;
    /** Waits until the service is well by its own word, and gives how long it was not there. That it runs says nothing: Docker learns of a kill some time later. */
    const back = async (service: string, since: number) => {
        const { health: [, ...health] } = SERVICES.find(({ name }) => name === service)!;
        const started = async () => Date.parse(await world.monitor.must(`docker inspect --format '{{.State.StartedAt}}' monitoring-${service}`)) / 1000 > since;
        const well = async () => (await world.monitor.exec(`docker exec monitoring-${service} ${health.join(" ")}`)).code === 0;
        await eventually(`${service} to be back`, 60, async () => (await started() && await well()) || undefined);
        const seconds = Date.now() / 1000 - since;
        if (service === "prometheus") down.push({ from: since, seconds });
        return seconds;
    };

    it("before any fault, everything arrives once", async () => {
        const { duplicates } = await traffic.allThere(grafana);
        assert.equal(duplicates, 0);
        for (const by of ["prometheus", "prod", "dev"]) assert.ok(rules.some((rule) => rule.startsWith(`${by}: `)), rules.join("\n"));
    });

    for (const service of ["prometheus", "loki", "alertmanager", "grafana", "gateway", "node-exporter"]) {
        it(`kill -9 of ${service}: it comes back by itself, no line and no span is lost`, async () => {
            const killed = await killContainer(world.monitor, `monitoring-${service}`);
            await back(service, killed);
            await sleep(3000);
            const { duplicates } = await traffic.allThere(grafana);
            world.figures[`${service} killed to all there`] = Date.now() / 1000 - killed;
            world.figures[`lines twice after ${service}`] = duplicates;
        });
    }

    it("kill -9 of Tempo takes the last seconds at most, and no line", async () => {
        const killed = await killContainer(world.monitor, "monitoring-tempo");
        await back("tempo", killed);
        await sleep(10_000);
        const { missing } = await traffic.allButSpans(grafana);
        const window = missing.length > 0 ? killed - Math.min(...missing) : 0;
        world.figures["spans lost in Tempo"] = missing.length;
        world.figures["window of Tempo's kill"] = window;
        // On a machine that has no time for the sender it has none for Tempo.
        const accepted = (await traffic.file.mark()).accepted.map(({ at }) => at).filter((at) => at > killed - 15 && at < killed + 5);
        const stalled = Math.max(...accepted.slice(1).map((at, index) => at - accepted[index]));
        world.figures["longest pause of the sender then"] = stalled;
        assert.ok(window <= TEMPO_WINDOW_SECONDS + stalled && missing.every((at) => at <= killed + 1), JSON.stringify({ killed, missing }));
    });

    it("kill -9 of each agent while it reads: it comes back by itself, nothing that it accepted is lost", async () => {
        await killUnit(world.hosts.prod, `${AGENT}.service`);
        await killContainer(world.hosts.dev, AGENT);
        await sleep(12_000);
        const { duplicates } = await traffic.allThere(grafana);
        world.figures["lines twice after the agents"] = duplicates;
    });

    it("kill -9 of the monitoring host's Docker daemon: everything comes back by itself", async () => {
        const killed = await killUnit(world.monitor, "docker.service");
        try {
            await eventually("Docker", 180, async () => await healthy());
        } finally {
            down.push({ from: killed, seconds: Date.now() / 1000 - killed });
        }
        world.figures["Docker killed to all healthy"] = Date.now() / 1000 - killed;
        const { missing } = await traffic.allButSpans(grafana);
        // Tempo stops in order here.
        assert.deepEqual(missing, []);
    });

    it("the monitoring host is rebooted: everything comes back by itself, no line and no span is lost", async () => {
        const from = Date.now() / 1000;
        await world.monitor.reboot();
        await eventually("all services", 120, healthy);
        down.push({ from, seconds: Date.now() / 1000 - from });
        world.figures["reboot to all healthy"] = Date.now() / 1000 - from;
        await traffic.allThere(grafana);
    });

    for (const minutes of [-10, 10]) {
        it(`a line and a span dated ${minutes} minutes from now are taken and found`, async () => {
            const at = Date.now() + minutes * 60_000;
            const [text, traceId] = [randomBytes(8).toString("hex"), randomBytes(16).toString("hex")];
            const stream = { environment: "prod", application: APPLICATION, instance: world.hosts.prod.name, source: "file" };
            assert.equal(await (await Ingest.of(world, "prod")).logs(stream, [text], at), 204);
            const span = { traceId, spanId: traceId.slice(16), name: "dated", kind: 1, startTimeUnixNano: `${at}000000`, endTimeUnixNano: `${at + 1}000000` };
            await world.hosts.prod.must("curl --fail --silent --show-error -H 'Content-Type: application/json' --data-binary @- http://127.0.0.1:4318/v1/traces", JSON.stringify({ resourceSpans: [{ scopeSpans: [{ spans: [span] }] }] }));
            const around = { start: BigInt(at - 60_000) * 1_000_000n, end: BigInt(at + 60_000) * 1_000_000n };
            await eventually("the line", 30, async () => (await grafana.logs(`{instance="${stream.instance}"} |= "${text}"`, "loki", 10, around))[0]);
            await eventually("the span", 30, async () => (await grafana.trace(traceId))?.[0]);
        });
    }

    it("no rule is lost, and evaluations are missing only while Prometheus was away", async () => {
        assert.deepEqual(await readRules(world.monitor, grafana), rules);
        const missed = await grafana.metrics("sum(prometheus_rule_group_iterations_missed_total)");
        assert.equal(missed[0].value, 0);
        // After a start Prometheus writes no alert before it has evaluated twice, so that it knows since when each was pending: with the interval before the kill, and
        // the one until the first evaluation, four.
        onlyWhileDown(await grafana.sampleTimes('ALERTS{alertname="Watchdog"}', Date.now() / 1000 - begun), 4);
    });

    it("samples are missing only while Prometheus was away", async () => {
        for (const { name } of [world.hosts.prod, world.hosts.dev]) {
            const [scrapes, samples] = await Promise.all([`up{instance="${name}", job="was"}`, `jvm_threads_live_threads{instance="${name}"}`].map((selector) => grafana.sampleTimes(selector, Date.now() / 1000 - begun)));
            onlyWhileDown(scrapes);
            // An application that has no time to answer is noted, and is not what this is about; but it may not be the rule.
            const unanswered = scrapes.filter((at) => !samples.includes(at)).length;
            world.figures[`scrapes that ${name} did not answer`] = unanswered;
            assert.ok(unanswered < scrapes.length / 10, `${unanswered} of ${scrapes.length}`);
        }
    });

    /** A gap may be as long as Prometheus was away, and the interval at either end of it; where it was away twice within that time, both are one gap. */
    function onlyWhileDown(times: number[], intervals = 2): void {
        const slack = intervals * INTERVAL_SECONDS;
        const found = gaps(times, INTERVAL_SECONDS);
        world.figures["longest gap between samples"] = Math.max(world.figures["longest gap between samples"] ?? 0, ...found.map(({ seconds }) => seconds));
        for (const { from, seconds } of found) {
            const allowed = down.filter((each) => each.from >= from - 2 && each.from <= from + seconds).map((each) => each.seconds + slack);
            assert.ok(seconds <= allowed.reduce((sum, each) => sum + each, 0), JSON.stringify({ from, seconds, down }));
        }
    }
});
