import assert from "node:assert/strict";
import { capacityTable, ratios } from "../bench/support/capacity-report";
import { fill, logBody, traceBody } from "../bench/support/otlp-bodies";
import { ServiceFigures, SideFigures } from "../bench/support/rounds";
import { median, percentile, spread, table } from "../bench/support/statistics";

const RESOURCE = { "service.name": "was", environment: "prod" };

/** The fields of a message: number, wire type, content. */
function fieldsOf(message: Buffer): [number, number, Buffer | number][] {
    let at = 0;
    const varint = () => {
        let [value, factor] = [0, 1];
        for (;; factor *= 128) {
            const byte = message[at++];
            value += (byte & 127) * factor;
            if (byte < 128) return value;
        }
    };
    const fields: [number, number, Buffer | number][] = [];
    while (at < message.length) {
        const key = varint();
        const wire = key & 7;
        const length = wire === 2 ? varint() : 8;
        fields.push([key >> 3, wire, wire === 0 ? varint() : message.subarray(at, at += length)]);
    }
    return fields;
}

const parts = (message: Buffer, number: number) => fieldsOf(message).filter(([each]) => each === number).map(([, , content]) => content as Buffer);

function figures(side: string, hosts: number, peakMiB: number, cores: number): SideFigures {
    const service: ServiceFigures = {
        peakMiB, cores, meanMiB: 1, residentMiB: 1, cacheMiB: 1, limitMiB: 1, kills: 0, processorSeconds: 1, secondsPerMillion: 1, taken: 1, refused: 0, lost: 0, bytesPerUnit: 1,
    };
    return { side, hosts, services: { prometheus: service, loki: service, tempo: service }, queries: { p50: 1, p95: 1, failed: [] }, generatorCores: 0, generatorLateMs: 0 };
}

describe("bench: statistics", () => {
    it("percentiles are values that were seen", () => {
        const values = [5, 1, 4, 2, 3, 10, 6, 7, 8, 9];
        assert.deepEqual([0, 0.5, 0.95, 1].map((share) => percentile(values, share)), [1, 5, 10, 10]);
        assert.ok(Number.isNaN(percentile([], 0.5)));
    });

    it("a median of an even number is between the two in the middle; a spread says least and most", () => {
        assert.deepEqual([median([3, 1, 2]), median([4, 1, 2, 3])], [2, 2.5]);
        assert.deepEqual([spread([3, 1, 2]), spread([2]), spread([2, 2], 0)], ["2.0 (1.0 to 3.0)", "2.0", "2"]);
    });

    it("a table's columns are as wide as their longest cell", () => {
        assert.equal(table(["a", "long"], [["value", "b"]]), "| a     | long |\n|-------|------|\n| value | b    |");
    });

    it("ratios are of pairs, their services together", () => {
        const pairs: [SideFigures, SideFigures][] = [[figures("ours", 100, 50, 1), figures("stock", 100, 100, 1)], [figures("ours", 100, 60, 2), figures("stock", 100, 100, 1)], [figures("ours", 100, 90, 3), figures("stock", 100, 100, 1)]];
        assert.deepEqual(ratios(pairs), [{ hosts: 100, memory: "0.60 (0.50 to 0.90)", processor: "2.00 (1.00 to 3.00)", memoryMedian: 0.6, processorMedian: 2 }]);
        assert.match(capacityTable(pairs.flat()), /^\| 100 +\| ours +\| tempo +\| 60 \(50 to 90\)/m);
    });
});

describe("bench: what the generator sends", () => {
    it("a log request has so many lines, each with its time and its own trace id, in the line and beside it", () => {
        const body = logBody(RESOURCE, 5, 500);
        const [first, second] = [fill(body, 1_800_000_000_000), fill(body, 1_800_000_000_500)];
        const records = (request: Buffer) => parts(parts(parts(request, 1)[0], 2)[0], 2);
        assert.deepEqual([body.units, records(first).length, first.length], [5, 5, second.length]);
        const times = records(first).map((record) => parts(record, 1)[0].readBigUInt64LE() / 1_000_000n);
        assert.deepEqual(times, [0n, 100n, 200n, 300n, 400n].map((after) => 1_800_000_000_000n + after));
        const ids = [first, second].flatMap((request) => records(request).map((record) => {
            const text = parts(parts(record, 5)[0], 1)[0].toString();
            const [, id] = /\[was,([0-9a-f]{32}),[0-9a-f]{16}\]/.exec(text) ?? [];
            assert.ok(parts(record, 6).some((attribute) => attribute.includes(id)), text);
            return id;
        }));
        assert.equal(new Set(ids).size, 10);
    });

    it("a trace has five spans that hang together, and no two traces have the same id", () => {
        const spans = [0, 1].flatMap(() => parts(parts(parts(fill(traceBody(RESOURCE, 2, 500), Date.now()), 1)[0], 2)[0], 2));
        const traceId = (span: Buffer) => parts(span, 1)[0].toString("hex");
        const traces = [...new Set(spans.map(traceId))].map((id) => spans.filter((span) => traceId(span) === id));
        assert.deepEqual(traces.map((each) => each.length), [5, 5, 5, 5]);
        for (const own of traces) {
            const ids = own.map((span) => parts(span, 2)[0].toString("hex"));
            const parents = own.map((span) => parts(span, 4)[0]?.toString("hex"));
            assert.deepEqual(parents, [undefined, ids[0], ids[1], ids[2], ids[2]]);
            for (const span of own) assert.ok(parts(span, 8)[0].readBigUInt64LE() > parts(span, 7)[0].readBigUInt64LE());
        }
    });
});
