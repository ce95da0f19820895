import { randomBytes } from "node:crypto";
import * as fs from "node:fs";
import * as path from "node:path";
import { makeKeys } from "./keys";
import { LocalHost, LocalKeys } from "./plan";

/** What of the project `pulumi up` needs. */
const LINKED = ["Pulumi.yaml", "index.ts", "package.json", "tsconfig.json", "components", "stacks", "templates", "dashboards", "node_modules"];

/** What a run leaves for the next: `.local/` in the project's directory. */
export class LocalState {
    readonly directory: string;
    /** Stacks are kept here, as files. */
    readonly backend: string;
    /** In place of `~/.pulumi`: plugins that are fetched go with the rest. */
    readonly pulumiHome: string;
    /** The same program with config files of its own: those of the project are the user's. */
    readonly project: string;

    constructor(private readonly root: string) {
        this.directory = path.join(root, ".local");
        this.backend = path.join(this.directory, "state");
        this.pulumiHome = path.join(this.directory, "pulumi-home");
        this.project = path.join(this.directory, "project");
    }

    /** Where a run was killed while it wrote a state, the attributes beside it may be empty, and the engine reads no such state. */
    private tidy(): void {
        for (const name of fs.readdirSync(this.backend, { recursive: true, encoding: "utf8" })) {
            const file = path.join(this.backend, name);
            if (name.endsWith(".attrs") && fs.statSync(file).size === 0) fs.rmSync(file);
        }
    }

    /** Makes the directories, and takes care that no other run is at it. Gives the keys, and whether they are new. */
    open(hosts: LocalHost[]): { keys: LocalKeys; isNew: boolean } {
        for (const directory of [this.backend, this.project]) fs.mkdirSync(directory, { recursive: true, mode: 0o700 });
        this.lock();
        this.tidy();
        for (const entry of LINKED) if (!fs.existsSync(path.join(this.project, entry))) fs.symlinkSync(path.join(this.root, entry), path.join(this.project, entry));
        const file = path.join(this.directory, "keys.json");
        if (fs.existsSync(file)) return { keys: JSON.parse(fs.readFileSync(file, "utf8")) as LocalKeys, isNew: false };
        const keys: LocalKeys = { login: makeKeys(), hosts: Object.fromEntries(hosts.map(({ name }) => [name, makeKeys()])), passphrase: randomBytes(18).toString("base64url") };
        fs.writeFileSync(file, JSON.stringify(keys), { mode: 0o600 });
        return { keys, isNew: true };
    }

    /** Takes care that no other run is at it. */
    private lock(): void {
        const file = path.join(this.directory, "pid");
        const other = fs.existsSync(file) ? Number(fs.readFileSync(file, "utf8")) : 0;
        if (other !== process.pid && runs(other)) throw new Error(`another run is at it (process ${other}): wait for it, or end it`);
        fs.writeFileSync(file, String(process.pid));
    }

    /** @throws Error where a run is at it */
    claim(): void {
        if (fs.existsSync(this.directory)) this.lock();
    }

    /** Public images that were not there before. */
    images(): string[] {
        const file = path.join(this.directory, "images");
        return fs.existsSync(file) ? fs.readFileSync(file, "utf8").split("\n").filter(Boolean) : [];
    }

    addImage(image: string): void {
        if (!this.images().includes(image)) fs.appendFileSync(path.join(this.directory, "images"), `${image}\n`);
    }

    remove(): void {
        fs.rmSync(this.directory, { recursive: true, force: true });
    }
}

function runs(pid: number): boolean {
    try {
        return pid > 0 && process.kill(pid, 0);
    } catch {
        return false;
    }
}
