/** What was sent, held against what was found. */
export interface Count {
    sent: number;
    /** Numbers that were sent and not found. */
    lost: number[];
    /** How many times a number was found beyond the first. */
    duplicated: number;
}

/** Holds the numbers that were sent against those that were found. */
export function countOf(sent: number[], found: number[]): Count {
    const times = new Map<number, number>();
    for (const number of found) times.set(number, (times.get(number) ?? 0) + 1);
    return { sent: sent.length, lost: sent.filter((number) => !times.has(number)), duplicated: [...times.values()].reduce((sum, each) => sum + each - 1, 0) };
}

/** In words that a failure explains itself with: how many, and where. */
export function explain({ sent, lost, duplicated }: Count): string {
    return `${lost.length} of ${sent} lost${lost.length > 0 ? ` (${ranges(lost)})` : ""}, ${duplicated} twice`;
}

/** @throws Error that says what is lost */
export function complete(count: Count): Count {
    if (count.lost.length > 0) throw new Error(explain(count));
    return count;
}

/** `3-5, 9` of 3, 4, 5, 9. */
export function ranges(numbers: number[]): string {
    const found: [number, number][] = [];
    for (const number of [...numbers].sort((a, b) => a - b)) {
        const last = found.at(-1);
        if (last && number === last[1] + 1) last[1] = number;
        else found.push([number, number]);
    }
    return found.map(([from, to]) => (from === to ? `${from}` : `${from}-${to}`)).join(", ");
}

/** A time without samples. */
export interface Gap {
    from: number;
    seconds: number;
}

/**
 * Where samples are missing that are made at an interval. One that is late by up to half of it, as on a busy machine, is not missing.
 *
 * @param intervals how many may lie between two samples
 */
export function gaps(times: number[], interval: number, intervals = 1): Gap[] {
    const sorted = [...times].sort((a, b) => a - b);
    return sorted.slice(1).map((time, index) => ({ from: sorted[index], seconds: time - sorted[index] })).filter(({ seconds }) => seconds > (intervals + 0.5) * interval);
}

/**
 * Everything of a time, from a source that gives so much at once at most: asks for the halves of what is cut off.
 *
 * @param ask gives what is in `[from, to)`
 */
export async function allOf<T>(from: bigint, to: bigint, limit: number, ask: (from: bigint, to: bigint) => Promise<T[]>): Promise<T[]> {
    const got = await ask(from, to);
    if (got.length < limit) return got;
    const middle = (from + to) / 2n;
    if (middle === from) throw new Error(`more than ${limit} at ${from}`);
    return [...await allOf(from, middle, limit, ask), ...await allOf(middle, to, limit, ask)];
}
