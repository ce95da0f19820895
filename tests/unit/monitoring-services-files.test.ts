import assert from "node:assert/strict";
import fc from "fast-check";
import * as YAML from "yaml";
import { BundleFile } from "../../components/bundle";
import { KnownServicesArgs } from "../../components/monitoring-services/args";
import { explainBudget, planBudget, usableMiB, validateMemory } from "../../components/monitoring-services/budget";
import { planServiceBundle, renderServiceFiles } from "../../components/monitoring-services/files";
import { planGatewayCa, planGatewayUrl, planSiteAddresses } from "../../components/monitoring-services/gateway";
import { renderDatasources } from "../../components/monitoring-services/grafana";
import { durationHours, planRetention, validateRetention } from "../../components/monitoring-services/retention";
import { validateMonitoringServices } from "../../components/monitoring-services/validate";
import { renderTemplate } from "../../components/render";
import { matchesGolden } from "../support/golden";
import { hostileString } from "../support/hostile";
import { ALERTING, PUBLIC_KEY, sampleServices } from "../support/services";

const find = (files: BundleFile[], name: string) => files.find(({ path }) => path.endsWith(name))?.content ?? assert.fail(`${name} is not rendered`);
const render = (change: Partial<KnownServicesArgs> = {}) => renderServiceFiles(sampleServices(change));

/** Sections, keys and values as Grafana's ini library sees plain lines; enough for the lines that we write. */
function parseIni(text: string): Record<string, string> {
    const values: Record<string, string> = {};
    let section = "";
    for (const line of text.split("\n").filter((each) => each && !each.startsWith("#"))) {
        const head = /^\[([\w.]+)\]$/.exec(line);
        if (head) {
            section = head[1];
            continue;
        }
        const [, key, value] = /^(\w+) = (?:"""([^]*)"""|[^]*)$/.exec(line) ?? assert.fail(`no ini line: ${line}`);
        values[`${section}.${key}`] = value ?? line.slice(line.indexOf(" = ") + 3).trim();
    }
    return values;
}

