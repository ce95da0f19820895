import assert from "node:assert/strict";
import * as fs from "node:fs";
import { scrapeJobs } from "../../components/metrics-target/scrape-jobs";
import { part } from "../support/parts";
import { HOSTILE } from "../support/hostile";
import { STARTS_SECONDS } from "../support/running";
import { eventually, sleep } from "../support/wait";
import { AgentUnderTest, Backends, LogStream, sampleAgent, SECRETS } from "../support/log-agent";

const TRACE = "4bf92f3577b34da6a3ce929d0e0e4736";
const SPAN = "00f067aa0ba902b7";
const at = (second: number) => `2026-11-22T10:15:${String(second).padStart(2, "0")}.123+09:00`;

/** Lines as Spring Boot and people write them, and what must be known of each. */
const LINES: { text: string; expected: Record<string, string> }[] = [
    {
        text: `${at(1)}  INFO 4711 --- [shop] [nio-8080-exec-1] [${TRACE}-${SPAN}] c.e.shop.OrderController                 : order placed`,
        expected: { level: "INFO", trace_id: TRACE, span_id: SPAN, logger: "c.e.shop.OrderController" },
    },
    {
        text: `2026-11-22 10:15:02.123  WARN [shop,${TRACE},${SPAN}] 4711 --- [nio-8080-exec-2] c.e.shop.Stock : low stock`,
        expected: { level: "WARN", trace_id: TRACE, span_id: SPAN, logger: "c.e.shop.Stock" },
    },
    { text: `10:15:03.123 [main] DEBUG c.e.shop.Start - traceId=abc-42 elapsed=123ms method=GET status=200`, expected: { level: "DEBUG", request_id: "abc-42", elapsed_ms: "123", method: "GET", status: "200", logger: "c.e.shop.Start" } },
    { text: `${at(4)} INFO traceId=${TRACE} elapsed=7`, expected: { level: "INFO", trace_id: TRACE, request_id: TRACE, elapsed_ms: "7" } },
    { text: `${at(4)} INFO traceId= spanId= elapsed=7µs duration=1.5s traceid=none.`, expected: { level: "INFO", request_id: "none" } },
    {
        text: `2026-11-22 10:15:04.500  INFO [shop,${TRACE},${SPAN}] 4711 --- [nio-8080-exec-3] c.e.shop.Access : traceId=8cb84d6e0315 spanId=1 elapsed=19ms`,
        expected: { level: "INFO", trace_id: TRACE, request_id: "8cb84d6e0315", span_id: SPAN, elapsed_ms: "19", logger: "c.e.shop.Access" },
    },
    { text: `\u001b[2m${at(5)}\u001b[0;39m \u001b[32m INFO\u001b[0;39m 1 --- [t] [           ] c.e.Colour : "POST /orders HTTP/1.1" 503`, expected: { level: "INFO", method: "POST", status: "503", logger: "c.e.Colour" } },
    { text: `{"@timestamp":"${at(6)}","log.level":"ERROR","traceId":"${TRACE}","message":"json 한글"}`, expected: { level: "ERROR", trace_id: TRACE } },
    // What the Java agent says of itself is no part of the application's line before it.
    {
        text: "[otel.javaagent 2026-11-22 10:15:06:577 +0000] [OkHttp http://127.0.0.1:4318/...] ERROR io.opentelemetry.exporter.HttpExporter - Failed to export spans\njava.net.ConnectException: refused\n\tat okhttp3.A.b(A.kt:1)",
        expected: { level: "ERROR", logger: "io.opentelemetry.exporter.HttpExporter" },
    },
];
const STACK = [
    `${at(7)} ERROR 4711 --- [shop] [nio-8080-exec-1] [${TRACE}-${SPAN}] c.e.shop.OrderController : it broke`,
    "java.lang.IllegalStateException: no", ...Array.from({ length: 300 }, (_, i) => `\tat com.example.Frame${i}.call(Frame.java:${i})`),
    "Caused by: java.io.IOException: 디스크", "\t... 12 more",
].join("\n");
const SECRET_LINE = `${at(8)} INFO 1 --- [t] c.e.Login : user=kim@example.com password="p4ss word" Authorization: Bearer abcdef0123456789 card 4111 1111 1111 1111 ` +
    `jdbc:postgresql://app:hunter2@db/shop ssn 123-45-6789`;

