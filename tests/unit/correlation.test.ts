import assert from "node:assert/strict";
import * as YAML from "yaml";
import { planFields } from "../../components/log-agent/patterns";
import { renderDatasources } from "../../components/monitoring-services/grafana";
import { DASHBOARDS, buildDashboard } from "../../dashboards";
import { fillLink, fillQuery, formatTags, references, variablesOf } from "../e2e/support/fill";
import { Source } from "../e2e/support/sources";
import { syntaxProblem } from "../support/dashboards/grammar";
import { Language } from "../support/dashboards/queries";

const ENVIRONMENTS = ["prod", "dev"];
const TRACE = "4bf92f3577b34da6a3ce929d0e0e4736";
const TAGS = { "deployment.environment.name": "prod", "service.name": "shop", "service.instance.id": "prod-was-1" };

/** The data sources as Grafana has them: its provisioning reads `$$` as `$`. */
function sources(without: string[] = [], withoutDashboards: string[] = []): Record<string, Source> {
    const { datasources } = YAML.parse(renderDatasources(ENVIRONMENTS, without, withoutDashboards).replaceAll("$$", "$")) as { datasources: Source[] };
    return Object.fromEntries(datasources.map((source) => [source.uid, source]));
}

function assertParses(language: Language, text: string): void {
    assert.equal(syntaxProblem(language, text), undefined);
    assert.deepEqual(references(text), [], text);
}

describe("correlation", () => {
    const all = sources();
    const found = Object.values(all);
    const scope = { __trace: { traceId: TRACE }, __span: { traceId: TRACE, tags: TAGS } };
    const fill = { rangeSeconds: 1800, stepSeconds: 15 };

    it("every data source that is linked to exists, and is of the same environment or of all", () => {
        for (const { uid, jsonData, correlations = [] } of found) {
            const targets = [
                ...(jsonData.exemplarTraceIdDestinations ?? []).map(({ datasourceUid }) => datasourceUid), ...(jsonData.derivedFields ?? []).map(({ datasourceUid }) => datasourceUid),
                jsonData.tracesToLogsV2?.datasourceUid, jsonData.tracesToMetrics?.datasourceUid, jsonData.serviceMap?.datasourceUid, ...correlations.map(({ targetUID }) => targetUID),
            ].filter((target) => target !== undefined);
            const environment = /-(.+)/.exec(uid)?.[1];
            for (const target of targets) {
                assert.ok(target in all, `${uid} leads to ${target}`);
                assert.equal(/-(.+)/.exec(target)?.[1], target === "prometheus" ? undefined : environment, `${uid} leads to ${target}`);
            }
        }
    });

    for (const { uid, jsonData, correlations } of found.filter(({ type }) => type === "tempo")) {
        it(`${uid}: a trace leads to its lines, of its environment`, () => {
            const { query, tags, customQuery } = jsonData.tracesToLogsV2!;
            assert.equal(customQuery, true);
            const filled = fillQuery(query, { ...fill, language: "logql", scope: { ...scope, __tags: formatTags(TAGS, tags) } });
            assertParses("logql", filled);
            assert.equal(filled, `{environment="prod"} | trace_id=\`${TRACE}\``);
        });
        it(`${uid}: a span leads to the metrics of its host and application, of its environment`, () => {
            const { queries, tags } = jsonData.tracesToMetrics!;
            assert.ok(queries.length > 5);
            for (const { query } of queries) {
                const filled = fillQuery(query, { ...fill, scope: { ...scope, __tags: formatTags(TAGS, tags) } });
                assertParses("promql", filled);
                for (const selector of filled.match(/\{[^}]*\}/g) ?? []) assert.match(selector, /environment="prod", application="shop", instance="prod-was-1"\}$/);
            }
        });
        it(`${uid}: a span leads to all lines of its host, by labels that are read from its resource`, () => {
            const [{ config }] = correlations!;
            // Both orders are JSON's right.
            for (const pair of [(key: string, value: string) => ({ key, value }), (key: string, value: string) => ({ value, key })]) {
                const serviceTags = JSON.stringify(Object.entries({ "a.b": "x", ...TAGS, z: "y" }).map(([key, value]) => pair(key, value)));
                const read = config.transformations.map(({ expression, mapValue }) => [mapValue, [...serviceTags.matchAll(new RegExp(expression, "gi"))].map((match) => match[1]).join()]);
                const filled = fillQuery(config.target.expr, { ...fill, language: "logql", scope: { serviceName: "shop", ...Object.fromEntries(read) } });
                assertParses("logql", filled);
                assert.equal(filled, '{environment="prod", application="shop", instance="prod-was-1"}');
            }
        });
        it(`${uid}: has what Grafana needs for the service graph`, () => assert.equal(jsonData.serviceMap?.datasourceUid, "prometheus"));
    }

    for (const { uid, jsonData } of found.filter(({ type }) => type === "loki")) {
        it(`${uid}: a line leads to its trace, and to the lines with its hand-made id`, () => {
            const [trace, request] = jsonData.derivedFields!;
            assert.deepEqual([trace.matcherType, request.matcherType], ["label", "label"]);
            const labels = planFields().map(({ name }) => name);
            assert.deepEqual([trace, request].map(({ matcherRegex }) => labels.filter((label) => new RegExp(matcherRegex).test(label))), [["trace_id"], ["request_id"]]);
            assert.equal(fillQuery(trace.url, { ...fill, language: "traceql", scope: { __value: { raw: TRACE } } }), TRACE);
            const variables = { environment: ["prod", "dev"] };
            const url = fillLink(request.url, { variables, scope: { __value: { raw: "a+b/c&d" } } });
            assert.deepEqual(references(url), []);
            assert.match(url, /^\/d\/logs\?from=now-1h&to=now&/);
            assert.deepEqual(variablesOf(url), { environment: uid === "loki" ? ["prod", "dev"] : [uid.slice("loki-".length)], search: ["a+b/c&d"] });
        });
    }

    it("without the Logs dashboard there is no link to it", () => {
        assert.deepEqual(sources([], ["logs"]).loki.jsonData.derivedFields!.map(({ name }) => name), ["Trace"]);
    });

    it("an exemplar's label is the one that Tempo gives", () => {
        assert.deepEqual(all.prometheus.jsonData.exemplarTraceIdDestinations!.map(({ name, datasourceUid }) => [name, datasourceUid]), [["trace_id", "tempo"]]);
    });

    it("every link in a dashboard's data is filled whole", () => {
        const built = Object.fromEntries(DASHBOARDS.map((spec) => buildDashboard(spec)).map((dashboard) => [dashboard.uid!, dashboard]));
        const at = { __value: { raw: "v" }, __field: { labels: new Proxy({}, ANY) }, __data: { fields: new Proxy({}, ANY) } };
        let links = 0;
        for (const [uid, dashboard] of Object.entries(built)) {
            const variables = Object.fromEntries((dashboard.templating?.list ?? []).map(({ name }) => [name, "x"]));
            for (const [, url] of JSON.stringify(dashboard.panels).matchAll(/"url":"((?:[^"\\]|\\.)*)"/g)) {
                const filled = fillLink(JSON.parse(`"${url}"`) as string, { variables, scope: at });
                assert.deepEqual(references(filled), [], `${uid}: ${filled}`);
                links++;
            }
        }
        assert.ok(links > 10);
    });
});

/** Has every name. */
const ANY: ProxyHandler<object> = { has: () => true, get: () => "v" };
