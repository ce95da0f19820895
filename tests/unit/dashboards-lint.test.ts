import assert from "node:assert/strict";
import { syntaxProblem } from "../support/dashboards/grammar";
import { lintDashboard, lintTogether, Surroundings } from "../support/dashboards/lint";
import { groupingsIn, metricsIn } from "../support/dashboards/metrics";
import { DashboardJson, PanelJson } from "../support/dashboards/model";
import { filled, openingValues, variablesIn } from "../support/dashboards/placeholders";
import { queriesOf } from "../support/dashboards/queries";
import { datasourceExpressions, lintExpressions, ruleExpressions } from "../support/dashboards/rules";

const PROMETHEUS = { type: "prometheus", uid: "prometheus" };
const LOKI = { type: "loki", uid: "loki" };
const TEMPO = { type: "tempo", uid: "tempo" };

const panel = (change: Partial<PanelJson> = {}): PanelJson => ({
    id: 1, type: "timeseries", title: "Heap", description: "Heap by host.", datasource: PROMETHEUS, gridPos: { x: 0, y: 0, w: 8, h: 8 },
    fieldConfig: { defaults: { unit: "bytes" } }, targets: [{ refId: "A", datasource: PROMETHEUS, expr: 'sum(rate(heap{environment=~"$environment"}[$__rate_interval]))' }], ...change,
});
const environment = { type: "query", name: "environment", datasource: PROMETHEUS, query: { query: "label_values(up, environment)" }, allValue: ".+", current: { value: "$__all" } };
const sound = (change: Partial<DashboardJson> = {}): DashboardJson => ({
    uid: "one", title: "One", description: "The one.", schemaVersion: 42, templating: { list: [environment] }, panels: [panel()], annotations: { list: [] }, links: [], ...change,
});
const lint = (dashboard: DashboardJson) => {
    const around: Surroundings = { sources: { prometheus: "prometheus", loki: "loki", tempo: "tempo" }, dashboards: { one: dashboard, two: sound({ uid: "two" }) } };
    return lintDashboard(dashboard, around);
};
const asking = (expr: string, source = PROMETHEUS) => sound({ panels: [panel(), panel({ id: 2, title: "B", datasource: source, gridPos: { x: 8, y: 0, w: 8, h: 8 }, targets: [{ refId: "A", datasource: source, expr, query: expr }] })] });
const linking = (url: string) => sound({ panels: [panel({ fieldConfig: { defaults: { unit: "bytes", links: [{ url }] } } })] });

