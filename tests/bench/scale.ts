/**
 * `npm run bench:scale`: what the program itself costs. The offline plan of the shipped stacks against an empty program, plans with many WAS hosts, and,
 * where `pulumi` is at hand, a real preview of 300 hosts on a file backend. Processor seconds and memory of the process, the least of some rounds.
 *
 * `-- --hosts 10,1000 --rounds 3 --preview 300`
 */
import { spawn, spawnSync } from "node:child_process";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { parseArgs } from "node:util";
import { writeManyHosts } from "./support/many-hosts";

const ROOT = path.join(__dirname, "..", "..");

interface Cost { wall: number; cpu: number; mib: number }

/** One cold process; what it took is written by itself when it ends. */
function run(script: string, ...args: string[]): Cost {
    const usage = path.join(work, "usage.json");
    const began = performance.now();
    const { status, stderr } = spawnSync("node", ["--require", "tsx/cjs", "--require", path.join(__dirname, "support", "usage.ts"), script, ...args],
        { cwd: ROOT, encoding: "utf8", env: { ...process.env, USAGE_FILE: usage }, maxBuffer: 1 << 30 });
    if (status !== 0) throw new Error(`${script} ${args.join(" ")}: ${stderr}`);
    return { wall: (performance.now() - began) / 1000, ...JSON.parse(fs.readFileSync(usage, "utf8")) as Omit<Cost, "wall"> };
}

function least(costs: Cost[]): Cost {
    const of = (key: keyof Cost) => Math.min(...costs.map((cost) => cost[key]));
    return { wall: of("wall"), cpu: of("cpu"), mib: of("mib") };
}

function row(what: string, cost: Cost, against?: Cost): void {
    const ratio = against ? `${(cost.cpu / against.cpu).toFixed(2)}x processor, ${(cost.wall / against.wall).toFixed(2)}x time` : "";
    console.log(`| ${what} | ${cost.wall.toFixed(2)} | ${cost.cpu.toFixed(2)} | ${cost.mib.toFixed(0)} | ${ratio} |`);
}

/** A real preview; the provider processes are counted while it runs. */
async function preview(hosts: number): Promise<void> {
    const env = { ...process.env, PULUMI_CONFIG_PASSPHRASE: "bench", PULUMI_BACKEND_URL: `file://${work}`, PULUMI_SKIP_UPDATE_CHECK: "true" };
    const project = path.join(work, "preview");
    writeManyHosts(project, "scale", hosts);
    for (const entry of ["Pulumi.yaml", "index.ts", "package.json", "tsconfig.json", "components", "stacks", "templates", "dashboards", "node_modules"]) fs.symlinkSync(path.join(ROOT, entry), path.join(project, entry));
    const made = spawnSync("pulumi", ["stack", "init", "scale", "--non-interactive", "--cwd", project], { env, encoding: "utf8" });
    if (made.status !== 0) throw new Error(made.stderr);
    const began = performance.now();
    const child = spawn("pulumi", ["preview", "--stack", "scale", "--non-interactive", "--cwd", project], { env, detached: true, stdio: ["ignore", "pipe", "pipe"] });
    let output = "";
    for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk: Buffer) => { output = (output + chunk.toString()).slice(-2000); });
    const seen = new Map<string, string>();
    const watch = setInterval(() => { for (const [pid, name] of providers(child.pid!)) seen.set(pid, name); }, 200);
    const status = await new Promise<number | null>((resolve) => child.once("exit", resolve));
    clearInterval(watch);
    if (status !== 0) throw new Error(output);
    const names = [...seen.values()].sort();
    console.log(`preview of ${hosts} hosts: ${((performance.now() - began) / 1000).toFixed(1)} s; ${names.length} provider processes (${names.join(", ")});${/Resources:[^]*?to create/.exec(output)?.[0].replace(/\s+/g, " ") ?? ""}`);
}

/** Processes of the preview's own process group whose name is a provider's. */
function providers(group: number): [string, string][] {
    return fs.readdirSync("/proc").filter((entry) => /^\d+$/.test(entry)).flatMap((pid): [string, string][] => {
        try {
            const name = path.basename(fs.readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0")[0]);
            const [, , pgrp] = fs.readFileSync(`/proc/${pid}/stat`, "utf8").replace(/^.*\) /, "").split(" ");
            return name.startsWith("pulumi-resource-") && (Number(pgrp) === group || descends(Number(pid), group)) ? [[pid, name]] : [];
        } catch { return []; }
    });
}

function descends(pid: number, from: number): boolean {
    if (pid <= 1) return false;
    return pid === from || descends(Number(fs.readFileSync(`/proc/${pid}/stat`, "utf8").replace(/^.*\) /, "").split(" ")[1]), from);
}

const work = fs.mkdtempSync(path.join(os.tmpdir(), "scale-"));

async function main(): Promise<void> {
    const { values } = parseArgs({ options: { hosts: { type: "string", default: "10,100,1000,10000" }, rounds: { type: "string", default: "3" }, preview: { type: "string", default: "300" } } });
    const rounds = Array.from({ length: Number(values.rounds) });
    console.log("| process | seconds | processor seconds | MiB | against |\n|---|---|---|---|---|");
    if (rounds.length > 0) {
        const pairs = rounds.map(() => [run("tests/bench/support/empty-program.ts"), run("tools/plan.ts")]);
        const empty = least(pairs.map(([first]) => first));
        row("empty program", empty);
        row("plan of the three shipped stacks", least(pairs.map(([, second]) => second)), empty);
    }
    let first: Cost | undefined;
    for (const hosts of values.hosts.split(",").filter(Boolean).map(Number)) {
        const directory = path.join(work, String(hosts));
        writeManyHosts(directory, "scale", hosts);
        const cost = run("tools/plan.ts", "--project", directory, "--out", "out/bench");
        row(`plan of ${hosts} WAS hosts`, cost, first);
        first ??= cost;
    }
    if (Number(values.preview) > 0 && spawnSync("pulumi", ["version"]).status === 0) await preview(Number(values.preview));
}

main().finally(() => fs.rmSync(work, { recursive: true, force: true })).catch((error: unknown) => { console.error(error); process.exitCode = 1; });
