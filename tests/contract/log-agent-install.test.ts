import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import * as fs from "node:fs";
import { LogAgent, LogAgentArgs, LogAgentUserDataArgs } from "../../components/log-agent";
import { AgentHost } from "../support/agent-host";
import { part } from "../support/parts";
import { freePorts } from "../support/running";
import { sampleAgent, TOKEN } from "../support/log-agent";

describe("log agent's installation with a real shell and a real Alloy", function () {
    this.timeout(120_000);
    let alloy = "";
    let host: AgentHost;
    let args: LogAgentArgs;

    before(async function () {
        alloy = part(this, "alloy");
        host = new AgentHost();
        const [http, otlp] = await freePorts(2);
        args = sampleAgent({
            artifact: { version: "1.0.0", url: `file://${alloy}` }, otlp: { port: otlp }, logs: { files: [`${host.root}/logs/*.log`] },
            gateway: { url: "http://127.0.0.1:9", ca: "", token: TOKEN }, hostMetrics: { enabled: false, port: http, password: "", certificate: "", privateKey: "" },
        });
    });
    after(() => host?.end());

    it("a wrong checksum or a missing download is one clear error with the address, and nothing is installed", async () => {
        const wrong = { ...args, artifact: { ...args.artifact!, sha256: { amd64: "0".repeat(64), arm64: "0".repeat(64) } } };
        await host.fail(wrong, /the download file:\/\/\S+ has the SHA-256 [0-9a-f]{64}, expected 0{64}/);
        await host.fail({ ...args, artifact: { version: "1.0.0", url: "file:///no/such/alloy.zip" } }, /cannot download file:\/\/\/no\/such\/alloy.zip/);
        assert.deepEqual(host.left().filter((file) => file.startsWith("usr/")), []);
    });
    it("installs the program, makes the user, and starts the unit", async () => {
        await host.succeed(args);
        assert.ok(process.kill(host.pid, 0));
        assert.match(host.read("users"), /--system .*photogather-log-agent/);
        assert.match(host.read("calls"), /enable photogather-log-agent.service/);
        assert.equal(fs.statSync(`${host.root}/etc/photogather-monitoring/log-agent/token`).mode & 0o777, 0o640);
    });
    it("a second run changes nothing", async () => {
        const { pid } = host;
        await host.succeed(args);
        assert.equal(host.pid, pid);
        assert.equal(host.restarts(), 1);
    });
    it("a changed configuration is reloaded, not restarted", async () => {
        const { pid } = host;
        await host.succeed({ ...args, labels: { team: "pay" } });
        assert.match(host.running(), /team = "pay"/);
        assert.equal(host.pid, pid);
        assert.equal(host.restarts(), 1);
    });
    it("a configuration that Alloy refuses stays out, its reason is the error, and Alloy goes on with the one before", async () => {
        const before = host.running();
        const { pid } = host;
        // Accepted by JavaScript's expressions, refused by RE2.
        await host.fail({ ...args, redactions: { bad: "x{2000}" } }, /Alloy refuses the configuration, the one before stays: .*(invalid repeat count|repetition|repeat)/s);
        assert.equal(host.running(), before);
        assert.equal(host.pid, pid);
        await host.succeed(args);
        assert.equal(host.restarts(), 1);
    });
    it("a killed agent, a removed program and a removed unit are put right by the next run", async () => {
        process.kill(host.pid, "SIGKILL");
        fs.rmSync(`${host.root}/usr/local/lib/photogather-monitoring/alloy-1.0.0`, { recursive: true });
        fs.rmSync(`${host.root}/etc/systemd/system/photogather-log-agent.service`);
        await host.succeed(args);
        assert.ok(process.kill(host.pid, 0));
    });
    it("another version replaces the program and restarts", async () => {
        const { pid } = host;
        await host.succeed({ ...args, artifact: { version: "1.0.1", url: `file://${alloy}` } });
        assert.notEqual(host.pid, pid);
        assert.deepEqual(fs.readdirSync(`${host.root}/usr/local/lib/photogather-monitoring`), ["alloy-1.0.1"]);
    });
    it("an agent that does not start is an error with its own words", async () => {
        host.program("false-alloy", '#!/bin/sh\n[ "$1" = --version ] || [ "$1" = validate ] || { echo "Error: no room on device"; exit 1; }\n');
        await host.fail({ ...args, artifact: { version: "0.0.0", url: `file://${host.root}/bin/false-alloy` } }, /Alloy does not become ready: .*no room on device/s);
    });
    it("removal leaves nothing", async () => {
        await host.succeed(args);
        const { pid } = host;
        const { status, stderr } = await host.run(args, "delete");
        assert.equal(status, 0, stderr);
        assert.throws(() => process.kill(pid, 0));
        assert.deepEqual(host.left(), []);
        assert.equal((await host.run(args, "delete")).status, 0);
    });
});

