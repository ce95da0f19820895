import { ChildProcess, spawn } from "node:child_process";
import * as fs from "node:fs";
import * as net from "node:net";
import * as os from "node:os";
import * as path from "node:path";
import { BundleFile } from "../../components/bundle";
import { CONFIG, SERVICES } from "../../components/monitoring-services/services";

/** Every program that was started here. */
const started: ChildProcess[] = [];
// Where the process ends without `stop`, as a bench by Ctrl-C, nothing that it started runs on.
process.once("exit", () => started.forEach((child) => child.kill("SIGKILL")));

/** Processes and directories that one test file started; `stop` ends and removes them. */
export class Running {
    readonly directory = fs.mkdtempSync(path.join(os.tmpdir(), "services-"));
    private readonly children: ChildProcess[] = [];

    /** Writes files that are meant for `/etc/photogather-monitoring/<service>/…` below this directory. */
    write(files: BundleFile[], rewrite: (text: string) => string = (text) => text): void {
        for (const { path: file, content } of files) {
            const to = path.join(this.directory, path.relative(CONFIG, file));
            fs.mkdirSync(path.dirname(to), { recursive: true });
            // As the bundle does: a reader never sees half a file.
            fs.writeFileSync(`${to}.new`, rewrite(content));
            fs.renameSync(`${to}.new`, to);
        }
    }

    /** A rewriting that puts this directory in place of a service's mounts, and other text, as for ports, in place of each key. */
    rewriting(service: string, replacements: Record<string, string>): (text: string) => string {
        return (text) => {
            for (const { name, configuration, data } of SERVICES.filter((each) => each.name === service)) {
                if (configuration) text = text.replaceAll(configuration.mount, path.join(this.directory, name));
                if (data) text = text.replaceAll(new RegExp(`(?<![\\w/.-])${data.mount}(?=[/"\\s]|$)`, "g"), this.data(name));
            }
            for (const [from, to] of Object.entries(replacements)) text = text.replaceAll(from, to);
            return text;
        };
    }

    /** A data directory. */
    data(service: string): string {
        const directory = path.join(this.directory, "data", service);
        fs.mkdirSync(directory, { recursive: true });
        return directory;
    }

    /** Starts a program; what it prints goes to `<name>.log`. */
    start(name: string, program: string, args: string[], env: Record<string, string> = {}): ChildProcess {
        const log = fs.openSync(path.join(this.directory, `${name}.log`), "a");
        const child = spawn(program, args, { stdio: ["ignore", log, log], env: { ...process.env, ...env }, cwd: this.directory });
        fs.closeSync(log);
        this.children.push(child);
        started.push(child);
        return child;
    }

    /** What a program has printed so far. */
    log(name: string): string {
        return fs.readFileSync(path.join(this.directory, `${name}.log`), "utf8");
    }

    /** Ends what was started, by its own process id, and removes the directory. */
    async stop(): Promise<void> {
        await Promise.all(
            this.children.map(
                (child) =>
                    new Promise<void>((resolve) => {
                        if (child.exitCode !== null || child.signalCode !== null) return resolve();
                        const timer = setTimeout(() => child.kill("SIGKILL"), 5000);
                        child.once("exit", () => {
                            clearTimeout(timer);
                            resolve();
                        });
                        child.kill("SIGTERM");
                    }),
            ),
        );
        if (!process.env.KEEP) fs.rmSync(this.directory, { recursive: true, force: true });
    }
}

/** How long a program may take to answer first: on a machine with two cores that runs other tests as well. */
export const STARTS_SECONDS = 90;

/** Below what the kernel gives to whoever asks for any port: what is free here stays so until its program starts, or starts again. */
const PORTS = { first: 24_000, processes: 40, each: 200 };
let used = 0;

/** Free loopback ports; test processes that were started one after the other are given different ones. */
export async function freePorts(count: number): Promise<number[]> {
    const ports: number[] = [];
    for (let tried = 0; ports.length < count; tried++) {
        if (tried === PORTS.each) throw new Error(`fewer than ${count} free ports from ${PORTS.first} on`);
        const port = PORTS.first + (process.pid % PORTS.processes) * PORTS.each + used++ % PORTS.each;
        if (await isFree(port)) ports.push(port);
    }
    return ports;
}

function isFree(port: number): Promise<boolean> {
    return new Promise((resolve) => {
        const server = net.createServer();
        server.once("error", () => resolve(false));
        server.listen(port, "127.0.0.1", () => server.close(() => resolve(true)));
    });
}
