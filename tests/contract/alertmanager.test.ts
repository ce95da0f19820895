import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import * as path from "node:path";
import { renderAlertmanager } from "../../components/monitoring-services/alertmanager";
import { part } from "../support/parts";
import { Receiver } from "../support/receiver";
import { freePorts, Running, STARTS_SECONDS } from "../support/running";
import { eventually } from "../support/wait";
import { ALERTING, sampleServices } from "../support/services";

/** Alerts by their labels, and who is told. */
const ROUTES: [Record<string, string>, string][] = [
    [{ alertname: "HostDown", environment: "prod", severity: "critical" }, "page"],
    [{ alertname: "NoLogs", environment: "prod", severity: "warning" }, "notify"],
    [{ alertname: "Own", environment: "prod" }, "notify"],
    [{ alertname: "Own", environment: "prod", severity: "info" }, "none"],
    [{ alertname: "HostDown", environment: "dev", severity: "critical" }, "notify"],
    [{ alertname: "NoLogs", environment: "dev", severity: "warning" }, "notify"],
    [{ alertname: "HostDown", environment: "loadtest", severity: "critical" }, "none"],
    [{ alertname: "NoLogs", environment: "loadtest", severity: "warning" }, "none"],
    [{ alertname: "BackendDown", severity: "critical" }, "page"],
    [{ alertname: "BackendMemoryNearLimit", severity: "warning" }, "notify"],
    [{ alertname: "HostDown", environment: "nobody-knows", severity: "critical" }, "none"],
    [{ alertname: "Watchdog", severity: "info" }, "heartbeat"],
];

describe("Alertmanager's routes, by amtool", function () {
    this.timeout(180_000);
    const running = new Running();
    after(() => running.stop());
    before(() => running.write(renderAlertmanager(sampleServices({ alerting: ALERTING })), running.rewriting("alertmanager", {})));

    for (const [labels, receiver] of ROUTES) {
        const text = Object.entries(labels).map(([name, value]) => `${name}=${value}`);
        it(`${text.join(" ")}: ${receiver}`, function () {
            const told = execFileSync(part(this, "amtool"), ["config", "routes", "test", `--config.file=${path.join(running.directory, "alertmanager/alertmanager.yml")}`, ...text]);
            assert.equal(String(told).trim(), receiver);
        });
    }
});

