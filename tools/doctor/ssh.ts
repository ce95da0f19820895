import { spawn } from "node:child_process";
import { KnownSsh } from "../../components/monitoring-services/ssh-files";
import { reachBySsh } from "../upkeep/host";

/** Runs a script as root; the text travels on stdin. sudo must not ask. */
const AS_ROOT = 'exec $([ "$(id -u)" = 0 ] || echo sudo -n) sh -s';
const SECONDS = 60;

/**
 * Runs a script on a machine as root and gives what it printed.
 *
 * @param ssh undefined for this machine
 * @throws Error with the reason in one line
 */
export async function runOn(ssh: KnownSsh | undefined, script: string): Promise<string> {
    if (!ssh) return run("sh", ["-c", AS_ROOT], script);
    const { reach, remove } = reachBySsh(ssh);
    try {
        return await run("ssh", ["-F", reach.configFile!, reach.address, AS_ROOT], script);
    } finally {
        remove();
    }
}

function run(program: string, args: string[], script: string): Promise<string> {
    return new Promise((resolve, reject) => {
        const child = spawn(program, args, { timeout: SECONDS * 1000 });
        const [stdout, stderr]: Buffer[][] = [[], []];
        child.stdout.on("data", (chunk: Buffer) => stdout.push(chunk));
        child.stderr.on("data", (chunk: Buffer) => stderr.push(chunk));
        child.on("error", reject);
        child.on("close", (code, signal) => {
            if (code === 0) return resolve(Buffer.concat(stdout).toString("utf8"));
            const said = Buffer.concat(stderr).toString("utf8").trim().split("\n").pop();
            reject(new Error(signal ? `no answer in ${SECONDS} s` : said || `${program} ended with ${code}`));
        });
        child.stdin.on("error", () => undefined);
        child.stdin.end(script);
    });
}
