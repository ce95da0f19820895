import { field, varint } from "./protobuf";

/** One series with its samples in the order of time. */
export interface Written {
    labels: Record<string, string>;
    /** Milliseconds since 1970, and the value. */
    samples: [number, number][];
    /** Points that lead to traces. @default none */
    exemplars?: { labels: Record<string, string>; value: number; at: number }[];
}

/** Of a remote-write request. */
export const WRITE_HEADERS = { "Content-Type": "application/x-protobuf", "Content-Encoding": "snappy", "X-Prometheus-Remote-Write-Version": "0.1.0" };

/** The body of a remote-write request. */
export function writeBody(series: Written[]): Buffer {
    return snappy(encodeRequest(series));
}

/** Sends series to Prometheus' remote-write receiver, a few thousand samples at a time as an agent does. */
export async function remoteWrite(url: string, series: Written[], samplesPerRequest = 40_000): Promise<void> {
    for (const part of parts(series, samplesPerRequest)) {
        const answer = await fetch(`${url}/api/v1/write`, {
            method: "POST", body: new Uint8Array(writeBody(part)), headers: WRITE_HEADERS,
        });
        if (!answer.ok) throw new Error(`remote write: ${answer.status} ${await answer.text()}`);
    }
}

function parts(series: Written[], size: number): Written[][] {
    const all: Written[][] = [];
    let [current, samples]: [Written[], number] = [[], 0];
    for (const each of series) {
        current.push(each);
        samples += each.samples.length;
        if (samples >= size) {
            all.push(current);
            [current, samples] = [[], 0];
        }
    }
    return current.length > 0 ? [...all, current] : all;
}

/** Prometheus' WriteRequest as protocol buffers have it. Samples are written in place: there are millions, and the processor is to measure with. */
function encodeRequest(series: Written[]): Buffer {
    return Buffer.concat(series.flatMap(({ labels, samples, exemplars = [] }) => {
        const head = encodeLabels(labels);
        const body = Buffer.alloc(samples.length * 18);
        samples.forEach(([at, value], i) => writeSample(body, i * 18, value, at));
        const tail = exemplars.map((exemplar) => field(3, Buffer.concat([encodeLabels(exemplar.labels), exemplarValue(exemplar.value, exemplar.at)])));
        const length = head.length + body.length + tail.reduce((sum, each) => sum + each.length, 0);
        return [Buffer.from([(1 << 3) | 2]), varint(length), head, body, ...tail];
    }));
}

function encodeLabels(labels: Record<string, string>): Buffer {
    const sorted = Object.entries(labels).filter(([, value]) => value !== "").sort(([a], [b]) => (a < b ? -1 : 1));
    return Buffer.concat(sorted.map(([name, value]) => field(1, Buffer.concat([field(1, Buffer.from(name)), field(2, Buffer.from(value))]))));
}

/** Field 2 of a series: a message of 16 bytes with a double and a time, whose number takes six bytes in our century. */
function writeSample(into: Buffer, at: number, value: number, milliseconds: number): void {
    into.set([(2 << 3) | 2, 16, (1 << 3) | 1], at);
    into.writeDoubleLE(value, at + 3);
    into[at + 11] = 2 << 3;
    let rest = milliseconds;
    for (let i = 12; i < 17; i++, rest = Math.floor(rest / 128)) into[at + i] = (rest % 128) | 128;
    into[at + 17] = rest;
}

function exemplarValue(value: number, milliseconds: number): Buffer {
    const double = Buffer.alloc(9);
    double[0] = (2 << 3) | 1;
    double.writeDoubleLE(value, 1);
    return Buffer.concat([double, Buffer.from([3 << 3]), varint(milliseconds)]);
}

/** Snappy's block format with nothing compressed: literals only. */
function snappy(body: Buffer): Buffer {
    const blocks: Buffer[] = [varint(body.length)];
    for (let from = 0; from < body.length; from += 65536) {
        const literal = body.subarray(from, from + 65536);
        const length = Buffer.alloc(3);
        length[0] = 61 << 2;
        length.writeUInt16LE(literal.length - 1, 1);
        blocks.push(length, literal);
    }
    return Buffer.concat(blocks);
}
