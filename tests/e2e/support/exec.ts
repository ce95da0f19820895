import { ChildProcess, spawn } from "node:child_process";

/** What a program did. */
export interface Result {
    code: number;
    stdout: string;
    stderr: string;
}

/** How to run a program. */
export interface ExecOptions {
    input?: string | Buffer;
    /** Added to this process's environment. */
    env?: Record<string, string>;
    cwd?: string;
    /** @default 600 */
    seconds?: number;
    /** After the input, stdin is neither written to nor closed. */
    openStdin?: boolean;
}

/** Runs a program and gives what it did, whatever that is. */
export function tryExec(program: string, args: string[], options: ExecOptions = {}): Promise<Result> {
    return new Promise((resolve, reject) => {
        const child = spawn(program, args, {
            cwd: options.cwd,
            env: { ...process.env, ...options.env },
            timeout: (options.seconds ?? 600) * 1000,
            killSignal: "SIGKILL",
        });
        const stdout: Buffer[] = [];
        const stderr: Buffer[] = [];
        child.stdout.on("data", (chunk: Buffer) => stdout.push(chunk));
        child.stderr.on("data", (chunk: Buffer) => stderr.push(chunk));
        child.on("error", reject);
        child.on("close", (code, signal) => {
            const text = Buffer.concat(stderr).toString("utf8");
            resolve({ code: code ?? 255, stdout: Buffer.concat(stdout).toString("utf8"), stderr: signal ? `${text}\n(ended by ${signal})` : text });
        });
        // A program that ends before it has read everything is no error of ours.
        child.stdin.on("error", () => undefined);
        if (options.openStdin) child.stdin.write(options.input ?? "");
        else child.stdin.end(options.input ?? "");
    });
}

/**
 * Runs a program that must succeed and gives what it printed on stdout, without the last line break.
 *
 * @throws Error with the end of what it printed
 */
export async function exec(program: string, args: string[], options: ExecOptions = {}): Promise<string> {
    const { code, stdout, stderr } = await tryExec(program, args, options);
    if (code !== 0) throw new Error(`${[program, ...args].join(" ").slice(0, 300)}: exit ${code}\n${(stdout + stderr).slice(-3000)}`);
    return stdout.replace(/\n$/, "");
}

/** Ends a process that we started, by its own id, and waits for that. */
export function end(child: ChildProcess, seconds = 20): Promise<void> {
    return new Promise((resolve) => {
        if (child.exitCode !== null || child.signalCode !== null) return resolve();
        const timer = setTimeout(() => child.kill("SIGKILL"), seconds * 1000);
        child.once("exit", () => {
            clearTimeout(timer);
            resolve();
        });
        child.kill("SIGTERM");
    });
}