describe("log agent with real programs", function () {
    this.timeout(300_000);
    const backends = new Backends();
    let alloy = "";

    before(async function () {
        alloy = part(this, "alloy");
        const programs = { alloy, loki: part(this, "loki"), tempo: part(this, "tempo"), openssl: part(this, "openssl") };
        await backends.start(programs);
    });
    after(() => backends.stop());

    const flat = (streams: LogStream[]) => streams.flatMap(({ stream, values }) => values.map(([, line]) => ({ stream, line })));

    describe("Alloy", () => {
        let agent: AgentUnderTest;
        before(async () => {
            agent = new AgentUnderTest(backends, "alloy", sampleAgent({
                labels: { team: "pay" }, redactions: { ssn: "ssn (\\d{3}-\\d{2}-\\d{4})" }, sampling: { percentage: 0, slowMs: 500, waitSeconds: 2 },
                hostMetrics: SECRETS,
            }));
            await agent.write({ ...SECRETS, certificate: fs.readFileSync(backends.certificate, "utf8"), privateKey: fs.readFileSync(backends.key, "utf8") });
            agent.log("app.log", `${[...LINES.map(({ text }) => text), STACK, SECRET_LINE].join("\n")}\n`);
            agent.startAlloy(alloy);
            await eventually("Alloy is ready", STARTS_SECONDS, async () => (await agent.http("/-/ready", SECRETS.password)).status === 200);
        });
        after(() => agent.end("SIGTERM"));

        it("lines reach Loki with exactly the index labels of the vocabulary", async () => {
            await eventually("all entries are in Loki", 30, async () => flat(await backends.logs('{instance="was-1"}')).length >= LINES.length + 2);
            assert.deepEqual(await backends.series(), [{ environment: "prod", application: "shop", instance: "was-1", source: "file" }]);
        });
        it("level, trace id, elapsed time and the rest are structured metadata", async () => {
            const entries = flat(await backends.logs('{instance="was-1"}'));
            for (const { text, expected } of LINES) {
                // eslint-disable-next-line no-control-regex
                const plain = text.replace(/\u001b\[[0-9;]*m/g, "");
                const entry = entries.find(({ line }) => line === plain);
                assert.ok(entry, `missing: ${plain}`);
                const { level, trace_id, request_id, span_id, elapsed_ms, method, status, logger, team } = entry.stream;
                const known = Object.fromEntries(Object.entries({ level, trace_id, request_id, span_id, elapsed_ms, method, status, logger }).filter(([, value]) => value !== undefined));
                assert.deepEqual(known, expected, plain);
                assert.equal(team, "pay");
                assert.ok(entry.stream.filename.endsWith("/app.log"));
                assert.deepEqual(Object.keys(entry.stream).filter((key) => /loki_attribute|observed|job/.test(key)), []);
            }
        });
        it("a trace id finds its lines, and elapsed_ms can be reckoned with", async () => {
            assert.equal(flat(await backends.logs(`{instance="was-1"} | trace_id="${TRACE}"`)).length, 6);
            assert.equal(flat(await backends.logs('{instance="was-1"} | elapsed_ms > 100')).length, 1);
        });
        it("a stack trace of 300 frames is one entry", async () => {
            const [entry, ...more] = flat(await backends.logs('{instance="was-1"} |= "it broke"'));
            assert.equal(entry.line, STACK);
            assert.equal(more.length, 0);
        });
        it("secrets and personal data do not leave the host", async () => {
            const [entry] = flat(await backends.logs('{instance="was-1"} |= "c.e.Login"'));
            assert.equal(entry.line, `${at(8)} INFO 1 --- [t] c.e.Login : user=[redacted:email] password="[redacted:password]" Authorization: Bearer [redacted:bearer] card [redacted:card] ` +
                "jdbc:postgresql://app:[redacted:url]@db/shop ssn [redacted:ssn]");
        });
        it("sampling keeps errors and slow traces, drops the rest, and gives spans the vocabulary; a span without its id takes none with it", async () => {
            const now = Date.now();
            const span = (traceId: string, milliseconds: number, code: number) => ({
                traceId, spanId: SPAN, name: "GET /orders", kind: 2, startTimeUnixNano: `${now - milliseconds}000000`, endTimeUnixNano: `${now}000000`, status: { code },
            });
            const [error, slow, dull] = ["1".repeat(32), "2".repeat(32), "3".repeat(32)];
            const answer = await agent.spans([span(error, 5, 2), span(slow, 900, 1), span(dull, 5, 1), { ...span("4".repeat(32), 5, 2), spanId: "" }], { "service.name": "unknown_service:java", "service.instance.id": "a-uuid" });
            assert.equal(answer.status, 200, answer.body);
            const found = JSON.stringify(await eventually("the error trace is in Tempo", 30, () => backends.trace(error)));
            for (const [key, value] of [["deployment.environment.name", "prod"], ["service.instance.id", "was-1"], ["service.name", "shop"]]) {
                assert.ok(found.includes(`{"key":"${key}","value":{"stringValue":"${value}"}}`), `${key} in ${found}`);
            }
            await eventually("the slow trace is in Tempo", 20, () => backends.trace(slow));
            assert.equal(await backends.trace(dull), undefined);
        });
        it("its own metrics, as far as Prometheus keeps them, tell what is queued, sent and failed, in few series", async () => {
            const { status, body } = await agent.http("/metrics", SECRETS.password);
            assert.equal(status, 200);
            const keep = new RegExp(`^(?:${scrapeJobs("prod").agent.metric_relabel_configs![0].regex})$`);
            const series = body.split("\n").filter((line) => line && !line.startsWith("#"));
            const kept = series.filter((line) => keep.test(/^\w+/.exec(line)![0]));
            console.log(`      ${kept.length} of the agent's ${series.length} series are kept`);
            for (const name of [
                "alloy_build_info", "alloy_config_last_load_successful", "alloy_component_controller_running_components", "process_resident_memory_bytes",
                "loki_source_file_read_lines_total", "loki_source_file_read_bytes_total", "otelcol_receiver_accepted_spans_total",
                ...["queue_size", "queue_capacity"].map((name) => `otelcol_exporter_${name}`),
                "otelcol_exporter_sent_log_records_total", "otelcol_exporter_sent_spans_total",
            ]) assert.ok(kept.some((line) => line.startsWith(`${name}{`) || line.startsWith(`${name} `)), `${name} in\n${kept.join("\n")}`);
            assert.ok(kept.length <= 60, kept.join("\n"));
        });
        it("host metrics are behind TLS and a password, which rotates by a rename alone", async () => {
            const url = "/api/v0/component/prometheus.exporter.unix.host/metrics";
            for (const path of [url, "/-/reload", "/metrics", "/"]) assert.equal((await agent.http(path)).status, 401, path);
            const { status, body } = await agent.http(url, SECRETS.password);
            assert.equal(status, 200);
            assert.ok(body.includes("node_cpu_seconds_total"));
            for (const path of ["/debug/pprof/heap", "/-/support"]) assert.notEqual((await agent.http(path, SECRETS.password)).status, 200, path);
            agent.put("/etc/photogather-monitoring/log-agent/http-password", "another-password");
            await eventually("the new password counts", 20, async () => (await agent.http("/-/ready", "another-password")).status === 200);
            assert.equal((await agent.http("/-/ready", SECRETS.password)).status, 401);
        });
    });

    describe("Alloy, fed with anything", () => it("hostile values, bytes that are no UTF-8 and a line of 600 KB reach Loki", async () => {
        const values = HOSTILE.slice(0, 45);
        const agent = new AgentUnderTest(backends, "hostile", sampleAgent({ host: "was-3", labels: Object.fromEntries(values.map((value, i) => [`l${i}`, value])) }));
        await agent.write();
        fs.appendFileSync(`${agent.logDirectory}/app.log`, Buffer.concat([Buffer.from(`${at(1)} INFO bad `), Buffer.from([0xff, 0xfe, 0xb0, 0xa1]), Buffer.from(" bytes\n")]));
        agent.log("app.log", `${at(2)} INFO long ${"한".repeat(200_000)}\n${at(3)} INFO last\n`);
        agent.startAlloy(alloy);
        const entries = await eventually("all entries are in Loki", 30, async () => {
            const found = flat(await backends.logs('{instance="was-3"}'));
            return found.length >= 3 && found;
        });
        assert.deepEqual(values.map((_, i) => entries[0].stream[`l${i}`]), values);
        assert.ok(entries.some(({ line }) => line.includes("INFO long") && line.endsWith("[truncated]")));
        await agent.end("SIGTERM");
    }));

    describe("Alloy, killed", () => it("loses no line: the gateway away, Alloy killed while lines are written, then both back", async () => {
        const agent = new AgentUnderTest(backends, "killed", sampleAgent({ host: "was-2" }));
        await agent.write();
        const total = 2000;
        let written = 0;
        const write = (lines: number) => { for (const end = written + lines; written < end; written++) agent.log("app.log", `${at(9)} INFO line number ${written} end\n`); };
        write(200);
        agent.startAlloy(alloy);
        await eventually("the first lines are in Loki", 30, async () => flat(await backends.logs('{instance="was-2"}')).length >= 199);
        await backends.close();
        for (let i = 0; i < 10; i++) { write(100); await sleep(150); }
        await agent.end("SIGKILL");
        write(400);
        agent.startAlloy(alloy);
        await eventually("Alloy is ready", STARTS_SECONDS, async () => (await agent.http("/-/ready", "made-by-the-host")).status === 200);
        write(total - written);
        await agent.end("SIGKILL");
        agent.startAlloy(alloy);
        await backends.open();
        const numbers = async () => flat(await backends.logs('{instance="was-2"}')).map(({ line }) => Number(/number (\d+) end/.exec(line)?.[1]));
        await eventually(`all ${total} lines are in Loki`, 60, async () => new Set(await numbers()).size >= total).catch(() => undefined);
        const all = await numbers();
        console.log(`      ${total} lines written: ${total - new Set(all).size} lost, ${all.length - new Set(all).size} twice`);
        assert.equal(new Set(all).size, total);
        await agent.end("SIGTERM");
    }));
});
