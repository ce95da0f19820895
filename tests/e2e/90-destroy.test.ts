import assert from "node:assert/strict";
import { gaps } from "./support/counted/count";
import { succeeded } from "./support/engine";
import { GrafanaClient } from "./support/grafana";
import { leftovers } from "./support/leftovers";
import { secretsIn } from "./support/secrets";
import { eventually } from "../support/wait";
import { World } from "./support/world";

describe("the end", () => {
    let world: World;
    let grafana: GrafanaClient;

    before(async () => {
        world = await World.get();
        grafana = await world.grafana();
    });

    it("`refresh` works from a fresh clone, after `npm run keys`", async () => {
        const clone = world.engine.freshClone();
        await clone.run("npm", ["run", "keys", "--", "--stack", "prod"]);
        succeeded(world.keep(await (await clone.open("prod")).refresh()));
        clone.remove();
    });

    it("`destroy` of loadtest takes its targets and agents; prod and dev go on without a gap", async () => {
        // Every 15 s, and a busy machine. Not earlier: what ran before this file may have made Prometheus anew.
        const begun = Date.now() / 1000;
        succeeded(world.keep(await world.stacks.loadtest.destroy()));
        await eventually("loadtest's targets to go", 30, async () => (await grafana.scraped("loadtest")).length === 0 || undefined);
        assert.equal(await leftovers(world.hosts.loadtest), "");
        for (const environment of ["prod", "dev"]) {
            const times = await eventually(`samples of ${environment}`, 75, async () => {
                const found = await grafana.sampleTimes(`up{environment="${environment}", instance="${environment}-was-1", job="was"}`, Date.now() / 1000 - begun);
                return found.length >= 4 && found;
            });
            assert.deepEqual(gaps(times, 15), [], environment);
        }
    });

    it("the owner refuses to go while a member is registered, and says who; nothing is taken away", async () => {
        const before = await world.containers();
        const run = world.keep(await world.stacks.prod.destroy());
        assert.equal(run.ok, false);
        assert.match(run.output, /dev/);
        assert.match(run.output, /destroyWithMembers/);
        assert.deepEqual(await world.containers(), before);
        assert.deepEqual(await grafana.scraped("prod"), ["prod-was-1"]);
        assert.equal(await world.hosts.prod.must("systemctl is-active photogather-log-agent.service"), "active");
    });

    it("told so, the owner goes from a fresh clone; nothing is left but the data directory", async () => {
        await world.configure("prod", ({ config }) => { (config.monitoring as Record<string, unknown>).destroyWithMembers = true; });
        await world.up("prod");
        const clone = world.engine.freshClone();
        await clone.run("npm", ["run", "keys", "--", "--stack", "prod"]);
        succeeded(world.keep(await (await clone.open("prod")).destroy()));
        clone.remove();
        assert.equal(await leftovers(world.monitor), "");
        assert.equal(await leftovers(world.hosts.prod), "");
        assert.ok(await world.monitor.has("/var/lib/photogather-monitoring/data/prometheus"));
    });

    it("a member whose monitoring host is gone can still be destroyed, as documented", async () => {
        await world.engine.run("npm", ["run", "forget", "--", "--stack", "dev"]);
        succeeded(world.keep(await world.stacks.dev.destroy()));
        assert.equal(await leftovers(world.hosts.dev), "");
    });

    it("no secret was printed by any of it, failures and removals included", () => {
        assert.ok(world.secrets.length > 0);
        for (const { output } of world.runs) assert.deepEqual(secretsIn(output, world.secrets), []);
    });
});
