import * as pulumi from "@pulumi/pulumi";

/** One thing that is wrong with what a user gave: where it stands, and what was expected there. */
export interface Problem {
    /** Path of the value as the user wrote it, e.g. `was[2].address`. */
    path: string;
    /** What was expected, in words that say how to mend it. */
    message: string;
}

/** Puts `prefix` before each problem's path: a helper's `address` becomes `was[2].address`. */
export function under(prefix: string, problems: Problem[]): Problem[] {
    return problems.map(({ path, message }) => ({ path: joinPath(prefix, path), message }));
}

function joinPath(prefix: string, path: string): string {
    if (!prefix || !path) return prefix || path;
    return path.startsWith("[") ? prefix + path : `${prefix}.${path}`;
}

/** The text that a user reads: every problem on its own line, in the order found. */
export function formatProblems(subject: string, problems: Problem[]): string {
    const lines = problems.map(({ path, message }) => `  ${path ? `${path}: ` : ""}${message}`);
    const count = problems.length === 1 ? "1 problem" : `${problems.length} problems`;
    return `${subject} has ${count}:\n${lines.join("\n")}`;
}

/**
 * Ends the program with all problems at once, before any resource exists; does nothing when there are none.
 *
 * @throws pulumi.RunError, which the CLI prints without a stack trace.
 */
export function failOn(subject: string, problems: Problem[]): void {
    if (problems.length > 0) throw new pulumi.RunError(formatProblems(subject, problems));
}
