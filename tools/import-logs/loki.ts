import { setTimeout as sleep } from "node:timers/promises";
import { gzipSync } from "node:zlib";
import { GatewayConnection } from "../../components/connection";
import { request } from "../request";
import { inBatches, inOrder, NewLine, OldLine, OldStream, pushBody } from "./lines";

/** Lines of one answer: what a Loki gives at most, unless it is told otherwise. */
const PAGE = 5000;
/** How long a request is sent again where it is refused for its rate, or the other side is away. */
const PATIENCE_MS = 300_000;
const PAUSE_MS = 2000;
/** A Loki that looks through a week may take its time. */
const SILENCE_SECONDS = 60;
const MILLISECOND = 1_000_000n;

/** The Loki of before. */
export interface OldLoki {
    /** e.g. `http://10.0.0.9:3100` */
    url: string;
    /** `X-Scope-OrgID`, where it has tenants. */
    tenant?: string;
}

/** From when to when, in nanoseconds; the end is not part of it. */
export interface Period {
    from: bigint;
    to: bigint;
}

/** Labels of every stream that a selector chooses. @throws Error where the Loki does not answer */
export async function findStreams(loki: OldLoki, query: string, { from, to }: Period): Promise<Record<string, string>[]> {
    return await get<Record<string, string>[]>(loki, "series", { "match[]": query, start: String(from), end: String(to) }) ?? [];
}

/**
 * All lines of a period, the oldest first, a page at a time. Lines of the page's last nanosecond may be on the next page too, so they are left to it; more of one nanosecond than a
 * page holds cannot be asked for, and are an error.
 *
 * Each page is asked for from a millisecond earlier: Loki leaves out a chunk whose last line has the very time that a query begins at.
 */
export async function* readPages(loki: OldLoki, query: string, { from, to }: Period, limit = PAGE): AsyncGenerator<OldLine[]> {
    for (let start = from; start < to;) {
        const { result } = await get<{ result: OldStream[] }>(loki, "query_range", { query, start: String(start - MILLISECOND), end: String(to), limit: String(limit), direction: "forward" });
        const all = inOrder(result);
        const lines = all.filter(({ nanoseconds }) => nanoseconds >= start);
        if (all.length < limit) {
            yield lines;
            return;
        }
        const last = all[all.length - 1].nanoseconds;
        const whole = lines.filter(({ nanoseconds }) => nanoseconds < last);
        if (last <= start) throw new Error(`${limit} lines or more are around ${describeTime(start)}, and no more can be asked for at once: go on behind them with --after ${describeTime(start + MILLISECOND)}`);
        yield whole;
        start = last;
    }
}

async function get<T>({ url, tenant }: OldLoki, path: string, parameters: Record<string, string>): Promise<T> {
    const { status, body } = await request(`${url}/loki/api/v1/${path}?${new URLSearchParams(parameters)}`, { seconds: SILENCE_SECONDS, headers: tenant ? { "X-Scope-OrgID": tenant } : {} });
    if (status !== 200) throw new Error(`${url} answers ${status}: ${body.trim().slice(0, 300)}`);
    return (JSON.parse(body) as { data: T }).data;
}

/** Sends lines in requests of a size that the gateway takes. @throws Error as `pushBatch` */
export async function push(gateway: GatewayConnection, lines: NewLine[]): Promise<void> {
    for (const batch of inBatches(lines)) await pushBatch(gateway, batch);
}

/** Where the gateway refuses for now, waits and sends again. @throws Error with its words where it refuses for good */
async function pushBatch({ url, ca, token }: GatewayConnection, lines: NewLine[]): Promise<void> {
    const headers = { Authorization: `Bearer ${token}`, "Content-Type": "application/json", "Content-Encoding": "gzip" };
    const question = { method: "POST", ca, headers, seconds: SILENCE_SECONDS, body: gzipSync(pushBody(lines)) };
    const begun = Date.now();
    for (;;) {
        const { status, body } = await request(`${url}/loki/api/v1/push`, question).catch((error: Error) => ({ status: 503, body: error.message }));
        if (status < 300) return;
        const passing = status === 429 || status >= 500;
        if (!passing || Date.now() - begun > PATIENCE_MS) throw new Error(`${url} answers ${status} to lines from ${describeTime(lines[0].nanoseconds)} on: ${body.trim().slice(0, 300)}`);
        await sleep(PAUSE_MS);
    }
}

/** As `--after` takes it. */
export function describeTime(nanoseconds: bigint): string {
    const seconds = nanoseconds / 1_000_000_000n;
    return `${new Date(Number(seconds) * 1000).toISOString().slice(0, 19)}.${String(nanoseconds % 1_000_000_000n).padStart(9, "0")}Z`;
}
