import assert from "node:assert/strict";
import { ALL, fillLink, fillQuery, formatTags, QueryFill, references, variablesOf, VariableValue } from "../e2e/support/fill";

const query = (text: string, variables: Record<string, VariableValue> = {}, more: Partial<QueryFill> = {}): string =>
    fillQuery(text, { variables, rangeSeconds: 3600, stepSeconds: 15, toMilliseconds: 7_200_000, ...more });

describe("fill", () => {
    it("intervals", () => {
        assert.equal(query("[$__rate_interval] [$__interval] [${__range}] $__range_s $__interval_ms"), "[60s] [15s] [3600s] 3600 15000");
        assert.equal(query("$__rate_interval", {}, { stepSeconds: 120 }), "135s");
        assert.equal(query("$__auto", {}, { language: "logql" }), "15s");
        assert.equal(query("$__auto", {}, { language: "logql", instant: true }), "3600s");
        assert.equal(query("$__from ${__to}"), "3600000 7200000");
    });
    it("PromQL: several values as a group, one alone, all as its allValue, special characters escaped twice", () => {
        assert.equal(query('up{a=~"$a"}', { a: ["x", "y"] }), 'up{a=~"(x|y)"}');
        assert.equal(query('up{a=~"$a"}', { a: ["x"] }), 'up{a=~"x"}');
        assert.equal(query('up{a=~"$a"}', { a: ALL }), 'up{a=~".+"}');
        assert.equal(query('up{a=~"$a"}', { a: ["10.0.0.1", "b"] }), String.raw`up{a=~"(10\\.0\\.0\\.1|b)"}`);
        assert.equal(query('up{a="$a"}', { a: "10.0.0.1" }), 'up{a="10.0.0.1"}');
    });
    it("LogQL: without a group; a text as it is with :raw", () => {
        assert.equal(query('{a=~"$a"}', { a: ["x", "y.z"] }, { language: "logql" }), String.raw`{a=~"x|y\\.z"}`);
        assert.equal(query("{} |= `${search:raw}`", { search: "it's \\d \"q\"" }, { language: "logql" }), "{} |= `it's \\d \"q\"`");
        assert.equal(query("{} |= `$search`", { search: "it's" }, { language: "logql" }), "{} |= `it\\\\'s`");
    });
    it("TraceQL: with pipes; the service map as a glob, unless it names a format", () => {
        assert.equal(query('{ a =~ "$a" }', { a: ["x", "y"] }, { language: "traceql" }), '{ a =~ "x|y" }');
        assert.equal(query('{a=~"$a"}', { a: ["x", "y"] }, { language: "servicemap" }), '{a=~"{x,y}"}');
        assert.equal(query('{a=~"${a:pipe}"}', { a: ["x", "y"] }, { language: "servicemap" }), '{a=~"x|y"}');
    });
    it("what a link has at hand: by path, by key in brackets, by place", () => {
        const scope = {
            __span: { traceId: "ab", tags: { "service.name": "shop" } }, __trace: { traceId: "cd" }, __tags: 'a="b"', __value: { raw: "42" },
            __field: { labels: { instance: "was-1" } }, __data: { fields: { Service: "shop", "Trace ID": "ef" } },
        };
        const filled = (text: string) => fillLink(text, { scope });
        assert.equal(filled('${__span.tags["service.name"]} ${__span.traceId} ${__trace.traceId}'), "shop ab cd");
        assert.equal(filled("{${__tags}} {$__tags}"), '{a="b"} {a="b"}');
        assert.equal(filled("${__value.raw} ${__field.labels.instance} ${__data.fields.Service}"), "42 was-1 shop");
        assert.equal(filled('${__data.fields["Trace ID"]} ${__data.fields[1]}'), "ef ef");
        assert.equal(filled('${__span.tags["no.such"]}'), '${__span.tags["no.such"]}');
    });
    it("links: variables as parameters, the time range, formats", () => {
        const variables = { environment: ["prod", "a b"], application: ALL, search: "x&y" };
        assert.equal(fillLink("/d/jvm?${__url_time_range}&${environment:queryparam}", { variables, time: { from: "1", to: "2" } }),
            "/d/jvm?from=1&to=2&var-environment=prod&var-environment=a%20b");
        assert.equal(fillLink("${application:queryparam}", { variables }), "var-application=%24__all");
        assert.equal(fillLink("${__all_variables}", { variables: { environment: ["a", "b"] } }), "var-environment=a&var-environment=b");
        assert.equal(fillLink("${search:percentencode} ${environment:csv} ${environment:doublequote}", { variables }), 'x%26y prod,a b "prod","a b"');
        assert.equal(fillLink("${environment:regex} ${environment:json} ${search:json}", { variables }), '(prod|a b) ["prod","a b"] x&y');
        assert.throws(() => fillLink("${environment:nosuch}", { variables }), /format "nosuch"/);
    });
    it("what is not known stays, and is listed", () => {
        assert.equal(query("$nobody ${nobody:csv} [[nobody]]"), "$nobody ${nobody:csv} [[nobody]]");
        assert.deepEqual(references("$a ${b.c:raw} [[d]]"), ["a", "b", "d"]);
    });
    it("variables of a dashboard's URL", () => {
        assert.deepEqual(variablesOf("/d/jvm?from=1&var-environment=prod&var-environment=dev&var-instance=a%20b"), { environment: ["prod", "dev"], instance: ["a b"] });
    });
    it("a span's tags under the names of labels", () => {
        const span = { "service.name": "shop", "deployment.environment.name": "prod" };
        const mapping = [{ key: "service.name", value: "application" }, { key: "deployment.environment.name" }, { key: "absent", value: "x" }];
        assert.equal(formatTags(span, mapping), 'application="shop", deployment.environment.name="prod"');
    });
});
