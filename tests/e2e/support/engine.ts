import { spawnSync } from "node:child_process";
import * as fs from "node:fs";
import * as path from "node:path";
import { gunzipSync } from "node:zlib";
import { LocalWorkspace, Stack } from "@pulumi/pulumi/automation";
import { parse, stringify } from "yaml";
import { findPart } from "../../support/parts";
import { exec } from "./exec";
import { PROJECT, temporaryDirectory } from "./state";

/** What a run of the engine did. */
export interface Run {
    ok: boolean;
    /** Everything that it printed, stdout and stderr in order. */
    output: string;
    seconds: number;
    /** Resources by what was done to them: `create`, `update`, `replace`, `delete`, `same`… */
    changes: Record<string, number>;
    /** The stack's outputs after an `up`. Secrets in plain text. */
    outputs: Record<string, unknown>;
}

const PLUGINS = ["command", "docker", "random", "tls"];

/** The parts of the engine that are missing: the CLI, and plugins that are neither on PATH nor installed nor to be fetched. */
export function lackingEngine(): string[] {
    const programs = ["pulumi", "pulumi-language-nodejs"].filter((name) => !findPart(name));
    if (programs.length > 0) return programs;
    const canFetch = (name: string) =>
        spawnSync("pulumi", ["plugin", "install", "resource", name, versionOf(name)], { stdio: "ignore", timeout: 300_000 }).status === 0;
    return PLUGINS.filter((name) => !findPart(`pulumi-resource-${name}`) && !canFetch(name)).map((name) => `pulumi-resource-${name}`);
}

function versionOf(plugin: string): string {
    return (JSON.parse(fs.readFileSync(path.join(PROJECT, "node_modules", "@pulumi", plugin, "package.json"), "utf8")) as { version: string }).version;
}

/** What a checkout has that `pulumi up` needs. */
const FILES = ["Pulumi.yaml", "index.ts", "package.json", "package-lock.json", "tsconfig.json", "components", "stacks", "templates", "dashboards", "tools"];

/** What the stacks of one test have in common: where the state is and who may read it. */
export interface EngineOptions {
    /** @default a new directory */
    stateDirectory?: string;
    /** @default "correct horse" */
    passphrase?: string;
    /** What is checked out. @default this project */
    project?: string;
    /** Variables for each run beside the usual ones. @default {} */
    env?: Record<string, string>;
}

/** A checkout of the project in a directory of its own, with a state on files, run by the real engine through the Automation API. */
export class Engine {
    readonly directory = temporaryDirectory("checkout");

    private constructor(
        readonly state: string,
        private readonly passphrase: string,
        private readonly project: string,
        private readonly more: Record<string, string>,
    ) {}

    static create({ stateDirectory = temporaryDirectory("state"), passphrase = "correct horse", project = PROJECT, env = {} }: EngineOptions = {}): Engine {
        const engine = new Engine(stateDirectory, passphrase, project, env);
        for (const file of FILES) {
            if (fs.existsSync(path.join(project, file))) fs.cpSync(path.join(project, file), path.join(engine.directory, file), { recursive: true });
        }
        fs.symlinkSync(path.join(PROJECT, "node_modules"), path.join(engine.directory, "node_modules"));
        return engine;
    }

    /** Another checkout, with nothing that a run left in this one but what a user commits: the stacks' config files. */
    freshClone(passphrase = this.passphrase): Engine {
        const clone = Engine.create({ stateDirectory: this.state, passphrase, project: this.project, env: this.more });
        for (const file of fs.readdirSync(this.directory).filter((name) => /^Pulumi\..+\.yaml$/.test(name)))
            fs.copyFileSync(path.join(this.directory, file), path.join(clone.directory, file));
        return clone;
    }

    /** Variables that every run gets, for a CLI run by hand too. */
    get env(): Record<string, string> {
        return {
            PULUMI_BACKEND_URL: `file://${this.state}`,
            PULUMI_CONFIG_PASSPHRASE: this.passphrase,
            PULUMI_SKIP_UPDATE_CHECK: "true",
            // Plugins on PATH are used as they are; where there are none, Pulumi fetches the pinned ones.
            ...(findPart("pulumi-resource-command") ? { PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION: "true" } : {}),
            ...this.more,
        };
    }

    /**
     * A stack with its config.
     *
     * @param config sections as they stand in `Pulumi.<stack>.yaml`, without the project's prefix
     * @param secrets path to value, e.g. `was[0].ssh.privateKey`; encrypted as `pulumi config set --secret --path` does
     */
    async stack(name: string, config: Record<string, unknown>, secrets: Record<string, string> = {}): Promise<EngineStack> {
        const stack = await this.open(name);
        await stack.configure(config, secrets);
        return stack;
    }

    /** A stack as it is configured already. */
    async open(name: string): Promise<EngineStack> {
        const stack = await Stack.createOrSelect(name, await LocalWorkspace.create({ workDir: this.directory, envVars: this.env }));
        return new EngineStack(this, name, stack);
    }

