import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import * as fs from "node:fs";
import * as http from "node:http";
import type { AddressInfo } from "node:net";
import * as path from "node:path";
import { renderLoki, renderPrometheus, renderTempo } from "../../components/monitoring-services/backends";
import { planWatchdog } from "../../components/monitoring-services/disk-watchdog";
import { part } from "../support/parts";
import { freePorts, Running, STARTS_SECONDS } from "../support/running";
import { eventually } from "../support/wait";
import { sampleServices } from "../support/services";

const shipped = sampleServices().environments;
/** Quotas so small that a test need send little to be over them. */
const ARGS = sampleServices({
    rules: {}, logRules: {},
    environments: {
        prod: shipped.prod, dev: shipped.dev,
        loadtest: {
            ...shipped.loadtest, logRateMiB: 0.05, logBurstMiB: 0.1, maxLogStreams: 5, traceRateMiB: 0.05, traceBurstMiB: 0.1, maxQueryRange: "2h",
            samplesPerTarget: 50, maxTargets: 2, allowedMetrics: ["kept_.*"],
        },
    },
});
const nanos = (secondsAgo = 0) => String(BigInt(Date.now() - secondsAgo * 1000) * 1000000n);
const hex = (bytes: number) => randomBytes(bytes).toString("hex");

/** Loki, Tempo or Prometheus with the rendered files, on loopback. */
class Backends {
    readonly running = new Running();
    urls: Record<string, string> = {};

    async start(loki: string, tempo: string): Promise<void> {
        const [lokiHttp, lokiGrpc, tempoHttp, tempoGrpc, otlpGrpc, otlp] = await freePorts(6);
        const listen = (kind: string, port: number) => `${kind}_listen_address: 127.0.0.1\n  ${kind}_listen_port: ${port}`;
        this.running.write(renderLoki(ARGS), this.running.rewriting("loki", {
            "http_listen_port: 3100": listen("http", lokiHttp), "grpc_listen_port: 9096": listen("grpc", lokiGrpc), "alertmanager:9093": "127.0.0.1:9",
        }));
        this.running.write(renderTempo(ARGS), this.running.rewriting("tempo", {
            "http_listen_port: 3200": listen("http", tempoHttp), "grpc_listen_port: 9095": listen("grpc", tempoGrpc), "127.0.0.1:9095": `127.0.0.1:${tempoGrpc}`,
            "0.0.0.0:4317": `127.0.0.1:${otlpGrpc}`, "0.0.0.0:4318": `127.0.0.1:${otlp}`, "prometheus:9090": "127.0.0.1:9",
        }));
        this.running.start("loki", loki, [`-config.file=${this.file("loki/loki.yml")}`]);
        this.running.start("tempo", tempo, [`-config.file=${this.file("tempo/tempo.yml")}`]);
        this.urls = { loki: `http://127.0.0.1:${lokiHttp}`, tempo: `http://127.0.0.1:${tempoHttp}`, otlp: `http://127.0.0.1:${otlp}` };
        for (const name of ["loki", "tempo"]) await eventually(`${name} is ready`, 90, async () => (await fetch(`${this.urls[name]}/ready`)).ok);
    }

    file(name: string): string {
        return path.join(this.running.directory, name);
    }

    async post(url: string, tenant: string, body: object): Promise<number> {
        const answer = await fetch(url, { method: "POST", headers: { "Content-Type": "application/json", "X-Scope-OrgID": tenant }, body: JSON.stringify(body) });
        await answer.arrayBuffer();
        return answer.status;
    }

    /** Bytes of log text in one stream of a name. */
    lines(tenant: string, bytes: number, instance = "was-1"): Promise<number> {
        const stream = { environment: tenant, application: "shop", instance };
        return this.post(`${this.urls.loki}/loki/api/v1/push`, tenant, { streams: [{ stream, values: [[nanos(), "x".repeat(bytes)]] }] });
    }

    /** A span with an attribute of so many bytes. */
    spans(tenant: string, bytes: number, count = 1): Promise<number> {
        const span = () => ({
            traceId: hex(16), spanId: hex(8), name: "GET /", kind: 2, startTimeUnixNano: nanos(1), endTimeUnixNano: nanos(), attributes: [{ key: "k", value: { stringValue: "x".repeat(bytes) } }],
        });
        const resource = { attributes: [{ key: "service.name", value: { stringValue: "shop" } }] };
        return this.post(`${this.urls.otlp}/v1/traces`, tenant, { resourceSpans: [{ resource, scopeSpans: [{ spans: Array.from({ length: count }, span) }] }] });
    }

