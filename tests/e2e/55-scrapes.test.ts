import assert from "node:assert/strict";
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
            const counts = await recordScrapes(await world.grafana(), { agent });
            for (const [file, series] of Object.entries(counts)) console.log(`      ${file.padEnd(20)}${String(series).padStart(6)} series`);
            assert.ok(Object.values(counts).every((count) => count > 0));
        });
    });
}
