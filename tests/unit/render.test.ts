import assert from "node:assert/strict";
import * as fs from "node:fs";
import * as path from "node:path";
import { encoderFor, renderTemplate } from "../../components/render";

const TEMPLATES = path.join(__dirname, "..", "..", "templates");
const all = fs.readdirSync(TEMPLATES, { recursive: true, encoding: "utf8" }).filter((file) => file.endsWith(".mustache"));

describe("templates", () => {
    it("there are some", () => assert.ok(all.length > 5));
    for (const file of all) {
        it(`${file}: its name tells its language`, () => assert.equal(typeof encoderFor(file.replace(/\.mustache$/, "")), "function"));
    }
    it("a name that the view lacks is an error that names template and value", () => {
        const file = "grafana/grafana.ini";
        assert.throws(() => renderTemplate(file, {}), (error: Error) => error.message.startsWith(`templates/${file}.mustache: "`) && error.message.endsWith("is not given"));
    });
    it("a file of no known language is an error", () => assert.throws(() => encoderFor("a/b.toml"), /components\/encode\.ts/));
});