describe("Alertmanager sends and inhibits", function () {
    this.timeout(180_000);
    const running = new Running();
    let receiver: Receiver;
    let url = "";

    before(async function () {
        const program = part(this, "alertmanager");
        receiver = await Receiver.start();
        const [port] = await freePorts(1);
        url = `http://127.0.0.1:${port}`;
        const kinds = ["webhook", "slack", "discord"].map((kind) => ({ kind, url: receiver.url(`/page-${kind}`) }));
        const files = renderAlertmanager(sampleServices({
            alerting: { page: kinds, notify: [{ kind: "webhook", url: receiver.url("/notify") }], heartbeatUrl: receiver.url("/heartbeat"), runbookUrl: ALERTING.runbookUrl },
        }));
        // As shipped, but with less patience.
        running.write(files, running.rewriting("alertmanager", { '"group_wait": "10s"': '"group_wait": "2s"', '"group_interval": "2m"': '"group_interval": "3s"' }));
        running.start("alertmanager", program, [
            `--config.file=${path.join(running.directory, "alertmanager/alertmanager.yml")}`, `--storage.path=${running.data("alertmanager")}`,
            `--web.listen-address=127.0.0.1:${port}`, "--cluster.listen-address=",
        ]);
        await eventually("Alertmanager is ready", STARTS_SECONDS, async () => (await fetch(`${url}/-/ready`)).ok);
    });
    after(async () => { await running.stop(); await receiver?.stop(); });

    const ANNOTATIONS = { summary: "prod: was-1 does not answer", description: "It is <down> & out.", dashboard: "https://m.example/d/host?a=1&b=2", runbook_url: "https://wiki.example.com/runbook#hostdown" };
    const post = async (alerts: Record<string, string>[], endsAt?: Date) => {
        const body = JSON.stringify(alerts.map((labels) => ({ labels, annotations: ANNOTATIONS, ...(endsAt ? { endsAt: endsAt.toISOString() } : {}) })));
        const { status } = await fetch(`${url}/api/v2/alerts`, { method: "POST", headers: { "Content-Type": "application/json" }, body });
        assert.equal(status, 200);
    };
    /** Names of the alerts that are inhibited now, with their severities. */
    const inhibited = async () => {
        const alerts = await (await fetch(`${url}/api/v2/alerts`)).json() as { labels: Record<string, string>; status: { inhibitedBy: string[] } }[];
        return alerts.filter(({ status }) => status.inhibitedBy.length > 0).map(({ labels }) => `${labels.alertname} ${labels.severity} ${labels.instance ?? ""}`.trim()).sort();
    };
    const host = { environment: "prod", application: "shop", instance: "was-1" };

    it("tells each kind of receiver once, with the summary and its links, and then that it is over", async () => {
        const down = { alertname: "HostDown", severity: "critical", ...host };
        await post([down]);
        const [slack] = await eventually("Slack is told", 20, async () => receiver.at("/page-slack").length > 0 && receiver.at("/page-slack"));
        const [{ title, text }] = (JSON.parse(slack.body) as { attachments: { title: string; text: string }[] }).attachments;
        assert.equal(title, "CRITICAL HostDown in prod: shop");
        for (const part of Object.values(ANNOTATIONS)) assert.ok(text.replaceAll("&lt;", "<").replaceAll("&gt;", ">").replaceAll("&amp;", "&").includes(part), text);
        const [discord] = await eventually("Discord is told", 20, async () => receiver.at("/page-discord").length > 0 && receiver.at("/page-discord"));
        assert.ok(discord.body.includes("was-1 does not answer"), discord.body);
        await eventually("the webhook is told", 20, async () => receiver.at("/page-webhook").length > 0);
        await post([down], new Date());
        const over = await eventually("its end", 20, async () => receiver.at("/page-webhook").find(({ body }) => body.includes('"status":"resolved"')));
        assert.match(over.body, /"instance":"was-1"/);
        assert.equal(receiver.at("/page-webhook").length, 2);
        assert.deepEqual(receiver.at("/notify"), []);
    });

    it("beats, to the heartbeat's receiver alone", async () => {
        await post([{ alertname: "Watchdog", severity: "info" }]);
        await eventually("a beat", 20, async () => receiver.at("/heartbeat").length > 0);
        assert.ok(!receiver.at("/page-webhook").some(({ body }) => body.includes("Watchdog")));
    });

    it("a host that is down silences everything on it, and nothing elsewhere", async () => {
        await post([{ alertname: "HostDown", severity: "critical", ...host }]);
        await post([
            { alertname: "ApplicationDown", severity: "critical", ...host }, { alertname: "ClockSkew", severity: "warning", ...host },
            { alertname: "ApplicationDown", severity: "critical", ...host, instance: "was-2" }, { alertname: "ApplicationDown", severity: "critical", ...host, environment: "dev" },
        ]);
        await eventually("inhibitions", 10, async () => (await inhibited()).length > 0);
        assert.deepEqual(await inhibited(), ["ApplicationDown critical was-1", "ClockSkew warning was-1"]);
        const told = () => receiver.at("/page-webhook").filter(({ body }) => body.includes('"alertname":"ApplicationDown"'));
        await eventually("was-2's alert", 20, async () => told().length > 0);
        assert.ok(told().every(({ body }) => !body.includes('"instance":"was-1"')), told().map(({ body }) => body).join());
        await post([{ alertname: "HostDown", severity: "critical", ...host }], new Date());
        await eventually("was-1's own alert, once the host is up", 20, async () => told().some(({ body }) => body.includes('"instance":"was-1"')));
    });

    /** By what is silenced, and by what it is not: source, targets, and an alert that must be heard. */
    const INHIBITIONS: [string, Record<string, string>, Record<string, string>[], Record<string, string>][] = [
        ["an application that is down: its JVM, pools, logs and spans", { alertname: "ApplicationDown", severity: "critical" },
            ["JvmHeapNearMax", "TomcatThreadsExhausted", "HikariPending", "NoLogs", "NoSpans", "OpenFilesNearMax"].map((alertname) => ({ alertname, severity: "warning" })),
            { alertname: "MemoryPressure", severity: "warning" }],
        ["an agent that cannot send: missing logs and spans", { alertname: "AgentLosesData", severity: "critical" },
            [{ alertname: "NoLogs", severity: "warning" }, { alertname: "NoSpans", severity: "warning" }], { alertname: "ClockSkew", severity: "warning" }],
        ["critical: warning of the same", { alertname: "JvmHeapNearMax", severity: "critical" }, [{ alertname: "JvmHeapNearMax", severity: "warning" }], { alertname: "JvmGcOverhead", severity: "warning" }],
    ];
    INHIBITIONS.forEach(([title, source, targets, heard], i) => it(title, async () => {
        const on = { environment: "prod", application: "shop", instance: `inhibited-${i}` };
        const mine = async () => (await inhibited()).filter((name) => name.endsWith(on.instance));
        await post([...targets, heard].map((labels) => ({ ...labels, ...on })));
        assert.deepEqual(await mine(), []);
        await post([{ ...source, ...on }]);
        await eventually("inhibitions", 10, async () => (await mine()).length >= targets.length);
        assert.deepEqual(await mine(), targets.map(({ alertname, severity }) => `${alertname} ${severity} ${on.instance}`).sort());
    }));

    it("a gateway that is down: queues of agents everywhere", async () => {
        const queue = { alertname: "AgentQueueFilling", severity: "warning", ...host, instance: "queueing" };
        await post([queue]);
        await post([{ alertname: "BackendDown", severity: "critical", application: "grafana", instance: "grafana:3000" }]);
        assert.ok(!(await inhibited()).some((name) => name.endsWith("queueing")));
        await post([{ alertname: "BackendDown", severity: "critical", application: "gateway", instance: "gateway:2020" }]);
        await eventually("the inhibition", 10, async () => (await inhibited()).includes("AgentQueueFilling warning queueing"));
    });
});
