import { randomBytes } from "node:crypto";
import type { Fault } from "../../../dashboards";
import { Ingest } from "./ingest";
import { keepRequesting, Undo } from "./traffic";
import { sleep } from "../../support/wait";
import { APPLICATION, World } from "./world";

/** Brings a fault about, and keeps it up until what it gives is called. Metrics show it two scrapes later. */
export type Injector = (world: World) => Promise<Undo>;

const MIB = 1 << 20;

/** How each fault is brought about; each environment's other faults leave its neighbours alone. */
export const INJECTORS: Record<Fault, Injector> = {
    serverError: ({ apps }) => keepRequesting(apps.dev, [{ path: "/api/photos/fail" }], { rate: 2 }),
    slowSql: ({ apps }) => keepRequesting(apps.loadtest, [{ path: "/api/photos/slow?ms=700" }], { rate: 2 }),
    // Five connections, of which each request holds one for seconds, and a patience of two.
    poolExhausted: ({ apps }) => keepRequesting(apps.loadtest, Array(15).fill({ path: "/api/photos/slow?ms=1500" }), { parallel: 15 }),
    deadlock: async ({ apps }) => {
        await apps.loadtest.post("/api/deadlock");
        // Nothing but its end undoes a deadlock.
        return () => apps.loadtest.restart();
    },
    refusedLogs: async (world) => {
        const ingest = await Ingest.of(world, "dev");
        // A request may hold 4 MiB, and 24 MiB may come at once.
        const lines = Array.from({ length: 15 }, () => "x".repeat(MIB / 5));
        return repeat(4, () => untilRefused(10, () => ingest.logs({ environment: "dev", application: APPLICATION, instance: "flood", source: "file" }, lines)));
    },
    refusedSpans: async (world) => {
        const ingest = await Ingest.of(world, "dev");
        // A trace may have 2 MB.
        return repeat(4, () => ingest.spans({ "service.name": APPLICATION, "service.instance.id": "flood", "deployment.environment.name": "dev" }, hugeTrace(3 * MIB)));
    },
    loadTestRun: async (world) => {
        const ingest = await Ingest.of(world, "loadtest");
        const mark = (line: string) => ingest.logs({ source: "marker", environment: "loadtest", application: APPLICATION }, [line]);
        await mark("start of run 42: 200 users");
        return async () => { await mark("end of run 42"); };
    },
};

/** Does something every few seconds until the result is called; what fails then fails there. */
function repeat(seconds: number, act: () => Promise<unknown>): Undo {
    let going = true;
    const loop = (async () => {
        while (going) {
            await act();
            await sleep(seconds * 1000);
        }
    })();
    // Seen when it is undone; until then it is no unhandled rejection.
    loop.catch(() => undefined);
    return async () => {
        going = false;
        await loop;
    };
}

/** Sends three at a time, as the gateway lets in, until one is too many. */
async function untilRefused(times: number, send: () => Promise<number>): Promise<void> {
    const statuses: number[] = [];
    while (statuses.length < 3 * times && !statuses.includes(429)) statuses.push(...await Promise.all([send(), send(), send()]));
    if (!statuses.includes(429)) throw new Error(`expected to be refused with 429, got ${statuses.join(", ")}`);
}

function hugeTrace(bytes: number): Record<string, unknown>[] {
    const traceId = randomBytes(16).toString("hex");
    const now = Date.now();
    return Array.from({ length: bytes / 4096 }, () => ({
        traceId, spanId: randomBytes(8).toString("hex"), name: "flood", kind: 1, startTimeUnixNano: `${now}000000`, endTimeUnixNano: `${now + 1}000000`,
        attributes: [{ key: "padding", value: { stringValue: "x".repeat(4000) } }],
    }));
}
