import assert from "node:assert/strict";
import { explain, gaps } from "./support/counted/count";
import { CountedStream } from "./support/counted/stream";
import { cutOff, killContainer, killUnit } from "./support/cut";
import { GrafanaClient } from "./support/grafana";
import { readRules } from "./support/rules";
import { eventually, sleep } from "../support/wait";
import { World } from "./support/world";

const AGENT = "photogather-log-agent";
/** Seconds between scrapes, and how long one may take that is not answered. */
const INTERVAL_SECONDS = 15;
const TIMEOUT_SECONDS = 10;
/** As many lines as a busy server writes. */
const LINES_PER_SECOND = 20;

for (const minutes of (process.env.E2E_OUTAGE_MINUTES ?? "1.5").split(",").map(Number)) describe(`the monitoring host is out of reach for ${minutes} minutes`, () => {
    let world: World;
    let grafana: GrafanaClient;
    let file: CountedStream;
    let container: CountedStream;
    let begun: number;
    let rules: string[];

    before(async () => {
        world = await (await World.get()).deployed();
        grafana = await world.grafana();
        rules = await readRules(world.monitor, grafana);
        const { prod, dev } = world.hosts;
        file = await CountedStream.start({ host: prod, file: "/var/log/was/counted.log", linesPerSecond: LINES_PER_SECOND, otlp: "http://127.0.0.1:4318" });
        const pid = await dev.must("docker inspect --format '{{.State.Pid}}' was");
        container = await CountedStream.start({ host: dev, file: `/proc/${pid}/fd/1`, linesPerSecond: LINES_PER_SECOND, otlp: "http://172.17.0.1:4318" });
        // What was broken before this has to be over, or its gaps would be counted here.
        await eventually("samples without a gap", 120, async () => (gaps(await times(60), INTERVAL_SECONDS).length === 0 && (await times(60)).length >= 3) || undefined);
    });
    after(async () => {
        for (const stream of [file, container]) await stream?.remove();
    });

    const times = (seconds: number, host = world.hosts.prod) => grafana.sampleTimes(`jvm_threads_live_threads{instance="${host.name}"}`, seconds);

    it("the agents go on reading, through a rotation and kill -9 of each of them", async () => {
        const { prod, dev } = world.hosts;
        const begin = Date.now();
        begun = begin / 1000;
        const restore = await cutOff(world);
        try {
            const rest = () => begin + minutes * 60_000 - Date.now();
            await sleep(rest() / 3);
            await file.rotate();
            await sleep(rest() / 2);
            await killUnit(prod, `${AGENT}.service`);
            await killContainer(dev, AGENT);
            await sleep(rest());
            const size = async (host: typeof prod) => Number(await host.must("du -sk /var/lib/photogather-monitoring/log-agent | cut -f 1"));
            world.figures[`outage of ${minutes} min: MiB in prod's agent`] = await size(prod) / 1024;
            world.figures[`outage of ${minutes} min: MiB in dev's agent`] = await size(dev) / 1024;
        } finally {
            await restore();
        }
        world.figures["outage"] = (Date.now() - begin) / 1000;
    }).timeout((minutes + 10) * 60_000);

    it("afterwards every line is there, every accepted span, and samples are missing for the outage only", async () => {
        const start = performance.now();
        await sleep(5000);
        await Promise.all([file.stop(), container.stop()]);
        for (const [what, stream] of [["file", file], ["container", container]] as const) {
            const mark = await stream.mark();
            await eventually(`lines of the ${what}`, 180, async () => {
                const count = await stream.lines(grafana, mark);
                if (count.lost.length > 0) throw new Error(explain(count));
                world.figures[`outage, lines of the ${what}`] = count.sent;
                world.figures[`outage, lines of the ${what} twice`] = count.duplicated;
                return true;
            });
            world.figures[`outage over to all lines of the ${what}, at most`] = (performance.now() - start) / 1000;
            await eventually(`spans of ${what}`, 600, async () => {
                const count = await stream.spans(grafana, mark);
                if (count.lost.length > 0) throw new Error(explain(count));
                world.figures[`outage, spans beside the ${what}`] = count.sent;
                return true;
            });
        }
        world.figures["outage over to all spans, at most"] = (performance.now() - start) / 1000;
        for (const host of [world.hosts.prod, world.hosts.dev]) {
            // The lines can be there before the next scrape is due.
            const found = await eventually(`samples of ${host.name} after the outage`, INTERVAL_SECONDS + TIMEOUT_SECONDS + 10, async () => {
                // With samples of before it: a busy machine's last one may be two intervals old.
                const all = await times(Date.now() / 1000 - begun + 3 * INTERVAL_SECONDS, host);
                return all.some((time) => time > begun + world.figures.outage) ? gaps(all, INTERVAL_SECONDS).filter(({ from, seconds }) => from + seconds > begun) : undefined;
            });
            const end = begun + world.figures.outage;
            const [missing, ...more] = found.filter(({ from }) => from < end);
            assert.ok(missing && more.length === 0, `${host.name}: ${JSON.stringify({ found, begun, end })}`);
            world.figures["outage, seconds without samples"] = missing.seconds;
            assert.ok(missing.from + missing.seconds <= end + INTERVAL_SECONDS + TIMEOUT_SECONDS, JSON.stringify({ found, begun, end }));
            // Later an application that answers what came meanwhile may have no time for a scrape.
            for (const { from, seconds } of found) assert.ok(from < end || seconds <= 2 * INTERVAL_SECONDS + TIMEOUT_SECONDS, JSON.stringify({ found, begun, end }));
        }
        assert.deepEqual(await readRules(world.monitor, grafana), rules);
    });
});