describe("rendered files of the services", () => {
    it("are as in tests/golden", () => {
        for (const { path, content } of render()) if (!/\.(key|pem|json)$|admin-password$/.test(path)) matchesGolden(`monitoring-services${path}`, content);
        matchesGolden(
            "monitoring-services/variants/Caddyfile.provided",
            find(render({ tls: { mode: "provided", certificate: "c", privateKey: "k" } }), "Caddyfile"),
        );
        matchesGolden(
            "monitoring-services/variants/Caddyfile.acme",
            find(render({ tls: { mode: "acme", domain: "monitoring.example.com", email: "ops@example.com" } }), "Caddyfile"),
        );
        matchesGolden("monitoring-services/variants/Caddyfile.off", find(render({ tls: { mode: "off" } }), "Caddyfile"));
        matchesGolden(
            "monitoring-services/variants/alertmanager.receivers.yml",
            find(render({ alerting: ALERTING }), "alertmanager.yml"),
        );
    });

    it("parse in their languages", () => {
        for (const { path, content } of render({ alerting: ALERTING })) {
            if (/\.ya?ml$/.test(path)) assert.deepEqual(YAML.parseDocument(content, { strict: true, uniqueKeys: true }).errors, [], path);
            if (/\.json$/.test(path)) JSON.parse(content);
            if (/\.ini$/.test(path)) assert.equal(parseIni(content)["security.cookie_secure"], "true");
        }
    });

    it("are the same bytes whatever the order of the environments", () => {
        const { environments } = sampleServices();
        const turned = Object.fromEntries(Object.entries(environments).reverse());
        assert.deepEqual(render({ environments: turned }), render());
    });

    it("show what holds a secret to its service alone", () => {
        const open = render({ alerting: ALERTING }).filter(({ mode }) => (mode ?? "0644").endsWith("4"));
        const text = open.map(({ content }) => content).join("\n");
        for (const secret of ["token-", "hooks.example.com", "correct horse", "S0VZ"]) assert.ok(!text.includes(secret), secret);
    });

    it("change Prometheus' revision with every file that it reads, and with no other", () => {
        const revision = (change: Partial<KnownServicesArgs>) => /revision (\w+)/.exec(find(render(change), "prometheus.yml"))?.[1];
        assert.equal(revision({}), revision({ dashboards: {}, grafanaAdminPassword: "another password" }));
        assert.notEqual(revision({}), revision({ rules: {} }));
    });

    it("give an environment's limits and retention, with the common ones where none are said", () => {
        const loki = YAML.parse(find(render(), "loki/runtime.yml")).overrides;
        const { policy_stream_mapping: policies, block_ingestion_policy_until: until, block_ingestion_status_code: status, ...limits } = loki.prod;
        assert.deepEqual(limits, { ingestion_rate_mb: 2.4, ingestion_burst_size_mb: 20.8, max_global_streams_per_user: 3600, retention_period: "14d" });
        assert.deepEqual([policies, Object.keys(until), status], [{ foreign: [{ selector: '{environment!~"|prod"}', priority: 1 }] }, ["foreign"], 403]);
        assert.deepEqual([loki.loadtest.retention_period, loki.loadtest.ingestion_rate_mb], ["2d", 1]);
        const tempo = YAML.parse(find(render(), "tempo/overrides.yml")).overrides;
        assert.deepEqual(
            [tempo.prod.compaction.block_retention, tempo.loadtest.compaction.block_retention, tempo.loadtest.ingestion.rate_limit_bytes],
            ["168h", "24h", 524288],
        );
    });

    it("give the scrape jobs their environment's limits", () => {
        const { scrape_configs: jobs } = YAML.parse(find(render(), "scrape/loadtest.yml"));
        assert.deepEqual(
            jobs.map((job: Record<string, unknown>) => [job.job_name, job.sample_limit, job.target_limit]),
            [
                ["loadtest/application", 2000, 20],
                ["loadtest/host", 2000, 20],
                ["loadtest/agent", 2000, 20],
            ],
        );
    });

    it("give Grafana a data source over all environments, and one for each, linked among themselves", () => {
        const { datasources } = YAML.parse(renderDatasources(["prod", "dev", "loadtest"]));
        // eslint-disable-next-line @typescript-eslint/no-explicit-any
        const byUid = Object.fromEntries(datasources.map((each: any) => [each.uid, each]));
        assert.deepEqual(Object.keys(byUid), [
            "prometheus",
            "loki",
            "loki-dev",
            "loki-loadtest",
            "loki-prod",
            "tempo",
            "tempo-dev",
            "tempo-loadtest",
            "tempo-prod",
        ]);
        assert.deepEqual(byUid.loki.secureJsonData, { httpHeaderValue1: "dev|loadtest|prod" });
        assert.deepEqual(byUid["tempo-prod"].secureJsonData, { httpHeaderValue1: "prod" });
        assert.equal(byUid["tempo-prod"].jsonData.tracesToLogsV2.datasourceUid, "loki-prod");
        assert.equal(byUid["loki-dev"].jsonData.derivedFields[0].datasourceUid, "tempo-dev");
    });
});

describe("the gateway's certificates", () => {
    it("are kept apart from those of an earlier CA, which Caddy would go on using", () => {
        const store = (caCertificate: string) =>
            /storage file_system "(.*)"/.exec(find(render({ tls: { mode: "ca", caCertificate, caPrivateKey: "k" } }), "Caddyfile"))?.[1];
        assert.match(String(store("one")), /^\/data\/ca-[0-9a-f]{12}$/);
        assert.equal(store("one"), store("one\n"));
        assert.notEqual(store("one"), store("two"));
    });
});

describe("the gateway's address", () => {
    it("follows the mode of TLS", () => {
        assert.equal(planGatewayUrl(sampleServices()), "https://10.0.0.5:8080");
        assert.equal(planGatewayUrl(sampleServices({ port: 443, tls: { mode: "acme", domain: "m.example.com" } })), "https://m.example.com:443");
        assert.equal(planGatewayUrl(sampleServices({ address: "fd00::5", tls: { mode: "off" } })), "http://[fd00::5]:8080");
        assert.deepEqual(planSiteAddresses(sampleServices({ address: "fd00::5", names: ["localhost"] })), [
            "https://[fd00::5]:8080",
            "https://localhost:8080",
            "https://127.0.0.1:8080",
            "https://gateway:8080",
        ]);
    });

    it("comes with the CA that agents must be given, where there is one", () => {
        assert.match(planGatewayCa(sampleServices().tls), /BEGIN CERTIFICATE/);
        assert.equal(planGatewayCa({ mode: "acme", domain: "m.example.com" }), "");
        assert.equal(planGatewayCa({ mode: "provided", certificate: "c", privateKey: "k", trustedCa: "T" }), "T\n");
    });
});

