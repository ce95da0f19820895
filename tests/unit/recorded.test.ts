import assert from "node:assert/strict";
import { renderServiceFiles } from "../../components/monitoring-services/files";
import { renderDatasources } from "../../components/monitoring-services/grafana";
import { buildDashboard, DASHBOARDS } from "../../dashboards";
import { DashboardJson } from "../support/dashboards/model";
import { filled, openingValues } from "../support/dashboards/placeholders";
import { queriesOf, whereIs } from "../support/dashboards/queries";
import { datasourceExpressions, ruleExpressions } from "../support/dashboards/rules";
import { lintMetrics, readScrapes, recordedByRules, recordedTexts } from "../support/dashboards/scrapes";
import { CERTIFICATE, sampleServices } from "../support/services";

/** Rules of ours, without any of a user's. */
const rules = ruleExpressions(renderServiceFiles(sampleServices({ rules: {}, logRules: {}, tls: { mode: "ca", caCertificate: CERTIFICATE, caPrivateKey: "k" } }))).filter(({ language }) => language === "promql");
/** Series that were really there, and those that our own rules make of them. */
const known = readScrapes(recordedTexts());
for (const [name, labels] of recordedByRules(rules)) known.set(name, labels);

/** What an expression asks for that is not known, with the place of the expression. */
const unknown = (where: string, expression: string) => lintMetrics(expression, known).map((problem) => `${where}: ${problem}`);

describe("every metric and label that is asked for was there in a recorded scrape", () => {
    for (const spec of DASHBOARDS) {
        it(`by the dashboard ${spec.title}`, () => {
            const dashboard = JSON.parse(JSON.stringify(buildDashboard(spec))) as DashboardJson;
            const values = openingValues(dashboard);
            const queries = queriesOf(dashboard).filter(({ language, target }) => language === "promql" && target.queryType !== "serviceMap");
            assert.deepEqual(queries.flatMap((query) => unknown(whereIs(query), filled(query, values))), []);
        });
    }

    it("by rules", () => assert.deepEqual(rules.flatMap(({ where, text }) => unknown(where, text)), []));

    it("by the links of data sources", () => {
        const links = datasourceExpressions(renderDatasources(["prod", "dev"])).filter(({ language }) => language === "promql");
        const scope = { __tags: 'application="shop", environment="prod", instance="a"' };
        assert.deepEqual(links.flatMap(({ where, language, text }) => unknown(where, filled({ text, language, target: {} }, {}, { scope }))), []);
    });

    it("by a service graph", () => assert.deepEqual(unknown("service graph", "sum by (client, server) (rate(traces_service_graph_request_total{environment=~\".+\"}[1h]))"), []));
});
