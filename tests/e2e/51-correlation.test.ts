import assert from "node:assert/strict";
import { ALL, fillLink } from "./support/fill";
import { linesOf, OpenDashboard, readSource, searchSpans, seriesOf } from "./support/followed";
import { GrafanaClient, Line, Sample, Span } from "./support/grafana";
import { lineLinks, spanCorrelation, traceToLogs, traceToMetrics } from "./support/sources";
import { startTraffic, Undo } from "./support/traffic";
import { eventually } from "../support/wait";
import { APPLICATION, Environment, ENVIRONMENTS, World } from "./support/world";

/** One slow request in an environment, and what is known of it before any link is followed. */
interface Request {
    environment: Environment;
    instance: string;
    /** As the caller made it. */
    handMade: string;
    /** The text of its log line, which no other request has. */
    text: string;
    traceId: string;
    spans: Span[];
}

/**
 * Every link is taken out of the provisioned data source or dashboard, filled as Grafana fills it, and followed by Grafana's proxy: it must land on the
 * same request. Both kinds of data sources are tried, that over all environments and the environment's own.
 */
describe("correlation", () => {
    let grafana: GrafanaClient;
    let since: number;
    let stopTraffic: Undo | undefined;
    const requests = {} as Record<Environment, Request>;

    before(async function () {
        this.timeout(300_000);
        const world = await (await World.get()).deployed();
        grafana = await world.grafana();
        // Of a request that nothing came before and after there is no rate.
        stopTraffic = await startTraffic(ENVIRONMENTS.map((environment) => world.apps[environment]));
        since = Date.now() / 1000 - 1;
        await Promise.all(ENVIRONMENTS.map(async (environment, i) => { requests[environment] = await slowRequest(world, grafana, environment, 1500 + i); }));
    });
    after(() => stopTraffic?.());

    for (const environment of ENVIRONMENTS) {
        for (const suffix of ["", `-${environment}`]) {
            const at = `${environment}, by ${suffix ? "its own data sources" : "those over all environments"}`;
            const ownLine = ({ labels, text }: Line) => {
                const { instance, text: own } = requests[environment];
                return text.includes(own) && labels.environment === environment && labels.application === APPLICATION && labels.instance === instance;
            };

            it(`${at}: a span leads to its trace's log lines`, async () => {
                const { spans, traceId } = requests[environment];
                const link = traceToLogs(await readSource(grafana, `tempo${suffix}`), sqlSpan(spans));
                const lines = await eventually("the line", 60, async () => { const found = await linesOf(grafana, link); return found.some(ownLine) ? found : undefined; });
                assert.equal(link.uid, `loki${suffix}`);
                for (const { labels } of lines) assert.deepEqual([labels.trace_id, labels.environment], [traceId, environment]);
            });

            it(`${at}: a span leads to all lines of its host while it ran`, async () => {
                const { spans, instance } = requests[environment];
                const [correlation] = (await readSource(grafana, `tempo${suffix}`)).correlations!;
                const lines = await eventually("the line", 60, async () => {
                    const found = await linesOf(grafana, spanCorrelation(correlation, serverSpan(spans)));
                    return found.some(ownLine) ? found : undefined;
                });
                for (const { labels } of lines) assert.deepEqual([labels.environment, labels.instance], [environment, instance]);
            });

            it(`${at}: a span leads to rate, errors, duration and JVM of its host at that time`, async () => {
                const { spans, instance } = requests[environment];
                for (const link of traceToMetrics(await readSource(grafana, `tempo${suffix}`), serverSpan(spans))) {
                    // Its own request among them: others may have a rate before.
                    const wanted = link.name.startsWith("Requests") ? serverSpan(spans).name : undefined;
                    await eventually(link.name, 120, async () => (await seriesOf(grafana, link)).some(({ span_name }) => wanted === undefined || span_name === wanted) || undefined);
                    for (const [selector] of link.query.matchAll(/\w+\{[^}]*\}/g)) {
                        const owners = await seriesOf(grafana, { ...link, query: `group by (environment, application, instance) (${selector})` });
                        for (const owner of owners) assert.deepEqual(owner, { environment, application: APPLICATION, instance }, selector);
                    }
                }
            });

            it(`${at}: a line leads to its trace, and its hand-made id to the lines that have it`, async () => {
                const { handMade, traceId, instance } = requests[environment];
                const source = await readSource(grafana, `loki${suffix}`);
                const line = await eventually("the access line", 60, async () => (await grafana.logs(`{environment="${environment}"} |= "traceId=${handMade}"`, source.uid))[0]);
                assert.deepEqual([line.labels.trace_id, line.labels.request_id], [traceId, handMade]);
                const links = Object.fromEntries(lineLinks(source, line.labels, { environment: [environment] }).map((link) => [link.name, link]));
                assert.equal(links.Trace.uid, `tempo${suffix}`);
                const spans = await eventually("the trace", 60, () => grafana.trace(links.Trace.to, links.Trace.uid));
                for (const { resource } of spans) assert.deepEqual([resource["deployment.environment.name"], resource["service.instance.id"]], [environment, instance]);

                const logs = await OpenDashboard.follow(grafana, links.Request.to);
                const found = await grafana.logs(logs.query("Log lines", "logql"));
                assert.ok(found.some(({ text }) => text === line.text), logs.query("Log lines", "logql"));
                for (const { text, labels } of found) assert.ok(text.includes(handMade) && labels.environment === environment, text);
            });
        }

        it(`${environment}: an exemplar leads to its trace`, async () => {
            const { spans, traceId } = requests[environment];
            const dashboard = await OpenDashboard.open(grafana, "traces", { environment: [environment], application: [APPLICATION], instance: ALL });
            const { jsonData } = await readSource(grafana, "prometheus");
            const exemplar = await eventually("the slow request's exemplar", 120, async () => (await exemplars(grafana, dashboard.query("Duration", "promql"), since))
                .find(({ labels }) => labels.trace_id?.padStart(32, "0") === traceId));
            assert.equal(exemplar.series.span_name, serverSpan(spans).name);
            assert.equal(exemplar.series.environment, environment);
            const destination = jsonData.exemplarTraceIdDestinations!.find(({ name }) => name in exemplar.labels)!;
            const found = await eventually("the trace", 60, () => grafana.trace(exemplar.labels[destination.name], destination.datasourceUid));
            assert.ok(found.some(isSlowSql), JSON.stringify(found.map(({ name }) => name)));
        });

        it(`${environment}: on the dashboard, a slow statement leads to its trace, its lines, and its host's JVM`, async () => {
            const { traceId, instance, text } = requests[environment];
            const traces = await OpenDashboard.open(grafana, "traces", { environment: [environment] });
            const row = await eventually("the statement", 90, async () => (await searchSpans(grafana, "tempo", traces.query("Slow SQL", "traceql"), since)).find((span) => span.traceId === traceId));
            assert.match(row.attributes["db.query.text"], /select count\(\*\) from photo where sleep\(/);
            const fields = { ...row.attributes, traceIdHidden: row.traceId, spanID: row.spanID };
            const chosen = await OpenDashboard.follow(grafana, traces.columnLink("Slow SQL", "spanID", { __data: { fields }, __value: { raw: row.spanID } }));
            assert.deepEqual([chosen.json.uid, chosen.variables.environment], ["traces", [environment]]);
            const spans = await eventually("the trace", 60, () => grafana.trace(chosen.query("Spans", "traceql")));
            assert.ok(spans.some(({ spanId }) => spanId === row.spanID));
            const lines = await eventually("its lines", 60, async () => { const found = await grafana.logs(chosen.query("Its log lines", "logql")); return found.length > 0 ? found : undefined; });
            assert.ok(lines.some((line) => line.text.includes(text)));

            const jvm = await OpenDashboard.follow(grafana, traces.columnLink("Slow SQL", "service.instance.id", { __data: { fields }, __value: { raw: row.attributes["service.instance.id"] } }));
            assert.deepEqual([jvm.json.uid, jvm.variables.environment, jvm.variables.application, jvm.variables.instance], ["jvm", [environment], [APPLICATION], [instance]]);
        });

        it(`${environment}: in the search, a trace's id shows that trace`, async () => {
            const { traceId } = requests[environment];
            const traces = await OpenDashboard.open(grafana, "traces", { environment: [environment], slower: "1s" });
            await eventually("the trace among the found", 90, async () => (await searchSpans(grafana, "tempo", traces.query("Traces", "traceql"), since)).some((span) => span.traceId === traceId) || undefined);
            const chosen = await OpenDashboard.follow(grafana, traces.columnLink("Traces", "traceID", { __value: { raw: traceId } }));
            assert.deepEqual([chosen.query("Spans", "traceql"), chosen.variables.environment, chosen.variables.slower], [traceId, [environment], "1s"]);
        });

        it(`${environment}: an edge of the service graph leads to traces of its environment`, async () => {
            const traces = await OpenDashboard.open(grafana, "traces", { environment: [environment] });
            const selector = traces.query("Service graph", "servicemap");
            const edge = await eventually("the edge from the application to itself", 150, async () => (await edges(grafana, selector)).find(({ labels }) => labels.server === APPLICATION));
            const fields = { id: `${edge.labels.client}_${edge.labels.server}`, source: edge.labels.client, target: edge.labels.server };
            const url = traces.columnLink("Service graph", "target", { __data: { fields } });
            // Among slow ones only: other traffic would crowd it out of the newest.
            const target = await OpenDashboard.follow(grafana, `${url}&var-slower=1s`);
            assert.deepEqual([target.variables.environment, target.variables.application], [[environment], [APPLICATION]]);
            const found = await searchSpans(grafana, "tempo", target.query("Traces", "traceql"), since);
            assert.ok(found.some((span) => span.traceId === requests[environment].traceId), `not among ${found.length} spans`);
            for (const { attributes } of found) assert.equal(attributes["deployment.environment.name"], environment);

            // What Grafana itself makes of an edge: a search by service in the data source of the graph.
            const own = await searchSpans(grafana, `tempo-${environment}`, fillLink('{ resource.service.name = "${__data.fields.target}" } | select(resource.deployment.environment.name)', { scope: { __data: { fields } } }), since);
            assert.ok(own.length > 0);
            for (const { attributes } of own) assert.equal(attributes["deployment.environment.name"], environment);
        });
    }
});

