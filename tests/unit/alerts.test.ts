import assert from "node:assert/strict";
import * as crypto from "node:crypto";
import * as fs from "node:fs";
import * as path from "node:path";
import { BundleFile } from "../../components/bundle";
import { MonitoringServicesArgs } from "../../components/monitoring-services";
import { renderAlertmanager } from "../../components/monitoring-services/alertmanager";
import { KnownServicesArgs } from "../../components/monitoring-services/args";
import { planLogRules, planRules } from "../../components/monitoring-services/rules";
import { validateMonitoringServices } from "../../components/monitoring-services/validate";
import { ALERT_NAMES, metricGroups } from "../../dashboards/alerts";
import { logGroups } from "../../dashboards/alerts/logs";
import { isAlert } from "../../dashboards/alerts/rule";
import { DEFAULT_THRESHOLDS } from "../../dashboards/alerts/thresholds";
import { DASHBOARD_UIDS } from "../../dashboards";
import { ALERTING, CERTIFICATE, sampleServices } from "../support/services";

const ROOT = path.join(__dirname, "..", "..");
const rules = [...Object.values(metricGroups(DEFAULT_THRESHOLDS, { memoryLimits: {}, certificateEnds: {} })).flat(), ...logGroups("prod", DEFAULT_THRESHOLDS)].flatMap((group) => group.rules);
const alerts = rules.filter(isAlert);
const problems = (change: Partial<KnownServicesArgs>) =>
    validateMonitoringServices({ ...sampleServices(change), machine: {} } as unknown as MonitoringServicesArgs).map(({ path: at, message }) => `${at}: ${message}`);
const textOf = (files: Record<string, string>) => Object.values(files).join("\n");

