import { Result, tryExec } from "./exec";
import { World } from "./world";

/** `npm run doctor` for a stack, as a user would see it; it is kept for the search for secrets. */
export async function doctor(world: World, stack: string, args: string[] = [], env: Record<string, string> = {}): Promise<Result> {
    const result = await tryExec("npm", ["run", "--silent", "doctor", "--", "--stack", stack, ...args], { cwd: world.engine.directory, env: { ...world.engine.env, ...env } });
    world.keep({ ok: result.code === 0, output: result.stdout + result.stderr, seconds: 0, changes: {}, outputs: {} });
    return result;
}
