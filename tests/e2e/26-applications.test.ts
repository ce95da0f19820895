import assert from "node:assert/strict";
import { doctor } from "./support/doctor";
import { GrafanaClient } from "./support/grafana";
import { Ingest } from "./support/ingest";
import { eventually } from "../support/wait";
import { Was } from "./support/was";
import { APPLICATION, World } from "./support/world";

const PORT = 8081;

/** A second application comes to a WAS host that has one, and goes again. */
describe("several applications on one host", () => {
    let world: World;
    let grafana: GrafanaClient;
    let pay: Was;

    before(async () => {
        world = await (await World.get()).deployed();
        grafana = await world.grafana();
        const histogram = "management.metrics.distribution.percentiles-histogram.http.server.requests";
        pay = await Was.install(world.hosts.loadtest, { name: "pay", application: "pay", port: PORT, env: { SPRING_APPLICATION_JSON: JSON.stringify({ [histogram]: false }) } });
    });
    after(() => pay?.remove());

    const up = async (applications: object[]) => {
        await world.configure("loadtest", ({ config }) => Object.assign((config.was as object[])[0], { applications }));
        await world.up("loadtest");
    };
    const pidOf = (unit: string) => world.hosts.loadtest.must(`systemctl show --property MainPID --value ${unit}.service`);

    it("by one entry it has metrics, lines and traces of its own, and the first one is not disturbed", async () => {
        const [first, second] = [await pidOf("was"), await pidOf("pay")];
        await up([{ name: "pay", actuator: { port: PORT }, logs: { files: ["/var/log/pay/*.log"] }, tracing: { service: "pay.service", restart: true } }]);
        assert.equal(await pidOf("was"), first);
        assert.notEqual(await pidOf("pay"), second, "restarted once, with its Java agent");
        await pay.ready();
        const host = `instance="${world.hosts.loadtest.name}"`;
        await eventually("both as targets", 60, async () => (await grafana.metrics(`sum by (application) (up{${host}, job="was"}) == 1`)).length === 2 || undefined);
        await pay.get("/api/photos/1", ["X-Trace-Id: two-applications"]);
        const [line] = await eventually("its line", 60, async () => { const lines = await grafana.logs(`{application="pay", ${host}} |= "two-applications"`); return lines.length > 0 ? lines : undefined; });
        assert.match(line.labels.trace_id, /^[0-9a-f]{32}$/);
        const spans = await eventually("its trace", 60, async () => grafana.trace(line.labels.trace_id));
        assert.ok(spans.every(({ resource }) => resource["service.name"] === "pay" && resource["service.instance.id"] === world.hosts.loadtest.name));
        assert.deepEqual(await grafana.logs(`{application="${APPLICATION}", ${host}} |= "two-applications"`), []);
    });

    it("what is not well with its telemetry, and works nevertheless, the doctor finds for it alone, and says which property to set", async () => {
        const host = world.hosts.loadtest.name;
        const ingest = await Ingest.of(world, "loadtest");
        const now = Date.now();
        const span = { traceId: "0af7651916cd43dd8448eb211c80319c", spanId: "b7ad6b7169203331", name: "boot", kind: 2, startTimeUnixNano: `${now}000000`, endTimeUnixNano: `${now + 1}000000` };
        const resource = { "service.name": "pay", "service.instance.id": host, "deployment.environment.name": "loadtest" };
        await eventually("the span to be taken", 30, async () => await ingest.spans(resource, [span], "org.springframework.boot") === 200 || undefined);
        // As many as are looked at, of a pattern without ids, after those that it wrote itself; the last one as Micrometer has it.
        const lines = [...Array.from({ length: 250 }, (_, i) => `INFO no id ${i}`), "WARN i.m.registry.otlp.OtlpMeterRegistry : Failed to publish metrics to OTLP receiver (context: url=http://localhost:4318/v1/metrics)"];
        assert.equal(await ingest.logs({ environment: "loadtest", application: "pay", instance: host, source: "file" }, lines), 204);
        const expected: [string, string][] = [
            ["buckets", "management.metrics.distribution.percentiles-histogram.http.server.requests=true"], ["trace ids", "logging.pattern.level="],
            ["otlp metrics", "management.otlp.metrics.export.enabled=false"], ["double spans", "management.tracing.enabled=false"],
        ];
        await eventually("the doctor to find all of it", 90, async () => {
            const { code, stdout } = await doctor(world, "loadtest");
            assert.equal(code, 0, stdout);
            const found = stdout.split("\n").filter((line) => line.startsWith("! "));
            for (const [check, property] of expected) {
                if (!found.some((line) => line.startsWith(`! ${host}, ${check}: pay: `) && line.includes(property))) throw new Error(`${check}: ${stdout}`);
            }
            assert.deepEqual(found.filter((line) => !line.includes(": pay: ")), [], "of the first one nothing is said");
            return true;
        }, 5000);
    });

    it("without the entry its target, its Java agent and its files are gone; the first one is not disturbed", async () => {
        const first = await pidOf("was");
        await up([]);
        assert.equal(await pidOf("was"), first);
        assert.deepEqual([await world.hosts.loadtest.has(pay.agentFile), await world.hosts.loadtest.has("/etc/systemd/system/pay.service.d/photogather-otel.conf")], [false, false]);
        await eventually("one target", 60, async () => (await grafana.metrics(`up{instance="${world.hosts.loadtest.name}", job="was"}`)).length === 1 || undefined);
    });
});
