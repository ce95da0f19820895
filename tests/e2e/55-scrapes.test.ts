import assert from "node:assert/strict";
import { discoverySeries } from "./support/discovered";
import { fullQueueSeries } from "./support/full-queue";
import { provoke } from "./support/provoke";
import { recordScrapes } from "./support/scrapes";
import { startTraffic } from "./support/traffic";
import { APPLICATION, World } from "./support/world";

// `npm run scrapes`
if (process.env.RECORD_SCRAPES) {
    describe("recorded scrapes", () => {
        it("are refreshed, after faults that some series are there only for", async () => {
            const world = await World.get();
            const stopTraffic = await startTraffic(Object.values(world.apps));
            try {
                await provoke(world);
            } finally {
                await stopTraffic();
            }
            const agent = await fullQueueSeries({ job: "agent", environment: "prod", application: APPLICATION, instance: world.hosts.prod.name });
            const discovered = await discoverySeries({ job: "monitoring-host", application: "monitoring", instance: "monitoring-host" });
            const counts = await recordScrapes(await world.grafana(), { agent, "monitoring-host": discovered });
            for (const [file, series] of Object.entries(counts)) console.log(`      ${file.padEnd(20)}${String(series).padStart(6)} series`);
            assert.ok(Object.values(counts).every((count) => count > 0));
        });
    });
}
