import assert from "node:assert/strict";
import * as fc from "fast-check";
import { LogAgentArgs } from "../../components/log-agent";
import { NOTHING_EXTERNAL, renderAlloyConfig } from "../../components/log-agent/alloy";
import { planBundle } from "../../components/log-agent/bundle";
import { KnownExternal } from "../../components/log-agent/external";
import { planMounts } from "../../components/log-agent/install";
import { planLogAgent } from "../../components/log-agent/plan";
import { validateLogAgent } from "../../components/log-agent/validate";
import { parseConfig } from "../../stacks/config";
import { matchesGolden } from "../support/golden";
import { hostileString } from "../support/hostile";
import { alloyStrings, sampleAgent, TOKEN } from "../support/log-agent-samples";

const CA = "-----BEGIN CERTIFICATE-----\nRVhU\n-----END CERTIFICATE-----\n";
const GATEWAY = { url: "https://10.0.0.5:8080", ca: "", token: TOKEN };
const ENDPOINTS = {
    logs: { url: "https://loki.example.com/otlp", username: "12345", password: "key-of-logs", headers: { "X-Scope-OrgID": "prod" } },
    traces: { url: "https://tempo.example.com:4318/", token: "key-of-traces", ca: CA },
    metrics: { url: "https://mimir.example.com/api/v1/push", username: "12345", password: "key-of-metrics" },
} satisfies LogAgentArgs["external"];
const APPLICATION = { address: "127.0.0.1:8080", username: "prometheus", password: "key-of-application", scheme: "https", ca: CA, serverName: "was-1" };
const known: KnownExternal = { endpoints: ENDPOINTS, passwords: [APPLICATION.password] };

/** An agent that has no gateway, or one beside it. */
const outside = (change: Partial<LogAgentArgs> = {}) => sampleAgent({ gateway: undefined, external: ENDPOINTS, push: { applications: [APPLICATION] }, ...change });
const config = (args: LogAgentArgs, external: KnownExternal = known) => renderAlloyConfig(planLogAgent(args), args.gateway ? { url: GATEWAY.url, hasCa: false } : undefined, external);
const problems = (args: LogAgentArgs) => validateLogAgent(args).map(({ path, message }) => `${path}: ${message}`);

describe("a log agent with external endpoints", () => {
    it("in place of a gateway is as kept under tests/golden", () => {
        for (const { path, content } of planBundle(planLogAgent(outside()), undefined, undefined, known).files) matchesGolden(`log-agent/alloy-external${path}`, content);
    });
    it("beside a gateway sends each line and span to both, each by a queue of its own", () => {
        const text = config(outside({ gateway: GATEWAY }));
        assert.match(text, /logs = \[otelcol\.exporter\.otlphttp\.logs\.input, otelcol\.exporter\.otlphttp\.external_logs\.input\]/);
        assert.match(text, /traces = \[otelcol\.exporter\.otlphttp\.traces\.input, otelcol\.exporter\.otlphttp\.external_traces\.input\]/);
        assert.deepEqual(text.match(/directory {2}= ".*otelcol\.storage\.file\.\w+"/g)!.length, 4);
    });
    it("leaves what there was before as it was, so that no queue is lost when the endpoints come or go", () => {
        const without = config(sampleAgent(), NOTHING_EXTERNAL);
        const blocks = without.match(/otelcol\.storage\.file "\w+" \{[^}]*\{[^}]*\}\n\}/g)!;
        assert.equal(blocks.length, 2);
        for (const block of blocks) assert.ok(config(outside({ gateway: GATEWAY })).includes(block), block);
    });
    it("sends logs by Loki's own way in where the URL is that", () => {
        const logs = { ...ENDPOINTS.logs, url: "https://loki.example.com/loki/api/v1/push" };
        const text = config(outside(), { ...known, endpoints: { ...ENDPOINTS, logs } });
        assert.match(text, /forward_to = \[loki\.write\.external_logs\.receiver\]/);
        assert.doesNotMatch(text, /otelcol\.receiver\.loki/);
    });
    it("signs requests of metrics for AWS on request", () => {
        const metrics = { url: "https://aps-workspaces.ap-northeast-2.amazonaws.com/workspaces/ws-1/api/v1/remote_write", sigv4: { region: "ap-northeast-2", roleArn: "arn:aws:iam::123456789012:role/metrics" } };
        assert.deepEqual(problems(outside({ external: { ...ENDPOINTS, metrics } })), []);
        assert.match(config(outside(), { ...known, endpoints: { ...ENDPOINTS, metrics } }), /sigv4 \{\n {6}region {3}= "ap-northeast-2"\n {6}role_arn = "arn:aws:iam::123456789012:role\/metrics"\n/);
    });
    it("secrets stand alone in files that only root and the agent can read", () => {
        const secrets = ["key-of-logs", "key-of-traces", "key-of-metrics", "key-of-application"];
        const { files } = planBundle(planLogAgent(outside()), undefined, undefined, known);
        for (const secret of secrets) {
            const holders = files.filter(({ content }) => content.includes(secret));
            assert.deepEqual(holders.map(({ content, mode, owner }) => [content, mode, owner]), [[secret, "0640", "root:photogather-log-agent"]]);
        }
    });
    it("a container sees the machine where its metrics are sent", () => {
        const mounts = (args: LogAgentArgs) => planMounts(planLogAgent({ ...args, runtime: "docker" })).filter((mount) => mount.includes("/host/"));
        assert.equal(mounts(outside()).length, 2);
        assert.equal(mounts(outside({ push: { host: false } })).length, 0);
    });
    it("hostile values come back from Alloy's strings as they were", () => {
        fc.assert(fc.property(hostileString(), (value) => {
            const endpoints = { logs: { url: value, username: value, password: "x" }, metrics: { url: value, username: value, password: "x", headers: { [value]: value } } };
            const plan = planLogAgent(outside({ push: { applications: [{ address: value, path: value, username: value, password: "x" }] } }));
            assert.ok(alloyStrings(renderAlloyConfig(plan, undefined, { endpoints, passwords: ["x"] })).filter((text) => text === value).length >= 7);
        }));
    });

    it("bad endpoints are refused, each with its place and its mend", () => {
        const metrics = (change: object) => outside({ external: { ...ENDPOINTS, metrics: { ...ENDPOINTS.metrics, ...change } } });
        for (const [args, expected] of [
            [sampleAgent({ gateway: undefined }), /^gateway: expected it, or external\.logs: logs would go nowhere$/],
            [outside({ external: { logs: ENDPOINTS.logs }, push: undefined, otlp: { enabled: true } }), /^otlp\.enabled: needs gateway or external\.traces/],
            [outside({ external: { ...ENDPOINTS, metrics: undefined } }), /^push\.applications: needs external\.metrics/],
            [outside({ external: { ...ENDPOINTS, traces: { url: "https://tempo.example.com/v1/traces" } } }), /^external\.traces\.url: expected the address without its end, \/v1\/traces, which is added$/],
            [outside({ external: { ...ENDPOINTS, logs: { url: "https://loki.example.com", sigv4: { region: "ap-northeast-2" } } } }), /^external\.logs\.sigv4: is for metrics/],
            [metrics({ url: "mimir.example.com" }), /^external\.metrics\.url: expected a URL/],
            [metrics({ token: "a-token" }), /^external\.metrics: expected one way in/],
            [metrics({ password: undefined }), /^external\.metrics: expected username and password together/],
            [metrics({ headers: { Authorization: "Bearer x" } }), /^external\.metrics\.headers\.Authorization: would stand readable/],
            [metrics({ username: undefined, password: undefined, sigv4: { region: "Seoul" } }), /^external\.metrics\.sigv4\.region: expected a region of AWS/],
            [outside({ push: { applications: [{ address: "8080" }] } }), /^push\.applications\[0\]\.address: expected HOST:PORT/],
            [outside({ push: { applications: [{ address: "127.0.0.1:8080", ca: CA }] } }), /^push\.applications\[0\]\.scheme: expected https/],
            [outside({ agent: "promtail", gateway: GATEWAY, otlp: { enabled: false } }), /^external: expected nothing: Promtail sends to the gateway alone/],
        ] as [LogAgentArgs, RegExp][]) assert.ok(problems(args).some((problem) => expected.test(problem)), `${expected} of ${JSON.stringify(problems(args))}`);
    });
});

