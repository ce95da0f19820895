import assert from "node:assert/strict";
import * as fs from "node:fs";
import * as path from "node:path";
import { PUSH_PATH } from "../../components/connection";
import { planCaps } from "../../components/monitoring-services/caps";
import { relayOf } from "../../components/monitoring-services/services";
import { relayJob } from "../../components/monitoring-services/relay";
import { WRITE_HEADERS, writeBody } from "../bench/support/remote-write";
import { GatewayUnderTest, makeCa } from "../support/gateway-under-test";
import { part } from "../support/parts";
import { freePorts, STARTS_SECONDS } from "../support/running";
import { eventually } from "../support/wait";
import { sampleServices, TOKENS } from "../support/services";

const MOST_SERIES = 20;

/** What agents of one environment send comes to Prometheus as that environment's, whatever it says, and within its bounds. */
describe("pushed metrics, by the real Caddy and two Prometheus", function () {
    this.timeout(240_000);
    let gateway: GatewayUnderTest;
    let url: string;

    before(async function () {
        const [caddy, prometheus] = [part(this, "caddy"), part(this, "prometheus")];
        gateway = new GatewayUnderTest();
        const { running } = gateway;
        const [relay, main] = await freePorts(2);
        url = `http://127.0.0.1:${main}`;
        const at = (file: string) => path.join(running.directory, file);
        fs.writeFileSync(at("relay.yml"), "{}\n");
        const job = relayJob("dev", MOST_SERIES, { intervalSeconds: 1, timeoutSeconds: 1, allowedMetrics: ["orders_.*"] });
        fs.writeFileSync(at("prometheus.yml"), JSON.stringify({ scrape_configs: [job] }).replace("relay-dev:9090", `127.0.0.1:${relay}`));
        const command = relayOf("dev").command!(planCaps()).map((option) => option.replace("/etc/prometheus/prometheus.yml", at("relay.yml")).replace("=/prometheus", `=${running.data("relay")}`).replace("lookback-delta=1m", "lookback-delta=10s"));
        running.start("relay", prometheus, [...command, `--web.listen-address=127.0.0.1:${relay}`]);
        running.start("prometheus", prometheus, [`--config.file=${at("prometheus.yml")}`, `--storage.tsdb.path=${running.data("prometheus")}`, `--web.listen-address=127.0.0.1:${main}`]);
        const { environments } = sampleServices();
        const ca = makeCa(part(this, "openssl"), running.directory);
        gateway.ca = ca.certificate;
        await gateway.start(caddy, { tls: { mode: "ca", caCertificate: ca.certificate, caPrivateKey: ca.key }, environments: { ...environments, dev: { ...environments.dev, pushedMetrics: true } } }, { "relay-dev:9090": `127.0.0.1:${relay}` });
        for (const each of [relay, main]) await eventually("Prometheus is ready", STARTS_SECONDS, async () => (await fetch(`http://127.0.0.1:${each}/-/ready`).catch(() => undefined))?.ok || undefined);
    });
    after(async () => gateway?.stop());

    const send = async (token: string, series: Record<string, string>[], at = Date.now()) => {
        const body = writeBody(series.map((labels) => ({ labels, samples: [[at, 1]] })));
        return (await gateway.ask(PUSH_PATH, { method: "POST", headers: { ...WRITE_HEADERS, ...(token ? { Authorization: `Bearer ${token}` } : {}) } }, body)).status;
    };
    const orders = (more: Record<string, string> = {}) => ({ __name__: "orders_total", job: "was", application: "orders", instance: "orders-1", ...more });
    const query = async (text: string) => ((await (await fetch(`${url}/api/v1/query?${new URLSearchParams({ query: text }).toString()}`)).json()) as { data: { result: { metric: Record<string, string>; value: [number, string] }[] } }).data.result;
    const relayUp = async () => (await query('up{job="relay"}'))[0]?.value[1];

    it("are the environment's of the token, whatever they say; job, application and instance are the agent's", async () => {
        // The relay offers a sample for 10 seconds here.
        const [{ metric }] = await eventually("the series", 20, async () => {
            assert.equal(await send(TOKENS.dev, [orders({ environment: "prod" }), { ...orders(), __name__: "up" }]), 204);
            const [found, ups] = [await query("orders_total"), await query('up{job="was", environment="dev", instance="orders-1"}')];
            return found.length > 0 && ups.length === 1 && await relayUp() === "1" && found;
        });
        assert.deepEqual(metric, { __name__: "orders_total", environment: "dev", job: "was", application: "orders", instance: "orders-1" });
    });

    it("are dropped where they say another job than an agent's, or are not among the metrics that are kept", async () => {
        const mixed = [orders({ job: "loki" }), orders({ job: "" }), { ...orders(), __name__: "jvm_info" }, { ...orders({ job: "host" }), __name__: "node_load1" }, { ...orders({ job: "agent" }), __name__: "go_goroutines" }];
        await eventually("the one that is kept", 20, async () => { await send(TOKENS.dev, mixed); return (await query("node_load1")).length === 1; });
        assert.deepEqual(await query('{__name__=~".+", job!~"was|host|agent|relay"}'), []);
        assert.deepEqual(await query('{__name__=~"jvm_info|go_goroutines"}'), []);
    });

    it("need the token of an environment that may send them, and go to one path only", async () => {
        assert.deepEqual([await send("", [orders()]), await send("no-such-token-at-all", [orders()]), await send(TOKENS.prod, [orders()])], [401, 401, 404]);
        const headers = { Authorization: `Bearer ${TOKENS.dev}` };
        for (const [method, address] of [["GET", PUSH_PATH], ["POST", "/prometheus/api/v1/query"], ["POST", `${PUSH_PATH}/..`], ["GET", "/prometheus/federate"], ["POST", "/prometheus/-/quit"]]) {
            assert.equal((await gateway.ask(address, { method, headers })).status, 404, `${method} ${address}`);
        }
    });

    it("that claim to unpack to 4 GiB, or are no metrics, are refused, and the relay lives on", async () => {
        const headers = { ...WRITE_HEADERS, Authorization: `Bearer ${TOKENS.dev}` };
        for (const body of [Buffer.from([0xf0, 0xff, 0xff, 0xff, 0x0f, 0x00]), Buffer.from("no snappy"), writeBody([]).subarray(0, 0)]) {
            assert.equal((await gateway.ask(PUSH_PATH, { method: "POST", headers }, body)).status, 400);
        }
        // Announced only: who is still sending when the answer comes may find the connection ended.
        assert.equal((await gateway.ask(PUSH_PATH, { method: "POST", headers: { ...headers, "Content-Length": "2100000" } })).status, 413);
        assert.equal(await send(TOKENS.dev, [orders()]), 204);
    });

    it("are refused as a whole while there are more series than the environment may have, and nobody else's are touched", async () => {
        const before = (await query("prometheus_target_scrapes_exceeded_sample_limit_total"))[0];
        await send(TOKENS.dev, Array.from({ length: MOST_SERIES + 1 }, (_, i) => orders({ number: String(i) })));
        assert.equal(before, undefined, "Prometheus does not scrape itself here");
        await eventually("the refusal", 20, async () => (await relayUp()) === "0" && /^prometheus_target_scrapes_exceeded_sample_limit_total [1-9]/m.test(await (await fetch(`${url}/metrics`)).text()));
    });

    it("of a host that is gone are gone after the relay's look-back, here 10 seconds and not a minute; and the others come again", async () => {
        await eventually("few series again", 30, async () => {
            await send(TOKENS.dev, [orders()]);
            assert.equal(await relayUp(), "1");
            assert.deepEqual((await query("orders_total")).map(({ metric }) => metric.number), [undefined]);
            return true;
        });
    });
});
