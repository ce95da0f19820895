import assert from "node:assert/strict";
import { CountedStream } from "./support/counted/stream";
import { GrafanaClient } from "./support/grafana";
import { HandMade } from "./support/hand-made";
import { Host } from "./support/hosts";
import { leftovers } from "./support/leftovers";
import { eventually, sleep } from "../support/wait";
import { Was } from "./support/was";
import { APPLICATION, World } from "./support/world";

/** The steps of docs/migrating.md for one host, each with its way back, with lines that are counted in the old Loki and in the new one. */
describe("from hand-made monitoring to this", () => {
    let world: World;
    let grafana: GrafanaClient;
    let host: Host;
    let app: Was;
    let old: HandMade;
    let stream: CountedStream;
    /** What runs on the host by its owner's hands. */
    let running: string;

    before(async () => {
        world = await (await World.get()).deployed();
        grafana = await world.grafana();
        host = await world.lab.host("dev-was-4", 16);
        app = await Was.install(host, { application: APPLICATION });
        old = await HandMade.start(world.lab, 36, host);
        stream = await CountedStream.start({ host, file: "/var/log/was/counted.log" });
        running = await pids();
    });
    after(async () => {
        await stream?.stop();
        await old?.remove();
        await host?.remove();
    });

    const pids = () => host.must("systemctl show --property MainPID --value was.service; pgrep -x promtail");
    const up = async (entry?: object) => {
        await world.configure("dev", ({ config }) => {
            if (entry) (config.was as object[]).push({ name: host.name, address: host.address, runtime: "systemd", logs: { files: ["/var/log/was/*.log"], containers: [] }, ssh: { hostKey: host.hostKey }, ...entry });
        });
        await world.up("dev");
    };
    /** Numbers from one to another, which are not among those that were found. */
    const lost = (found: number[], from: number, to: number) => {
        const there = new Set(found);
        return Array.from({ length: to - from }, (_, i) => from + i).filter((number) => !there.has(number));
    };
    const allInOld = (from: number, to: number) => eventually("all lines in the old Loki", 90, async () => lost(await old.numbers(stream.run), from, to).length === 0 || undefined);
    const allHere = (from: number, to: number) => eventually("all lines here", 90, async () => {
        const { lost: missing } = await stream.lines(grafana, { lines: to, accepted: [] });
        return missing.every((number) => number < from) || undefined;
    });

    it("a host without the Java agent: nothing on it is touched, and both have every line", async () => {
        await up({ tracing: { javaAgent: false, listenAddress: "127.0.0.1" } });
        const { lines: from } = await stream.mark();
        assert.equal(await pids(), running);
        await sleep(5000);
        const { lines } = await stream.mark();
        await allInOld(0, lines);
        await allHere(from, lines);
        await eventually("a scrape by the old Prometheus", 30, async () => await old.up() === 1 || undefined);
        await eventually("its targets here", 60, async () => (await grafana.metrics(`up{instance="${host.name}", job="was"} == 1`)).length === 1 || undefined);
    });

    it("way back: out of `was`, and nothing of ours is left on it; the old one goes on", async () => {
        await up();
        assert.equal(await leftovers(host), "");
        assert.equal(await pids(), running);
        await allInOld(0, (await stream.mark()).lines);
    });

    it("traces: the application takes the Java agent at its next start, and its hand-made id finds the trace's lines", async () => {
        await up({ tracing: { service: "was.service", restart: true, listenAddress: "127.0.0.1" } });
        await app.ready();
        await app.get("/api/photos/1", ["X-Trace-Id: hand-made-id"]);
        const line = await eventually("its line", 60, async () => (await grafana.logs(`{instance="${host.name}"} | request_id="hand-made-id"`))[0]);
        assert.match(line.labels.trace_id, /^[0-9a-f]{32}$/);
        assert.ok((await eventually("its trace", 60, async () => grafana.trace(line.labels.trace_id))).length > 0);
        await eventually("the same line in the old Loki", 60, async () => (await old.lines("hand-made-id")).length > 0 || undefined);
    });

    it("Promtail ends: every line is here", async () => {
        const { lines: from } = await stream.mark();
        await host.must("pkill -f [p]romtail-config.yml; while pgrep -x promtail >/dev/null; do sleep 0.2; done");
        await sleep(10_000);
        const { lines } = await stream.mark();
        await allHere(from, lines);
        assert.ok(lost(await old.numbers(stream.run), 0, lines).length > 50, "the old one gets no more");
    });

    it("way back: Promtail goes on where it was, and the old Loki gets the meantime too", async () => {
        await old.startPromtail();
        await allInOld(0, (await stream.mark()).lines);
    });

    it("the host as it was before any of it", async () => {
        await up();
        assert.equal(await leftovers(host), "");
        assert.deepEqual(await grafana.scraped("dev"), [world.hosts.dev.name]);
    });
});