/** A file as the program that reads it sees it: without the comment, it is JSON. */
const parsed = (text: string) => JSON.parse(text.replace(/^#.*\n/gm, "")) as { groups: { rules: { alert?: string; annotations: Record<string, string>; record?: string; expr: string; labels?: Record<string, string> }[] }[] };
const ruleOf = (args: Partial<KnownServicesArgs>, name: string) =>
    Object.entries(planRules(sampleServices(args))).filter(([file]) => file.startsWith("builtin-")).flatMap(([, text]) => parsed(text).groups).flatMap((group) => group.rules).filter((rule) => (rule.alert ?? rule.record) === name);

describe("built-in alerts", () => {
    it("each has a section in the runbook, and each section an alert", () => {
        const sections = [...fs.readFileSync(path.join(ROOT, "docs", "runbook.md"), "utf8").matchAll(/^## (\w+)$/gm)].map(([, name]) => name);
        assert.deepEqual([...sections].sort(), [...ALERT_NAMES].sort());
    });

    it("each says what, where and what it means, and leads to a dashboard that exists by labels that it has", () => {
        const known = ["environment", "application", "instance"];
        for (const { name, summary, description, dashboard } of alerts) {
            assert.ok(summary.length > 15 && description.length > 20, name);
            assert.deepEqual(dashboard.variables.filter((variable) => !known.includes(variable)), [], name);
        }
        const [rule] = ruleOf({}, "JvmGcOverhead");
        assert.equal(rule.annotations.dashboard,
            "https://10.0.0.5:8080/d/jvm?var-environment={{ urlquery $labels.environment }}&var-application={{ urlquery $labels.application }}&var-instance={{ urlquery $labels.instance }}");
        const uids = [...textOf(planRules(sampleServices())).matchAll(/10\.0\.0\.5:8080\/d\/([\w-]+)/g)].map(([, uid]) => uid);
        assert.ok(uids.length > 30);
        assert.deepEqual(uids.filter((uid) => !DASHBOARD_UIDS.includes(uid)), []);
    });

    it("link to the runbook where it can be read, and name its file where not", () => {
        assert.equal(ruleOf({}, "Watchdog")[0].annotations.runbook, "docs/runbook.md#watchdog");
        const { runbook, runbook_url: url } = ruleOf({ alerting: ALERTING }, "Watchdog")[0].annotations;
        assert.deepEqual([runbook, url], [undefined, "https://wiki.example.com/runbook#watchdog"]);
    });

    it("have the thresholds that are given, and the documented ones else", () => {
        assert.match(ruleOf({}, "JvmGcOverhead")[0].expr, /> 0\.2$/);
        assert.match(ruleOf({ thresholds: { gcOverhead: 0.4 } }, "JvmGcOverhead")[0].expr, /> 0\.4$/);
        // Each threshold is one that some rule has in it: none is only for show.
        const all = (thresholds: object) => textOf({ ...planRules(sampleServices({ thresholds })), ...planLogRules(sampleServices({ thresholds })) });
        for (const [name, value] of Object.entries(DEFAULT_THRESHOLDS)) assert.notEqual(all({ [name]: value + 3 }), all({}), name);
    });

    it("are left out one by one, everywhere", () => {
        for (const name of ALERT_NAMES) {
            const args = sampleServices({ withoutAlerts: [name] });
            const text = textOf({ ...planRules(args), ...planLogRules(args) });
            assert.ok(!text.includes(`"alert": "${name}"`), name);
            assert.equal(ALERT_NAMES.filter((other) => text.includes(`"alert": "${other}"`)).length, ALERT_NAMES.length - 1, name);
        }
    });

    it("stand beside a user's own rules, whose files have other names", () => {
        const rule = "groups: []\n";
        assert.equal(planRules(sampleServices({ rules: { "own.yml": rule } }))["own.yml"], rule);
        assert.equal(planLogRules(sampleServices({ logRules: { "dev/own.yml": rule } }))["dev/own.yml"], rule);
        assert.match(problems({ rules: { "builtin-http.yml": rule } }).join(), /rules\["builtin-http.yml"\]: expected another name/);
        assert.match(problems({ logRules: { "dev/builtin-logs.yml": rule } }).join(), /logRules.*expected another name/);
    });

    it("know the memory limits, and the end of a certificate that was given", () => {
        const limits = ruleOf({}, "monitoring:memory_limit_bytes");
        assert.deepEqual(limits.map(({ labels }) => labels?.application).sort(), ["alertmanager", "gateway", "grafana", "loki", "monitoring", "prometheus", "tempo"]);
        assert.match(limits[0].expr, /^vector\(\d{8,}\)$/);
        const [end] = ruleOf({ tls: { mode: "provided", certificate: CERTIFICATE, privateKey: "k" } }, "monitoring:certificate_end_timestamp_seconds");
        assert.deepEqual([end.expr, end.labels], [`vector(${Date.parse(new crypto.X509Certificate(CERTIFICATE).validTo) / 1000})`, { certificate: "gateway" }]);
        assert.deepEqual(ruleOf({ tls: { mode: "acme", domain: "a.example" } }, "monitoring:certificate_end_timestamp_seconds"), []);
    });
});

describe("alert routes and receivers", () => {
    const render = (alerting: KnownServicesArgs["alerting"]) => renderAlertmanager(sampleServices({ alerting }));
    const config = (files: BundleFile[]) => JSON.parse(files.find(({ path: file }) => file.endsWith("alertmanager.yml"))!.content.replace(/^#.*\n/, "")) as { receivers: { name: string }[] };

    it("keep each URL in a file of its own that Alertmanager alone can read", () => {
        const urls = render(ALERTING).filter(({ content }) => content.startsWith("https://hooks"));
        assert.deepEqual(urls.map(({ path: file, mode, owner }) => [path.basename(file), mode, owner]),
            ["page-0-url", "notify-0-url", "notify-1-url", "heartbeat-url"].map((name) => [name, "0640", "root:65534"]));
    });

    it("stand in for each other where one list is empty, and send nothing where both are", () => {
        const [only] = ALERTING.page;
        const urls = (files: BundleFile[]) => files.filter(({ path: file }) => file.endsWith("-url")).map(({ path: file, content }) => [path.basename(file), content]);
        assert.deepEqual(urls(render({ page: [only] })), [["page-0-url", only.url], ["notify-0-url", only.url]]);
        assert.deepEqual(urls(render({ notify: [only] })), [["page-0-url", only.url], ["notify-0-url", only.url]]);
        assert.deepEqual(config(render(undefined)).receivers, [{ name: "none" }]);
    });

    it("what is wrong with them is told with its path, and never with the URL", () => {
        const told = problems({
            alerting: { page: [{ kind: "pigeon", url: "ftp://hush" }], heartbeatUrl: "hush", runbookUrl: "https://wiki.example.com/#x" },
            thresholds: { slowSecond: 1, slowSeconds: -1 } as object, withoutAlerts: ["Nothing"],
        });
        assert.deepEqual(told.map((problem) => problem.split(": ")[0]),
            ["alerting.page[0].kind", "alerting.page[0].url", "alerting.heartbeatUrl", "alerting.runbookUrl", "thresholds.slowSecond", "thresholds.slowSeconds", "withoutAlerts[0]"]);
        assert.ok(!told.join().includes("hush"), told.join());
    });

    it("a share that is given as a percentage is refused: the alert could never fire", () => {
        assert.deepEqual(problems({ thresholds: { heapUsed: 85, slowSeconds: 85 } }), ["thresholds.heapUsed: expected a share from 0 to 1, such as 0.85, got 85: the alert could never fire"]);
        assert.deepEqual(problems({ thresholds: { heapUsed: 1 } }), []);
    });
});
