import assert from "node:assert/strict";
import * as YAML from "yaml";
import { planServiceBundle, renderServiceFiles } from "../../components/monitoring-services/files";
import { renderDatasources } from "../../components/monitoring-services/grafana";
import { GrafanaChoices, validateGrafana } from "../../components/monitoring-services/validate-grafana";
import { DASHBOARD_UIDS, DASHBOARDS, dashboardFile } from "../../dashboards";
import { sampleServices } from "../support/services";

const ENVIRONMENTS = ["prod", "dev", "loadtest"];
const BELOW = "/etc/photogather-monitoring/grafana/";
const problems = (choices: GrafanaChoices) => validateGrafana(choices, ENVIRONMENTS).map(({ path, message }) => `${path}: ${message}`);
const own = (uid: string) => JSON.stringify({ uid, title: "Orders" });

describe("dashboards and data sources of Grafana", () => {
    const [first] = DASHBOARDS;
    const uid = DASHBOARD_UIDS[0];

    it("are the built-in ones, and a user's own beside them", () => {
        const files = renderServiceFiles(sampleServices({ dashboards: { "Shop/orders.json": own("orders") } })).map(({ path }) => path);
        for (const spec of DASHBOARDS) assert.ok(files.includes(`${BELOW}dashboards/${dashboardFile(spec)}`), spec.name);
        assert.ok(files.includes(`${BELOW}dashboards/Shop/orders.json`));
    });

    it("are switched off one by one", () => {
        const files = renderServiceFiles(sampleServices({ dashboards: {}, withoutDashboards: [uid] })).map(({ path }) => path);
        assert.equal(files.filter((path) => path.startsWith(`${BELOW}dashboards/`)).length, DASHBOARDS.length - 1);
        assert.ok(!files.includes(`${BELOW}dashboards/${dashboardFile(first)}`));
        const { datasources } = YAML.parse(renderDatasources(["prod", "dev"], ["loki-dev", "tempo-prod"])) as { datasources: { uid: string; jsonData: Record<string, never> }[] };
        assert.deepEqual(datasources.map((each) => each.uid), ["prometheus", "loki", "loki-prod", "tempo", "tempo-dev"]);
        const of = (name: string) => JSON.stringify(datasources.find((each) => each.uid === name)?.jsonData);
        assert.match(of("loki-prod"), /"datasourceUid":"tempo"/);
        assert.match(of("tempo-dev"), /"tracesToLogsV2":{"datasourceUid":"loki"/);
    });

    it("of a user come to Grafana alone, as data sources may hold secrets", () => {
        const file = renderServiceFiles(sampleServices({ dataSources: { "shop.yml": "apiVersion: 1\ndatasources: []\n" } })).find(({ path }) => path.endsWith("/datasources/shop.yml"));
        assert.deepEqual([file?.mode, file?.owner], ["0640", "root:0"]);
    });

    it("of a user may take a built-in one's place only where that is switched off", () => {
        assert.deepEqual(problems({ dashboards: { [dashboardFile(first)]: own(uid) }, withoutDashboards: [uid] }), []);
        assert.deepEqual(problems({ dashboards: { "mine.json": own(uid), [dashboardFile(first)]: own("mine") } }), [
            `dashboards["mine.json"]: has the uid "${uid}" of another dashboard: expected a uid of its own, or "${uid}" in withoutDashboards`,
            `dashboards["${dashboardFile(first)}"]: is a built-in dashboard's file: expected another name, or "${uid}" in withoutDashboards`,
        ]);
        assert.deepEqual(problems({ dashboards: { "a.json": own("orders"), "b.json": own("orders") } }), [
            'dashboards["b.json"]: has the uid "orders" of another dashboard: expected a uid of its own, or another one than that of "a.json"',
        ]);
    });

    it("that Grafana could not read are told before anything exists", () => {
        for (const content of ["{", "[]", '"x"', "null", '{"title":"x"}', '{"uid":"","title":"x"}', '{"uid":"x"}']) {
            assert.match(problems({ dashboards: { "a.json": content } }).join(), /^dashboards\["a.json"\]: expected a dashboard as Grafana exports it/, content);
        }
        const source = (lines: string) => ({ "shop.yml": `apiVersion: 1\ndatasources:\n  - name: Shop\n    type: prometheus\n${lines}` });
        assert.deepEqual(problems({ dataSources: source("    uid: shop\n") }), []);
        assert.match(problems({ dataSources: source("    uid: loki-dev\n") }).join(), /^dataSources\["shop.yml"\]: has the uid "loki-dev" of a built-in/);
        assert.deepEqual(problems({ dataSources: source("    uid: loki-dev\n"), withoutDataSources: ["loki-dev"] }), []);
        assert.match(problems({ dataSources: source("    uid: shop\n    isDefault: true\n") }).join(), /^dataSources\["shop.yml"\]: expected no isDefault/);
        assert.match(problems({ dataSources: { "shop.yml": "- name: Shop\n" } }).join(), /^dataSources\["shop.yml"\]: expected a provisioning file/);
        assert.match(problems({ dataSources: { "monitoring.yml": "datasources: []" } }).join(), /^dataSources\["monitoring.yml"\]: is the built-in/);
        assert.throws(() => planServiceBundle(sampleServices({ dashboards: { "a.json": "{" } })), /MonitoringServices has 1 problem:\n {2}dashboards\["a.json"\]/);
    });

    it("that do not exist, or must stay, cannot be switched off", () => {
        assert.match(problems({ withoutDashboards: ["jvn"] }).join(), /^withoutDashboards\[0\]: expected one of .*, got "jvn"$/);
        assert.match(problems({ withoutDataSources: ["loki-dev", "loki-qa"] }).join(), /^withoutDataSources\[1\]: expected one of "loki-dev".*, got "loki-qa"$/);
        assert.deepEqual(problems({ withoutDataSources: ["tempo"] }), ['withoutDataSources[0]: "tempo" stays: dashboards and links stand on it']);
    });
});

/** What may not change by itself: section, key, value, and what would follow otherwise. */
const GUARDED: [string, string, string, string][] = [
    ["auth.anonymous", "enabled", "false", "whoever reaches the gateway would read everything"],
    ["users", "allow_sign_up", "false", "whoever reaches the gateway would make a user"],
    ["users", "allow_org_create", "false", "a user would have an organization of one's own, and be its administrator"],
    ["users", "auto_assign_org_role", "Viewer", "a new user could change things"],
    ["security", "admin_password", "$__file{/etc/grafana/admin-password}", "it would be admin"],
    ["security", "secret_key", "$__file{/var/lib/grafana/.secret-key}", "secrets in the database would be encrypted with the key that everybody knows"],
    ["security", "cookie_secure", "true", "a session would be sent in the clear"],
    ["security", "cookie_samesite", "lax", "another site's requests would carry the session"],
    ["security", "allow_embedding", "false", "another site could frame it, and have its users click there"],
    ["security", "content_security_policy", "true", "a script that got into a page would run"],
    ["security", "disable_brute_force_login_protection", "false", "passwords could be guessed as fast as Grafana answers"],
    ["security", "disable_gravatar", "true", "addresses of its users would be asked for elsewhere"],
    ["snapshots", "enabled", "false", "whoever has a snapshot's link would see it without a login"],
    ["snapshots", "external_enabled", "false", "data would be published on a server of others"],
    ["public_dashboards", "enabled", "false", "whoever has a dashboard's link would see it without a login"],
    ["analytics", "reporting_enabled", "false", "its makers would be told of it"],
    ["plugins", "plugin_admin_enabled", "false", "an administrator's session would be enough to run a program on the host"],
];

describe("settings of Grafana", () => {
    const text = renderServiceFiles(sampleServices()).find(({ path }) => path.endsWith("/grafana.ini"))!.content as string;
    const sections = Object.fromEntries(text.split(/^\[/m).slice(1).map((section) => [section.slice(0, section.indexOf("]")), section]));

    for (const [section, key, value, otherwise] of GUARDED) {
        it(`[${section}] ${key} is ${value}: otherwise ${otherwise}`, () => {
            assert.deepEqual([...sections[section].matchAll(new RegExp(`^${key} = (.*)$`, "gm"))].map(([, found]) => found), [value]);
        });
    }
});