describe("a stack with external endpoints", () => {
    const was = [{ name: "was-1", address: "10.0.2.11", application: "shop", ssh: { hostKey: "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIExample" }, logs: { files: ["/var/log/shop.log"] } }];
    const stack = (monitoring: object, more: object = {}) => parseConfig(
        { "photogather-monitoring:monitoring": JSON.stringify(monitoring), "photogather-monitoring:was": JSON.stringify([{ ...was[0], ...more }]) }, "photogather-monitoring", "dev");
    const refused = (run: () => unknown) => { try { run(); } catch (error) { return (error as Error).message; } return ""; };

    it("needs no shared deployment", () => {
        const { owner, member, external } = stack({ external: ENDPOINTS });
        assert.deepEqual([owner, member, external], [undefined, undefined, ENDPOINTS]);
    });
    it("may have both", () => assert.deepEqual(stack({ stack: "prod", external: { metrics: ENDPOINTS.metrics } }).external, { metrics: ENDPOINTS.metrics }));
    it("is refused where a signal would go nowhere, once for all hosts", () => {
        assert.match(refused(() => stack({ external: { metrics: ENDPOINTS.metrics } })), /\n {2}monitoring\.external\.logs: expected an endpoint: without a shared deployment logs would go nowhere\n/);
        assert.match(refused(() => stack({ external: { logs: ENDPOINTS.logs } })), /was\[0\]\.tracing\.enabled: needs gateway or external\.traces/);
        assert.match(refused(() => stack({ stack: "prod", external: {} })), /monitoring\.external: expected at least one of logs, traces and metrics/);
        assert.match(refused(() => stack({ stack: "prod", external: { logs: { url: "loki" } } })), /monitoring\.external\.logs\.url: expected a URL/);
        assert.match(refused(() => stack({ stack: "prod", external: ENDPOINTS }, { agent: "promtail", tracing: { enabled: false }, hostMetrics: { enabled: false } })), /was\[0\]\.agent: expected nothing: Promtail/);
        assert.match(refused(() => stack({ external: ENDPOINTS }, { ssh: { hostKey: was[0].ssh.hostKey, throughMonitoring: true } })), /was\[0\]\.ssh\.throughMonitoring: this stack has no monitoring host/);
    });
});
