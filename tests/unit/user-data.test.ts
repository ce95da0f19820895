import assert from "node:assert/strict";
import { gunzipSync } from "node:zlib";
import * as pulumi from "@pulumi/pulumi";
import { LogAgent, LogAgentUserDataArgs } from "../../components/log-agent";
import { sampleAgent, SECRETS, TOKEN } from "../support/log-agent-samples";

const CA = "-----BEGIN CERTIFICATE-----\nRVhU\n-----END CERTIFICATE-----\n";
const common = (({ machine, host, ...rest }) => { void [machine, host]; return rest; })(sampleAgent());
const args = (change: Partial<LogAgentUserDataArgs> = {}): LogAgentUserDataArgs => ({ ...common, ...change });
const valueOf = <T>(output: pulumi.Output<T>) => new Promise<T>((resolve) => output.apply(resolve));
const scriptOf = async (change: Partial<LogAgentUserDataArgs> = {}) => gunzipSync(Buffer.from(await valueOf(LogAgent.userData(args(change))), "base64")).toString("utf8");

describe("a log agent by user data", () => {
    it("is a secret script for cloud-init, within what EC2 takes", async () => {
        const output = LogAgent.userData(args());
        assert.equal(await (output as unknown as { isSecret: Promise<boolean> }).isSecret, true);
        assert.match(await scriptOf(), /^#!\/bin\/sh\n/);
        const everything = args({
            external: { logs: { url: "https://loki.example.com/otlp", token: "key-of-logs", ca: CA }, traces: { url: "https://tempo.example.com", token: "key-of-traces", ca: CA }, metrics: { url: "https://mimir.example.com/api/v1/push", token: "key-of-metrics", ca: CA } },
            push: { applications: [{ address: "127.0.0.1:8080" }] }, labels: { team: "orders" }, sampling: { percentage: 25 },
            logs: { files: ["/var/log/shop/*.log"], units: ["shop"], containers: ["shop-.*"] }, javaAgents: [{ application: "shop", instance: "", environment: "prod", systemdService: "shop" }],
        });
        assert.ok(Buffer.from(await valueOf(LogAgent.userData(everything)), "base64").length < 16384);
    });
    it("holds no token where a command has it at boot", async () => {
        const base64 = Buffer.from(TOKEN).toString("base64");
        assert.ok((await scriptOf()).includes(base64));
        const script = await scriptOf({ tokenCommand: "aws ssm get-parameter --name /monitoring/prod/token" });
        assert.ok(!script.includes(base64) && script.includes("aws ssm get-parameter --name /monitoring/prod/token"));
        const later = await scriptOf({ gateway: pulumi.output(common.gateway!), tokenCommand: "cat /token" });
        assert.ok(!later.includes(base64));
        // Metrics that are pushed go by the same token; an endpoint of one's own has another, which no command prints.
        const pushed = await scriptOf({ tokenCommand: "cat /token", external: { metrics: pulumi.output({ url: "https://10.0.0.5:8080/prometheus/api/v1/write", token: TOKEN }) } });
        assert.ok(!pushed.includes(base64));
        const own = await scriptOf({ tokenCommand: "cat /token", external: { metrics: { url: "https://mimir.example.com/api/v1/push", token: "key-of-metrics" } } });
        assert.ok(!own.includes(base64) && own.includes(Buffer.from("key-of-metrics").toString("base64")));
    });
    it("is refused where it could not work", () => {
        assert.throws(() => LogAgent.userData(args({ hostMetrics: SECRETS })), /hostMetrics: expected nothing: Prometheus does not know these hosts/);
        assert.throws(() => LogAgent.userData(args({ gateway: undefined, external: { logs: { url: "https://loki.example.com/otlp" } }, tokenCommand: "x" })), /tokenCommand: needs gateway/);
        assert.throws(() => LogAgent.userData(args({ application: "" })), /application: expected a name/);
    });
    it("says by how much it is too large for EC2", async () => {
        // What cannot be compressed.
        const redactions = Object.fromEntries(Array.from({ length: 400 }, (_, i) => [`r${i}`, Array.from({ length: 8 }, (__, j) => Math.sin(i * 8 + j).toString(36).slice(3)).join("")]));
        const output = LogAgent.userData(args({ redactions }));
        await assert.rejects((output as unknown as { promise: () => Promise<string> }).promise(), /is \d{5} bytes, and EC2 takes 16384/);
    });
});