/** A dashboard that breaks one rule each, and what the linter says of it. */
const BROKEN: Record<string, [DashboardJson, RegExp]> = {
    "no uid": [sound({ uid: "" }), /uid of lower-case letters/],
    "a uid that no address carries": [sound({ uid: "A b" }), /uid of lower-case letters/],
    "no title": [sound({ title: "" }), /a title is missing/],
    "no description": [sound({ description: undefined }), /a description is missing/],
    "another Grafana's schema": [sound({ schemaVersion: 39 }), /schemaVersion is 39/],
    "a panel without title": [sound({ panels: [panel({ title: "" })] }), /panel 1: a title is missing/],
    "a panel without description": [sound({ panels: [panel({ description: "" })] }), /Heap: a description is missing/],
    "a description that only says the title again": [sound({ panels: [panel({ description: "Heap" })] }), /Heap: a description is missing/],
    "a panel without unit": [sound({ panels: [panel({ fieldConfig: { defaults: {} } })] }), /Heap: a unit is missing/],
    "a panel without queries": [sound({ panels: [panel(), panel({ id: 2, title: "B", targets: [], gridPos: { x: 8, y: 0, w: 8, h: 8 } })] }), /B: a query is missing/],
    "a panel of a plugin": [sound({ panels: [panel({ type: "grafana-polystat-panel" })] }), /panel type "grafana-polystat-panel"/],
    "a panel in a folded row": [sound({ panels: [panel(), { id: 2, type: "row", title: "Row", gridPos: { x: 0, y: 8, w: 24, h: 1 }, panels: [panel({ id: 3, title: "B", description: "" })] }] }), /B: a description/],
    "an unknown data source": [sound({ panels: [panel({ datasource: { type: "prometheus", uid: "mimir" } })] }), /data source mimir is not one/],
    "a query's unknown data source": [sound({ panels: [panel({ targets: [{ ...panel().targets![0], datasource: { type: "loki", uid: "loki-prod" } }] })] }), /data source loki-prod is not one/],
    "a data source of another type": [sound({ panels: [panel({ datasource: { type: "loki", uid: "prometheus" } })] }), /data source prometheus is not one/],
    "two data sources in one panel": [sound({ panels: [panel({ targets: [...panel().targets!, { refId: "B", datasource: LOKI, expr: '{environment="a"}' }] })] }), /need the panel's data source to be -- Mixed --/],
    "a refId twice": [sound({ panels: [panel({ targets: [...panel().targets!, ...panel().targets!] })] }), /refId "A" is there twice/],
    "no refId": [sound({ panels: [panel({ targets: [{ ...panel().targets![0], refId: undefined }] })] }), /without refId/],
    "a panel's title twice": [sound({ panels: [panel(), panel({ id: 2, gridPos: { x: 8, y: 0, w: 8, h: 8 } })] }), /panel title "Heap" is there twice/],
    "a panel's id twice": [sound({ panels: [panel(), panel({ title: "B", gridPos: { x: 8, y: 0, w: 8, h: 8 } })] }), /panel id "1" is there twice/],
    "panels on top of each other": [sound({ panels: [panel(), panel({ id: 2, title: "B", gridPos: { x: 7, y: 7, w: 8, h: 8 } })] }), /Heap and B overlap/],
    "a panel beyond the grid": [sound({ panels: [panel({ gridPos: { x: 17, y: 0, w: 8, h: 8 } })] }), /Heap: is not within the 24 columns/],
    "a panel without a place": [sound({ panels: [panel({ gridPos: undefined })] }), /Heap: its place is missing/],
    "a variable that is none": [asking('up{instance="$host"}'), /\$host is used and is no variable/],
    "a variable in braces that is none": [asking('up{instance="${host:regex}"}'), /\$host is used/],
    "a variable of a link that is none": [linking("/d/two?${__url_time_range}&${host:queryparam}"), /\$host is used/],
    "a variable that nothing uses": [sound({ templating: { list: [environment, { type: "textbox", name: "search" }] } }), /the variable search is not used/],
    "a variable that is only carried on": [sound({ templating: { list: [environment, { type: "textbox", name: "search" }] }, panels: [panel({ fieldConfig: { defaults: { unit: "s", links: [{ url: "/d/two?${__url_time_range}&var-environment=$search" }] } } })] }), /the variable search is not used/],
    "a variable that only asks itself": [sound({ templating: { list: [environment, { ...environment, name: "x", query: 'label_values(up{x="$x"}, x)' }] } }), /the variable x is not used/],
    "a variable twice": [sound({ templating: { list: [environment, environment] } }), /variable "environment" is there twice/],
    "a link to nowhere": [linking("/d/three?${__url_time_range}"), /no dashboard has the uid three/],
    "a link to nowhere in a text": [sound({ panels: [panel({ description: "See [three](/d/three?from=now-1h&to=now)." })] }), /no dashboard has the uid three/],
    "a link to nowhere in the bar": [sound({ links: [{ url: "/d/three", keepTime: true, includeVars: true }] }), /no dashboard has the uid three/],
    "a link in the bar that loses the variables": [sound({ links: [{ title: "Two", url: "/d/two", keepTime: true }] }), /link Two: expected keepTime and includeVars/],
    "a link with a variable that its target lacks": [linking("/d/two?${__url_time_range}&var-host=a"), /two has no variable host/],
    "a link that hands on what its target lacks": [sound({ ...linking("/d/two?${__url_time_range}&${x:queryparam}"), templating: { list: [environment, { type: "textbox", name: "x" }] } }), /two has no variable x/],
    "a link that loses the time": [linking("/d/two?var-environment=prod"), /the time range is lost/],
    "a link to a panel that is not there": [linking("/d/two?${__url_time_range}&viewPanel=9"), /two has no panel 9/],
    "wrong PromQL": [asking("sum(rate(up[5m])"), /B \/ A: not PromQL at character 17/],
    "no PromQL at all": [asking(" "), /B \/ A: an empty expression/],
    "wrong LogQL": [asking('{environment=~"$environment"} |= ', LOKI), /B \/ A: not LogQL at character/],
    "PromQL for Loki": [asking("rate(up[5m])", LOKI), /B \/ A: not LogQL at character/],
    "wrong TraceQL": [asking("{ resource.service.name = }", TEMPO), /B \/ A: not TraceQL at character/],
    "wrong PromQL of a variable": [sound({ templating: { list: [{ ...environment, query: "label_values(up{, environment)" }] } }), /variable environment \/ environment: not PromQL/],
    "a variable's query that is none of Grafana's": [sound({ templating: { list: [{ ...environment, query: "label_valuez(up, environment)" }] } }), /variable environment/],
    "wrong LogQL of an annotation": [sound({ annotations: { list: [{ name: "Runs", datasource: LOKI, expr: '{a="b"' }] } }), /annotation Runs \/ Anno: not LogQL/],
};

describe("the dashboards' linter", () => {
    it("has nothing to say of a sound dashboard", () => {
        assert.deepEqual(lint(sound()), []);
        assert.deepEqual(lint(linking("/d/two?${__url_time_range}&${environment:queryparam}&viewPanel=1")), []);
        assert.deepEqual(lint(asking("{ resource.service.name =~ `.*` } | rate() by (name)", TEMPO)), []);
        assert.deepEqual(lint(asking("00f067aa0ba902b7a3ce929d0e0e4736", TEMPO)), []);
        assert.deepEqual(lint(asking('topk(3, label_replace(up, "a", "$1", "b", "(.*)$"))')), []);
        const mixed = [...panel().targets!, { refId: "B", datasource: LOKI, expr: '{environment="a"}' }];
        assert.deepEqual(lint(sound({ panels: [panel({ datasource: { type: "datasource", uid: "-- Mixed --" }, targets: mixed })] })), []);
    });

    for (const [what, [dashboard, message]] of Object.entries(BROKEN)) {
        it(`refuses ${what}`, () => {
            const problems = lint(dashboard);
            assert.ok(problems.some((problem) => message.test(problem)), problems.join("\n") || "nothing was found");
        });
    }

    it("refuses a uid or a title that two dashboards have", () => {
        assert.deepEqual(lintTogether([sound(), sound({ title: "Two" }), sound({ uid: "three" })]), ['uid "one" is there twice', 'title "One" is there twice']);
    });
});

describe("a rule's or a data source's expression", () => {
    it("is refused where its language's grammar does", () => {
        const rule = (path: string, expr: string) => ruleExpressions([{ path, content: JSON.stringify({ groups: [{ name: "g", rules: [{ alert: "A", expr }] }] }) }]);
        const files = ["/etc/x/prometheus/rules/a.yml", "/etc/x/loki/rules/prod/a.yml"];
        assert.deepEqual(lintExpressions([...rule(files[0], "up == 0"), ...rule(files[1], 'sum(rate({a="b"}[5m])) > 1')]), []);
        assert.match(lintExpressions(rule(files[0], "up == ")).join(), /^rules\/a.yml \/ g \/ A: not PromQL/);
        assert.match(lintExpressions(rule(files[1], "up == 0")).join(), /^prod\/a.yml \/ g \/ A: not LogQL/);
        const source = (query: string) => datasourceExpressions(JSON.stringify({ datasources: [{ uid: "tempo", jsonData: { tracesToLogsV2: { query } } }] }));
        assert.deepEqual(lintExpressions(source("{$${__tags}} | trace_id=`$${__trace.traceId}`")), []);
        assert.match(lintExpressions(source("{$${__tags} | trace_id=`$${__trace.traceId}`")).join(), /^tempo \/ trace to logs: not LogQL/);
    });

    it("is shown with the place of what is wrong", () => {
        assert.equal(syntaxProblem("promql", "sum(up) by environment"), "not PromQL at character 12: sum(up) by ⟨here⟩environment");
        assert.match(String(syntaxProblem("traceId", "not-an-id")), /no trace id/);
    });
});

describe("the queries of a dashboard", () => {
    it("are those of panels, variables and annotations, in their languages", () => {
        const graph = { refId: "A", datasource: TEMPO, queryType: "serviceMap", serviceMapQuery: '{environment="prod"}' };
        const found = queriesOf(sound({
            panels: [panel(), panel({ title: "Graph", targets: [graph] }), panel({ title: "Trace", targets: [{ refId: "A", datasource: TEMPO, query: "${trace}" }] })],
            annotations: { list: [{ name: "Built in", builtIn: 1 }, { name: "Runs", datasource: LOKI, target: { expr: '{a="b"}' } }] },
        }));
        assert.deepEqual(found.map(({ panel: name, language, text, label }) => [name, language, text, label]), [
            ["variable environment", "promql", "up", "environment"],
            ["annotation Runs", "logql", '{a="b"}', undefined],
            ["Heap", "promql", 'sum(rate(heap{environment=~"$environment"}[$__rate_interval]))', undefined],
            ["Graph", "promql", '{environment="prod"}', undefined],
            ["Trace", "traceId", "${trace}", undefined],
        ]);
    });

    it("are filled with what the dashboard opens with", () => {
        const values = openingValues({ templating: { list: [environment, { name: "several", multi: true, current: { value: ["a", "b"] } }, { type: "custom", name: "custom", query: "1h,2h" }, { name: "text" }] } });
        assert.deepEqual(values, { environment: { all: ".+" }, several: ["a", "b"], custom: "1h", text: "" });
        const text = 'a{x=~"$environment", y=~"$several"} offset $custom [$__rate_interval] $1 $';
        assert.equal(filled({ text, language: "promql", target: {} }, values), 'a{x=~".+", y=~"(a|b)"} offset 1h [60s] $1 $');
        assert.deepEqual(variablesIn("$a ${b} ${c:regex} ${__data.fields.x} ${__data.fields[\"trace id\"]} $1 $"), ["a", "b", "c", "__data", "__data"]);
    });
});

describe("the metrics of a PromQL expression", () => {
    it("come with the labels that they are narrowed by", () => {
        assert.deepEqual(metricsIn('rate(a_total{x="1", "y"!~"2"}[5m:1m] offset 1d) / on (le) group_left (foo) {__name__=~"b_.*"} or vector(0)'), [
            { name: "a_total", labels: ["x", "y"] }, { name: /^(?:b_.*)$/, labels: [] },
        ]);
    });

    it("come with the labels that they are grouped and matched by", () => {
        const groupings = groupingsIn('sum by (a, b) (x) / ignoring (c) group_left (d) label_replace(max without (e) (y), "f", "$1", "g", "(.*)")');
        assert.deepEqual(groupings.map(({ labels, metrics, made }) => [labels, metrics.map(({ name }) => name), made]), [[["a", "b"], ["x"], []], [["d"], ["x", "y"], ["f"]]]);
    });
});
