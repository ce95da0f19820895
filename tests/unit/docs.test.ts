import assert from "node:assert/strict";
import * as fs from "node:fs";
import * as path from "node:path";
import { parse } from "yaml";
import { parseConfig } from "../../stacks/config";
import { schema } from "../../stacks/schema";
import { keysOf, PAGE, renderReference } from "../../tools/config-reference";
import { loadConfig } from "../../tools/plan/config";
import { commandsOf } from "../support/pages";

const ROOT = path.join(__dirname, "..", "..");
const read = (file: string): string => fs.readFileSync(path.join(ROOT, file), "utf8");

/** What Maven, npm and the examples' own commands put beside ours. */
const NOT_OURS = ["node_modules", "target", "monitoring", "sdks", "venv"];

/** Every document that a reader may open, as a path from the root. */
const DOCUMENTS = [...listMarkdown("."), ...["docs", "components", "examples"].flatMap((directory) => listMarkdown(directory, true))];

function listMarkdown(directory: string, deep = false): string[] {
    return fs.readdirSync(path.join(ROOT, directory), { withFileTypes: true }).flatMap((entry) => {
        const file = path.posix.join(directory, entry.name);
        if (entry.isDirectory()) return deep && !NOT_OURS.includes(entry.name) ? listMarkdown(file, true) : [];
        return entry.name.endsWith(".md") ? [file] : [];
    });
}

