import type { Fault } from "../../../dashboards";
import { INJECTORS } from "./faults";
import { sleep } from "../../support/wait";
import { World } from "./world";

/** Faults after which backends and agents count what they count at no other time. */
const FAULTS: Fault[] = ["serverError", "poolExhausted", "deadlock", "refusedLogs", "refusedSpans", "loadTestRun"];
/** Three scrapes. */
const LONG_ENOUGH = 45_000;

/** Brings about whatever makes the parts show series that a healthy day does not have, and undoes it. */
export async function provoke(world: World): Promise<void> {
    const undo = await Promise.all(FAULTS.map((fault) => INJECTORS[fault](world)));
    try {
        await Promise.all([withWrongToken(world), flushLoki(world)]);
    } finally {
        await Promise.all(undo.map((each) => each()));
    }
}

/** An agent whose token is refused drops what it has. */
async function withWrongToken({ hosts }: World): Promise<void> {
    const write = (from: string) => hosts.dev.must(`cd /etc/photogather-monitoring/log-agent && cp -p token .token.new && ${from} > .token.new && mv .token.new token`);
    await hosts.dev.must("cp -p /etc/photogather-monitoring/log-agent/token /root/token");
    try {
        await write("printf wrong-token-wrong-token");
        await sleep(LONG_ENOUGH);
    } finally {
        await write("cat /root/token");
    }
}

/** Loki counts a chunk that it has stored, the first after half an hour unless told to. */
async function flushLoki({ monitor }: World): Promise<void> {
    await monitor.must("docker exec monitoring-gateway wget -q -O /dev/null --post-data= http://loki:3100/flush");
}
