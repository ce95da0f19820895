import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import * as fs from "node:fs";
import * as path from "node:path";
import { gzipSync } from "node:zlib";
import { renderAlertmanager } from "../../components/monitoring-services/alertmanager";
import { renderLoki, renderPrometheus, renderTempo } from "../../components/monitoring-services/backends";
import { renderCaddyfile } from "../../components/monitoring-services/gateway";
import { KnownServicesArgs } from "../../components/monitoring-services/args";
import { loadtest } from "../../dashboards/loadtest";
import { part } from "../support/parts";
import { freePorts, Running, STARTS_SECONDS } from "../support/running";
import { eventually } from "../support/wait";
import { ALERTING, sampleServices, TOKENS } from "../support/services";

/** Arguments at the edges of what is allowed. */
const EDGES: Record<string, Partial<KnownServicesArgs>> = {
    "as shipped": {},
    "one environment, a large host": { environments: { a: sampleServices().environments.prod }, memoryMiB: 15000, logRules: {} },
    "names that YAML would take for something else": {
        environments: Object.fromEntries(
            ["0", "1e3", "null", "true", "no", "0x1f"].map((name, i) => [name, { ...sampleServices().environments.prod, token: `token-of-environment-${i}` }]),
        ),

        logRules: {},
    },
    "long retention, receivers of all kinds": {
        retention: { metrics: "2y", metricsSize: "2TB", logs: "1y", traces: "5w" },
        agentBuffer: "72h",
        alerting: ALERTING,
    },
};

describe("configuration of the backends, checked by the programs that read it", function () {
    this.timeout(30000);
    for (const [title, change] of Object.entries(EDGES)) {
        const check = (
            name: string,
            files: (args: KnownServicesArgs) => ReturnType<typeof renderLoki>,
            command: (file: (name: string) => string) => string[],
        ) =>
            it(`${name}: ${title}`, function () {
                const program = part(this, name);
                const running = new Running();
                running.write(files(sampleServices(change)), running.rewriting("prometheus", {}));
                try {
                    execFileSync(
                        program,
                        command((file) => path.join(running.directory, file)),
                        { stdio: "pipe" },
                    );
                } catch (error) {
                    assert.fail(String((error as { stderr?: Buffer }).stderr ?? error));
                } finally {
                    void running.stop();
                }
            });
        check("promtool", renderPrometheus, (file) => ["check", "config", file("prometheus/prometheus.yml")]);
        check("amtool", renderAlertmanager, (file) => ["check-config", file("alertmanager/alertmanager.yml")]);
        check("loki", renderLoki, (file) => ["-verify-config", `-config.file=${file("loki/loki.yml")}`]);
        check("tempo", renderTempo, (file) => ["-config.verify=true", `-config.file=${file("tempo/tempo.yml")}`]);
    }
});

/** Gateway, Loki, Tempo, Prometheus and Alertmanager as they run together, on loopback instead of a Docker network. */
class Together {
    readonly running = new Running();
    args = sampleServices({ address: "127.0.0.1", tls: { mode: "off" } });
    ports: Record<string, number> = {};

    async start(programs: Record<string, string>): Promise<void> {
        const names = ["gateway", "admin", "internal", "loki", "lokiGrpc", "tempo", "tempoGrpc", "otlpGrpc", "otlpHttp", "prometheus", "alertmanager", "readPrometheus", "readLoki", "readTempo"];
        const ports = await freePorts(names.length);
        names.forEach((name, i) => {
            this.ports[name] = ports[i];
        });
        this.writeAll();
        const file = (name: string) => path.join(this.running.directory, name);
        this.running.start("loki", programs.loki, [`-config.file=${file("loki/loki.yml")}`]);
        this.running.start("tempo", programs.tempo, [`-config.file=${file("tempo/tempo.yml")}`]);
        this.running.start("alertmanager", programs.alertmanager, [
            `--config.file=${file("alertmanager/alertmanager.yml")}`,
            `--storage.path=${this.running.data("alertmanager")}`,
            `--web.listen-address=127.0.0.1:${this.ports.alertmanager}`,
            "--cluster.listen-address=",
        ]);
        this.running.start("prometheus", programs.prometheus, [
            `--config.file=${file("prometheus/prometheus.yml")}`,
            `--storage.tsdb.path=${this.running.data("prometheus")}`,
            `--web.listen-address=127.0.0.1:${this.ports.prometheus}`,
            "--web.enable-remote-write-receiver",
            "--enable-feature=exemplar-storage",
            "--config.auto-reload",
            "--config.auto-reload-interval=5s",
        ]);
        this.running.start("caddy", programs.caddy, ["run", "--watch", "--config", file("gateway/Caddyfile"), "--adapter", "caddyfile"], {
            XDG_DATA_HOME: this.running.data("gateway"),
            HOME: this.running.data("gateway"),
        });
        for (const [name, url] of [
            ["loki", "/ready"],
            ["tempo", "/ready"],
            ["prometheus", "/-/ready"],
            ["alertmanager", "/-/ready"],
            ["gateway", "/-/gateway"],
        ]) {
            await eventually(`${name} is ready`, STARTS_SECONDS, async () => (await fetch(this.url(name, url))).ok);
        }
    }

