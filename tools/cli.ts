import { spawnSync } from "node:child_process";

/**
 * Runs the Pulumi CLI and gives what it printed on stdout; its own messages reach the user as they are.
 *
 * @throws Error where the CLI is missing or fails
 */
export function pulumiCli(...args: string[]): string {
    const run = spawnSync("pulumi", args, { encoding: "utf8", stdio: ["inherit", "pipe", "inherit"], maxBuffer: 1 << 28 });
    if (run.error) throw new Error("the Pulumi CLI is not on PATH: install it (https://www.pulumi.com/docs/install/)");
    if (run.status !== 0) throw new Error(`pulumi ${args[0]} failed`);
    return run.stdout;
}

/** A stack's outputs, secrets in plain text. */
export function stackOutputs(stack: string): Record<string, unknown> {
    return JSON.parse(pulumiCli("stack", "output", "--stack", stack, "--show-secrets", "--json")) as Record<string, unknown>;
}

/** A stack's config in the form that the engine hands to a program, secrets in plain text. */
export function stackConfig(stack: string): Record<string, string> {
    const entries = JSON.parse(pulumiCli("config", "--stack", stack, "--show-secrets", "--json")) as Record<string, { value?: string }>;
    return Object.fromEntries(Object.entries(entries).map(([key, { value = "" }]) => [key, value]));
}

/** Runs a tool's main function; a failure is one line and an exit code. */
export function runTool(main: () => void | Promise<void>): void {
    void (async () => main())().catch((error: Error) => {
        console.error(`error: ${error.message}`);
        process.exitCode = 1;
    });
}

/** The stack that `--stack` names. */
export function requireStack(stack: string | undefined, tool: string): string {
    if (!stack) throw new Error(`which stack? npm run ${tool} -- --stack NAME`);
    return stack;
}
