import assert from "node:assert/strict";
import { GrafanaClient } from "./support/grafana";
import { eventually } from "./support/wait";
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
        pay = await Was.install(world.hosts.loadtest, { name: "pay", application: "pay", port: PORT });
    });
    after(() => pay?.remove());

    const up = async (applications: object[]) => {
        await world.configure("loadtest", ({ config }) => Object.assign((config.was as object[])[0], { applications }));
        const run = await world.up("loadtest");
        assert.ok(run.ok, run.output);
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

    it("without the entry its target, its Java agent and its files are gone; the first one is not disturbed", async () => {
        const first = await pidOf("was");
        await up([]);
        assert.equal(await pidOf("was"), first);
        assert.deepEqual([await world.hosts.loadtest.has(pay.agentFile), await world.hosts.loadtest.has("/etc/systemd/system/pay.service.d/photogather-otel.conf")], [false, false]);
        await eventually("one target", 60, async () => (await grafana.metrics(`up{instance="${world.hosts.loadtest.name}", job="was"}`)).length === 1 || undefined);
    });
});
