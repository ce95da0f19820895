import assert from "node:assert/strict";
import { inBatches, NewLine, pushBody } from "../../tools/import-logs/lines";

const line = (text: string, metadata: Record<string, string> = {}): NewLine => ({ nanoseconds: 1n, text, stream: { environment: "dev" }, metadata });

describe("old lines that come along", () => {
    it("are sent in requests that the gateway takes, by their bytes and with what is known of them, in their order", () => {
        const lines = Array.from({ length: 5000 }, (_, n) => line(`${n} 사진을 찾을 수 없습니다`.repeat(8), { old: "x".repeat(400), n: String(n) }));
        const batches = inBatches(lines);
        assert.deepEqual(batches.flat(), lines);
        for (const batch of batches) assert.ok(Buffer.byteLength(pushBody(batch)) < 2 * 1024 * 1024);
        assert.ok(batches.length < 8, `${batches.length} requests`);
    });

    it("a line that alone is larger has a request of its own", () => {
        const [small, large] = [line("small"), line("x".repeat(2 * 1024 * 1024))];
        assert.deepEqual(inBatches([small, large, small]), [[small], [large], [small]]);
        assert.deepEqual(inBatches([]), []);
    });
});
