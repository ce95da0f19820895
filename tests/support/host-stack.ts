import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { MonitoringHostArgs } from "../../components/monitoring-host";
import { Result, tryExec } from "../e2e/support/exec";
import { Account } from "../e2e/support/stand-in-aws/account";

const ROOT = path.join(__dirname, "..", "..");
const PROGRAM = `
import * as fs from "node:fs";
import { MonitoringHost } from ${JSON.stringify(path.join(ROOT, "components", "monitoring-host"))};
new MonitoringHost("host", JSON.parse(fs.readFileSync("host.json", "utf8")));
`;

/** What a run did, and what was asked of AWS. */
export type HostRun = Result & { calls: string[] };

/** A stack with one `MonitoringHost`, run by the real engine on an account of records: nothing boots. */
export class HostStack {
    private readonly directory = fs.mkdtempSync(path.join(os.tmpdir(), "host-stack-"));
    // The keys' provider too: what the keys are is no matter here.
    readonly account = new Account(path.join(this.directory, "account"), ["tls"]);

    constructor(private readonly args: MonitoringHostArgs) {
        const write = (name: string, text: string) => fs.writeFileSync(path.join(this.directory, name), text);
        write("Pulumi.yaml", "name: account\nmain: index.ts\nruntime:\n  name: nodejs\n  options:\n    typescript: false\n    nodeargs: --require tsx/cjs\n");
        write("package.json", "{}");
        write("index.ts", PROGRAM);
        fs.symlinkSync(path.join(ROOT, "node_modules"), path.join(this.directory, "node_modules"));
        fs.mkdirSync(path.join(this.directory, "state"));
    }

    /** `pulumi up` with these arguments beside the first ones. Gives what was asked of AWS. */
    async up(args: Partial<MonitoringHostArgs> = {}, ...flags: string[]): Promise<string[]> {
        const { code, stdout, calls } = await this.tryUp(args, ...flags);
        if (code !== 0) throw new Error(stdout);
        return calls;
    }

    /** The same, whatever comes of it. */
    async tryUp(args: Partial<MonitoringHostArgs> = {}, ...flags: string[]): Promise<HostRun> {
        fs.writeFileSync(path.join(this.directory, "host.json"), JSON.stringify({ ...this.args, ...args }));
        return this.run("up", "--yes", "--skip-preview", ...flags);
    }

    destroy(...flags: string[]): Promise<HostRun> {
        return this.run("destroy", "--yes", "--skip-preview", ...flags);
    }

    /** Makes the stack. */
    async init(): Promise<void> {
        await this.run("stack", "init");
    }

    remove(): void {
        fs.rmSync(this.directory, { recursive: true, force: true });
    }

    private async run(...args: string[]): Promise<HostRun> {
        const { calls: { length } } = this.account.world;
        const result = await tryExec("pulumi", [...args, "--non-interactive", "--stack", "test"], {
            cwd: this.directory,
            env: {
                ...this.account.env, PULUMI_BACKEND_URL: `file://${path.join(this.directory, "state")}`,
                PULUMI_CONFIG_PASSPHRASE: "correct horse", PULUMI_SKIP_UPDATE_CHECK: "true", PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION: "true",
            },
        });
        return { ...result, calls: this.account.world.calls.slice(length) };
    }
}
