import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { parse } from "yaml";
import { DASHBOARD_UIDS, renderDashboards, UIDS } from "../../dashboards";
import { renderDatasources } from "../../components/monitoring-services/grafana";
import { renderLogRules } from "../../dashboards/alerts";
import { part } from "../support/parts";

const ROOT = path.join(__dirname, "..", "..");
const GRAFANA = "https://grafana.example.com";

/** `npm run export` as docs/external.md has it. */
describe("the export of dashboards and rules", () => {
    let directory: string;
    const below = (...names: string[]) => path.join(directory, "exported", ...names);
    const files = (...names: string[]) => fs.readdirSync(below(...names), { recursive: true, encoding: "utf8" }).filter((file) => fs.statSync(below(...names, file)).isFile()).sort();
    const read = (...names: string[]) => fs.readFileSync(below(...names), "utf8");
    const run = (...args: string[]) => spawnSync("npm", ["run", "--silent", "export", "--", ...args], { cwd: ROOT, encoding: "utf8" });

    before(() => {
        directory = fs.mkdtempSync(path.join(os.tmpdir(), "export-"));
        const { status, stdout, stderr } = run("--environments", "prod,dev", "--grafana", GRAFANA, below());
        assert.equal(status, 0, stderr);
        assert.match(stdout, /^Wrote \d+ files to /);
    });
    after(() => fs.rmSync(directory, { recursive: true }));

    it("has every dashboard but the one of the shared deployment itself, as it is there", () => {
        const expected = renderDashboards([UIDS.monitoring]);
        assert.equal(Object.keys(expected).length, DASHBOARD_UIDS.length - 1);
        assert.deepEqual(files("dashboards"), Object.keys(expected).sort());
        for (const [file, text] of Object.entries(expected)) assert.equal(read("dashboards", file), text, file);
    });

    it("has rules that Prometheus takes, of applications and hosts, which lead to that Grafana; and none of the shared deployment's services", function () {
        const promtool = part(this, "promtool");
        execFileSync(promtool, ["check", "rules", "--lint-fatal", ...files("rules").map((file) => below("rules", file))], { stdio: "pipe" });
        interface Rules { groups: { rules: { alert?: string; record?: string; expr: string; annotations?: Record<string, string> }[] }[] }
        const rules = files("rules").flatMap((file) => (parse(read("rules", file)) as Rules).groups.flatMap((group) => group.rules));
        const names = rules.map(({ alert, record }) => alert ?? record!);
        for (const name of ["HostDown", "ApplicationDown"]) assert.ok(names.includes(name), name);
        assert.ok(rules.some(({ record }) => record));
        for (const area of ["monitoring", "capacity"]) assert.ok(!files("rules").includes(`builtin-${area}.yml`), area);
        assert.ok(rules.some(({ annotations }) => JSON.stringify(annotations ?? {}).includes(`${GRAFANA}/d/`)));
    });

    it("has each environment's rules on lines, as the shared Loki has them", () => {
        assert.deepEqual(fs.readdirSync(below("log-rules")).sort(), ["dev", "prod"]);
        for (const environment of ["prod", "dev"]) {
            const expected = renderLogRules(environment, { links: { grafana: GRAFANA, runbook: undefined } });
            assert.ok(Object.keys(expected).length > 0);
            assert.deepEqual(Object.fromEntries(files("log-rules", environment).map((file) => [file, read("log-rules", environment, file)])), expected);
        }
    });

    it("has the data sources with their links, at addresses that Grafana is told by its environment", () => {
        interface Sources { datasources: { uid: string; type: string; url: string; jsonData: Record<string, unknown>; correlations?: object[] }[] }
        const of = (text: string) => (parse(text) as Sources).datasources;
        const text = read("datasources.yml");
        assert.doesNotMatch(text, /gateway/);
        const urls: Record<string, string> = { prometheus: "$PROMETHEUS_URL", loki: "$LOKI_URL", tempo: "$TEMPO_URL" };
        assert.deepEqual(of(text), of(renderDatasources(["prod", "dev"])).map((source) => ({ ...source, url: urls[source.type] })));
        assert.equal(of(text).length, 1 + 2 * 3);
    });

    it("is refused into a directory that holds something, without environments, and with names that are none; and nothing is changed", () => {
        fs.writeFileSync(below("rules", "mine.yml"), "mine");
        const before = files("rules");
        for (const [args, said] of [
            [["--environments", "prod", below()], /exported is not empty: name a new directory, or empty it/],
            [[below("other")], /expected environments and a directory: npm run export -- --environments/],
            [["--environments", "Prod!", below("other")], /Prod!/],
        ] as [string[], RegExp][]) {
            const { status, stderr } = run(...args);
            assert.notEqual(status, 0);
            assert.match(stderr, said);
            assert.doesNotMatch(stderr, /\n {4}at /);
        }
        assert.deepEqual(files("rules"), before);
        assert.ok(!fs.existsSync(below("other")));
    });
});
