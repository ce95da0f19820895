import assert from "node:assert/strict";
import { spawnSync, SpawnSyncReturns } from "node:child_process";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { decodeBundle, encodeBundle } from "../../components/bundle";
import { LogAgent, LogAgentArgs } from "../../components/log-agent";
import { record } from "../../tools/offline";
import { sentScripts } from "../support/sent";
import { part } from "../support/parts";
import { freePorts } from "../support/running";
import { sampleAgent, SECRETS, TOKEN } from "../support/log-agent";

/** Does what systemd does for one unit: enough to see what the script asks of it, with the real program. */
const SYSTEMCTL = `#!/bin/sh
echo "$*" >> ROOT/calls
pid=$(cat ROOT/pid 2>/dev/null || echo none)
end() { kill "$pid" 2>/dev/null; while kill -0 "$pid" 2>/dev/null; do sleep 0.1; done; rm -f ROOT/pid; }
case $1 in
  is-active) kill -0 "$pid" 2>/dev/null ;;
  restart) end; sh -c "exec $(sed -n 's/^ExecStart=//p' "ROOT/etc/systemd/system/$2")" >> ROOT/journal 2>&1 </dev/null & echo $! > ROOT/pid ;;
  disable) end ;;
esac
`;

/** A host below a directory: the very commands that Pulumi would run, with their paths moved there. */
class Host {
    readonly root = fs.mkdtempSync(path.join(os.tmpdir(), "agent-host-"));
    private readonly owner = `${os.userInfo().uid}:${os.userInfo().gid}`;

    constructor() {
        this.program("systemctl", SYSTEMCTL);
        this.program("journalctl", "#!/bin/sh\ncat ROOT/journal\n");
        this.program("useradd", '#!/bin/sh\necho "$*" >> ROOT/users\n');
        this.program("docker", "#!/bin/sh\nexit 1\n");
    }

    program(name: string, text: string): void {
        fs.mkdirSync(`${this.root}/bin`, { recursive: true });
        fs.writeFileSync(`${this.root}/bin/${name}`, text.replaceAll("ROOT", this.root), { mode: 0o755 });
    }

    private moved(text: string): string {
        return text.replaceAll("echo sudo -n", "echo")
            .replaceAll(/(root|photogather-log-agent):photogather-log-agent/g, this.owner)
            .replaceAll(/(?<![\w.-])\/(etc|var\/lib|usr\/local\/lib)\/(photogather-monitoring|systemd)/g, `${this.root}/$1/$2`);
    }

    async run(args: LogAgentArgs, script: "create" | "delete" = "create"): Promise<SpawnSyncReturns<string>> {
        const [, command] = await record(() => new LogAgent("agent", args));
        const scripts = sentScripts(command);
        const bundle = decodeBundle(scripts.input)!;
        for (const entry of [...bundle.files, ...bundle.directories]) { entry.path = this.moved(entry.path); entry.owner = this.owner; }
        for (const file of bundle.files) file.content = this.moved(file.content);
        const text = this.moved(scripts[script]);
        assert.ok(![TOKEN, SECRETS.password, "PRIVATE KEY"].some((secret) => text.includes(secret)), "a secret in the command's text");
        const result = spawnSync("sh", ["-c", text], { input: encodeBundle(bundle), encoding: "utf8", env: { ...process.env, PATH: `${this.root}/bin:${process.env.PATH}` } });
        assert.ok(![TOKEN, SECRETS.password, "PRIVATE KEY"].some((secret) => (result.stdout + result.stderr).includes(secret)), "a secret in the command's output");
        return result;
    }

    async succeed(args: LogAgentArgs): Promise<void> {
        const { status, stderr } = await this.run(args);
        assert.equal(status, 0, `${stderr}\n${this.read("journal")}`);
        assert.equal(stderr, "");
    }

    async fail(args: LogAgentArgs, expected: RegExp): Promise<void> {
        const { status, stderr } = await this.run(args);
        assert.notEqual(status, 0);
        assert.match(stderr, expected);
        assert.equal(stderr.trim().split("\n").length <= 3, true, stderr);
    }

    read(file: string): string { return fs.existsSync(`${this.root}/${file}`) ? fs.readFileSync(`${this.root}/${file}`, "utf8") : ""; }
    /** The agent's process id; never 0, which would mean the test's own process group. */
    get pid(): number {
        const pid = Number(this.read("pid"));
        assert.ok(pid > 1, "the agent does not run");
        return pid;
    }
    running(): string { return this.read("etc/photogather-monitoring/log-agent/running/config.alloy"); }
    /** How often the unit was restarted so far. */
    restarts(): number { return this.read("calls").split("\n").filter((line) => line.startsWith("restart")).length; }

    left(): string[] {
        return fs.readdirSync(this.root, { recursive: true, withFileTypes: true }).filter((entry) => !entry.isDirectory())
            .map((entry) => path.relative(this.root, path.join(entry.parentPath, entry.name))).filter((file) => !/^(bin\/|calls$|users$|journal$)/.test(file));
    }

    end(): void {
        try { process.kill(this.pid, "SIGKILL"); } catch { /* it is gone */ }
        fs.rmSync(this.root, { recursive: true, force: true });
    }
}

describe("log agent's installation with a real shell and a real Alloy", function () {
    this.timeout(120_000);
    let alloy = "";
    let host: Host;
    let args: LogAgentArgs;

    before(async function () {
        alloy = part(this, "alloy");
        host = new Host();
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
