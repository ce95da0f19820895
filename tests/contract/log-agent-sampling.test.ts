import assert from "node:assert/strict";
import { part } from "../support/parts";
import { STARTS_SECONDS } from "../support/running";
import { eventually, sleep } from "../support/wait";
import { AgentUnderTest, Backends, sampleAgent } from "../support/log-agent";

const TRACES = 80;
const EVERY_MS = 250;
/** Besides the wait: decisions are made once a second, and what is kept goes to the queue on disk within one. */
const SLACK_SECONDS = 2;

describe("an agent that keeps a part of the traces, and is killed", function () {
    this.timeout(300_000);
    const backends = new Backends();
    after(() => backends.stop());

    it("loses those that wait to be decided on, of the last 12 seconds at most, and no other", async function () {
        const alloy = part(this, "alloy");
        await backends.start({ tempo: part(this, "tempo"), openssl: part(this, "openssl") });
        const agent = new AgentUnderTest(backends, "sampling", sampleAgent({ sampling: { percentage: 50 } }));
        await agent.write();
        const ready = async () => (await agent.http("/-/ready", "made-by-the-host")).status === 200;
        agent.startAlloy(alloy);
        await eventually("Alloy is ready", STARTS_SECONDS, ready);
        const accepted: { id: string; at: number }[] = [];
        for (let number = 0; number < TRACES; number++) {
            const id = `4bf92f3577b34da6a3ce929d0e0e${String(number).padStart(4, "0")}`;
            const start = BigInt(Date.now()) * 1_000_000n;
            // Errors are kept whatever the share.
            const span = { traceId: id, spanId: id.slice(16), name: "sell", kind: 2, startTimeUnixNano: String(start), endTimeUnixNano: String(start + 1_000_000n), status: { code: 2 } };
            assert.equal((await agent.spans([span], { "service.name": "shop" })).status, 200);
            accepted.push({ id, at: Date.now() / 1000 });
            await sleep(EVERY_MS);
        }
        await agent.end("SIGKILL");
        const killed = Date.now() / 1000;
        agent.startAlloy(alloy);
        await eventually("Alloy is ready again", STARTS_SECONDS, ready);
        const missing = async () => {
            const traces = await Promise.all(accepted.map(({ id }) => backends.trace(id)));
            return accepted.filter((_, index) => !traces[index]).map(({ at }) => killed - at);
        };
        const { waitSeconds } = agent.plan.sampling;
        await eventually("those of before the window", 60, async () => {
            const seconds = Math.max(0, ...await missing());
            if (seconds > waitSeconds + SLACK_SECONDS) throw new Error(`one of ${seconds} s before the kill is not there`);
            return true;
        });
        const seconds = await missing();
        console.log(`      ${seconds.length} of ${TRACES} traces lost, the oldest ${Math.max(0, ...seconds).toFixed(1)} s before the kill`);
        assert.ok(seconds.length > 0, "none was waiting: the test cannot tell");
    });
});
