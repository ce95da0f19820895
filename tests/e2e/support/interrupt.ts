import { spawn } from "node:child_process";
import { World } from "./world";

/** What an interrupted program printed. */
export interface Interrupted {
    output: string;
    code: number | null;
    signal: NodeJS.Signals | null;
}

/** What is interrupted, when, and by what. */
export interface Interruption {
    cwd: string;
    env: NodeJS.ProcessEnv;
    /** Once what it prints matches. */
    when: RegExp;
    signal: NodeJS.Signals;
    /** Or so many milliseconds later. @default 0 */
    later?: number;
    /** The program and all that it has started, as where a machine dies; else the program alone. @default false */
    all?: boolean;
}

/** Runs a program and interrupts it. */
export function interrupt(command: string, args: string[], { cwd, env, when, signal, later = 0, all = false }: Interruption): Promise<Interrupted> {
    return new Promise((resolve, reject) => {
        // A group of its own: a signal reaches nothing of the test's.
        const child = spawn(command, args, { cwd, env: { ...process.env, ...env }, stdio: ["ignore", "pipe", "pipe"], detached: true });
        let output = "";
        let sent = false;
        const read = (chunk: Buffer) => {
            output += chunk.toString("utf8");
            if (sent || !when.test(output)) return;
            sent = true;
            setTimeout(() => { if (all && child.exitCode === null) process.kill(-child.pid!, signal); else child.kill(signal); }, later);
        };
        child.stdout.on("data", read);
        child.stderr.on("data", read);
        child.on("error", reject);
        child.on("exit", (code, ended) => (sent ? resolve({ output, code, signal: ended }) : reject(new Error(`ended before it could be interrupted\n${output.slice(-3000)}`))));
    });
}

/** Runs `pulumi up`, and sends the engine a signal once what it prints matches, or some milliseconds later. */
export function interruptUp(world: World, stack: string, when: RegExp, signal: NodeJS.Signals, later = 0): Promise<Interrupted> {
    const args = ["up", "--stack", stack, "--yes", "--skip-preview", "--non-interactive", "--color", "never", "--continue-on-error"];
    return interrupt("pulumi", args, { cwd: world.engine.directory, env: world.engine.env, when, signal, later });
}
