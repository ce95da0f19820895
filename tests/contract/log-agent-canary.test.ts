import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import * as fs from "node:fs";
import * as net from "node:net";
import { LogAgentArgs } from "../../components/log-agent";
import { JavaAgentSettings, OtelJavaAgent } from "../../components/otel-java-agent";
import { record } from "../../tools/offline";
import { AgentHost } from "../support/agent-host";
import { sampleAgent, TOKEN } from "../support/log-agent";
import { part } from "../support/parts";
import { freePorts } from "../support/running";

describe("one command for the log agent and the Java agent, with a real shell and a real Alloy", function () {
    this.timeout(240_000);
    let host: AgentHost;
    let args: LogAgentArgs;
    let javaAgent: JavaAgentSettings;
    const environment = (application: string) => host.read(`etc/photogather-monitoring/java-agent/${application}.env`);
    const jars = () => host.left().filter((file) => file.endsWith(".jar") && file.startsWith("usr/"));

    before(async function () {
        const alloy = part(this, "alloy");
        host = new AgentHost();
        const [http, otlp] = await freePorts(2);
        fs.writeFileSync(`${host.root}/bin/given.jar`, "a jar");
        javaAgent = {
            application: "shop", instance: "was-1", environment: "prod", version: "1.0.0", url: `file://${host.root}/bin/given.jar`,
            sha256: createHash("sha256").update("a jar").digest("hex"), systemdService: "shop",
        };
        args = sampleAgent({
            host: "was-1", artifact: { version: "1.0.0", url: `file://${alloy}` }, otlp: { port: otlp }, logs: { files: [`${host.root}/logs/*.log`] },
            gateway: { url: "http://127.0.0.1:9", ca: "", token: TOKEN }, hostMetrics: { enabled: false, port: http, password: "", certificate: "", privateKey: "" },
        });
    });
    after(() => host?.end());

    it("takes over from a command of the Java agent's own, whose removal then leaves the files alone", async () => {
        const [, before] = await record(() => new OtelJavaAgent("agent", { ...javaAgent, machine: {} }));
        assert.equal(host.send(before).status, 0);
        assert.match(environment("shop"), /-javaagent:/);
        await host.succeed({ ...args, javaAgents: [javaAgent] });
        assert.ok(host.pid > 1);
        assert.equal(host.send(before, "delete").status, 0);
        assert.match(environment("shop"), /-javaagent:/);
        assert.equal(jars().length, 1);
    });
    it("says what the Java agent's part says, and leaves the log agent in order", async () => {
        await host.fail({ ...args, javaAgents: [{ ...javaAgent, sha256: "0".repeat(64) }] }, /the Java agent from \S+ has the SHA-256/);
        await host.succeed({ ...args, javaAgents: [javaAgent] });
    });
    it("an application of another name leaves nothing of the one before; without a Java agent nothing of it is left", async () => {
        await host.succeed({ ...args, javaAgents: [{ ...javaAgent, application: "pay", systemdService: undefined }] });
        assert.deepEqual([environment("shop"), host.read("etc/systemd/system/shop.service.d/photogather-otel.conf"), jars().length], ["", "", 1]);
        assert.match(environment("pay"), /OTEL_SERVICE_NAME=.?pay/);
        await host.succeed(args);
        assert.deepEqual([environment("pay"), jars()], ["", []]);
    });
    it("a canary that is healthy passes", async () => host.succeed({ ...args, canary: true, labels: { team: "pay" } }));
    it("a canary with a part that does not work fails, twice too, and goes on with the configuration before; one command mends it", async () => {
        const before = host.running();
        const taken = net.createServer().listen(0, "127.0.0.1");
        await new Promise((resolve) => taken.once("listening", resolve));
        const bad = { ...args, canary: true, otlp: { port: (taken.address() as net.AddressInfo).port } };
        try {
            for (let i = 0; i < 2; i++) {
                await host.fail(bad, /the canary is not healthy, its configuration before is back: .*otelcol\.receiver\.otlp/);
                assert.equal(host.running(), before);
            }
        } finally {
            taken.close();
        }
        await host.succeed(bad);
        assert.notEqual(host.running(), before);
    });
    it("a change that takes files away and fails leaves them, so that what runs could start again; the next one takes them", async () => {
        const password = "etc/photogather-monitoring/log-agent/external-logs-password";
        const outside = { ...args, external: { logs: { url: "http://127.0.0.1:9/otlp", username: "a", password: "key-of-logs" } } };
        await host.succeed(outside);
        const before = host.running();
        const taken = net.createServer().listen(0, "127.0.0.1");
        await new Promise((resolve) => taken.once("listening", resolve));
        try {
            await host.fail({ ...args, canary: true, otlp: { port: (taken.address() as net.AddressInfo).port } }, /the canary is not healthy/);
        } finally {
            taken.close();
        }
        assert.deepEqual([host.read(password), host.running()], ["key-of-logs", before]);
        assert.deepEqual(host.left().filter((file) => file.includes(".aside.")), []);
        await host.succeed(args);
        assert.equal(host.read(password), "");
    });
    it("removal leaves nothing", async () => {
        await host.succeed({ ...args, javaAgents: [javaAgent] });
        assert.equal((await host.run({ ...args, javaAgents: [javaAgent] }, "delete")).status, 0);
        assert.deepEqual(host.left(), []);
    });
});
