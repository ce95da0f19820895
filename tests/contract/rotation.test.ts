import assert from "node:assert/strict";
import * as fs from "node:fs";
import * as path from "node:path";
import { PATHS } from "../../components/log-agent/alloy";
import { renderCaddyfile, renderGateway } from "../../components/monitoring-services/gateway";
import { AgentUnderTest, ask, Backends, sampleAgent, TENANT, TOKEN } from "../support/log-agent";
import { part } from "../support/parts";
import { freePorts, STARTS_SECONDS } from "../support/running";
import { eventually, sleep } from "../support/wait";
import { sampleServices, TOKENS } from "../support/services";

const NEW_TOKEN = "token-of-prod-rotated-0123";

/** The gateway as it is deployed, before real backends; its tokens change as an `up` of the owner changes them. */
class Gateway {
    private port = 0;
    private ports: Record<string, string> = {};

    constructor(private readonly backends: Backends) {}

    async start(caddy: string): Promise<void> {
        const [port, health, admin, ...reading] = await freePorts(6);
        const { loki, otlp } = this.backends.ports;
        this.port = port;
        this.ports = {
            ":2020": `:${health}`, ":2019": `:${admin}`, ":2021": `:${reading[0]}`, ":2022": `:${reading[1]}`, ":2023": `:${reading[2]}`,
            "loki:3100": `127.0.0.1:${loki}`, "tempo:4318": `127.0.0.1:${otlp}`,
        };
        this.accept(TOKEN);
        const { running } = this.backends;
        const home = running.data("gateway");
        running.start("caddy", caddy, ["run", "--watch", "--config", path.join(running.directory, "gateway", "Caddyfile"), "--adapter", "caddyfile"], { XDG_DATA_HOME: home, XDG_CONFIG_HOME: home, HOME: home });
        await eventually("the gateway answers", STARTS_SECONDS, async () => (await ask(`https://127.0.0.1:${port}/-/gateway`)).status === 200);
        this.backends.gatewayPort = port;
    }

    accept(token: string, previousToken?: string): void {
        const { environments } = sampleServices();
        const pem = (file: string) => fs.readFileSync(file, "utf8");
        const tls = { mode: "provided", certificate: pem(this.backends.certificate), privateKey: pem(this.backends.key) };
        const args = sampleServices({ address: "127.0.0.1", tls, environments: { ...environments, [TENANT]: { ...environments[TENANT], token, previousToken } } });
        const { running } = this.backends;
        running.write(renderGateway(args).filter(({ path: file }) => !file.endsWith("Caddyfile")));
        running.write([{ path: "/etc/photogather-monitoring/gateway/Caddyfile", content: renderCaddyfile(args, this.port) }], running.rewriting("gateway", this.ports));
    }

    /** Until the gateway runs a configuration in which the token is good, or is not. An empty push is refused by Loki, not by the gateway. */
    async knows(token: string, known = true): Promise<void> {
        await eventually(`the gateway to ${known ? "accept" : "refuse"} a token`, 30, async () => {
            const { status } = await ask(`https://127.0.0.1:${this.port}/loki/api/v1/push`, { Authorization: `Bearer ${token}` }, "POST", "{}");
            return (status !== 401) === known;
        });
    }
}

describe("a token that is rotated while the agent sends", function () {
    this.timeout(480_000);
    const backends = new Backends();
    const gateway = new Gateway(backends);
    let agent: AgentUnderTest;

    before(async function () {
        const alloy = part(this, "alloy");
        await backends.start({ loki: part(this, "loki"), tempo: part(this, "tempo"), openssl: part(this, "openssl") });
        await gateway.start(part(this, "caddy"));
        agent = new AgentUnderTest(backends, "alloy", sampleAgent({ otlp: { enabled: true } }));
        await agent.write();
        agent.startAlloy(alloy);
        await eventually("Alloy is ready", STARTS_SECONDS, async () => (await agent.http("/-/ready", "made-by-the-host")).status === 200);
    });
    after(async () => { await agent?.end("SIGTERM"); await backends.stop(); });

    it("no line and no span is lost in the two phases; the old token is refused afterwards, and other environments' are still good", async () => {
        const sent = { lines: 0, spans: 0 };
        const end = new AbortController();
        const sending = Promise.all([
            paced(20, end.signal, async () => agent.log("app.log", `${new Date().toISOString()} INFO line number ${sent.lines++} end\n`)),
            paced(50, end.signal, async () => {
                const now = Date.now();
                const span = { traceId: id(sent.spans), spanId: "00f067aa0ba902b7", name: "counted", kind: 1, startTimeUnixNano: `${now - 5}000000`, endTimeUnixNano: `${now}000000` };
                assert.equal((await agent.spans([span], { "service.name": "shop" })).status, 200);
                sent.spans++;
            }),
        ]);
        try {
            await sleep(3000);
            gateway.accept(NEW_TOKEN, TOKEN);
            await gateway.knows(NEW_TOKEN);
            await gateway.knows(TOKEN);
            await sleep(2000);
            agent.put(PATHS.token, NEW_TOKEN);
            // The agent reads it every 5 seconds.
            await sleep(15_000);
            gateway.accept(NEW_TOKEN);
            await gateway.knows(TOKEN, false);
            await sleep(3000);
        } finally {
            end.abort();
            await sending;
        }

        const found = async () => new Set((await backends.logs('{instance="was-1"}')).flatMap(({ values }) => values.map(([, line]) => Number(/number (\d+) end/.exec(line)?.[1]))));
        await eventually("all lines are in Loki", 60, async () => (await found()).size >= sent.lines).catch(() => undefined);
        assert.equal(sent.lines - (await found()).size, 0, "lines lost");
        for (let number = 0; number < sent.spans; number++) await eventually(`span ${number} of ${sent.spans}`, 60, () => backends.trace(id(number)));
        console.log(`      ${sent.lines} lines and ${sent.spans} spans sent, none lost`);
        for (const token of Object.values(TOKENS)) if (token !== TOKENS[TENANT]) await gateway.knows(token);
    });
});

/** Ids that are told from one another by their end. */
function id(number: number): string {
    return `${"ab".repeat(12)}${String(number).padStart(8, "0")}`;
}

async function paced(milliseconds: number, end: AbortSignal, act: () => Promise<void>): Promise<void> {
    while (!end.aborted) {
        await act();
        await sleep(milliseconds);
    }
}
