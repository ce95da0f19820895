import assert from "node:assert/strict";
import { recordScrapes } from "./support/scrapes";
import { World } from "./support/world";

// `npm run scrapes`: after the faults of the tests before, as some series are there only once something went wrong.
if (process.env.RECORD_SCRAPES) {
    describe("recorded scrapes", () => {
        it("are refreshed", async () => {
            const counts = await recordScrapes(await (await World.get()).grafana());
            for (const [file, series] of Object.entries(counts)) console.log(`      ${file.padEnd(20)}${String(series).padStart(6)} series`);
            assert.ok(Object.values(counts).every((count) => count > 0));
        });
    });
}
