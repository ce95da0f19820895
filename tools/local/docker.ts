import { spawn } from "node:child_process";
import { LABEL, NETWORK } from "./names";
import { explainNetwork } from "./causes";
import { LocalHost } from "./plan";
import { INIT_PATH, SYSTEMD_IN_A_CONTAINER } from "./systemd-container";

/** What a command did. */
export interface Done {
    code: number | null;
    stdout: string;
    stderr: string;
}

/** Runs `docker …` and gives what it did; code null where there is no such program. */
export function tryDocker(args: string[], input: string | Buffer = ""): Promise<Done> {
    return new Promise((resolve) => {
        const child = spawn("docker", args, { stdio: ["pipe", "pipe", "pipe"] });
        const done: Done = { code: null, stdout: "", stderr: "" };
        child.stdout.on("data", (chunk: Buffer) => { done.stdout += chunk.toString(); });
        child.stderr.on("data", (chunk: Buffer) => { done.stderr += chunk.toString(); });
        child.once("error", () => resolve(done));
        child.once("close", (code) => resolve({ ...done, code }));
        // A program that ended before it read all says so by its code.
        child.stdin.once("error", () => undefined);
        child.stdin.end(input);
    });
}

/**
 * Runs `docker …`, which must succeed, and gives what it printed.
 *
 * @throws Error with what Docker said
 */
export async function docker(args: string[], input: string | Buffer = ""): Promise<string> {
    const { code, stdout, stderr } = await tryDocker(args, input);
    if (code !== 0) throw new Error(`docker ${args.slice(0, 2).join(" ")}: ${(stderr || stdout).trim().split("\n").slice(-5).join("\n")}`);
    return stdout.trim();
}

/** Runs shell text as root in a host, which must succeed. */
export function inHost({ name }: LocalHost, script: string, input: string | Buffer = ""): Promise<string> {
    return docker(["exec", "-i", name, "sh", "-c", script], input);
}

/** Ours, of a kind: names of containers, ids of networks and so on. */
async function ours(kind: "container" | "network" | "volume" | "image"): Promise<string[]> {
    const filter = ["--filter", `label=${LABEL}`];
    const all = kind === "container" ? ["ps", "--all", "--format", "{{.Names}}"] : kind === "image" ? ["images", "--quiet"] : [kind, "ls", "--quiet"];
    return [...new Set((await docker([...all, ...filter])).split("\n").filter(Boolean))];
}

/** Names of our containers, stopped ones among them. */
export function ourContainers(): Promise<string[]> {
    return ours("container");
}

/** How a machine that was made is reached. */
export interface Standing {
    name: string;
    /** On this machine. */
    ports: number[];
    /** That of them which leads to SSH. */
    sshPort: number;
    /** In the demo's network. */
    address: string;
    runs: boolean;
}

/** Our machines, stopped ones among them, as they were made. */
export async function ourMachines(): Promise<Standing[]> {
    const names = await ourContainers();
    if (names.length === 0) return [];
    const inspected = JSON.parse(await docker(["inspect", ...names])) as {
        Name: string; State: { Running: boolean }; HostConfig: { PortBindings: Record<string, { HostPort: string }[]> | null }; NetworkSettings: { Networks: Record<string, { IPAMConfig: { IPv4Address?: string } | null }> };
    }[];
    return inspected.map(({ Name, State, HostConfig, NetworkSettings }) => ({
        name: Name.slice(1), runs: State.Running, sshPort: Number(HostConfig.PortBindings?.["22/tcp"]?.[0].HostPort), ports: Object.values(HostConfig.PortBindings ?? {}).flat().map(({ HostPort }) => Number(HostPort)),
        address: NetworkSettings.Networks[NETWORK]?.IPAMConfig?.IPv4Address ?? "",
    }));
}

/** Removes everything of ours in Docker. */
export async function removeOurs(): Promise<void> {
    for (const [kind, remove] of [["container", ["rm", "--force", "--volumes"]], ["network", ["network", "rm"]], ["volume", ["volume", "rm"]], ["image", ["rmi", "--force"]]] as const) {
        const names = await ours(kind);
        if (names.length > 0) await docker([...remove, ...names]);
    }
}

export async function ensureNetwork(subnet: string): Promise<void> {
    if ((await ours("network")).length > 0) return;
    const { code, stderr } = await tryDocker(["network", "create", "--label", LABEL, "--subnet", `${subnet}.0/24`, "--gateway", `${subnet}.1`, NETWORK]);
    if (code !== 0) throw new Error(explainNetwork(subnet, stderr));
}

/**
 * Makes the host's container, with these files in it. What its Docker holds is in a volume, and so stays when the container is started anew.
 * It has its name only when the files are there: one that was interrupted is made again.
 */
export async function createHost({ name, address, sshPort, published }: LocalHost, image: string, files: Buffer): Promise<void> {
    const unfinished = `${name}-unfinished`;
    await tryDocker(["rm", "--force", unfinished]);
    await docker(["volume", "create", "--label", LABEL, `${name}-docker`]);
    const ports = Object.entries({ ...published, [sshPort]: 22 }).flatMap(([own, inside]) => ["--publish", `127.0.0.1:${own}:${inside}`]);
    await docker([
        "create", "--name", unfinished, "--hostname", name, "--label", LABEL, "--network", NETWORK, "--ip", address, ...ports, ...SYSTEMD_IN_A_CONTAINER,
        "--volume", `${name}-docker:/var/lib/docker`, "--entrypoint", INIT_PATH, image,
    ]);
    await docker(["cp", "--archive", "-", `${unfinished}:/`], files);
    await docker(["rename", unfinished, name]);
}
