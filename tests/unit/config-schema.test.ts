import assert from "node:assert/strict";
import * as fs from "node:fs";
import * as path from "node:path";
import Ajv from "ajv";
import { parse } from "yaml";
import { keyTexts, PAGE } from "../../tools/config-reference";
import { EDITOR_SCHEMA, renderEditorSchema } from "../../tools/config-schema";

const ROOT = path.join(__dirname, "..", "..");
const validate = new Ajv({ strict: false, allErrors: true }).compile(JSON.parse(fs.readFileSync(EDITOR_SCHEMA, "utf8")) as object);
/** What an editor would mark. */
const marks = (config: object) => (validate({ config }) ? [] : validate.errors!.map(({ instancePath, keyword }) => `${instancePath} ${keyword}`));
const shipped = (stack: string) => (parse(fs.readFileSync(path.join(ROOT, `Pulumi.${stack}.yaml`), "utf8")) as { config: Record<string, Record<string, unknown>> }).config;
const MONITORING = "photogather-monitoring:monitoring";

describe("the config's schema for editors", () => {
    it("is the one that the program's schema and the page give; npm run docs:config writes it", () => {
        assert.equal(fs.readFileSync(EDITOR_SCHEMA, "utf8"), renderEditorSchema(keyTexts(fs.readFileSync(PAGE, "utf8"))));
    });

    for (const stack of ["prod", "dev", "loadtest"]) {
        it(`takes Pulumi.${stack}.yaml as it is shipped, which names it`, () => {
            assert.deepEqual(marks(shipped(stack)), []);
            assert.match(fs.readFileSync(path.join(ROOT, `Pulumi.${stack}.yaml`), "utf8"), /^# yaml-language-server: \$schema=config\.schema\.json\n/);
        });
    }

    it("takes a secret as text or encrypted, and other providers' keys", () => {
        for (const adminPassword of ["a long password", { secure: "v1:abc" }]) {
            assert.deepEqual(marks({ ...shipped("prod"), [MONITORING]: { ...shipped("prod")[MONITORING], adminPassword }, "aws:region": "eu-west-1" }), []);
        }
    });

    for (const [what, change] of [
        ["a key that is misspelt", { [MONITORING]: { ...shipped("prod")[MONITORING], adress: "10.0.0.1" } }],
        ["a section that is misspelt", { "photogather-monitoring:defalts": {} }],
        ["a text in a number's place", { [MONITORING]: { ...shipped("prod")[MONITORING], port: "8080" } }],
        ["a value that is none of the few", { [MONITORING]: { ...shipped("prod")[MONITORING], tls: "none" } }],
        ["an encrypted value where none is secret", { [MONITORING]: { ...shipped("prod")[MONITORING], domain: { secure: "v1:abc" } } }],
    ] as const) {
        it(`marks ${what}`, () => assert.notDeepEqual(marks({ ...shipped("prod"), ...change }), []));
    }

    it("explains a key in plain words", () => {
        const texts = keyTexts(fs.readFileSync(PAGE, "utf8"));
        assert.equal(texts.get("monitoring.domain")?.includes("]("), false);
        assert.match(texts.get("monitoring.host.ec2.gatewayFrom")!, /^who may reach the gateway: .*\. Needed$/);
        assert.match(texts.get("was[].tracing.droppedPaths")!, /gets no span; `\[\]` drops none\. Default: `\["\^\/actuator\(\/\|\$\)"\]`$/);
    });
});