    writeAll(): void {
        const at = (name: string) => `127.0.0.1:${this.ports[name]}`;
        const others = {
            "loki:3100": at("loki"),
            "tempo:4318": at("otlpHttp"),
            "tempo:3200": at("tempo"),
            "prometheus:9090": at("prometheus"),
            "localhost:9090": at("prometheus"),
            "alertmanager:9093": at("alertmanager"),
            "gateway:2020": at("internal"),
            ":2020": `:${this.ports.internal}`,
            ":2019": `:${this.ports.admin}`,
            ":2021": `:${this.ports.readPrometheus}`,
            ":2022": `:${this.ports.readLoki}`,
            ":2023": `:${this.ports.readTempo}`,
        };
        const listen = (kind: string, port: string) => `${kind}_listen_address: 127.0.0.1\n  ${kind}_listen_port: ${this.ports[port]}`;
        const own: Record<string, Record<string, string>> = {
            loki: { "http_listen_port: 3100": listen("http", "loki"), "grpc_listen_port: 9096": listen("grpc", "lokiGrpc") },
            tempo: {
                "http_listen_port: 3200": listen("http", "tempo"),
                "grpc_listen_port: 9095": listen("grpc", "tempoGrpc"),
                "0.0.0.0:4317": at("otlpGrpc"),
                "0.0.0.0:4318": at("otlpHttp"),
                "127.0.0.1:9095": at("tempoGrpc"),
            },
        };
        for (const [service, render] of [
            ["prometheus", renderPrometheus],
            ["alertmanager", renderAlertmanager],
            ["loki", renderLoki],
            ["tempo", renderTempo],
        ] as const) {
            this.running.write(render(this.args), this.running.rewriting(service, { ...own[service], ...others }));
        }
        this.running.write(
            [{ path: "/etc/photogather-monitoring/gateway/Caddyfile", content: renderCaddyfile(this.args, this.ports.gateway) }],
            this.running.rewriting("gateway", others),
        );
    }

    url(name: string, rest: string): string {
        return `http://127.0.0.1:${this.ports[name]}${rest}`;
    }

    async push(url: string, token: string, body: object, headers: Record<string, string> = {}): Promise<number> {
        return (await this.send(url, token, Buffer.from(JSON.stringify(body)), { "Content-Type": "application/json", ...headers })).status;
    }

    async send(url: string, token: string, body: Buffer, headers: Record<string, string>): Promise<{ status: number; body: string }> {
        const answer = await fetch(this.url("gateway", url), { method: "POST", headers: { Authorization: `Bearer ${token}`, ...headers }, body });
        return { status: answer.status, body: await answer.text() };
    }

    // eslint-disable-next-line @typescript-eslint/no-explicit-any
    async get(name: string, rest: string, tenant = ""): Promise<any> {
        const answer = await fetch(this.url(name, rest), { headers: tenant ? { "X-Scope-OrgID": tenant } : {} });
        const text = await answer.text();
        if (!answer.ok) throw new Error(`${answer.status}: ${text.slice(0, 300)}`);
        try {
            return JSON.parse(text);
        } catch {
            return text;
        }
    }

    /** Of the last hour, or of more hours. */
    logs = async (query: string, tenant: string, hours = 1) =>
        (await this.get("loki", `/loki/api/v1/query_range?limit=100&start=${Math.floor(Date.now() / 1000) - hours * 3600}&query=${encodeURIComponent(query)}`, tenant)).data.result as {
            stream: Record<string, string>;
            values: [string, string][];
        }[];
    metric = async (query: string) =>
        (await this.get("prometheus", `/api/v1/query?query=${encodeURIComponent(query)}`)).data.result as {
            metric: Record<string, string>;
            value: [number, string];
        }[];
}

