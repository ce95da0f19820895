import { spawn } from "node:child_process";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { Readable, Writable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { shell } from "../../components/encode";
import { KnownSsh, renderSshFiles, writeSshFiles } from "../../components/monitoring-services/ssh-files";

/** How to reach the monitoring host: by `ssh` with these options, or not at all, as it is this machine. */
export interface Reach {
    /** For messages. */
    address: string;
    /** Absent: this machine. */
    configFile?: string;
}

/** From the files of a stack's state, as `npm run keys` writes them. */
export function reachByState(files: Record<string, string>, stack: string): Reach {
    if (Object.keys(files).length === 0) return { address: "this machine" };
    const directory = path.posix.join(".keys", stack);
    writeSshFiles(files, directory);
    return { address: /^Host (\S+)/m.exec(files.ssh_config)![1], configFile: path.posix.join(directory, "ssh_config") };
}

/** From a connection. Its files are removed by what is given beside it. */
export function reachBySsh(ssh: KnownSsh): { reach: Reach; remove: () => void } {
    const directory = fs.mkdtempSync(path.join(os.tmpdir(), "photogather-"));
    writeSshFiles(renderSshFiles(ssh, directory), directory);
    return { reach: { address: ssh.address, configFile: path.join(directory, "ssh_config") }, remove: () => fs.rmSync(directory, { recursive: true, force: true }) };
}

/** What the host's program reads, and where what it writes goes. */
export interface HostStreams {
    input?: Readable;
    output?: Writable;
}

/** Runs the program of `host.py` on the host as root. It travels on standard input, before the request and the data. */
export async function runOnHost(reach: Reach, request: object, { input, output }: HostStreams = {}): Promise<string> {
    const program = fs.readFileSync(path.join(__dirname, "host.py"));
    const first = Buffer.concat([Buffer.from(`${program.length}\n`), program, Buffer.from(`${JSON.stringify(request)}\n`)]);
    const [file, args] = reach.configFile ? ["ssh", ["-F", reach.configFile, reach.address, COMMAND]] : ["sh", ["-c", COMMAND]];
    const child = spawn(file, args as string[], { stdio: ["pipe", "pipe", "pipe"] });
    let said = "";
    child.stderr.on("data", (chunk: Buffer) => (said += chunk.toString("utf8")));
    const ended = new Promise<number>((resolve, reject) => {
        child.on("error", reject);
        child.on("close", (code) => resolve(code ?? 255));
    });
    const written = output ? pipeline(child.stdout, output) : (child.stdout.resume(), Promise.resolve());
    // A program that refuses reads no further: what it said tells more than the broken pipe.
    const sent = send(child.stdin, first, input).catch((error: NodeJS.ErrnoException) => {
        if (!["EPIPE", "ERR_STREAM_PREMATURE_CLOSE", "ECONNRESET"].includes(error.code ?? "")) throw error;
    });
    const [code, local] = await Promise.all([ended, Promise.all([written, sent]).then(() => undefined, (error: Error) => { child.kill(); return error; })]);
    const refusal = /^refused: ([\s\S]*)/m.exec(said)?.[1];
    if (refusal) throw new Error(refusal.trim());
    if (local) throw new Error((local as NodeJS.ErrnoException).code === "ENOSPC" ? "no space left on this machine's disk: give another directory with --to" : local.message, { cause: local });
    if (code === 255) throw new Error(`the monitoring host ${reach.address} cannot be reached: ${said.trim().split("\n").pop()}`);
    if (code !== 0) throw new Error(`the monitoring host ${reach.address} failed: ${said.trim().slice(-600)}`);
    return said.trim();
}

async function send(stdin: Writable, first: Buffer, input?: Readable): Promise<void> {
    stdin.on("error", () => undefined);
    stdin.write(first);
    if (input) await pipeline(input, stdin);
    else stdin.end();
}

const BOOTSTRAP = "import sys; read = sys.stdin.buffer; exec(compile(read.read(int(read.readline())), 'upkeep', 'exec'))";
const COMMAND = `exec $([ "$(id -u)" = 0 ] || echo sudo -n) nice -n 10 python3 -c ${shell(BOOTSTRAP)}`;
