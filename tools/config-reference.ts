/**
 * `npm run docs:config`: writes what the config's schema knows into docs/configuration.md: the type of every key. What a key means and does by default stays as it
 * is written there; config.schema.json, for editors, has both. A key without a row, or a row without a key, is an error; a test holds the page against the schema.
 */
import * as fs from "node:fs";
import * as path from "node:path";
import { z } from "zod";
import { memberSchema, ownerSchema, schema } from "../stacks/schema";
import { EDITOR_SCHEMA, renderEditorSchema } from "./config-schema";

export const PAGE = path.join(__dirname, "..", "docs", "configuration.md");
/** A row of a table of keys: the key, its type, and the rest. */
const ROW = /^\| `([^`]+)` \| ([^|]+) \| (.*)$/;
/** From here on the page is about what a stack gives, not what it is given. */
const END = "\n## Outputs";
/** Keys of other programs. */
const FOREIGN = ["aws:region"];

/** Every key of the config as the page writes it (`was[].ssh.port`, `monitoring.environments.<name>.cidrs`), with its type in the page's words. */
export function configKeys(): Map<string, string> {
    const keys = [...keysOf(schema, ""), ...keysOf(ownerSchema, "monitoring"), ...keysOf(memberSchema, "monitoring")];
    return new Map([["defaults", "section"], ["was", "list"], ...keys.filter(([key]) => !key.startsWith("defaults."))]);
}

/** Of any schema, below a key. */
export function keysOf(type: z.ZodType, at: string): [string, string][] {
    if (type instanceof z.ZodOptional || type instanceof z.ZodNonOptional) return keysOf(type.unwrap() as z.ZodType, at);
    if (type instanceof z.ZodObject) return Object.entries(type.shape).flatMap(([key, value]) => keysOf(value as z.ZodType, at ? `${at}.${key}` : key));
    if (type instanceof z.ZodArray && type.element instanceof z.ZodObject) return keysOf(type.element, `${at}[]`);
    if (type instanceof z.ZodRecord && type.valueType instanceof z.ZodObject) return keysOf(type.valueType, `${at}.<name>`);
    return [[at, wording(type)]];
}

function wording(type: z.ZodType): string {
    const { kind, secret } = (type.meta() ?? {}) as { kind?: string; secret?: boolean };
    return `${kind ?? kindOf(type)}${secret ? ", *secret*" : ""}`;
}

function kindOf(type: z.ZodType): string {
    if (type instanceof z.ZodNumber) return "number";
    if (type instanceof z.ZodBoolean) return "boolean";
    if (type instanceof z.ZodArray) return `list of ${kindOf(type.element as z.ZodType)}s`;
    if (type instanceof z.ZodRecord) return `map of ${kindOf(type.valueType as z.ZodType).replace(/ of .*/, "")}s`;
    return "string";
}

/**
 * The page with every type as the schema has it.
 *
 * @throws Error that lists keys without a row and rows without a key
 */
export function renderReference(page: string, keys = configKeys()): string {
    const cut = page.indexOf(END);
    const described: string[] = [];
    const lines = page.slice(0, cut).split("\n").map((line) => {
        const [, key, , rest] = ROW.exec(line) ?? [];
        if (!key) return line;
        described.push(key);
        return keys.has(key) ? `| \`${key}\` | ${keys.get(key)} | ${rest}` : line;
    });
    const missing = [...keys].filter(([key]) => !described.includes(key)).map(([key, type]) => `no row for a key, which would begin with | \`${key}\` | ${type} |`);
    const unknown = described.filter((key) => !keys.has(key) && !FOREIGN.includes(key)).map((key) => `no key ${key}, for which there is a row`);
    if (missing.length + unknown.length > 0) throw new Error(`docs/configuration.md:\n  ${[...missing, ...unknown].join("\n  ")}`);
    return lines.join("\n") + page.slice(cut);
}

/** The key and the rest of each row. */
function rowsOf(page: string): [string, string][] {
    return page.slice(0, page.indexOf(END)).split("\n").flatMap((line): [string, string][] => {
        const [, key, , rest] = ROW.exec(line) ?? [];
        return key ? [[key, rest]] : [];
    });
}

/** The defaults that the page names by their values, which `npm test` holds against the program: JSON, or else text. Others it describes in words. */
export function keyDefaults(page: string): Map<string, unknown> {
    return new Map(rowsOf(page).flatMap(([key, rest]): [string, unknown][] => {
        const literal = /^`([^`]+)`(?=$| \||, where| with )/.exec(rest)?.[1].replace(/\\\|/g, "|");
        // Another key's name says that it is as that one.
        return literal === undefined || FOREIGN.includes(key) || /^(monitoring|was)[.[]/.test(literal) ? [] : [[key, parsed(literal)]];
    }));
}

function parsed(literal: string): unknown {
    try { return JSON.parse(literal); } catch { return literal; }
}

/** What the page says of each key, without links and marks of Markdown: its meaning, and what holds without it. */
export function keyTexts(page: string): Map<string, string> {
    return new Map(rowsOf(page).map(([key, rest]): [string, string] => {
        const [otherwise, meaning] = rest.replace(/ ?\|$/, "").split(/(?<!\\) \| ?/).map((cell) => cell.replace(/\\\|/g, "|").replace(/\[([^\]]+)\]\([^)]+\)/g, "$1").trim());
        return [key, `${meaning ? `${meaning}. ` : ""}${otherwise.startsWith("needed") ? otherwise[0].toUpperCase() + otherwise.slice(1) : `Default: ${otherwise}`}`];
    }));
}

if (require.main === module) {
    const page = renderReference(fs.readFileSync(PAGE, "utf8"));
    fs.writeFileSync(PAGE, page);
    fs.writeFileSync(EDITOR_SCHEMA, renderEditorSchema(keyTexts(page)));
}