    async metrics(name: string, metric: string): Promise<string[]> {
        const text = await (await fetch(`${this.urls[name]}/metrics`)).text();
        return text.split("\n").filter((line) => line.startsWith(`${metric}{`) && !line.endsWith(" 0"));
    }

    /** As the watchdog does: the whole file, renamed. */
    limits(files: Record<string, string>): void {
        this.running.write(Object.entries(files).map(([name, content]) => ({ path: `/etc/photogather-monitoring/${name}`, content })));
    }
}

/** Sends six at a time, a few times at most, until one is refused for its rate. Gives all answers. */
async function untilRefused(send: () => Promise<number>): Promise<number[]> {
    const answers: number[] = [];
    while (answers.length < 60 && !answers.includes(429)) answers.push(...await Promise.all(Array.from({ length: 6 }, send)));
    return answers;
}

describe("quotas, enforced by the programs that have them", function () {
    this.timeout(180000);
    const backends = new Backends();
    before(async function () {
        const context = this as unknown as Mocha.Context;
        await backends.start(part(context, "loki"), part(context, "tempo"));
    });
    after(() => backends.running.stop());

    it("lines over the rate are refused with 429 and counted by environment and reason; prod's are taken meanwhile", async () => {
        const flood = await untilRefused(() => backends.lines("loadtest", 40000));
        assert.ok(flood.includes(429) && flood.every((status) => [204, 429].includes(status)), `answers were ${flood}`);
        assert.deepEqual(await Promise.all(Array.from({ length: 6 }, () => backends.lines("prod", 40000))), Array(6).fill(204));
        const discarded = await backends.metrics("loki", "loki_discarded_samples_total");
        assert.ok(discarded.some((line) => /reason="rate_limited".*tenant="loadtest"/.test(line)), discarded.join("\n"));
        assert.ok(!discarded.some((line) => line.includes('tenant="prod"')), discarded.join("\n"));
    });

    it("streams beyond their number are refused, and prod's are not", async () => {
        const pushed = async (tenant: string) => {
            const answers = [];
            for (let i = 0; i < 8; i++) answers.push(await eventually(`${tenant} is within its rate`, 30, async () => {
                const status = await backends.lines(tenant, 10, `was-${i}`);
                // The first streams are within the number: what refuses them is the rate, of the flood before.
                return (status !== 429 || i >= 5) && status;
            }));
            return answers;
        };
        assert.deepEqual((await pushed("loadtest")).slice(-2), [429, 429]);
        assert.deepEqual(await pushed("prod"), Array(8).fill(204));
        assert.ok((await backends.metrics("loki", "loki_discarded_samples_total")).some((line) => /reason="stream_limit".*tenant="loadtest"/.test(line)));
    });

    it("spans over the rate are refused with 429 and counted; prod's are taken meanwhile", async () => {
        const flood = await untilRefused(() => backends.spans("loadtest", 1000, 40));
        assert.ok(flood.includes(429) && flood.every((status) => [200, 429].includes(status)), `answers were ${flood}`);
        assert.deepEqual(await Promise.all(Array.from({ length: 6 }, () => backends.spans("prod", 1000, 40))), Array(6).fill(200));
        const discarded = await backends.metrics("tempo", "tempo_discarded_spans_total");
        assert.ok(discarded.some((line) => /reason="rate_limited".*tenant="loadtest"/.test(line)), discarded.join("\n"));
        assert.ok(!discarded.some((line) => line.includes('tenant="prod"')), discarded.join("\n"));
    });

    it("a query over a longer range than allowed is refused, with the range that is", async () => {
        const ask = async (tenant: string, hours: number) => {
            const query = new URLSearchParams({ query: '{application="shop"}', start: nanos(hours * 3600), end: nanos() });
            const answer = await fetch(`${backends.urls.loki}/loki/api/v1/query_range?${query}`, { headers: { "X-Scope-OrgID": tenant } });
            return `${answer.status} ${await answer.text()}`;
        };
        assert.match(await ask("loadtest", 1), /^200/);
        assert.match(await ask("loadtest", 5), /^400 .*limit.*2h/);
        assert.match(await ask("prod", 5), /^200/);
    });

    it("the watchdog's files take effect without a restart: all but prod are refused, and taken again afterwards", async () => {
        const { levels } = planWatchdog(ARGS);
        backends.limits(levels[1].refusing);
        for (const send of [() => backends.lines("dev", 10), () => backends.spans("dev", 10)]) {
            await eventually("dev is refused", 60, async () => (await send()) === 429);
        }
        assert.deepEqual([await backends.lines("prod", 10), await backends.spans("prod", 10)], [204, 200]);
        const limits = await (await fetch(`${backends.urls.loki}/config/tenant/v1/limits`, { headers: { "X-Scope-OrgID": "loadtest" } })).text();
        assert.match(limits, /retention_period: 1d/);
        backends.limits(levels[0].files);
        await eventually("dev's lines are taken", 60, async () => (await backends.lines("dev", 10)) === 204);
        await eventually("dev's spans are taken", 60, async () => (await backends.spans("dev", 10)) === 200);
    });
});

