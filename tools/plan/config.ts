import * as fs from "node:fs";
import * as path from "node:path";
// Not another parser: Pulumi's SDK has loaded this one already, and a second is 70 modules of the plan's start.
import { load } from "js-yaml";
import { PLACEHOLDER_CERTIFICATE, PLACEHOLDER_KEY, PLACEHOLDER_PUBLIC_KEY, placeholderConnection } from "./world";

/** Stacks that have a config file in the project directory, owner first: members read what the owner's plan gave. */
export function findStacks(directory: string): string[] {
    const stacks = fs.readdirSync(directory).map((file) => /^Pulumi\.(.+)\.yaml$/.exec(file)?.[1]).filter((stack) => stack !== undefined);
    const owners = new Set(stacks.filter((stack) => "host" in Object(readStack(directory, stack).find(([key]) => key.endsWith(":monitoring"))?.[1])));
    return stacks.sort((a, b) => Number(owners.has(b)) - Number(owners.has(a)) || a.localeCompare(b));
}

/** The stack's config in the form that the engine hands to a program: structured values as JSON, secrets as placeholders. */
export function loadConfig(directory: string, stack: string): Record<string, string> {
    const entries = readStack(directory, stack);
    const environment = String(entries.find(([key]) => key.endsWith(":environment"))?.[1] || stack);
    return Object.fromEntries(entries.map(([key, value]) => {
        const plain = withoutSecrets(value, [key.split(":").pop()!], environment);
        return [key, typeof plain === "string" ? plain : JSON.stringify(plain)];
    }));
}

/** Keys with their namespace, as the engine gives them: one without is the project's own. */
function readStack(directory: string, stack: string): [string, unknown][] {
    const name = `Pulumi.${stack}.yaml`;
    const file = path.join(directory, name);
    if (!fs.existsSync(file)) throw new Error(`there is no ${name}: make one, or name another stack with --stack`);
    try {
        const { config = {} } = (load(fs.readFileSync(file, "utf8")) ?? {}) as { config?: Record<string, unknown> };
        return Object.entries(config ?? {}).map(([key, value]) => [key.includes(":") ? key : `photogather-monitoring:${key}`, value]);
    } catch (error) {
        throw new Error(`${name}: ${(error as Error).message.replace(/\s+$/, "")}`);
    }
}

/** An encrypted value cannot be read here, and need not be: what stands in for it has the form that its name tells. */
function withoutSecrets(value: unknown, path: string[], environment: string): unknown {
    if (Array.isArray(value)) return value.map((item, index) => withoutSecrets(item, [...path, String(index)], environment));
    if (typeof value !== "object" || value === null) return value;
    if ("secure" in value) return placeholder(path, environment);
    return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, withoutSecrets(item, [...path, name], environment)]));
}

function placeholder(path: string[], environment: string): unknown {
    const key = path[path.length - 1];
    if (key === "connection") return placeholderConnection(environment);
    if (key === "hostKey") return PLACEHOLDER_PUBLIC_KEY;
    if (/key$/i.test(key)) return PLACEHOLDER_KEY;
    if (/^(ca|trustedCa|certificate)$/.test(key)) return PLACEHOLDER_CERTIFICATE;
    if (/url$/i.test(key)) return "https://offline-placeholder.invalid/";
    // By the whole path: two secrets that must differ, as tokens, get two placeholders.
    return `offline-placeholder-for-${path.join("-").replace(/\W/g, "-")}`;
}
