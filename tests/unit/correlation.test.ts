import assert from "node:assert/strict";
import * as YAML from "yaml";
import { planFields } from "../../components/log-agent/patterns";
import { renderDatasources } from "../../components/monitoring-services/grafana";
import { DASHBOARDS, buildDashboard } from "../../dashboards";
import { fillLink, references, variablesOf } from "../e2e/support/fill";
import { lineLinks, LinkedSpan, Source, spanCorrelation, traceToLogs, traceToMetrics } from "../e2e/support/sources";
import { syntaxProblem } from "../support/dashboards/grammar";
import { Language } from "../support/dashboards/queries";

const ENVIRONMENTS = ["prod", "dev"];
const TRACE = "4bf92f3577b34da6a3ce929d0e0e4736";
const TAGS = { "deployment.environment.name": "prod", "service.name": "shop", "service.instance.id": "prod-was-1" };
const SPAN: LinkedSpan = { traceId: TRACE, spanId: "00f067aa0ba902b7", name: "GET /", resource: TAGS, attributes: {}, start: 1_700_000_000_000_000_000n, end: 1_700_000_001_500_000_000n };

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

    for (const source of found.filter(({ type }) => type === "tempo")) {
        it(`${source.uid}: a trace leads to its lines, of its environment`, () => {
            const { query, start, end } = traceToLogs(source, SPAN);
            assertParses("logql", query);
            assert.equal(query, `{environment="prod"} | trace_id=\`${TRACE}\``);
            assert.deepEqual([start, end], [SPAN.start - 300_000_000_000n, SPAN.end + 300_000_000_000n]);
        });
        it(`${source.uid}: a span leads to the metrics of its host and application, of its environment`, () => {
            const links = traceToMetrics(source, SPAN);
            assert.ok(links.length > 5);
            for (const { query, start } of links) {
                assertParses("promql", query);
                for (const selector of query.match(/\{[^}]*\}/g) ?? []) assert.match(selector, /environment="prod", application="shop", instance="prod-was-1"\}$/);
                assert.ok(start < SPAN.start);
            }
        });
        it(`${source.uid}: a span leads to all lines of its host while it ran, by labels that are read from its resource`, () => {
            for (const resource of [TAGS, Object.fromEntries(Object.entries(TAGS).reverse())]) {
                const { query, start, end } = spanCorrelation(source.correlations![0], { ...SPAN, resource });
                assertParses("logql", query);
                assert.equal(query, '{environment="prod", application="shop", instance="prod-was-1"}');
                assert.deepEqual([start, end], [SPAN.start, SPAN.end]);
            }
        });
        it(`${source.uid}: has what Grafana needs for the service graph`, () => assert.equal(source.jsonData.serviceMap?.datasourceUid, "prometheus"));
    }

    for (const source of found.filter(({ type }) => type === "loki")) {
        it(`${source.uid}: a line leads to its trace, and to the lines with its hand-made id`, () => {
            const own = source.uid === "loki" ? ["prod", "dev"] : [source.uid.slice("loki-".length)];
            const [trace, request] = lineLinks(source, { level: "INFO", trace_id: TRACE, request_id: "a+b/c&d", span_id: "x" }, { environment: ["prod", "dev"] });
            assert.deepEqual([trace.uid, trace.to], [source.uid.replace("loki", "tempo"), TRACE]);
            assert.deepEqual(references(request.to), []);
            assert.match(request.to, /^\/d\/logs\?from=now-1h&to=now&/);
            assert.deepEqual(variablesOf(request.to), { environment: own, search: ["a+b/c&d"] });
        });
        it(`${source.uid}: an id that is no trace's gives no link to one`, () => {
            assert.deepEqual(lineLinks(source, { request_id: "8cb84d6e0315" }).map(({ name }) => name), ["Request"]);
        });
    }

    it("the labels of the links are fields that the agents read", () => {
        const labels = planFields().map(({ name }) => name);
        assert.deepEqual(all.loki.jsonData.derivedFields!.map(({ matcherRegex }) => labels.filter((label) => new RegExp(matcherRegex).test(label))), [["trace_id"], ["request_id"]]);
    });

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
