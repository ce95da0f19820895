import assert from "node:assert/strict";
import { allOf, countOf, explain, gaps, ranges } from "../e2e/support/counted/count";

describe("counting what was sent against what is found", () => {
    it("tells what is lost, and counts what came twice", () => {
        const count = countOf([0, 1, 2, 3, 4], [0, 1, 1, 1, 4, 4]);
        assert.deepEqual(count, { sent: 5, lost: [2, 3], duplicated: 3 });
        assert.equal(explain(count), "2 of 5 lost (2-3), 3 twice");
        assert.equal(explain(countOf([7], [7])), "0 of 1 lost, 0 twice");
    });

    it("writes numbers as ranges", () => {
        assert.equal(ranges([9, 3, 4, 5]), "3-5, 9");
        assert.equal(ranges([]), "");
    });

    it("finds gaps between samples, in whatever order they come", () => {
        assert.deepEqual(gaps([60, 0, 15, 34], 15), [{ from: 34, seconds: 26 }]);
    });

    it("asks for halves of what is cut off, and misses nothing", async () => {
        const all = Array.from({ length: 100 }, (_, i) => BigInt(i * i));
        const ask = (from: bigint, to: bigint) => Promise.resolve(all.filter((time) => time >= from && time < to).slice(0, 7));
        assert.deepEqual(await allOf(0n, 10_000n, 7, ask), all);
    });

    it("says so where more comes at one moment than can be asked for", async () => {
        await assert.rejects(allOf(0n, 8n, 3, () => Promise.resolve([1, 1, 1])), /more than 3/);
    });
});
