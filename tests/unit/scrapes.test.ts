import assert from "node:assert/strict";
import { lintMetrics, readScrapes, recordedByRules, renderScrape } from "../support/dashboards/scrapes";

const series = (name: string, ...labels: Record<string, string>[]) => labels.map((each) => ({ __name__: name, ...each }));

describe("recorded scrapes", () => {
    it("hold names, types and labels, and of many values a few", () => {
        const many = Array.from({ length: 30 }, (_, i) => ({ uri: `/${String(i).padStart(2, "0")}`, status: i === 29 ? "500" : "200" }));
        const text = renderScrape("application", [...series("b_seconds_bucket", { le: "0.1" }, { le: "+Inf" }), ...series("a_total", ...many), ...series("c", {}, {})], {
            a_total: "counter", b_seconds: "histogram",
        });
        const lines = text.split("\n");
        assert.equal(lines[0], "# application: recorded by `npm run scrapes`, names and labels only.");
        assert.deepEqual(lines.filter((line) => line.startsWith("# TYPE")), ["# TYPE a_total counter", "# TYPE b_seconds_bucket histogram"]);
        assert.equal(lines.filter((line) => line.startsWith("a_total{")).length, 6);
        assert.ok(lines.includes('a_total{status="500",uri="/29"}'));
        assert.deepEqual(lines.filter((line) => line.startsWith("c")), ["c"]);
    });

    it("are read as they were written, whatever is in a label", () => {
        const hostile = 'a "quoted" \\ value,with={all}';
        const metrics = readScrapes([renderScrape("x", series("m", { one: hostile, two: "2" })), renderScrape("y", series("m", { three: "3" }))]);
        assert.deepEqual([...metrics].map(([name, labels]) => [name, [...labels].sort()]), [["m", ["one", "three", "two"]]]);
    });
});

describe("metrics that are used", () => {
    const known = readScrapes(['up{environment="a",job="b"}\nx_seconds_bucket{environment="a",le="1"}\n']);
    for (const [rule, record] of recordedByRules([{ record: "environment:x:rate5m", text: "sum by (environment) (rate(x_seconds_bucket[5m]))" }])) known.set(rule, record);
    const PROBLEMS: Record<string, string[]> = {
        'sum by (environment, le) (rate(x_seconds_bucket{environment=~".+"}[5m])) * on (environment) group_left (job) up': [],
        'environment:x:rate5m{environment="a"} or vector(0)': [],
        'sum by (b) (label_replace(up, "b", "$1", "job", "(.*)"))': [],
        '{__name__=~"x_.*", le="1"}': [],
        "sum without (anything) (up)": [],
        "rate(y_total[5m])": ["no recorded series is named y_total"],
        '{__name__=~"z_.*"}': ["no recorded series is named /^(?:z_.*)$/"],
        'up{instance="a"}': ["up has no label instance"],
        'environment:x:rate5m{le="a"}': ["environment:x:rate5m has no label le"],
        "sum by (job, instance) (up)": ["up has no label instance to group by"],
        "up / on (le) up": ["up, up has no label le to group by"],
    };
    for (const [expression, problems] of Object.entries(PROBLEMS)) {
        it(`${expression}: ${problems[0] ?? "all are known"}`, () => assert.deepEqual(lintMetrics(expression, known), problems));
    }
});
