import assert from "node:assert/strict";
import type { GrafanaClient } from "../e2e/support/grafana";
import { openingRange, send } from "../e2e/support/panel-queries";
import { describeEmpty, formatTable, hasData, Row, runQueries } from "../e2e/support/panel-run";
import { TargetJson } from "../support/dashboards/model";
import { queriesOf } from "../support/dashboards/queries";

const RANGE = { from: 1_000_000, to: 1_003_600, step: 15 };
const SOURCES: Record<string, string> = { prometheus: "prometheus", loki: "loki", tempo: "tempo" };

/** A Grafana that gives an answer by path, and keeps what it was asked. */
function grafanaWith(answers: Record<string, unknown>) {
    const asked: { path: string; query: Record<string, string>; post: boolean }[] = [];
    const ask = (_uid: string, path: string, query: Record<string, string>, post = false) => {
        asked.push({ path, query, post });
        return path in answers ? Promise.resolve(answers[path]) : Promise.reject(new Error(`${path}: HTTP 404`));
    };
    const trace = (id: string) => Promise.resolve(answers[id]);
    return { asked, client: { ask, trace } as unknown as GrafanaClient };
}

function query(source: string, target: TargetJson) {
    const datasource = { type: SOURCES[source], uid: source };
    return queriesOf({ uid: "d", panels: [{ title: "P", type: "timeseries", datasource, targets: [{ refId: "A", datasource, ...target }] }] })[0];
}

const matrix = (...series: [number, string][][]) => ({ data: { resultType: "matrix", result: series.map((values) => ({ metric: {}, values })) } });

describe("a panel's query is sent as Grafana sends it", () => {
    const CASES: { what: string; source: string; target: TargetJson; answers: Record<string, unknown>; asks: object; rows: number; exemplars?: number }[] = [
        {
            what: "PromQL over a range", source: "prometheus", target: { expr: "rate(up[$__rate_interval])", range: true }, rows: 1,
            answers: { "/api/v1/query_range": matrix([[1, "NaN"], [2, "0"]], [[1, "NaN"]]) },
            asks: { path: "/api/v1/query_range", post: true, query: { query: "rate(up[60s])", start: "1000000", end: "1003600", step: "15" } },
        },
        {
            what: "PromQL for now", source: "prometheus", target: { expr: "up", instant: true, range: false }, rows: 1,
            answers: { "/api/v1/query": { data: { resultType: "vector", result: [{ metric: {}, value: [1, "1"] }, { metric: {}, value: [1, "NaN"] }] } } },
            asks: { path: "/api/v1/query", post: true, query: { query: "up", time: "1003600" } },
        },
        {
            what: "PromQL with exemplars", source: "prometheus", target: { expr: "up", range: true, exemplar: true }, rows: 1, exemplars: 2,
            answers: { "/api/v1/query_range": matrix([[1, "1"]]), "/api/v1/query_exemplars": { data: [{ exemplars: [{}, {}] }] } },
            asks: { path: "/api/v1/query_range", post: true, query: { query: "up", start: "1000000", end: "1003600", step: "15" } },
        },
        {
            what: "LogQL for lines", source: "loki", target: { expr: '{a="b"}', queryType: "range", maxLines: 50 }, rows: 3,
            answers: { "/loki/api/v1/query_range": { data: { resultType: "streams", result: [{ stream: {}, values: [["1", "x"], ["2", "y"]] }, { stream: {}, values: [["3", "NaN"]] }] } } },
            asks: { path: "/loki/api/v1/query_range", post: false, query: { query: '{a="b"}', start: "1000000000000000", end: "1003600000000000", step: "15s", limit: "50", direction: "backward" } },
        },
        {
            what: "LogQL for now", source: "loki", target: { expr: "sum(rate({a=\"b\"}[$__auto]))", queryType: "instant" }, rows: 0,
            answers: { "/loki/api/v1/query": { data: { resultType: "vector", result: [] } } },
            asks: { path: "/loki/api/v1/query", post: false, query: { query: 'sum(rate({a="b"}[3600s]))', time: "1003600000000000", limit: "1000", direction: "backward" } },
        },
        {
            what: "a TraceQL search", source: "tempo", target: { query: "{ status = error }", limit: 50 }, rows: 2,
            answers: { "/api/search": { traces: [{ spanSets: [{ spans: [{}, {}] }] }, {}] } },
            asks: { path: "/api/search", post: false, query: { q: "{ status = error }", limit: "50", spss: "3", start: "1000000", end: "1003600" } },
        },
        {
            what: "TraceQL for numbers", source: "tempo", target: { query: "{} | rate()" }, rows: 1,
            answers: { "/api/metrics/query_range": { series: [{ samples: [{ value: 1 }] }, { samples: [] }] } },
            asks: { path: "/api/metrics/query_range", post: false, query: { q: "{} | rate()", start: "1000000", end: "1003600", step: "15s" } },
        },
        {
            what: "a service graph", source: "tempo", target: { queryType: "serviceMap", serviceMapQuery: "{a=\"b\"}" }, rows: 1,
            answers: { "/api/v1/query": { data: { resultType: "vector", result: [{ metric: {}, value: [1, "1"] }] } } },
            asks: { path: "/api/v1/query", post: true, query: { query: 'sum by (client, server) (rate(traces_service_graph_request_total{a="b"}[3600s]))', time: "1003600" } },
        },
    ];
    for (const { what, source, target, answers, asks, rows, exemplars } of CASES) {
        it(what, async () => {
            const { asked, client } = grafanaWith(answers);
            const answer = await send(client, query(source, target), {}, RANGE);
            assert.deepEqual(asked[0], asks);
            assert.deepEqual([answer.rows, answer.exemplars], [rows, exemplars]);
        });
    }

    it("spans, one row each; a trace by its id; a variable's values", async () => {
        const spans = grafanaWith({ "/api/search": { traces: [{ spanSets: [{ spans: [{}, {}] }] }] } });
        assert.equal((await send(spans.client, query("tempo", { query: "{}", tableType: "spans" }), {}, RANGE)).rows, 2);
        const trace = grafanaWith({ abc: [{}, {}, {}] });
        assert.equal((await send(trace.client, query("tempo", { query: "${traceId}" }), { traceId: "abc" }, RANGE)).rows, 3);
        const values = grafanaWith({ "/api/v1/label/environment/values": { data: ["prod"] } });
        const [variable] = queriesOf({ uid: "d", templating: { list: [{ type: "query", name: "environment", query: 'label_values(up{job="was"}, environment)', datasource: { type: "prometheus", uid: "prometheus" } }] } });
        assert.equal((await send(values.client, variable, {}, RANGE)).rows, 1);
        assert.equal(values.asked[0].query["match[]"], 'up{job="was"}');
    });

    it("over the range that the dashboard opens with, in steps that its width shows", () => {
        const span = (from: string) => { const { from: start, to, step } = openingRange({ time: { from } } as never); return [to - start, step]; };
        assert.deepEqual([span("now-30m"), span("now-6h"), span("now-7d")], [[1800, 15], [21600, 45], [604800, 1215]]);
        assert.throws(() => span("now/d"), /not understood: now\/d/);
    });
});

