import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { MonitoringHostArgs } from "../../../components/monitoring-host";
import { Result, tryExec } from "../../e2e/support/exec";
import { EMPTY, readWorld, World, WORLD_VARIABLE, writeWorld } from "./world";

const ROOT = path.join(__dirname, "..", "..", "..");
const PROGRAM = `
import * as fs from "node:fs";
import { MonitoringHost } from ${JSON.stringify(path.join(ROOT, "components", "monitoring-host"))};
new MonitoringHost("host", JSON.parse(fs.readFileSync("host.json", "utf8")));
`;

/** A stack with one `MonitoringHost`, run by the real engine on an account that is a file. */
export class Account {
    private readonly directory = fs.mkdtempSync(path.join(os.tmpdir(), "stand-in-aws-"));
    private readonly file = path.join(this.directory, "account.json");

    constructor(private readonly args: MonitoringHostArgs) {
        const write = (name: string, text: string, mode = 0o644) => fs.writeFileSync(path.join(this.directory, name), text, { mode });
        write("Pulumi.yaml", "name: account\nmain: index.ts\nruntime:\n  name: nodejs\n  options:\n    typescript: false\n    nodeargs: --require tsx/cjs\n");
        write("package.json", "{}");
        write("index.ts", PROGRAM);
        fs.symlinkSync(path.join(ROOT, "node_modules"), path.join(this.directory, "node_modules"));
        for (const directory of ["bin", "state"]) fs.mkdirSync(path.join(this.directory, directory));
        // The keys' provider too: what the keys are is no matter here.
        for (const plugin of ["aws", "tls"]) {
            write(`bin/pulumi-resource-${plugin}`, `#!/bin/sh\nexec node --require ${require.resolve("tsx/cjs")} ${path.join(__dirname, "plugin.ts")} "$@"\n`, 0o755);
        }
        writeWorld(this.file, EMPTY);
    }

    get world(): World {
        return readWorld(this.file);
    }

    /** Changes the account from outside the stack. */
    change(act: (world: World) => void): void {
        const { world } = this;
        act(world);
        writeWorld(this.file, world);
    }

    /** `pulumi up` with these arguments beside the first ones. Gives what was asked of AWS. */
    async up(args: Partial<MonitoringHostArgs> = {}, ...flags: string[]): Promise<string[]> {
        const { code, stdout, calls } = await this.tryUp(args, ...flags);
        if (code !== 0) throw new Error(stdout);
        return calls;
    }

    /** The same, whatever comes of it. */
    async tryUp(args: Partial<MonitoringHostArgs> = {}, ...flags: string[]): Promise<Result & { calls: string[] }> {
        fs.writeFileSync(path.join(this.directory, "host.json"), JSON.stringify({ ...this.args, ...args }));
        return this.run("up", "--yes", "--skip-preview", ...flags);
    }

    destroy(...flags: string[]): Promise<Result & { calls: string[] }> {
        return this.run("destroy", "--yes", "--skip-preview", ...flags);
    }

    /** Makes the stack. */
    async init(): Promise<void> {
        await this.run("stack", "init");
    }

    remove(): void {
        fs.rmSync(this.directory, { recursive: true, force: true });
    }

    private async run(...args: string[]): Promise<Result & { calls: string[] }> {
        const { calls: { length } } = this.world;
        const result = await tryExec("pulumi", [...args, "--non-interactive", "--stack", "test"], {
            cwd: this.directory,
            env: {
                PATH: `${path.join(this.directory, "bin")}:${process.env.PATH}`, [WORLD_VARIABLE]: this.file, PULUMI_BACKEND_URL: `file://${path.join(this.directory, "state")}`,
                PULUMI_CONFIG_PASSPHRASE: "correct horse", PULUMI_SKIP_UPDATE_CHECK: "true", PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION: "true",
            },
        });
        return { ...result, calls: this.world.calls.slice(length) };
    }
}
