import assert from "node:assert/strict";
import { spawnSync, SpawnSyncReturns } from "node:child_process";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { gunzipSync } from "node:zlib";
import { decodeBundles, encodeBundle } from "../../components/bundle";
import { LogAgent, LogAgentArgs } from "../../components/log-agent";
import { record, Registration } from "../../tools/offline";
import { SECRETS, TOKEN } from "./log-agent-samples";
import { sentScripts } from "./sent";

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

/** A WAS host below a directory: the very commands that Pulumi would run, with their paths moved there. */
export class AgentHost {
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
        return this.send(command, script);
    }

    /** What the command would send, with the host's own paths. */
    send(command: Registration, script: "create" | "delete" = "create"): SpawnSyncReturns<string> {
        const scripts = sentScripts(command);
        const text = this.moved(scripts[script]);
        assert.ok(![TOKEN, SECRETS.password, "PRIVATE KEY"].some((secret) => text.includes(secret)), "a secret in the command's text");
        const result = spawnSync("sh", ["-c", text], { input: this.movedBundles(scripts.input), encoding: "utf8", env: { ...process.env, PATH: `${this.root}/bin:${process.env.PATH}` } });
        assert.ok(![TOKEN, SECRETS.password, "PRIVATE KEY"].some((secret) => (result.stdout + result.stderr).includes(secret)), "a secret in the command's output");
        return result;
    }

    /** Boots with user data: runs what cloud-init would. */
    boot(userData: string): SpawnSyncReturns<string> {
        const script = gunzipSync(Buffer.from(userData, "base64")).toString("utf8");
        const moved = this.moved(script).replace(/(?<=cat <<'END-OF-THE-FILES'\n)[^]*(?=\nEND-OF-THE-FILES)/, (input) => this.movedBundles(`${input}\n`).trimEnd());
        return spawnSync("sh", ["-c", moved], { encoding: "utf8", env: { ...process.env, PATH: `${this.root}/bin:${process.env.PATH}` } });
    }

    /** Bundles as they are sent, with the host's own paths. */
    private movedBundles(input: string): string {
        const bundles = decodeBundles(input);
        for (const entry of bundles.flatMap(({ files, directories }) => [...files, ...directories])) { entry.path = this.moved(entry.path); entry.owner = this.owner; }
        for (const file of bundles.flatMap(({ files }) => files)) file.content = this.moved(file.content);
        return bundles.map(encodeBundle).join("");
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