const attribute = (key: string, value: string) => ({ key, value: { stringValue: value } });
const nanos = (msAgo: number) => String(BigInt(Date.now() - msAgo) * 1000000n);
const TRACE = "00f067aa0ba902b700f067aa0ba902b7";

function otlpLog(environment: string, text: string, msAgo = 0): object {
    const attributes = [attribute("environment", environment), attribute("application", "shop"), attribute("instance", "was-1"), attribute("source", "file"), attribute("host.arch", "arm64")];
    const record = { timeUnixNano: nanos(msAgo), body: { stringValue: text }, attributes: [attribute("level", "ERROR"), attribute("trace_id", TRACE), attribute("elapsed_ms", "12")] };
    return { resourceLogs: [{ resource: { attributes }, scopeLogs: [{ logRecords: [record] }] }] };
}

function otlpTrace(traceId: string, service: string, msAgo = 0): object {
    const span = (spanId: string, parentSpanId: string, name: string, kind: number, attributes: object[] = []) => ({
        traceId,
        spanId,
        parentSpanId,
        name,
        kind,
        startTimeUnixNano: nanos(msAgo + 40),
        endTimeUnixNano: nanos(msAgo),
        status: {},
        attributes,
    });
    return {
        resourceSpans: [
            {
                resource: {
                    attributes: [
                        attribute("service.name", service),
                        attribute("service.instance.id", "was-1"),
                        attribute("deployment.environment.name", "forged"),
                    ],
                },
                scopeSpans: [
                    {
                        spans: [
                            span("00f067aa0ba902b7", "", "GET /orders", 2),
                            span("11f067aa0ba902b7", "00f067aa0ba902b7", "SELECT orders", 3, [attribute("db.system", "h2"), attribute("db.name", "shop")]),
                        ],
                    },
                ],
            },
        ],
    };
}

