/**
 * The package's schema, from which Pulumi makes its SDKs for Python, Go and the other languages: what Pulumi itself infers from the components'
 * types and comments, with the rest of the comments added. `UPDATE_GOLDEN=1 npm test` writes it to components/schema.json; a test compares.
 */
import * as path from "node:path";
import { Analyzer } from "@pulumi/pulumi/provider/experimental/analyzer";
import { getPulumiComponents } from "@pulumi/pulumi/provider/experimental/provider";
import { generateSchema } from "@pulumi/pulumi/provider/experimental/schema";
import ts from "typescript";
import * as components from "../components";
import { description, name, version } from "../package.json";

const PACKAGE = path.join(__dirname, "..", "components");

/** Of the schema, what is worked on here. */
export interface Schema {
    name: string;
    version: string;
    description: string;
    resources: Record<string, { description?: string; inputProperties: Record<string, Described>; properties: Record<string, Described> }>;
    types: Record<string, { description?: string; properties: Record<string, Described> }>;
    language: Record<string, object>;
}

/** Something with a comment. */
export interface Described {
    description?: string;
}

/** The schema as it is kept. */
export function renderSchema(): string {
    const analyzer = new Analyzer(PACKAGE, name, {}, new Set(getPulumiComponents(components).map((component) => component.name)));
    const inferred = analyzer.analyze();
    const schema = generateSchema(name, version, description, inferred.components, inferred.typeDefinitions, inferred.dependencies) as unknown as Schema;
    // Without it Pulumi makes no Go type for what stands in lists and maps of plain values only, as TargetArgs, and the SDK does not compile.
    Object.assign(schema.language.go, { generateExtraInputTypes: true });
    // Its program is private, but a second one would take as long again.
    describe(schema, readComments((analyzer as unknown as { program: ts.Program }).program));
    return `${shortenTypes(JSON.stringify(sorted(schema), null, 2), Object.keys(schema.types))}\n`;
}

/** What Pulumi leaves out: comments of types, and each property's `@default`. */
function describe(schema: Schema, comments: Comments): void {
    const complete = (properties: Record<string, Described>, owner: string) => {
        for (const [property, described] of Object.entries(properties)) {
            const byDefault = comments.defaults.get(`${owner}.${property}`);
            if (byDefault) described.description = [described.description, `Default: ${byDefault}`].filter(Boolean).join("\n\n");
        }
    };
    for (const [token, type] of Object.entries(schema.types)) {
        type.description = comments.types.get(lastPart(token));
        complete(type.properties, lastPart(token));
    }
    for (const [token, resource] of Object.entries(schema.resources)) complete(resource.inputProperties, `${lastPart(token)}Args`);
}

interface Comments {
    types: Map<string, string>;
    /** By `<interface>.<property>`. */
    defaults: Map<string, string>;
}

function readComments(program: ts.Program): Comments {
    const comments: Comments = { types: new Map(), defaults: new Map() };
    const own = program.getSourceFiles().filter((source) => !source.fileName.includes("/node_modules/"));
    for (const declaration of own.flatMap((source) => source.statements.filter(ts.isInterfaceDeclaration))) {
        const type = declaration.name.text;
        const text = program.getTypeChecker().getSymbolAtLocation(declaration.name)!.getDocumentationComment(undefined);
        comments.types.set(type, ts.displayPartsToString(text));
        for (const member of declaration.members) {
            const tag = ts.getJSDocTags(member).find(({ tagName }) => tagName.text === "default");
            if (tag && member.name) comments.defaults.set(`${type}.${member.name.getText()}`, ts.getTextOfJSDocComment(tag.comment) ?? "");
        }
    }
    return comments;
}

/** SDKs add `Args` to the name of every type, so `TargetArgs` would be `TargetArgsArgs` there. */
function shortenTypes(schema: string, tokens: string[]): string {
    return tokens.filter((token) => token.endsWith("Args")).reduce((text, token) => {
        const short = token.slice(0, -"Args".length);
        if (tokens.includes(short)) throw new Error(`the types ${token} and ${short} would be one in other languages: rename one`);
        return text.replaceAll(`${token}"`, `${short}"`);
    }, schema);
}

/** Components and types by name, so that moving one in the sources changes nothing here. */
function sorted(schema: Schema): Schema {
    const byName = <T>(record: Record<string, T>) => Object.fromEntries(Object.entries(record).sort(([a], [b]) => (a < b ? -1 : 1)));
    return { ...schema, resources: byName(schema.resources), types: byName(schema.types) };
}

function lastPart(token: string): string {
    return token.split(":").pop()!;
}
