import assert from "node:assert/strict";
import { CountedStream, Mark } from "./support/counted/stream";
import { GrafanaClient } from "./support/grafana";
import { leftovers } from "./support/leftovers";
import { Outside } from "./support/outside";
import { lengthy } from "./support/lengthy";
import { knownSecrets, secretsIn } from "./support/secrets";
import { eventually, sleep } from "../support/wait";
import { ENVIRONMENTS, Environment, World } from "./support/world";

const DATA = "/var/lib/photogather-monitoring/data";

/** The steps of "Moving from the shared host" in docs/external.md, with numbered lines and spans of the owner's own host all the while. 66 looks at a member that moves. */
lengthy.describe("everybody moves away from the shared host, and back", () => {
    let world: World;
    let outside: Outside;
    let shared: GrafanaClient;
    let there: GrafanaClient;
    let stream: CountedStream;
    let both: Mark;

    before(async () => {
        world = await (await World.get()).deployed();
        shared = await world.grafana();
        outside = await Outside.start(world.lab, 37, "prod");
        there = outside.grafana();
        stream = await CountedStream.start({ host: world.hosts.prod, file: "/var/log/was/counted.log", otlp: "http://127.0.0.1:4318" });
        await sleep(5000);
    });
    after(async () => {
        await stream?.stop();
        await stream?.remove();
        await outside?.remove();
    });

    const moveTo = (environment: Environment, { shared: stays }: { shared: boolean }) => world.configure(environment, ({ config, secrets }) => {
        const section = config.monitoring as Record<string, unknown>;
        config.monitoring = { ...(stays ? section : {}), external: outside.config() };
        if (!stays) delete secrets["monitoring.host.machine.ssh.privateKey"];
        Object.assign(secrets, outside.secrets());
    });

    it("the owner's hosts feed both; nothing is lost in the change", async () => {
        await moveTo("prod", { shared: true });
        await world.up("prod");
        both = await stream.mark();
        await sleep(10_000);
        const now = await stream.mark();
        await stream.allThere(shared, now, 120);
        await stream.allThere(there, now, 120, both);
    });

    it("the members go; the owner leaves nothing but the endpoints in its config, and the shared deployment goes, but for its data", async () => {
        for (const name of ["dev", "loadtest"] as const) await moveTo(name, { shared: false });
        await world.upTogether(["dev", "loadtest"]);
        await moveTo("prod", { shared: false });
        await world.up("prod");
        assert.equal(await leftovers(world.monitor), "");
        assert.ok(await world.monitor.has(`${DATA}/loki`));
        await sleep(5000);
        await stream.allThere(there, await stream.mark(), 120, both);
        for (const name of ENVIRONMENTS) await eventually(`samples of ${name}`, 90, async () => (await there.metrics(`up{instance="${world.hosts[name].name}", job="was"} == 1`))[0]);
        const preview = world.keep(await world.stacks.prod.preview());
        assert.deepEqual([preview.ok, Object.keys(preview.changes).filter((kind) => kind !== "same")], [true, []], preview.output);
    });

    it("and back, step by step: the shared deployment stands again on its data, and nothing was lost on the way", async () => {
        await moveTo("prod", { shared: true });
        await world.up("prod");
        const back = await stream.mark();
        await sleep(5000);
        await world.configure("prod");
        await world.up("prod");
        for (const name of ["dev", "loadtest"] as const) await world.configure(name);
        await world.upTogether(["dev", "loadtest"]);
        shared = await world.grafana();
        const now = await stream.mark();
        await stream.allThere(shared, now, 120, back);
        await stream.allThere(shared, both, 120);
        assert.deepEqual(await stream.inNone([shared, there], both, now), { lines: [], spans: [] });
        for (const name of ENVIRONMENTS) await eventually(`targets of ${name}`, 60, async () => (await shared.scraped(name)).length > 0 || undefined);
    });

    it("nothing secret was printed", async () => {
        const secrets = [...await knownSecrets(world), ...Object.values(outside.secrets())];
        for (const run of world.runs) assert.deepEqual(secretsIn(run.output, secrets), []);
    });
});