describe("quotas of metrics, enforced by Prometheus", function () {
    this.timeout(180000);
    const running = new Running();
    const server = http.createServer((request, response) => {
        const count = Number(/\d+/.exec(request.url ?? "")?.[0]);
        // Prometheus 3 takes nothing that does not say what it is.
        response.setHeader("Content-Type", "text/plain; version=0.0.4");
        response.end(Array.from({ length: count }, (_, i) => `kept_${i} 1\nleft_out_${i} 1\n`).join(""));
    });
    let url = "";

    before(async function () {
        const prometheus = part(this as unknown as Mocha.Context, "prometheus");
        await new Promise<void>((resolve) => { server.listen(0, "127.0.0.1", resolve); });
        const [port] = await freePorts(1);
        url = `http://127.0.0.1:${port}`;
        running.write(renderPrometheus(ARGS), (text) => running.rewriting("prometheus", {})(text).replaceAll('"scrape_interval": "15s"', '"scrape_interval": "5s"').replaceAll('"scrape_timeout": "10s"', '"scrape_timeout": "5s"'));
        const targets = path.join(running.directory, "prometheus", "registered", "targets");
        fs.mkdirSync(targets, { recursive: true });
        const address = `127.0.0.1:${(server.address() as AddressInfo).port}`;
        const target = (instance: string, series: number) => ({ targets: [address], labels: { instance, application: "shop", __metrics_path__: `/${series}` } });
        fs.writeFileSync(path.join(targets, "prod.application.json"), JSON.stringify([target("prod-1", 60), target("prod-2", 60), target("prod-3", 60)]));
        fs.writeFileSync(path.join(targets, "loadtest.application.json"), JSON.stringify([target("within", 40), target("over", 60)]));
        fs.writeFileSync(path.join(targets, "loadtest.host.json"), JSON.stringify([target("host-1", 5), target("host-2", 5), target("host-3", 5)]));
        running.start("prometheus", prometheus, [`--config.file=${path.join(running.directory, "prometheus/prometheus.yml")}`, `--storage.tsdb.path=${running.data("prometheus")}`, `--web.listen-address=127.0.0.1:${port}`]);
        await eventually("prometheus is ready", STARTS_SECONDS, async () => (await fetch(`${url}/-/ready`)).ok);
    });
    after(async () => {
        server.close();
        await running.stop();
    });

    const ask = async (query: string) => {
        const { data } = (await (await fetch(`${url}/api/v1/query?query=${encodeURIComponent(query)}`)).json()) as { data: { result: { metric: Record<string, string>; value: [number, string] }[] } };
        return Object.fromEntries(data.result.map(({ metric, value }) => [metric.instance ?? metric.environment, Number(value[1])]));
    };

    it("a target with too many samples fails as a whole, its neighbours and prod do not; only allowed metrics are kept", async () => {
        await eventually("all but one are up", 60, async () => { assert.deepEqual(await ask('up{job="was"}'), { "prod-1": 1, "prod-2": 1, "prod-3": 1, within: 1, over: 0 }); return true; });
        assert.deepEqual(await ask('count by (instance) ({__name__=~"(kept|left_out)_.*", job="was"})'), { "prod-1": 120, "prod-2": 120, "prod-3": 120, within: 40 });
    });

    it("a job with too many targets is not scraped at all", async () => {
        await eventually("they fail", 60, async () => JSON.stringify(Object.entries(await ask('up{environment="loadtest", job="host"}')).sort()) === '[["host-1",0],["host-2",0],["host-3",0]]');
    });

    it("series that begin are counted by environment", async () => {
        await eventually("they are", 60, async () => {
            const begun = await ask('sum by (environment) (sum_over_time(scrape_series_added{environment!=""}[1h]))');
            return begun.prod >= 360 && begun.loadtest >= 40;
        });
    });
});
