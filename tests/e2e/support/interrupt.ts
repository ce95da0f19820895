import { spawn } from "node:child_process";
import { World } from "./world";

/** What an interrupted `up` printed. */
export interface Interrupted {
    output: string;
    code: number | null;
    signal: NodeJS.Signals | null;
}

/** Runs `pulumi up`, and sends the engine a signal once what it prints matches, or some milliseconds later. */
export function interruptUp(world: World, stack: string, when: RegExp, signal: NodeJS.Signals, later = 0): Promise<Interrupted> {
    return new Promise((resolve, reject) => {
        const args = ["up", "--stack", stack, "--yes", "--skip-preview", "--non-interactive", "--color", "never", "--continue-on-error"];
        // A group of its own: a signal reaches the engine alone, as that of a runner that is taken away, and not the test.
        const child = spawn("pulumi", args, { cwd: world.engine.directory, env: { ...process.env, ...world.engine.env }, stdio: ["ignore", "pipe", "pipe"], detached: true });
        let output = "";
        let sent = false;
        const read = (chunk: Buffer) => {
            output += chunk.toString("utf8");
            if (sent || !when.test(output)) return;
            sent = true;
            setTimeout(() => child.kill(signal), later);
        };
        child.stdout.on("data", read);
        child.stderr.on("data", read);
        child.on("error", reject);
        child.on("exit", (code, ended) => (sent ? resolve({ output, code, signal: ended }) : reject(new Error(`ended before it could be interrupted\n${output.slice(-3000)}`))));
    });
}