describe("log agent by user data, with a real shell and a real Alloy", function () {
    this.timeout(120_000);
    let host: AgentHost;
    let args: LogAgentUserDataArgs;

    before(async function () {
        const alloy = part(this, "alloy");
        host = new AgentHost();
        const [http, otlp] = await freePorts(2);
        fs.writeFileSync(`${host.root}/token`, `${TOKEN}\n`);
        fs.writeFileSync(`${host.root}/given.jar`, "a jar");
        args = {
            environment: "prod", application: "shop", gateway: { url: "http://127.0.0.1:9", ca: "", token: "none-of-these-0123456789" }, hostCommand: "echo i-0123456789abcdef0", tokenCommand: `cat ${host.root}/token`,
            artifact: { version: "1.0.0", url: `file://${alloy}` }, otlp: { port: otlp }, logs: { files: [`${host.root}/logs/*.log`] }, hostMetrics: { enabled: false, port: http, password: "", certificate: "", privateKey: "" },
            javaAgents: [{ application: "shop", instance: "", environment: "prod", version: "1.0.0", url: `file://${host.root}/given.jar`, sha256: createHash("sha256").update("a jar").digest("hex") }],
        };
    });
    after(() => host?.end());
    const userData = (change: Partial<LogAgentUserDataArgs> = {}) => new Promise<string>((resolve) => LogAgent.userData({ ...args, ...change }).apply(resolve));

    it("a host without a name, or whose token cannot be had, says so", async () => {
        const unnamed = host.boot(await userData({ hostCommand: "echo 'no name'" }));
        assert.deepEqual([unnamed.status, unnamed.stderr], [1, 'photogather-monitoring: expected a name of letters, digits, dots, hyphens and underscores for this host, got "no name"\n']);
        const none = host.boot((await userData({ tokenCommand: "echo 'a b'" })));
        assert.deepEqual([none.status, none.stderr], [1, "photogather-monitoring: expected a token of letters, digits, hyphens and underscores\n"]);
    });
    it("boots with its own name and the token that its command has: the agent runs, the Java agent is there", async () => {
        const { status, stderr } = host.boot(await userData());
        assert.equal(status, 0, `${stderr}\n${host.read("journal")}`);
        assert.ok(process.kill(host.pid, 0));
        assert.equal(host.read("etc/photogather-monitoring/log-agent/token"), TOKEN);
        assert.match(host.running(), /instance = "i-0123456789abcdef0"/);
        assert.match(host.read("etc/photogather-monitoring/java-agent/shop.env"), /service\.instance\.id=i-0123456789abcdef0/);
        assert.ok(!host.left().some((file) => host.read(file).includes("-at-boot")), "nothing is left to be filled in");
    });
    it("may be run again", async () => {
        const { pid } = host;
        assert.equal(host.boot(await userData()).status, 0);
        assert.equal(host.pid, pid);
    });
});