    /** Runs the CLI, or a script of the project, in the checkout. */
    run(program: string, args: string[]): Promise<string> {
        return exec(program, args, { cwd: this.directory, env: this.env });
    }

    /** Removes the checkout; the state stays. */
    remove(): void {
        fs.rmSync(this.directory, { recursive: true, force: true });
    }

    removeState(): void {
        fs.rmSync(this.state, { recursive: true, force: true });
    }
}

/** One stack. A run that fails is no exception: `ok` says so, and `output` why. */
export class EngineStack {
    constructor(
        private readonly engine: Engine,
        readonly name: string,
        private readonly stack: Stack,
    ) {}

    private get file(): string {
        return path.join(this.engine.directory, `Pulumi.${this.name}.yaml`);
    }

    /** Replaces the whole config. */
    async configure(config: Record<string, unknown>, secrets: Record<string, string> = {}): Promise<void> {
        const project = (parse(fs.readFileSync(path.join(this.engine.directory, "Pulumi.yaml"), "utf8")) as { name: string }).name;
        const before = fs.existsSync(this.file) ? (parse(fs.readFileSync(this.file, "utf8")) as Record<string, unknown> | null) : null;
        const values = Object.fromEntries(Object.entries(config).map(([key, value]) => [`${project}:${key}`, value]));
        fs.writeFileSync(this.file, stringify({ ...before, config: values }));
        const entries = Object.entries(secrets).map(([key, value]) => [`${project}:${key}`, { value, secret: true }] as const);
        if (entries.length > 0) await this.stack.setAllConfig(Object.fromEntries(entries), true);
    }

    /** `pulumi up`, by default with `--continue-on-error`, as the README and our scripts have it. */
    up(options: { continueOnError?: boolean } = {}): Promise<Run> {
        return this.capture(async (sink) => {
            const { summary, outputs } = await this.stack.up({ ...sink, continueOnError: options.continueOnError ?? true });
            return {
                changes: summary.resourceChanges,
                outputs: Object.fromEntries(Object.entries(outputs).map(([key, { value }]) => [key, value as unknown])),
            };
        });
    }

    preview(options: { diff?: boolean } = {}): Promise<Run> {
        return this.capture(async (sink) => ({ changes: (await this.stack.preview({ ...sink, diff: options.diff })).changeSummary }));
    }

    refresh(): Promise<Run> {
        return this.capture(async (sink) => ({ changes: (await this.stack.refresh(sink)).summary.resourceChanges }));
    }

    destroy(options: { continueOnError?: boolean; excludeProtected?: boolean } = {}): Promise<Run> {
        const { continueOnError = true, excludeProtected = false } = options;
        return this.capture(async (sink) => ({ changes: (await this.stack.destroy({ ...sink, continueOnError, excludeProtected })).summary.resourceChanges }));
    }

    async outputs(): Promise<Record<string, unknown>> {
        return Object.fromEntries(Object.entries(await this.stack.outputs()).map(([key, { value }]) => [key, value as unknown]));
    }

    /** Everything of the stack that lies in the backend, history and backups too: what a reader without the passphrase sees. */
    async state(): Promise<string> {
        const files = fs
            .readdirSync(this.engine.state, { recursive: true, encoding: "utf8" })
            .filter((file) => file.split(path.sep).some((part) => part.split(".")[0] === this.name));
        return files
            .map((file) => path.join(this.engine.state, file))
            .filter((file) => fs.statSync(file).isFile())
            .map((file) => (file.endsWith(".gz") ? gunzipSync(fs.readFileSync(file)).toString() : fs.readFileSync(file, "utf8")))
            .join("\n");
    }

    private async capture(
        run: (sink: { onOutput: (text: string) => void; onError: (text: string) => void }) => Promise<{ changes?: object; outputs?: Record<string, unknown> }>,
    ): Promise<Run> {
        let output = "";
        const collect = (text: string) => {
            output += text;
            if (process.env.E2E_VERBOSE) process.stderr.write(text);
        };
        const start = performance.now();
        const done = (rest: Pick<Run, "ok" | "changes" | "outputs">): Run => ({ ...rest, output, seconds: (performance.now() - start) / 1000 });
        try {
            const { changes = {}, outputs = {} } = await run({ onOutput: collect, onError: collect });
            return done({ ok: true, changes: { ...changes } as Record<string, number>, outputs });
        } catch (error) {
            output += `\n${(error as Error).message}`;
            return done({ ok: false, changes: {}, outputs: {} });
        }
    }
}

/** The run, which must have succeeded. @throws Error with what it printed */
export function succeeded(run: Run): Run {
    if (!run.ok) throw new Error(run.output);
    return run;
}

/** How many resources a run would change or did change; 0 is "no change". @throws Error where it failed */
export function changed(run: Run): number {
    const { changes } = succeeded(run);
    return Object.entries(changes).reduce((sum, [operation, count]) => sum + (operation === "same" || operation === "read" ? 0 : count), 0);
}
