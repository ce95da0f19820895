import assert from "node:assert/strict";
import * as fs from "node:fs";
import * as path from "node:path";
import Ajv from "ajv";
import { parse } from "yaml";
import { exec } from "../e2e/support/exec";
import { commandsOf, PAGES } from "../support/pages";
import { part } from "../support/parts";
import { Running } from "../support/running";

const ROOT = path.join(__dirname, "..", "..");
const STACKS = ["prod", "dev", "loadtest", "staging"];
/** `pulumi config set …`, and taking out what was set. */
const CONFIG = /^pulumi config (set|rm) /;
interface Schema { properties?: Record<string, Schema>; additionalProperties?: Schema | boolean; items?: Schema; anyOf?: Schema[] }

const ajv = new Ajv({ strict: false });
const SCHEMA = JSON.parse(fs.readFileSync(path.join(ROOT, "config.schema.json"), "utf8")) as Schema;

/** What the config's schema says of a value, by the keys that lead to it: a schema for each way that there is, none where there is no such value. */
function schemasAt(keys: string[], schema = SCHEMA): Schema[] {
    if (schema.anyOf) return schema.anyOf.flatMap((each) => schemasAt(keys, each));
    if (keys.length === 0) return [schema];
    const [key, ...rest] = keys;
    const further = schema.items ?? schema.properties?.[key] ?? schema.additionalProperties;
    return typeof further === "object" ? schemasAt(rest, further) : [];
}

/** Pulumi's commands as the pages have them, by the real CLI. What `up` and the others do with them is the end-to-end tests'. */
describe("the pages' commands for Pulumi", function () {
    this.timeout(300_000);
    const running = new Running();
    const [project, home] = [running.data("project"), running.data("home")];
    let pulumi = "";
    const helps = new Map<string, string>();

    before(async function () {
        pulumi = part(this, "pulumi");
        fs.copyFileSync(path.join(ROOT, "Pulumi.yaml"), path.join(project, "Pulumi.yaml"));
        fs.mkdirSync(path.join(home, ".ssh"));
        // Files that the pages' readers have.
        for (const file of ["id_ed25519", "new", "bastion"]) fs.writeFileSync(path.join(home, ".ssh", file), "a key\n");
        await type(`pulumi login file://${running.data("state")}`);
        for (const stack of STACKS) await type(`pulumi stack init ${stack}`);
        shipped();
    });
    after(() => running.stop());

    const fileOf = (stack: string) => path.join(project, `Pulumi.${stack}.yaml`);
    const salts = new Map<string, string>();
    /** The stacks as they are shipped; the encryption's salt stays, or the passphrase would be asked for anew. */
    const shipped = () => {
        for (const stack of STACKS) {
            const [salt] = salts.has(stack) ? [salts.get(stack)!] : /^encryptionsalt: .*$/m.exec(fs.readFileSync(fileOf(stack), "utf8")) ?? [""];
            salts.set(stack, salt);
            const source = path.join(ROOT, `Pulumi.${stack}.yaml`);
            fs.writeFileSync(fileOf(stack), `${salt}\n${fs.existsSync(source) ? fs.readFileSync(source, "utf8") : ""}`);
        }
        fs.writeFileSync(path.join(project, "connection_dev.json"), "{}\n");
    };
    /** Where a value is asked for, this one is typed. */
    const type = (command: string) => exec("bash", ["-ec", command], {
        cwd: project, input: "https://hooks.example.com/what-is-typed\n",
        env: { HOME: home, PATH: `${path.dirname(pulumi)}:${process.env.PATH}`, PULUMI_HOME: running.data("pulumi"), PULUMI_CONFIG_PASSPHRASE: "of the pages", PULUMI_SKIP_UPDATE_CHECK: "true" },
    });
    const help = async (words: string[]) => {
        const key = words.join(" ");
        if (!helps.has(key)) helps.set(key, await type(`pulumi ${key} --help`));
        return helps.get(key)!;
    };
    /** The command's own words: `stack output` of `stack output grafana -s prod`. A word that is no command has the help of the words before it; those that take no more commands list none. */
    const commandWords = async (words: string[]) => {
        const known: string[] = [];
        for (const word of words) {
            const before = await help(known);
            if (!/^ {2}pulumi.* \[command\]$/m.test(before) || !/^[a-z]/.test(word)) break;
            assert.notEqual(await help([...known, word]), before, `pulumi ${words.join(" ")}: there is no command ${word}`);
            known.push(word);
        }
        return known;
    };

    for (const page of PAGES) {
        const commands = commandsOf(page).filter((line) => /^pulumi /.test(line));
        const [settings, others] = [commands.filter((line) => CONFIG.test(line)), commands.filter((line) => !CONFIG.test(line))];
        if (settings.length > 0) {
            it(`${page}: what it sets is what the config has, secret where it says so`, async () => {
                shipped();
                for (const command of settings) {
                    await type(command);
                    const [verb, at, stack] = [CONFIG, / --path '?([^ ']+)/, / -s (\w+)/].map((pattern) => pattern.exec(command)?.[1] ?? assert.fail(`${command}: has none of ${pattern}`));
                    const keys = `photogather-monitoring:${at}`.split(/[.[\]]+/).filter(Boolean);
                    const value = keys.reduce<unknown>((config, key) => (config as Record<string, unknown> | undefined)?.[key], (parse(fs.readFileSync(fileOf(stack), "utf8")) as { config?: object }).config);
                    assert.equal(value === undefined, verb === "rm", command);
                    const known = schemasAt(["config", ...keys]);
                    assert.ok(known.length > 0, `${command}: the config has no such key`);
                    assert.equal(known.some(({ properties }) => properties?.secure), command.includes("--secret"), `${command}: secret`);
                    if (verb === "set") assert.ok(known.some((schema) => ajv.validate(schema, value)), `${command}: the config does not take ${JSON.stringify(value)}: ${ajv.errorsText()}`);
                }
            });
        }
        if (others.length > 0) {
            it(`${page}: the CLI knows the commands and their options`, async () => {
                for (const command of new Set(others)) {
                    const words = command.replace(/ [<>|].*$/, "").split(/\s+/).slice(1);
                    const text = await help(await commandWords(words));
                    const unknown = words.filter((word) => /^--?[a-z]/.test(word)).map((word) => word.split("=")[0]).filter((option) => !new RegExp(`(^|\\s)${option}(,|\\s|$)`, "m").test(text));
                    assert.deepEqual(unknown, [], command);
                }
            });
        }
    }
});
