/**
 * Asks until there is an answer that is not `false`, and gives it. What the last attempt said is in the error, so that a failure explains itself.
 *
 * @param what what is waited for, for the error
 * @param seconds how long at most
 * @param pause milliseconds between two attempts
 */
export async function eventually<T>(what: string, seconds: number, ask: () => Promise<T | undefined | false> | T | undefined | false, pause = 500): Promise<T> {
    const end = Date.now() + seconds * 1000;
    let last = "no answer";
    for (;;) {
        try {
            const answer = await ask();
            if (answer !== undefined && answer !== false) return answer;
            last = "not there yet";
        } catch (error) {
            last = (error as Error).message;
        }
        if (Date.now() > end) throw new Error(`${what}: not within ${seconds} s (${last})`);
        await sleep(pause);
    }
}

export function sleep(milliseconds: number): Promise<void> {
    return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

/** Seconds that something took, beside its result. */
export async function timed<T>(run: () => Promise<T>): Promise<{ seconds: number; result: T }> {
    const start = performance.now();
    const result = await run();
    return { result, seconds: (performance.now() - start) / 1000 };
}
