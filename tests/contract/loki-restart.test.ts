import assert from "node:assert/strict";
import { part } from "../support/parts";
import { eventually, sleep } from "../support/wait";
import { Backends } from "../support/log-agent";

/** From a line to the next one of its stream, longer than both idle periods that are tried. */
const PAUSE_MS = 8000;

describe("lines in Loki's own log, when it is killed after a stream's pause", function () {
    this.timeout(180_000);
    for (const { title, replacements, kept } of [
        { title: "are there, as the stream was not forgotten meanwhile", replacements: {}, kept: 60 },
        // Why templates/loki/loki.yml.mustache has Loki wait for hours. Where this fails, Loki was mended, and may wait for 15 minutes again.
        { title: "are lost by Loki 3.7 where it was", replacements: { "chunk_idle_period: 2h": "chunk_idle_period: 2s", "flush_check_period: 15s": "flush_check_period: 1s" }, kept: 50 },
    ]) {
        it(title, async function () {
            const programs = { loki: part(this, "loki"), openssl: part(this, "openssl") };
            const backends = new Backends();
            backends.replacements = replacements;
            const push = async (first: number, last: number) => {
                for (let number = first; number <= last; number++) {
                    const streams = [{ stream: { environment: "prod", application: "shop", instance: "was-1", source: "file" }, values: [[`${Date.now()}000000`, String(number)]] }];
                    assert.equal((await backends.send("/loki/api/v1/push", { streams })).status, 204);
                }
            };
            const numbers = async () => (await backends.logs('{instance="was-1"}')).flatMap(({ values }) => values.map(([, line]) => Number(line))).sort((a, b) => a - b);
            const first = (count: number) => Array.from({ length: count }, (_, number) => number);
            try {
                await backends.start(programs);
                await push(0, 49);
                await sleep(PAUSE_MS);
                await push(50, 59);
                assert.deepEqual(await numbers(), first(60));
                await backends.end("loki", "SIGKILL");
                await backends.launch();
                await eventually("the lines of before", 30, async () => (await numbers()).length >= 50);
                assert.deepEqual(await numbers(), first(kept));
            } finally {
                await backends.stop();
            }
        });
    }
});
