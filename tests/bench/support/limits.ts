import { spawnSync } from "node:child_process";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";

/** A container's memory limit and processor weight, which the kernel enforces as it does for Docker: control groups of its own. */
export interface ContainerGroup {
    /** Whether the weight counts too: not every machine lets us set it. */
    weighted: boolean;
    /** Puts the program into the group before it starts: what to spawn in its place. */
    wrap(program: string, args: string[]): { program: string; args: string[] };
    /** Most memory that the group had since the last `reset`, page cache included, in MiB. */
    peakMiB(): number;
    /** What it has now, in MiB: what cannot be given back (`anonymous`), and page cache. */
    usage(): { anonymous: number; cache: number };
    /** How often the kernel had to refuse or kill. */
    kills(): number;
    reset(): void;
    remove(): void;
}

interface Hierarchy {
    root: string;
    /** Where processor weights are: a hierarchy of their own, or the same. */
    processor: { root: string; file: string; weight: (shares: number) => number };
    limit: string;
    peak: string;
    kills: { file: string; pattern: RegExp };
    anonymous: RegExp;
    cache: RegExp;
}

const V1: Hierarchy = { root: "/sys/fs/cgroup/memory", processor: { root: "/sys/fs/cgroup/cpu", file: "cpu.shares", weight: (shares) => shares }, limit: "memory.limit_in_bytes", peak: "memory.max_usage_in_bytes", kills: { file: "memory.oom_control", pattern: /oom_kill (\d+)/ }, anonymous: /^total_rss (\d+)/m, cache: /^total_cache (\d+)/m };
// The weight is runc's of shares, from 2 to 262,144 there and from 1 to 10,000 here.
const V2: Hierarchy = { root: "/sys/fs/cgroup", processor: { root: "/sys/fs/cgroup", file: "cpu.weight", weight: (shares) => 1 + Math.floor(((shares - 2) * 9999) / 262142) }, limit: "memory.max", peak: "memory.peak", kills: { file: "memory.events", pattern: /oom_kill (\d+)/ }, anonymous: /^anon (\d+)/m, cache: /^file (\d+)/m };

/** A group with that limit and weight, or undefined where this machine lets us make none: then all that can be done is to look at the peak afterwards. */
export function containerGroup(name: string, { limitMiB, cpuShares }: { limitMiB: number; cpuShares: number }): ContainerGroup | undefined {
    const hierarchy = [V1, V2].find(({ root, limit }) => tryGroup(path.join(root, `bench-${process.pid}-try`), limit));
    if (!hierarchy) return undefined;
    const { root, processor } = hierarchy;
    const own = `bench-${process.pid}-${name}`;
    const directory = path.join(root, own);
    const file = (of: string) => path.join(directory, of);
    fs.mkdirSync(directory);
    fs.writeFileSync(file(hierarchy.limit), String(limitMiB * 1024 * 1024));
    const weighted = tryGroup(path.join(processor.root, `${own}-try`), processor.file);
    const directories = [...new Set([directory, ...(weighted ? [path.join(processor.root, own)] : [])])];
    for (const each of directories) fs.mkdirSync(each, { recursive: true });
    if (weighted) fs.writeFileSync(path.join(processor.root, own, processor.file), String(processor.weight(cpuShares)));
    return {
        weighted,
        wrap: (program, args) => ({ program: "/bin/sh", args: ["-c", `${directories.map((each) => `echo $$ > ${each}/cgroup.procs`).join(" && ")} && exec "$@"`, "sh", program, ...args] }),
        peakMiB: () => Number(fs.readFileSync(file(hierarchy.peak), "utf8")) / 1024 / 1024,
        usage: () => {
            const stat = fs.readFileSync(file("memory.stat"), "utf8");
            const [anonymous, cache] = [hierarchy.anonymous, hierarchy.cache].map((pattern) => Number(pattern.exec(stat)?.[1]) / 1024 / 1024);
            return { anonymous, cache };
        },
        kills: () => Number(hierarchy.kills.pattern.exec(fs.readFileSync(file(hierarchy.kills.file), "utf8"))?.[1] ?? 0),
        reset: () => tryWrite(file(hierarchy.peak), "0"),
        remove: () => directories.forEach((each) => fs.rmdirSync(each)),
    };
}

function tryGroup(directory: string, limit: string): boolean {
    try {
        fs.mkdirSync(directory);
        return fs.existsSync(path.join(directory, limit));
    } catch {
        return false;
    } finally {
        if (fs.existsSync(directory)) fs.rmdirSync(directory);
    }
}

/** Older kernels cannot reset a peak; it then stays that of the whole run, which is the stricter reading. */
function tryWrite(file: string, text: string): void {
    try { fs.writeFileSync(file, text); } catch { /* said above */ }
}

/** The most memory that a process itself had since `resetResident`, in MiB: without page cache. */
export function peakResidentMiB(pid: number): number {
    return Number(/VmHWM:\s+(\d+) kB/.exec(fs.readFileSync(`/proc/${pid}/status`, "utf8"))?.[1] ?? 0) / 1024;
}

/** Starts the count of `peakResidentMiB` anew. */
export function resetResident(pid: number): void {
    tryWrite(`/proc/${pid}/clear_refs`, "5");
}

/** Seconds of processor time that a process has used. */
export function processorSeconds(pid: number): number {
    const fields = fs.readFileSync(`/proc/${pid}/stat`, "utf8").replace(/^.*\) /, "").split(" ");
    return (Number(fields[11]) + Number(fields[12])) / ticksPerSecond();
}

/** An end from outside runs what is to be done at the end, and programs that were started end too. */
export function endOrderly(): void {
    for (const [signal, status] of [["SIGINT", 130], ["SIGTERM", 143], ["SIGHUP", 129]] as const) process.once(signal, () => process.exit(status));
}

/**
 * What else this machine does must not be measured: this process and what it starts from now on go before others, as far as we may. Says whether we may.
 *
 * @param nice -19 to go first, 0 to be as all others again
 */
export function prioritize(nice: number): boolean {
    // Where the kernel shares out by session first, the session goes before others too.
    tryWrite("/proc/self/autogroup", String(nice));
    try {
        for (const thread of fs.readdirSync("/proc/self/task")) os.setPriority(Number(thread), nice);
        return true;
    } catch {
        return false;
    }
}

function ticksPerSecond(): number {
    return Number(spawnSync("getconf", ["CLK_TCK"], { encoding: "utf8" }).stdout) || 100;
}
