import { z } from "zod";
import { Problem } from "../components/problems";

/** zod's issues as problems: `was[2].address: expected …`. */
export function issues(error: z.ZodError | undefined): Problem[] {
    return (error?.issues ?? []).map((issue) => ({ path: dotted(issue.path), message: wording(issue) }));
}

function dotted(path: PropertyKey[]): string {
    return path.map((key) => typeof key === "number" ? `[${key}]` : `.${String(key)}`).join("").replace(/^\./, "");
}

function wording(issue: z.core.$ZodIssue): string {
    if (issue.code === "unrecognized_keys") {
        return `unknown ${issue.keys.length > 1 ? "keys" : "key"} ${issue.keys.map((key) => `"${key}"`).join(", ")}: see docs/configuration.md for those that exist`;
    }
    if (issue.code === "invalid_key") return issue.issues[0]?.message ?? issue.message;
    if (issue.code === "invalid_value") return `expected one of ${issue.values.map((value) => JSON.stringify(value)).join(", ")}`;
    if (issue.code === "invalid_type") return `expected ${KINDS[issue.expected] ?? issue.expected}, ${received(issue.message)}`;
    return issue.message;
}

/** What zod calls a kind of value, as a user writes it. */
const KINDS: Record<string, string> = {
    string: "a text (in quotes where it looks like a number)", number: "a number, without quotes", int: "a whole number, without quotes", boolean: "true or false",
    array: 'a list, e.g. ["…"]', object: "a section", record: "a section",
};

function received(message: string): string {
    const kind = /received (\w+)$/.exec(message)?.[1];
    if (kind === "undefined") return "which is missing";
    if (kind === "null") return "which is empty: indent what belongs to it below it, or leave it out";
    return `got ${({ array: "a list", object: "a section", string: "a text" } as Record<string, string>)[kind ?? ""] ?? `a ${kind}`}`;
}