const { scripts } = JSON.parse(read("package.json")) as { scripts: Record<string, string> };
const FENCE = /^```(.*)\n([\s\S]*?)^```$/gm;
const codeBlocks = (text: string): string[] => [...text.matchAll(FENCE)].map(([, language, body]) => `${language}\n${body}`);
const prose = (text: string): string => text.replace(FENCE, "");
const headings = (text: string): string[] => prose(text).split("\n").filter((line) => /^#+ /.test(line));
const levels = (text: string): number[] => headings(text).map((line) => line.indexOf(" "));
const links = (text: string): string[] => [...prose(text).matchAll(/\]\(([^)\s]+)\)/g)].map(([, target]) => target);
/** The anchor that GitHub gives a heading. */
const anchor = (heading: string): string => heading.replace(/^#+ /, "").toLowerCase().replace(/[^\p{L}\p{N} _-]/gu, "").replace(/ /g, "-");

const PROJECT = "photogather-monitoring";
/** What the text beside an example has the reader set by a command, as it is a secret. */
const SET_BY_COMMAND = /privateKey: expected a private key|expected username and password together|clientSecret: expected a text|authorizedKeys: needs privateKey/;

/** Parts of another program's configuration. */
const OF_A_BACKEND = /^yaml\n(limits|limits_config|metrics_generator):/;

/** Problems of a shipped stack's config with an example laid over it: the stack that a comment names, else parts of `monitoring` for the owner, `defaults` and the like for a member. */
function problemsWith(example: string): string[] {
    const given = parse(example) as Record<string, object>;
    const sections = Object.keys(given).every((key) => key.startsWith(`${PROJECT}:`)) ? given : { [`${PROJECT}:monitoring`]: given };
    const stack = /^\s*# Pulumi\.(\w+)\.yaml/.exec(example)?.[1] ?? (sections === given ? "dev" : "prod");
    const config = loadConfig(ROOT, stack);
    for (const [key, section] of Object.entries(sections)) {
        if (Array.isArray(section)) { config[key] = JSON.stringify(section); continue; }
        const shipped = JSON.parse(config[key]) as Record<string, object>;
        const { environments } = section as { environments?: object };
        config[key] = JSON.stringify({ ...shipped, ...section, ...(environments ? { environments: { ...shipped.environments, ...environments } } : {}) });
    }
    try { parseConfig(config, PROJECT, stack); } catch (error) { return (error as Error).message.split("\n").slice(1).filter((line) => !SET_BY_COMMAND.test(line)); }
    return [];
}

describe("docs", () => {
    it("the two READMEs have the same sections", () => assert.deepEqual(levels(read("README.ko.md")), levels(read("README.md"))));
    it("the two READMEs have the same code blocks", () => assert.deepEqual(codeBlocks(read("README.ko.md")), codeBlocks(read("README.md"))));
    it("the two READMEs lead to the same pages", () => {
        const targets = (file: string) => links(read(file)).filter((target) => !/^README(\.ko)?\.md$/.test(target)).sort();
        assert.deepEqual(targets("README.ko.md"), targets("README.md"));
    });
    it("the two READMEs have tables of the same size", () => {
        const rows = (file: string) => read(file).split("\n").filter((line) => line.startsWith("|")).map((line) => line.split(/(?<!\\)\|/).length);
        assert.deepEqual(rows("README.ko.md"), rows("README.md"));
    });

    it("one version: of the package, of the changelog's newest entry, and in the name of the file that the pages install", () => {
        const { version } = JSON.parse(read("package.json")) as { version: string };
        assert.equal(/^## \[([^\]]+)\]/m.exec(read("CHANGELOG.md"))?.[1], version);
        const named = DOCUMENTS.flatMap((file) => [...read(file).matchAll(/photogather-monitoring-(\d[\w.-]*)\.tgz/g)].map((match) => `${file} ${match[1]}`));
        assert.ok(named.length > 3);
        assert.deepEqual(named.filter((each) => !each.endsWith(` ${version}`)), []);
    });

    it("the reference of the config has every key of the schema, with its type, and no other", () => {
        const page = fs.readFileSync(PAGE, "utf8");
        assert.equal(renderReference(page), page, "docs/configuration.md is behind the schema; mend it with: npm run docs:config");
        assert.match(renderReference(page.replace("| `monitoring.port` | number |", "| `monitoring.port` | string |")), /\| `monitoring\.port` \| number \|/);
        assert.throws(() => renderReference(page.replace(/^\| `monitoring\.port` .*\n/m, "")), /no row for a key, which would begin with \| `monitoring\.port` \| number \|/);
        assert.throws(() => renderReference(page.replace("`monitoring.port`", "`monitoring.ports`")), /no key monitoring\.ports, for which there is a row/);
    });
    it("what `defaults` takes is what a host takes, but four keys", () => {
        const of = (prefix: string) => keysOf(schema, "").map(([key]) => key).filter((key) => key.startsWith(prefix)).map((key) => key.slice(prefix.length));
        assert.deepEqual(of("was[].").filter((key) => !of("defaults.").includes(key)).sort(), ["address", "canary", "local", "name"]);
        assert.deepEqual(of("defaults.").filter((key) => !of("was[].").includes(key)), []);
    });

    for (const file of DOCUMENTS) {
        const examples = codeBlocks(read(file)).filter((block) => block.startsWith("yaml\n") && !OF_A_BACKEND.test(block)).map((block) => block.slice("yaml\n".length));
        if (examples.length > 0) it(`${file}: every example of a config is one that the plan takes`, () => assert.deepEqual(examples.flatMap(problemsWith), []));
        it(`${file}: every npm script exists`, () => {
            const named = [...read(file).matchAll(/npm run ([a-z][\w:-]*)/g)].map(([, script]) => script);
            assert.deepEqual(named.filter((script) => !(script in scripts)), []);
        });
        it(`${file}: every option that a command of ours is given is one that it takes`, () => {
            const unknown = commandsOf(file).flatMap((command) => {
                const script = /^npm run ([a-z][\w:-]*) -- /.exec(command)?.[1];
                const program = script && / (tools\/[\w-]+\.ts)/.exec(scripts[script])?.[1];
                if (!program) return [];
                return [...command.matchAll(/ --([a-z][\w-]*)/g)].map(([, option]) => option).filter((option) => !new RegExp(`[\\s{]"?${option}"?: \\{ type: "`).test(read(program))).map((option) => `${command}: --${option}`);
            });
            assert.deepEqual(unknown, []);
        });
        it(`${file}: every relative link leads somewhere`, () => {
            const broken = links(read(file)).filter((target) => !/^[a-z]+:/.test(target)).filter((target) => {
                const [page, section] = target.split("#");
                const to = page === "" ? file : path.posix.join(path.posix.dirname(file), page);
                if (!fs.existsSync(path.join(ROOT, to))) return true;
                return section !== undefined && !headings(read(to)).map(anchor).includes(section);
            });
            assert.deepEqual(broken, []);
        });
        it(`${file}: no path of a developer's machine`, () => assert.doesNotMatch(read(file), /\/work\/|\/root\/|\/tmp\/tmp\.|\/Users\//));
    }
});