/** Each text that a user can give, and how the program that reads the file sees it. */
const RENDERED: Record<string, (value: string) => unknown> = {
    "prometheus retention": (value) =>
        YAML.parse(renderTemplate("prometheus/prometheus.yml", { revision: "x", metricsRetention: value, metricsSize: "1GB", registeredScrapeFiles: "x" }))
            .storage.tsdb.retention.time,
    "prometheus size": (value) =>
        YAML.parse(renderTemplate("prometheus/prometheus.yml", { revision: "x", metricsRetention: "1d", metricsSize: value, registeredScrapeFiles: "x" }))
            .storage.tsdb.retention.size,
    "loki tenant": (value) =>
        Object.keys(
            YAML.parse(renderTemplate("loki/runtime.yml", { environments: [{ name: value, logRate: 1, logBurst: 2, maxLogStreams: 3, foreign: "x", logRetention: "1d" }] }))
                .overrides,
        )[0],
    "loki retention": (value) =>
        YAML.parse(renderTemplate("loki/runtime.yml", { environments: [{ name: "a", logRate: 1, logBurst: 2, maxLogStreams: 3, foreign: "x", logRetention: value }] }))
            .overrides.a.retention_period,
    "tempo tenant": (value) =>
        Object.keys(
            YAML.parse(
                renderTemplate("tempo/overrides.yml", {
                    environments: [{ name: value, traceRateBytes: 1, traceBurstBytes: 2, maxSpanMetricSeries: 4, traceRetention: "1h" }],
                }),
            ).overrides,
        )[0],
    "grafana tenants": (value) =>
        YAML.parse(renderTemplate("grafana/datasources.yml", { metricsUrl: "http://x", logsUrl: "http://x", tracesUrl: "http://x", lokis: [{ name: "a", uid: "b", tempo: "c", tenants: value }], tempos: [] })).datasources[1]
            .secureJsonData.httpHeaderValue1,
    "grafana data source": (value) =>
        YAML.parse(renderTemplate("grafana/datasources.yml", { metricsUrl: "http://x", logsUrl: "http://x", tracesUrl: "http://x", lokis: [], tempos: [{ name: value, uid: "b", loki: "c", tenants: "t" }] })).datasources[1].name,
};

