import type { Workload } from "../../components/monitoring-services/workload";

/** The options of `npm run plan -- --budget` that say what hosts there will be. */
export type WorkloadOptions = Partial<Record<"hosts" | "series" | "lines" | "spans", string>>;

/**
 * A workload from the command line; undefined where no option speaks of one.
 *
 * @throws Error where a value is no number, or the others come without `--hosts`
 */
export function parseWorkload(options: WorkloadOptions): Workload | undefined {
    const given = (["hosts", "series", "lines", "spans"] as const).filter((name) => options[name] !== undefined);
    if (given.length === 0) return undefined;
    const values = Object.fromEntries(given.map((name) => [name, parse(name, options[name]!)]));
    if (values.hosts === undefined) throw new Error("--hosts is missing: how many WAS hosts shall there be?");
    return values as unknown as Workload;
}

function parse(name: string, text: string): number {
    const value = Number(text);
    if (!/^\d+(\.\d+)?$/.test(text) || (name === "hosts" && !(Number.isInteger(value) && value > 0))) {
        throw new Error(`--${name}: expected ${name === "hosts" ? "a whole number above 0" : "a number"}, got ${JSON.stringify(text)}`);
    }
    return value;
}