describe("a panel without data", () => {
    const row = (change: Partial<Row> = {}): Row => ({ query: query("prometheus", { expr: "up", range: true }), dashboard: { uid: "d" }, ...change });

    it("is one without rows, with too few, or without the exemplars that it asks for", () => {
        const verdicts = [{ rows: 1 }, { rows: 0 }, {}, { rows: 2, atLeast: 3 }, { rows: 3, atLeast: 3 }, { rows: 1, exemplars: 0 }, { rows: 1, exemplars: 1 }].map((change) => hasData(row(change)));
        assert.deepEqual(verdicts, [true, false, false, false, true, false, true]);
    });

    it("is asked for again until it has some", async () => {
        const answers = { "/api/v1/query_range": matrix() };
        const { client, asked } = grafanaWith(answers);
        const rows = [row()];
        setTimeout(() => { answers["/api/v1/query_range"] = matrix([[1, "1"]]); }, 300);
        await runQueries(client, rows, {}, 30, 50);
        assert.ok(asked.length > 2);
        assert.equal(rows[0].rows, 1);
    });

    it("is named with its place, the reason, and the query as it was sent", async () => {
        const rows = [row()];
        await runQueries(grafanaWith({}).client, rows, {}, 0);
        assert.equal(describeEmpty(rows[0]), "d / P / A: /api/v1/query_range: HTTP 404\n        up");
        assert.equal(describeEmpty(row({ sent: "up", rows: 2, atLeast: 3 })), "d / P / A: 2 of 3 rows\n        up");
        assert.equal(describeEmpty(row({ sent: "up", rows: 2, exemplars: 0 })), "d / P / A: no exemplars\n        up");
        assert.match(formatTable(rows), /^ {4}dashboard .*\n {4}d {2,}P {2,}A {2,}0 .* up$/);
    });
});