describe("hostile strings", () => {
    for (const [where, parse] of Object.entries(RENDERED)) {
        it(`arrive unharmed as ${where}`, () => {
            fc.assert(
                fc.property(hostileString(), (value) => {
                    assert.equal(parse(value), value);
                }),
                { numRuns: 150 },
            );
        });
    }

    it("arrive unharmed in a Caddyfile, or are refused", () => {
        fc.assert(
            fc.property(hostileString(), (value) => {
                let text: string;
                try {
                    text = renderTemplate("gateway/Caddyfile", caddyView(value));
                } catch (error) {
                    return assert.match(String(error), /cannot carry/);
                }
                const line = text.split("\n").filter((each) => each.includes("header Authorization"));
                assert.equal(line.length, 1);
                const [, token] = /^\t\theader Authorization "((?:[^"\\]|\\.)*)"$/s.exec(line[0]) ?? assert.fail(line[0]);
                assert.equal(token.replace(/\\(["{}])/g, "$1"), value);
            }),
            { numRuns: 200 },
        );
    });

    it("arrive unharmed in grafana.ini, or are refused", () => {
        fc.assert(
            fc.property(hostileString(), (value) => {
                let text: string;
                try {
                    text = renderTemplate("grafana/grafana.ini", { rootUrl: value, cookieSecure: true, responseBytes: 1 });
                } catch (error) {
                    return assert.match(String(error), /cannot carry/);
                }
                assert.equal(parseIni(text)["server.root_url"], value);
            }),
            { numRuns: 200 },
        );
    });

    it("are either refused as arguments, or rendered into files that parse", () => {
        const fields: ((value: string) => Partial<KnownServicesArgs>)[] = [
            (address) => ({ address }),
            (name) => ({ names: [name] }),
            (domain) => ({ tls: { mode: "acme", domain } }),
            (email) => ({ tls: { mode: "acme", domain: "a.example", email } }),
            (token) => ({ environments: { a: { token, registrationKeys: [PUBLIC_KEY], cidrs: ["10.0.0.0/8"] } }, ownEnvironment: "a", logRules: {} }),
            (name) => ({ environments: { [name]: sampleServices().environments.prod }, ownEnvironment: name, logRules: {} }),
            (file) => ({ dashboards: { [file]: '{"uid":"own","title":"Own"}' } }),
            (file) => ({ dataSources: { [file]: "datasources: []" } }),
            (file) => ({ rules: { [file]: "groups: []" } }),
            (file) => ({ logRules: { [file]: "groups: []" } }),
            (logs) => ({ retention: { logs } }),
            (metricsSize) => ({ retention: { metricsSize } }),
            (agentBuffer) => ({ agentBuffer }),
            (url) => ({ alerting: { page: [{ kind: "webhook", url }] } }),
            (runbookUrl) => ({ alerting: { runbookUrl } }),
            (alert) => ({ withoutAlerts: [alert] }),
            (grafanaAdminPassword) => ({ grafanaAdminPassword }),
            (dataDirectory) => ({ dataDirectory }),
            (loki) => ({ images: { loki } }),
            (registry) => ({ registry }),
        ];
        fc.assert(
            fc.property(fc.constantFrom(...fields), hostileString(), (field, value) => {
                const args = sampleServices(field(value));
                if (validateMonitoringServices({ ...args, machine: {} }).length > 0) return;
                for (const { path, content } of planServiceBundle(args).files)
                    if (/\.ya?ml$/.test(path)) assert.deepEqual(YAML.parseDocument(content).errors, []);
            }),
            { numRuns: 400 },
        );
    });
});

function caddyView(token: string): object {
    return {
        port: 8080,
        store: "/data",
        address: "a",
        autoHttps: "",
        tlsOn: true,
        ownCa: false,
        publicName: false,
        strictHosts: false,
        email: false,
        siteAddresses: "",
        tlsDirective: "",
        pushPath: "/prometheus/api/v1/write",
        environments: [{ name: "a", relay: false, bearer: token, previousBearer: false }],
    };
}

describe("planBudget", () => {
    it("gives the smallest host what was measured", () => {
        const limits = Object.fromEntries(Object.entries(planBudget()).map(([name, { limitMiB }]) => [name, limitMiB]));
        assert.deepEqual(limits, { gateway: 88, alertmanager: 40, "node-exporter": 28, prometheus: 320, loki: 338, tempo: 400, grafana: 260 });
    });

    it("fits every host that is allowed, with room for the system, and grows with it", () => {
        fc.assert(
            fc.property(fc.integer({ min: 1500, max: 64000 }), (memory) => {
                const budget = planBudget(memory);
                const total = Object.values(budget).reduce((sum, { limitMiB }) => sum + limitMiB, 0);
                assert.ok(total <= memory - 366);
                for (const { limitMiB, goMemLimitMiB } of Object.values(budget)) assert.ok(goMemLimitMiB < limitMiB && goMemLimitMiB > 0);
                for (const [name, { limitMiB }] of Object.entries(planBudget(memory + 100))) assert.ok(limitMiB >= budget[name].limitMiB);
            }),
        );
    });

    it("is explained line by line, and the lines add up to the host's memory", () => {
        for (const memory of [1840, 3686]) {
            const rows = explainBudget(memory);
            assert.equal(rows.reduce((sum, { limitMiB }) => sum + limitMiB, 0), memory);
            for (const { service, why } of rows) assert.ok(why, service);
        }
    });

    it("knows that a kernel has less than its instance type is sold with", () => {
        assert.deepEqual([usableMiB(2048), usableMiB(4096)], [1840, 3680]);
    });

    it("refuses a host that is too small", () => {
        assert.equal(validateMemory("memoryMiB", 1024).length, 1);
        assert.equal(validateMemory("memoryMiB", 1840).length, 0);
    });
});

describe("retention", () => {
    it("fills in what is not said", () => {
        assert.deepEqual(planRetention({ logs: "3d", traces: undefined }), { metrics: "15d", metricsSize: "8GB", logs: "3d", traces: "7d" });
    });

    it("is checked", () => {
        assert.deepEqual(
            validateRetention({ metrics: "15 days", metricsSize: "8", logs: "2h", traces: "0d" }).map(({ path }) => path),
            ["metrics", "metricsSize", "logs", "traces"],
        );
        assert.deepEqual([durationHours("72h"), durationHours("2w"), durationHours("1y")], [72, 336, 8760]);
    });
});
