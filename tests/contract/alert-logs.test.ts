import assert from "node:assert/strict";
import * as path from "node:path";
import { renderLoki } from "../../components/monitoring-services/backends";
import { part } from "../support/parts";
import { Receiver } from "../support/receiver";
import { freePorts, Running, STARTS_SECONDS } from "../support/running";
import { eventually, sleep } from "../support/wait";
import { sampleServices } from "../support/services";

/** An alert as Loki's ruler posts it to Alertmanager. */
interface Posted {
    labels: Record<string, string>;
    annotations: Record<string, string>;
}

describe("Loki's alerts, by its ruler", function () {
    this.timeout(180_000);
    const running = new Running();
    let alertmanager: Receiver;
    let url = "";

    before(async function () {
        const program = part(this, "loki");
        alertmanager = await Receiver.start();
        const [port, grpc] = await freePorts(2);
        url = `http://127.0.0.1:${port}`;
        // As shipped, but with less patience.
        running.write(renderLoki(sampleServices({ logRules: {} })), running.rewriting("loki", {
            "http_listen_port: 3100": `http_listen_address: 127.0.0.1\n  http_listen_port: ${port}`, "grpc_listen_port: 9096": `grpc_listen_address: 127.0.0.1\n  grpc_listen_port: ${grpc}`,
            "http://alertmanager:9093": alertmanager.url(), "evaluation_interval: 1m": "evaluation_interval: 2s", '"interval": "1m"': '"interval": "2s"', "[2m]": "[20s]",
        }));
        running.start("loki", program, [`-config.file=${path.join(running.directory, "loki/loki.yml")}`]);
        await eventually("Loki is ready", STARTS_SECONDS, async () => (await fetch(`${url}/ready`)).ok);
        await eventually("the ruler has every environment's rules", 60, async () => {
            const rules = await Promise.all(["prod", "dev", "loadtest"].map((tenant) => ask("/prometheus/api/v1/rules", tenant)));
            return rules.every((text) => text.includes("LogErrorBurst") && text.includes("OutOfMemoryError"));
        });
    });
    after(async () => { await running.stop(); await alertmanager?.stop(); });

    const ask = async (at: string, tenant: string) => (await fetch(`${url}${at}`, { headers: { "X-Scope-OrgID": tenant } })).text();
    /** Lines as an agent sends them, with the level read from each. */
    const push = async (environment: string, count: number, level: string, line: string) => {
        const stream = { environment, application: "shop", instance: `${environment}-was-1`, source: "file" };
        const start = Date.now() * 1e6;
        const values = Array.from({ length: count }, (_, i) => [String(start + i), `${line} ${i}`, { level }]);
        const body = JSON.stringify({ streams: [{ stream, values }] });
        const { status } = await fetch(`${url}/loki/api/v1/push`, { method: "POST", headers: { "Content-Type": "application/json", "X-Scope-OrgID": environment }, body });
        assert.equal(status, 204);
    };
    const posted = () => alertmanager.received.flatMap(({ body }) => JSON.parse(body) as Posted[]);
    const names = () => [...new Set(posted().map(({ labels }) => `${labels.alertname} ${labels.environment}`))].sort();

    it("a burst of errors fires for its environment, and no other; as many lines of another level do not", async () => {
        await push("dev", 1000, "INFO", "2026-11-28 took an ERROR page from the cache");
        await push("loadtest", 20, "ERROR", "cannot save the photo");
        await push("prod", 400, "ERROR", "cannot save the photo");
        await eventually("the alert", 60, async () => posted().length > 0);
        // Several evaluations more, in which the others could come.
        await sleep(6000);
        assert.deepEqual(names(), ["LogErrorBurst prod"]);
        const [{ labels, annotations }] = posted();
        assert.deepEqual(labels, { alertname: "LogErrorBurst", environment: "prod", application: "shop", severity: "warning" });
        assert.equal(annotations.dashboard, "https://10.0.0.5:8080/d/logs?var-environment=prod&var-application=shop");
        assert.equal(annotations.description, "1.3 lines of level error per second over the last 5 minutes.");
    });

    it("an OutOfMemoryError fires by one line, with the host", async () => {
        await push("dev", 1, "ERROR", "java.lang.OutOfMemoryError: Java heap space");
        await eventually("the alert", 60, async () => names().includes("OutOfMemoryError dev"));
        assert.deepEqual(posted().find(({ labels }) => labels.alertname === "OutOfMemoryError")?.labels,
            { alertname: "OutOfMemoryError", environment: "dev", application: "shop", instance: "dev-was-1", severity: "critical" });
        assert.ok(!names().includes("OutOfMemoryError prod"));
    });

    it("counts a rule that fails, by the metric that RulesFailing reads", async () => {
        const metrics = await (await fetch(`${url}/metrics`)).text();
        assert.match(metrics, /^loki_prometheus_rule_evaluation_failures_total\{rule_group="[^"]*builtin-logs\.yml;logs",.*\} 0$/m);
    });
});
