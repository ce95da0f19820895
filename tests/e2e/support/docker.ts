import { ChildProcess, spawn } from "node:child_process";
import * as fs from "node:fs";
import * as path from "node:path";
import { findPart } from "../../support/parts";
import { end, exec, ExecOptions, Result, tryExec } from "./exec";
import { stateDirectory } from "./state";
import { eventually } from "../../support/wait";

/** Everything that the tests make in Docker carries it, so that what a killed run left can be told from other people's things. */
export const LABEL = "photogather-monitoring-e2e";

/** A Docker daemon: the machine's own where one answers, else one that the test started. */
export class Docker {
    constructor(
        /** `DOCKER_HOST` of the daemon. */
        readonly host: string,
        private readonly daemon?: ChildProcess,
    ) {}

    /** Runs `docker …`, which must succeed. */
    run(args: string[], options: ExecOptions = {}): Promise<string> {
        return exec("docker", args, this.with(options));
    }

    /** Runs `docker …` and gives what it did. */
    try(args: string[], options: ExecOptions = {}): Promise<Result> {
        return tryExec("docker", args, this.with(options));
    }

    private with(options: ExecOptions): ExecOptions {
        return { ...options, env: { DOCKER_HOST: this.host, ...options.env } };
    }

    /** True where the daemon has the image. */
    async hasImage(reference: string): Promise<boolean> {
        return (await this.try(["image", "inspect", reference])).code === 0;
    }

    /** Removes our containers, networks and volumes. */
    async removeOurs(): Promise<void> {
        const filter = ["-q", "--filter", `label=${LABEL}`];
        const containers = lines(await this.run(["ps", "-a", ...filter]));
        if (containers.length > 0) await this.run(["rm", "--force", "--volumes", ...containers]);
        const networks = lines(await this.run(["network", "ls", ...filter]));
        if (networks.length > 0) await this.run(["network", "rm", ...networks]);
        const volumes = lines(await this.run(["volume", "ls", ...filter]));
        if (volumes.length > 0) await this.run(["volume", "rm", ...volumes]);
    }

    /** Removes what is ours, and ends the daemon where we started it. */
    async stop(): Promise<void> {
        await this.removeOurs();
        if (this.daemon) await end(this.daemon, 60);
        unlock();
    }
}

/**
 * The daemon that answers, or a new one whose data stays in the state directory. Removes what an earlier run left.
 *
 * @throws Error where there is no daemon and none can be started
 */
export async function startDocker(): Promise<Docker> {
    lock();
    allowHosts();
    const directory = stateDirectory("docker");
    const socket = `unix://${path.join(directory, "socket")}`;
    for (const host of [process.env.DOCKER_HOST ?? "unix:///var/run/docker.sock", socket]) {
        const docker = new Docker(host);
        if (!(await answers(docker))) continue;
        await docker.removeOurs();
        return docker;
    }
    const docker = await startDaemon(directory, socket);
    await docker.removeOurs();
    return docker;
}

/** Each host's systemd, journal and Docker watch files, all as the same user: with the kernel's 128 watchers the 20th host does not boot. Until the next boot. */
function allowHosts(): void {
    const file = "/proc/sys/fs/inotify/max_user_instances";
    if (process.getuid?.() !== 0 || Number(fs.readFileSync(file, "utf8")) >= 1024) return;
    try {
        fs.writeFileSync(file, "1024");
    } catch {
        // Not ours to set here: then it is as it is.
    }
}

/** One run at a time: the addresses are fixed, and a run begins by removing what an earlier one left. */
function lock(): void {
    const owner = fs.existsSync(lockFile()) ? fs.readFileSync(lockFile(), "utf8") : "";
    const [pid] = owner.split(" ");
    if (owner && Number(pid) !== process.pid && identity(pid) === owner) throw new Error(`another run of the end-to-end tests is going on (process ${pid})`);
    fs.writeFileSync(lockFile(), identity(String(process.pid)));
}

function unlock(): void {
    fs.rmSync(lockFile(), { force: true });
}

function lockFile(): string {
    return path.join(stateDirectory(), "lock");
}

/** A process by its id and its start: after a restart of the machine another process may have the id. "" where there is none. */
function identity(pid: string): string {
    try {
        const [boot, stat] = [fs.readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim(), fs.readFileSync(`/proc/${pid}/stat`, "utf8")];
        // After the name, which is in brackets and may hold anything, the start is the 20th field.
        return `${pid} ${stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19]} ${boot}`;
    } catch {
        return "";
    }
}

async function answers(docker: Docker): Promise<boolean> {
    return (await docker.try(["version", "--format", "{{.Server.Version}}"], { seconds: 10 })).code === 0;
}

async function startDaemon(directory: string, socket: string): Promise<Docker> {
    const dockerd = findPart("dockerd");
    if (!dockerd) throw new Error("no Docker daemon answers, and dockerd is not on PATH");
    const file = (name: string) => path.join(directory, name);
    fs.rmSync(file("pid"), { force: true });
    const log = fs.openSync(file("log"), "w");
    // Its own session: a Ctrl-C at the tests must not end the daemon before the tests have tidied up.
    const daemon = spawn(
        dockerd,
        [
            "--data-root",
            file("data"),
            "--exec-root",
            file("exec"),
            "--pidfile",
            file("pid"),
            "--host",
            socket,
            // The tests make their networks themselves.
            "--bridge",
            "none",
        ],
        { stdio: ["ignore", log, log], detached: true },
    );
    fs.closeSync(log);
    const docker = new Docker(socket, daemon);
    await eventually("the Docker daemon", 60, async () => {
        if (daemon.exitCode !== null) throw new Error(`dockerd ended: ${fs.readFileSync(file("log"), "utf8").slice(-2000)}`);
        return (await answers(docker)) || undefined;
    });
    return docker;
}

function lines(text: string): string[] {
    return text.split("\n").filter(Boolean);
}
