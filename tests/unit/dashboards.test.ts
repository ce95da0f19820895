import assert from "node:assert/strict";
import * as YAML from "yaml";
import { renderServiceFiles } from "../../components/monitoring-services/files";
import { renderDatasources } from "../../components/monitoring-services/grafana";
import { buildDashboard, DASHBOARDS, emptyUntil, FAULTS, UIDS } from "../../dashboards";
import { lintDashboard, lintTogether, Surroundings } from "../support/dashboards/lint";
import { DashboardJson, panelsOf } from "../support/dashboards/model";
import { queriesOf } from "../support/dashboards/queries";
import { datasourceExpressions, lintExpressions, ruleExpressions } from "../support/dashboards/rules";
import { sampleServices } from "../support/services";

const ENVIRONMENTS = ["prod", "dev", "loadtest"];
/** As Grafana gets them: what JSON does not carry is gone. */
const built = DASHBOARDS.map((spec) => JSON.parse(JSON.stringify(buildDashboard(spec))) as DashboardJson);
const sources = Object.fromEntries((YAML.parse(renderDatasources(ENVIRONMENTS)) as { datasources: { uid: string; type: string }[] }).datasources.map(({ uid, type }) => [uid, type]));
/** Rules of ours, without any of a user's. */
const rules = ruleExpressions(renderServiceFiles(sampleServices({ rules: {}, logRules: {} })));
const around: Surroundings = {
    sources: Object.fromEntries(["prometheus", "loki", "tempo"].map((uid) => [uid, sources[uid]])),
    dashboards: Object.fromEntries(built.map((dashboard) => [dashboard.uid, dashboard])),
};

describe("built-in dashboards", () => {
    it("have uids that bookmarks, alerts and links may hold for ever", () => {
        assert.deepEqual(UIDS, {
            environments: "environments", service: "service", jvm: "jvm", tomcat: "tomcat-hikari", host: "host", logs: "logs", traces: "traces", loadtest: "loadtest",
            monitoring: "monitoring",
        });
        assert.deepEqual(lintTogether(built), []);
        assert.deepEqual(Object.keys(around.dashboards).sort(), Object.values(UIDS).sort());
    });

    for (const [i, spec] of DASHBOARDS.entries()) {
        it(`${spec.title}: holds every rule`, () => assert.deepEqual(lintDashboard(built[i], around), []));
        it(`${spec.title}: is in a folder of ours`, () => assert.ok(["Overview", "Applications", "Infrastructure"].includes(spec.folder), spec.folder));
        it(`${spec.title}: is the same each time that it is built`, () => assert.deepEqual(JSON.parse(JSON.stringify(buildDashboard(spec))), built[i]));
        it(`${spec.title}: a query that is empty at first names a fault, and there is one`, () => {
            const places = new Set(panelsOf(built[i]).flatMap(({ title, targets }) => (targets ?? []).map(({ refId }) => `${title}/${refId}`)));
            for (const [place, fault] of Object.entries(emptyUntil(spec))) assert.ok(places.has(place) && fault in FAULTS, `${place}: ${fault}`);
        });
    }

    it("are asked for data at all", () => assert.ok(built.flatMap(queriesOf).length > built.length));
});

describe("expressions of rules and data sources", () => {
    it("are read by their languages", () => {
        const links = datasourceExpressions(renderDatasources(ENVIRONMENTS));
        assert.ok(links.length > 4);
        assert.deepEqual(lintExpressions([...links, ...rules]), []);
    });

    it("of alerts lead to a dashboard that is there, by variables that it has", () => {
        const alerts = rules.filter(({ dashboard }) => dashboard !== undefined);
        const links = alerts.map(({ dashboard }) => dashboard!.replace(/^.*?\/d\//, "/d/").replace(/\{\{[^}]*\}\}/g, "x"));
        const page = { uid: "alerts", title: "Alerts", description: "x", schemaVersion: 42, panels: [], links: links.map((url) => ({ url, keepTime: true, includeVars: true })) };
        assert.deepEqual(lintDashboard(page, around), []);
    });
});