const isSlowSql = ({ attributes }: Span): boolean => /sleep\(/.test(attributes["db.query.text"] ?? "");
const sqlSpan = (spans: Span[]): Span => spans.find(isSlowSql)!;
const serverSpan = (spans: Span[]): Span => spans.find(({ kind, parentSpanId }) => kind === "SERVER" && !parentSpanId)!;

async function slowRequest(world: World, grafana: GrafanaClient, environment: Environment, milliseconds: number): Promise<Request> {
    const handMade = `corr-${environment}-${milliseconds}-${Date.now().toString(36)}`;
    // The application calls itself here, which is an edge of the service graph.
    assert.equal((await world.apps[environment].get("/api/photos/1")).status, 200);
    assert.equal((await world.apps[environment].get(`/api/photos/slow?ms=${milliseconds}`, [`X-Trace-Id: ${handMade}`])).status, 200);
    const traceId = await eventually("the trace's id in the log", 30, () => world.apps[environment].traceIdOf(`traceId=${handMade} `));
    const spans = await eventually("the whole trace", 120, async () => {
        const found = await grafana.trace(traceId);
        return found?.some(isSlowSql) && serverSpan(found) ? found : undefined;
    });
    return { environment, instance: world.hosts[environment].name, handMade, text: `counting slowly: ${milliseconds} ms`, traceId, spans };
}

async function exemplars(grafana: GrafanaClient, query: string, since: number): Promise<{ series: Record<string, string>; labels: Record<string, string> }[]> {
    const answer = await grafana.ask<{ data: { seriesLabels: Record<string, string>; exemplars: { labels: Record<string, string> }[] }[] }>(
        "prometheus", "/api/v1/query_exemplars", { query, start: String(since), end: String(Date.now() / 1000) }, true,
    );
    return answer.data.flatMap(({ seriesLabels, exemplars: found }) => found.map(({ labels }) => ({ series: seriesLabels, labels })));
}

/** The edges as Grafana's Tempo source asks for them. */
function edges(grafana: GrafanaClient, selector: string): Promise<Sample[]> {
    return grafana.metrics(`sum by (client, server) (rate(traces_service_graph_request_total${selector}[3600s]))`);
}
