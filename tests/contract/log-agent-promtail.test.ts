import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { promtailConfigPath } from "../../components/log-agent/install";
import { part } from "../support/parts";
import { STARTS_SECONDS } from "../support/running";
import { eventually, sleep } from "../support/wait";
import { AgentUnderTest, ask, Backends, sampleAgent } from "../support/log-agent";

const TRACE = "4bf92f3577b34da6a3ce929d0e0e4736";

describe("log agent with a real Promtail", function () {
    this.timeout(180_000);
    const backends = new Backends();
    let promtail = "";
    let agent: AgentUnderTest;

    before(async function () {
        promtail = part(this, "promtail");
        await backends.start({ loki: part(this, "loki"), openssl: part(this, "openssl") });
        agent = new AgentUnderTest(backends, "promtail", sampleAgent({ agent: "promtail", labels: { team: "pay" } }));
        await agent.write();
    });
    after(() => backends.stop());

    it("the configuration has no error", () => {
        execFileSync(promtail, ["-check-syntax", `-config.file=${agent.move(promtailConfigPath(agent.plan))}`], { stdio: "pipe" });
    });
    it("is ready before any log file is there", async () => {
        agent.startPromtail(promtail);
        await eventually("Promtail is ready", STARTS_SECONDS, async () => (await ask(`http://127.0.0.1:${agent.httpPort}/ready`)).status === 200);
    });
    it("sends the same labels, fields and redactions as Alloy", async () => {
        const first = `2026-11-22T10:15:01.123+09:00 ERROR 1 --- [shop] [main] [${TRACE}-00f067aa0ba902b7] c.e.shop.Pay : token=abcdef elapsed=12ms`;
        agent.log("app.log", `${first}\njava.lang.Error: 오류\n\tat a.B.c(B.java:1)\n2026-11-22T10:15:02.123+09:00  INFO 1 --- [shop] [main] c.e.shop.Pay : next\n`);
        const streams = await eventually("both entries are in Loki", 30, async () => {
            const found = await backends.logs('{instance="was-1"}');
            return found.flatMap(({ values }) => values).length >= 2 && found;
        });
        const { stream, values } = streams.find(({ values: [[, line]] }) => line.includes("ERROR"))!;
        assert.equal(values[0][1], `${first.replace("abcdef", "[redacted:password]")}\njava.lang.Error: 오류\n\tat a.B.c(B.java:1)`);
        const { level, trace_id, span_id, elapsed_ms, logger, team } = stream;
        assert.deepEqual({ level, trace_id, span_id, elapsed_ms, logger, team }, { level: "ERROR", trace_id: TRACE, span_id: "00f067aa0ba902b7", elapsed_ms: "12", logger: "c.e.shop.Pay", team: "pay" });
        assert.deepEqual(await backends.series(), [{ environment: "prod", application: "shop", instance: "was-1", source: "file" }]);
    });
    it("lines that are written while the gateway is away arrive when it is back", async () => {
        await backends.close();
        for (let i = 0; i < 200; i++) agent.log("app.log", `2026-11-22T10:15:03.123+09:00 INFO away ${i}\n`);
        await sleep(4000);
        await backends.open();
        await eventually("all 200 lines are in Loki", 40, async () => (await backends.logs('{instance="was-1"} |= "away"')).flatMap(({ values }) => values).length >= 200);
        await agent.end("SIGTERM");
    });
});