describe("gateway, Loki, Tempo, Prometheus and Alertmanager together", function () {
    this.timeout(300_000);
    const together = new Together();

    before(async function () {
        const programs: Record<string, string> = {};
        for (const name of ["caddy", "loki", "tempo", "prometheus", "alertmanager"]) programs[name] = part(this as unknown as Mocha.Context, name);
        await together.start(programs);
    });
    after(async () => together.running.stop());

    it("keeps each environment's lines to itself, with few labels and the rest as structured metadata", async () => {
        for (const environment of ["prod", "dev"])
            assert.equal(
                await together.push("/otlp/v1/logs", TOKENS[environment], otlpLog(environment, `hello from ${environment}`), { "X-Scope-OrgID": "prod" }),
                204,
            );
        for (const environment of ["prod", "dev"]) {
            const [stream, ...others] = await eventually("the line is there", 20, async () => {
                const found = await together.logs('{application="shop"}', environment);
                return found.length > 0 && found;
            });
            assert.deepEqual([others.length, stream.values.map(([, text]) => text)], [0, [`hello from ${environment}`]]);
            assert.equal(stream.stream.trace_id, TRACE);
            assert.equal(stream.stream.elapsed_ms, "12");
        }
        const labels = await together.get("loki", "/loki/api/v1/labels", "prod");
        assert.deepEqual(labels.data, ["application", "environment", "instance", "source"]);
        assert.deepEqual(await together.logs('{application="shop"}', "loadtest"), []);
        const both = await together.logs('{application="shop"}', "dev|prod");
        assert.deepEqual(both.map(({ stream }) => stream.__tenant_id__).sort(), ["dev", "prod"]);
        assert.equal((await together.logs('{environment="prod"} | trace_id=`' + TRACE + "`", "dev|loadtest|prod")).length, 1);
    });

    it("refuses Loki and Tempo without a tenant", async () => {
        await assert.rejects(together.logs('{application="shop"}', ""), /401/);
        await assert.rejects(together.get("tempo", "/api/search?q={}"), /401/);
    });

    it("takes a load test's mark by the command in the documentation, and the dashboard's annotation finds it", async () => {
        const documented = /```sh\n(curl .*"marker".*)\n```/.exec(fs.readFileSync(path.join(__dirname, "..", "..", "docs", "dashboards.md"), "utf8"))![1];
        const command = documented.replace("--cacert ca.pem ", "").replace("https://10.0.0.5:8080", together.url("gateway", ""));
        execFileSync("bash", ["-c", command], { env: { ...process.env, TOKEN: TOKENS.loadtest }, stdio: "pipe" });
        const [start, end] = (loadtest.annotations ?? []).map((annotation) => annotation.build().expr!.replaceAll("$environment", "loadtest").replaceAll("$baseline", "prod"));
        const [found] = await eventually("the mark is there", 20, async () => {
            const streams = await together.logs(start, "dev|loadtest|prod");
            return streams.length > 0 && streams;
        });
        assert.deepEqual([found.stream.__tenant_id__, found.values.map(([, text]) => text)], ["loadtest", ["start of run 42: 200 users"]]);
        assert.deepEqual(await together.logs(end, "dev|loadtest|prod"), []);
    });

    it("refuses lines that say another environment's name, as the data source of all environments would show them as that one's", async () => {
        const push = (environment?: string) => together.push("/loki/api/v1/push", TOKENS.dev, {
            streams: [{ stream: { application: "forged", ...(environment === undefined ? {} : { environment }) }, values: [[nanos(0), `as ${environment}`]] }],
        });
        assert.deepEqual([await push("prod"), await push("dev"), await push()], [403, 204, 204]);
        assert.equal(await together.push("/otlp/v1/logs", TOKENS.dev, otlpLog("prod", "forged by OTLP")), 403);
        await eventually("dev's own", 20, async () => (await together.logs('{application="forged"}', "dev|loadtest|prod")).length === 2);
        assert.deepEqual(await together.logs('{environment="prod"} |= "forged"', "dev"), []);
    });

    it("takes Promtail's pushes", async () => {
        const body = {
            streams: [{ stream: { environment: "dev", application: "old", instance: "was-2" }, values: [[nanos(0), "from promtail", { level: "INFO" }]] }],
        };
        assert.equal(await together.push("/loki/api/v1/push", TOKENS.dev, body), 204);
        await eventually("the line is there", 20, async () => (await together.logs('{application="old"}', "dev")).length === 1);
    });

    it("takes a line that an agent held back for a day, and one that is twenty hours behind its stream", async () => {
        assert.equal(await together.push("/otlp/v1/logs", TOKENS.loadtest, otlpLog("loadtest", "a day late", 24 * 3600 * 1000)), 204);
        assert.equal(await together.push("/otlp/v1/logs", TOKENS.dev, otlpLog("dev", "twenty hours late", 20 * 3600 * 1000)), 204);
        for (const [tenant, text] of [["loadtest", "a day late"], ["dev", "twenty hours late"]]) {
            await eventually(`${text}: it is there`, 20, async () => (await together.logs(`{environment="${tenant}"} |= "${text}"`, tenant, 26)).length === 1);
        }
    });

    it("keeps each environment's traces to itself, and finds one across all", async () => {
        await eventually("the trace is taken", 30, async () => await together.push("/otlp/v1/traces", TOKENS.prod, otlpTrace(TRACE, "shop")) === 200);
        const trace = await eventually("the trace is there", 30, async () =>
            together.get("tempo", `/api/v2/traces/${TRACE}`, "prod").then((found) => JSON.stringify(found).includes("SELECT orders") && found),
        );
        assert.ok(trace);
        await eventually("the trace is found across tenants", 30, async () =>
            JSON.stringify(await together.get("tempo", `/api/v2/traces/${TRACE}`, "dev|loadtest|prod")).includes("SELECT orders"),
        );
        assert.doesNotMatch(JSON.stringify(await together.get("tempo", `/api/v2/traces/${TRACE}`, "dev").catch(() => "none")), /SELECT orders/);
        const search = await eventually("the search finds it", 40, async () => {
            const { traces } = await together.get("tempo", `/api/search?q=${encodeURIComponent('{resource.service.name="shop"}')}`, "dev|prod");
            return traces?.length > 0 && traces;
        });
        assert.equal(search[0].traceID, TRACE, "an id with its leading zeros");
    });

    it("derives metrics from spans: the environment is the tenant, whatever the span says", async () => {
        const [calls] = await eventually("span metrics are in Prometheus", 60, async () => {
            const found = await together.metric('traces_spanmetrics_calls_total{span_kind="SPAN_KIND_SERVER"}');
            return found.length > 0 && found;
        });
        const { environment, application, instance, span_name } = calls.metric;
        assert.deepEqual(
            { environment, application, instance, span_name },
            { environment: "prod", application: "shop", instance: "was-1", span_name: "GET /orders" },
        );
        assert.deepEqual(Object.keys(calls.metric).sort(), ["__name__", "application", "environment", "instance", "span_kind", "span_name", "status_code"]);
        await eventually("the service graph is in Prometheus", 60, async () =>
            (await together.metric("traces_service_graph_request_total")).some(({ metric }) => metric.environment === "prod"),
        );
    });

    it("counts exemplars that lead to the trace", async () => {
        const exemplars = await eventually("exemplars", 60, async () => {
            const now = Date.now() / 1000;
            const { data } = await together.get(
                "prometheus",
                `/api/v1/query_exemplars?query=traces_spanmetrics_latency_bucket&start=${now - 600}&end=${now + 60}`,
            );
            return data.length > 0 && data;
        });
        // Tempo leaves leading zeros out here; it finds the trace by the short id too.
        assert.equal(exemplars[0].exemplars[0].labels.trace_id.padStart(32, "0"), TRACE);
        assert.match(JSON.stringify(await together.get("tempo", `/api/v2/traces/${exemplars[0].exemplars[0].labels.trace_id}`, "dev|prod")), /SELECT orders/);
    });

    it("scrapes every service by its name, and reads the environments' scrape files", async () => {
        await eventually("all are up", 40, async () => {
            const up = (await together.metric("up == 1")).map(({ metric }) => metric.job);
            return ["prometheus", "alertmanager", "loki", "tempo", "gateway"].every((job) => up.includes(job));
        });
        const { data } = await together.get("prometheus", "/api/v1/status/config");
        for (const environment of ["dev", "loadtest", "prod"]) assert.ok(data.yaml.includes("scrape_config_files"), environment);
        const jobs = (await together.get("prometheus", "/api/v1/scrape_pools")).data.scrapePools;
        for (const job of ["prod/application", "prod/host", "prod/agent", "dev/application", "loadtest/host"]) assert.ok(jobs.includes(job), job);
    });

    it("has Prometheus and Loki's ruler tell Alertmanager", async () => {
        const { data } = await together.get("prometheus", "/api/v1/alertmanagers");
        assert.equal(data.activeAlertmanagers.length, 1);
        await eventually("Loki evaluates prod's rules", 40, async () =>
            JSON.stringify(await together.get("loki", "/prometheus/api/v1/rules", "prod")).includes("ManyErrors"),
        );
    });

    it("takes spans that agents held back in an outage, as fast as they come, and drops none", async function () {
        this.timeout(900_000);
        const count = 12_000;
        const number = (n: number, digits: number) => n.toString(16).padStart(digits, "0");
        for (let from = 0; from < count; from += 1500) {
            const spans = Array.from({ length: 1500 }, (_, i) => ({
                traceId: `1f${number(from + i, 30)}`, spanId: number(from + i + 1, 16), name: "held back", kind: 1, startTimeUnixNano: nanos((count - from - i) * 40), endTimeUnixNano: nanos((count - from - i) * 40),
                attributes: [{ key: "n", value: { intValue: String(from + i) } }],
            }));
            const body = { resourceSpans: [{ resource: { attributes: [attribute("service.name", "held")] }, scopeSpans: [{ spans }] }] };
            await eventually("they are taken", 60, async () => (await together.push("/otlp/v1/traces", TOKENS.dev, body)) === 200);
        }
        for (let from = 0; from < count; from += 1000) {
            const q = `{ resource.service.name = "held" && span.n >= ${from} && span.n < ${from + 1000} }`;
            const range = `start=${Math.floor(Date.now() / 1000) - 3600}&end=${Math.ceil(Date.now() / 1000) + 60}`;
            await eventually(`all from ${from} on`, 60, async () => (await together.get("tempo", `/api/search?q=${encodeURIComponent(q)}&limit=1000&${range}`, "dev")).traces?.length === 1000);
        }
    });

    it("answers 429 to an environment over its rate, and not to the others", async () => {
        const flood = { ...otlpLog("loadtest", "x".repeat(250000)) } as { resourceLogs: { scopeLogs: { logRecords: object[] }[] }[] };
        const [record] = flood.resourceLogs[0].scopeLogs[0].logRecords;
        flood.resourceLogs[0].scopeLogs[0].logRecords = Array.from({ length: 7 }, (_, i) => ({ ...record, timeUnixNano: nanos(i) }));
        const answers: number[] = [];
        for (let i = 0; i < 32; i++) answers.push(await together.push("/otlp/v1/logs", TOKENS.loadtest, flood));
        assert.ok(answers.includes(429), `answers were ${answers}`);
        assert.equal(await together.push("/otlp/v1/logs", TOKENS.prod, otlpLog("prod", "still fine")), 204);
    });

    it("refuses a small request that unpacks to a large one, before it has unpacked it", async () => {
        const bomb = gzipSync(Buffer.concat([Buffer.from('{"x":"'), Buffer.alloc(64 << 20, 0x20)]));
        assert.ok(bomb.length < 100_000);
        for (const [url, type] of [["/otlp/v1/logs", "application/json"], ["/otlp/v1/logs", "application/x-protobuf"], ["/otlp/v1/traces", "application/json"], ["/loki/api/v1/push", "application/json"]]) {
            const { status, body } = await together.send(url, TOKENS.loadtest, bomb, { "Content-Type": type, "Content-Encoding": "gzip" });
            assert.ok(status >= 400 && status < 500, `${url} as ${type}: ${status} ${body}`);
            // Loki says of the last one only that the JSON ends too early.
            assert.match(body, /too large|PushRequest/, `${url} as ${type}`);
        }
    });

    it("answers a retryable status to spans over the rate", async () => {
        const flood = {
            resourceSpans: Array.from(
                { length: 700 },
                (_, i) => (otlpTrace((i + 1).toString(16).padStart(32, "a"), "x".repeat(2000)) as { resourceSpans: object[] }).resourceSpans[0],
            ),
        };
        const answers: number[] = [];
        for (let i = 0; i < 24; i++) answers.push(await together.push("/otlp/v1/traces", TOKENS.loadtest, flood));
        const refused = answers.filter((status) => status !== 200);
        assert.ok(refused.length > 0 && refused.every((status) => [429, 503].includes(status)), `answers were ${answers}`);
        // 503 is what all get while the gateway looks for a Loki that was too busy to answer; 429 would be prod's own rate.
        const status = await eventually("an answer to prod's", 30, async () => {
            const answer = await together.push("/otlp/v1/traces", TOKENS.prod, otlpTrace("b".repeat(32), "shop"));
            return answer !== 503 && answer;
        });
        assert.equal(status, 200);
    });

    it("reloads limits, rules, scrape files and routes by itself, and each service says so", async () => {
        together.args = sampleServices({
            ...together.args,
            retention: { metrics: "9d" },
            environments: {
                prod: { ...together.args.environments.prod, logRetention: "5d", logRateMiB: 7, traceRetention: "3d" },
                dev: together.args.environments.dev,
                loadtest: together.args.environments.loadtest,
            },
            rules: { "new.yml": "groups:\n  - name: new\n    rules:\n      - alert: New\n        expr: vector(1)\n" },
        });
        const before = await together.metric("process_start_time_seconds");
        together.writeAll();
        await eventually("Prometheus has the new rule", 20, async () => JSON.stringify(await together.get("prometheus", "/api/v1/rules")).includes('"New"'));
        await eventually("Prometheus has the new retention", 20, async () =>
            String(await together.get("prometheus", "/metrics")).includes("prometheus_tsdb_retention_limit_seconds 777600"),
        );
        await eventually("Loki has the new rate", 20, async () =>
            JSON.stringify(await together.get("loki", "/config/tenant/v1/limits", "prod")).includes("5d"),
        );
        await eventually(
            "Tempo has the new retention",
            20,
            async () =>
                String(await together.get("tempo", "/status/overrides/prod")).includes("72h") ||
                String(await together.get("tempo", "/status/overrides/prod")).includes("3d"),
        );
        for (const [name, metric] of [
            ["prometheus", "prometheus_config"],
            ["loki", "loki_runtime_config"],
            ["tempo", "tempo_runtime_config"],
            ["internal", "caddy_config"],
        ]) {
            await eventually(metric, 15, async () =>
                new RegExp(`^${metric}_last_reload_successful(\\{.*\\})? 1$`, "m").test(String(await together.get(name, "/metrics"))),
            );
        }
        assert.equal(before.length > 0, true);
        await eventually("the alert arrives", 40, async () => JSON.stringify(await together.get("alertmanager", "/api/v2/alerts")).includes('"New"'));
    });
});
