/**
 * The JSON schema of `Pulumi.<stack>.yaml`, by which editors complete, explain and check a stack's config: types as the program's own schema has them, meanings and
 * defaults as docs/configuration.md has them. `npm run docs:config` writes it to config.schema.json.
 */
import * as path from "node:path";
import { z } from "zod";
import { memberSchema, outsideSchema, ownerSchema, schema } from "../stacks/schema";

export const EDITOR_SCHEMA = path.join(__dirname, "..", "config.schema.json");
const PROJECT = "photogather-monitoring";

/** Of JSON Schema, what is worked on here. */
interface Node {
    description?: string;
    properties?: Record<string, Node>;
    additionalProperties?: boolean | Node;
    items?: Node;
    anyOf?: Node[];
    [key: string]: unknown;
}

/** What Pulumi writes in a secret's place. */
const ENCRYPTED: Node = { type: "object", properties: { secure: { type: "string" } }, required: ["secure"], additionalProperties: false };

/**
 * The schema's text.
 *
 * @param texts what the page says of a key, by key
 */
export function renderEditorSchema(texts: Map<string, string>): string {
    const top = Object.entries(schema.shape).filter(([key]) => key !== "monitoring");
    const keys: Record<string, Node> = Object.fromEntries(top.map(([key, type]) => [key, nodeOf(type, key, texts)]));
    keys.monitoring = {
        description: texts.get("monitoring"),
        anyOf: [["the owner's stack", ownerSchema], ["a member's stack", memberSchema], ["a stack with endpoints outside only", outsideSchema]]
            .map(([title, type]) => ({ ...nodeOf(type as z.ZodType, "monitoring", texts), title: title as string })),
    };
    const config = Object.fromEntries(Object.entries(keys).sort(([a], [b]) => (a < b ? -1 : 1)).map(([key, node]) => [`${PROJECT}:${key}`, node]));
    return `${JSON.stringify({
        $schema: "http://json-schema.org/draft-07/schema#", title: "Stack config of photogather-monitoring", type: "object",
        properties: { config: { type: "object", properties: config, patternProperties: { [`^${PROJECT}:(?!(${Object.keys(keys).join("|")})$)`]: false } } },
    }, undefined, 1)}\n`;
}

function nodeOf(type: z.ZodType, at: string, texts: Map<string, string>): Node {
    return explained(z.toJSONSchema(type, { target: "draft-7", io: "input", unrepresentable: "any" }) as Node, at, texts);
}

/** The node with what the page says of it and of everything below; a secret may stand there encrypted. Formats are in the words of another program. */
function explained(raw: Node, at: string, texts: Map<string, string>): Node {
    const node: Node = Object.fromEntries(Object.entries(raw).filter(([key]) => !["$schema", "secret", "kind", "format"].includes(key)));
    const description = texts.get(at) ?? texts.get(at.replace(/^defaults(?=\.)/, "was[]"));
    const { properties, items, additionalProperties: more } = node;
    const below: Node = {
        ...node,
        ...(properties ? { properties: Object.fromEntries(Object.entries(properties).map(([key, each]) => [key, explained(each, at ? `${at}.${key}` : key, texts)])) } : {}),
        ...(node.anyOf ? { anyOf: node.anyOf.map((each) => explained(each, "", texts)) } : {}),
        ...(items ? { items: explained(items, `${at}[]`, texts) } : {}),
        ...(typeof more === "object" ? { additionalProperties: explained(more, `${at}.<name>`, texts) } : {}),
    };
    return { ...(raw.secret ? { anyOf: [below, ENCRYPTED] } : below), ...(description ? { description } : {}) };
}
