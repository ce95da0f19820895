import assert from "node:assert/strict";
import * as fs from "node:fs";
import * as http from "node:http";
import { planLogAgent } from "../../components/log-agent/plan";
import { ExternalEndpoints, PushedMetrics } from "../../components/log-agent";
import { part } from "../support/parts";
import { freePorts, STARTS_SECONDS } from "../support/running";
import { eventually, sleep } from "../support/wait";
import { AgentUnderTest, ask, Backends, sampleAgent, TOKEN } from "../support/log-agent";
import { isSigned } from "../support/sigv4";

const TRACE = "7bf92f3577b34da6a3ce929d0e0e4736";
const AWS = { AWS_ACCESS_KEY_ID: "AKIDEXAMPLE", AWS_SECRET_ACCESS_KEY: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", AWS_EC2_METADATA_DISABLED: "true" };
const basic = (user: string, password: string) => `Basic ${Buffer.from(`${user}:${password}`).toString("base64")}`;

describe("log agent with external endpoints, by the real Alloy and Prometheus", function () {
    this.timeout(180_000);
    const backends = new Backends();
    let alloy = "";
    let prometheusPort = 0;
    let application: http.Server;
    let front: Front;

    /** When the application answered a scrape. */
    const scraped: number[] = [];

    before(async function () {
        alloy = part(this, "alloy");
        const programs = { alloy, loki: part(this, "loki"), tempo: part(this, "tempo"), openssl: part(this, "openssl") };
        const prometheus = part(this, "prometheus");
        await backends.start(programs);
        let applicationPort: number, frontPort: number;
        [prometheusPort, applicationPort, frontPort] = await freePorts(3);
        const { running } = backends;
        fs.writeFileSync(`${running.directory}/prometheus.yml`, "{}\n");
        running.start("prometheus", prometheus, [`--config.file=${running.directory}/prometheus.yml`, `--storage.tsdb.path=${running.data("prometheus")}`, `--web.listen-address=127.0.0.1:${prometheusPort}`, "--web.enable-remote-write-receiver"]);
        front = new Front(frontPort, prometheusPort);
        await front.open();
        application = http.createServer((request, response) => {
            if (request.headers.authorization !== basic("actuator", "key-of-actuator") || request.url !== "/actuator/prometheus") { response.writeHead(401).end(); return; }
            scraped.push(Date.now() / 1000);
            response.writeHead(200, { "Content-Type": "text/plain" }).end("# TYPE orders_total counter\norders_total 7\n");
        });
        await new Promise<void>((resolve) => application.listen(applicationPort, "127.0.0.1", resolve));
        await eventually("Prometheus is ready", STARTS_SECONDS, async () => (await ask(`http://127.0.0.1:${prometheusPort}/-/ready`)).status === 200);
    });
    after(async () => {
        await front?.close();
        application?.close();
        await backends.stop();
    });

    const query = async <T>(text: string): Promise<T[]> => (JSON.parse((await ask(`http://127.0.0.1:${prometheusPort}/api/v1/query?query=${encodeURIComponent(text)}`)).body) as { data: { result: T[] } }).data.result;
    const labels = async (text: string) => (await query<{ metric: Record<string, string> }>(text)).map(({ metric }) => metric);
    const start = async (name: string, metrics: ExternalEndpoints["metrics"], environment?: Record<string, string>) => {
        const ca = fs.readFileSync(backends.certificate, "utf8");
        const url = `${backends.url}/otlp`;
        const endpoints = { logs: { url, username: "agent", password: TOKEN, ca }, traces: { url, token: TOKEN, ca }, metrics };
        const address = `127.0.0.1:${(application.address() as { port: number }).port}`;
        const push: PushedMetrics = { applications: [{ address, intervalSeconds: 1, username: "actuator", password: "key-of-actuator" }] };
        const agent = new AgentUnderTest(backends, name, sampleAgent({ host: name, gateway: undefined, external: endpoints, push, labels: { team: "pay" } }));
        assert.ok(!planLogAgent(sampleAgent({ gateway: undefined, external: endpoints })).gateway);
        await agent.write(undefined, { endpoints: endpoints as never, passwords: ["key-of-actuator"] });
        agent.startAlloy(alloy, environment);
        await eventually("Alloy is ready", STARTS_SECONDS, async () => (await agent.http("/-/ready", "made-by-the-host")).status === 200);
        return agent;
    };

    describe("basic auth for logs and metrics, a token for traces", () => {
        let agent: AgentUnderTest;
        before(async () => { agent = await start("outside-1", { url: `http://127.0.0.1:${front.port}/api/v1/write`, username: "12345", password: "key-of-metrics", headers: { "X-Scope-OrgID": "prod" } }); });
        after(() => agent.end("SIGTERM"));

        it("metrics arrive with the labels that Prometheus gives where it scrapes itself, and a tenant", async () => {
            const found = await eventually("all three jobs", 60, async () => { const up = await labels('up{instance="outside-1"} == 1'); return up.length === 3 && up; });
            const expected = ["agent", "host", "was"].map((job) => ({ __name__: "up", application: "shop", environment: "prod", instance: "outside-1", job, team: "pay" }));
            assert.deepEqual(found.sort((a, b) => (a.job < b.job ? -1 : 1)), expected);
            assert.equal((await query<{ value: [number, string] }>('orders_total{job="was"}'))[0].value[1], "7");
            assert.ok((await labels('node_memory_MemTotal_bytes{job="host"}')).length === 1);
            assert.ok((await labels('{job="agent", instance="outside-1"}')).length < 60, "and of the agent's own only what is looked at");
            assert.equal(front.headers["x-scope-orgid"], "prod");
        });
        it("lines and spans arrive", async () => {
            agent.log("app.log", "2026-11-22 10:15:02.123  INFO 1 --- [t] c.e.Shop : sold\n");
            assert.equal((await agent.spans([{ traceId: TRACE, spanId: TRACE.slice(16), name: "sell", kind: 2, startTimeUnixNano: `${Date.now()}000000`, endTimeUnixNano: `${Date.now() + 5}000000` }])).status, 200);
            await eventually("the line", 30, async () => (await backends.logs('{instance="outside-1"}')).length > 0);
            await eventually("the span", 30, async () => (await backends.trace(TRACE)) !== undefined);
        });
        it("what the endpoint could not take for a while arrives when it is back", async () => {
            await front.close();
            const from = Date.now() / 1000;
            await sleep(12_000);
            const within = (at: number) => at >= from && at < from + 12;
            // One a second, where the machine has time for it; a scrape begins before it is answered.
            const sent = scraped.filter(within).length - 1;
            assert.ok(sent >= 5, `${sent} scrapes`);
            await front.open();
            await eventually("every scrape's sample", 60, async () => {
                const [series] = await query<{ values: [number, string][] }>('orders_total{instance="outside-1"}[2m]');
                return series.values.filter(([at]) => within(at)).length >= sent;
            });
        });
    });

    describe("requests signed for AWS", () => {
        it("are signed with the host's own credentials, as AWS checks it", async () => {
            front.secret = AWS.AWS_SECRET_ACCESS_KEY;
            const agent = await start("outside-2", { url: `http://127.0.0.1:${front.port}/workspaces/ws-1/api/v1/remote_write`, sigv4: { region: "ap-northeast-2" } }, AWS);
            try {
                await eventually("metrics", 60, async () => (await labels('up{instance="outside-2", job="was"} == 1')).length === 1);
                assert.match(front.headers.authorization ?? "", /\/ap-northeast-2\/aps\/aws4_request/);
            } finally { await agent.end("SIGTERM"); }
        });
        it("with another key are refused: the check is one", async () => {
            front.secret = AWS.AWS_SECRET_ACCESS_KEY;
            const refused = front.refused;
            const agent = await start("outside-3", { url: `http://127.0.0.1:${front.port}/workspaces/ws-1/api/v1/remote_write`, sigv4: { region: "ap-northeast-2" } }, { ...AWS, AWS_SECRET_ACCESS_KEY: "another" });
            try {
                await eventually("a refusal", 60, async () => front.refused > refused);
                assert.deepEqual(await labels('up{instance="outside-3"}'), []);
            } finally { await agent.end("SIGTERM"); }
        });
    });
});

/** Stands before Prometheus' receiver: asks for a login, or for a signature. */
class Front {
    headers: http.IncomingHttpHeaders = {};
    /** Of AWS; absent: a login is asked for. */
    secret?: string;
    refused = 0;
    private server?: http.Server;

    constructor(readonly port: number, private readonly prometheus: number) {}

    async open(): Promise<void> {
        this.server = http.createServer((request, response) => {
            const chunks: Buffer[] = [];
            request.on("data", (chunk: Buffer) => chunks.push(chunk));
            request.on("end", () => this.answer(request, Buffer.concat(chunks), response));
        });
        await new Promise<void>((resolve) => this.server!.listen(this.port, "127.0.0.1", resolve));
    }

    async close(): Promise<void> {
        this.server?.closeAllConnections();
        await new Promise((resolve) => this.server?.close(resolve) ?? resolve(undefined));
    }

    private answer(request: http.IncomingMessage, body: Buffer, response: http.ServerResponse): void {
        this.headers = request.headers;
        const allowed = this.secret === undefined ? request.headers.authorization === basic("12345", "key-of-metrics") : isSigned(request, body, this.secret);
        if (!allowed) { this.refused++; response.writeHead(403).end(); return; }
        const { authorization, host, ...headers } = request.headers;
        void [authorization, host];
        const upstream = http.request({ host: "127.0.0.1", port: this.prometheus, path: "/api/v1/write", method: "POST", headers }, (answer) => {
            response.writeHead(answer.statusCode ?? 503);
            answer.pipe(response);
        });
        upstream.on("error", () => response.writeHead(503).end());
        upstream.end(body);
    }
}
