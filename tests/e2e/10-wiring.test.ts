import assert from "node:assert/strict";
import { changed } from "./support/engine";
import { GrafanaClient, Span } from "./support/grafana";
import { eventually, timed } from "../support/wait";
import { APPLICATION, ENVIRONMENTS, World } from "./support/world";

describe("three stacks, one shared deployment", () => {
    let world: World;
    let grafana: GrafanaClient;

    before(async () => { world = await World.get(); });

    it("`up` of the owner succeeds", async () => {
        await world.configure("prod");
        const run = await world.up("prod");
        world.figures["first up, owner"] = run.seconds;
        grafana = await world.grafana();
    });

    it("`up` of both members at the same time succeeds", async () => {
        await world.configure("dev");
        await world.configure("loadtest");
        const runs = await world.upTogether(["dev", "loadtest"]);
        world.figures["first up, members at once"] = Math.max(...runs.map(({ seconds }) => seconds));
        // Docker reads an environment file when a container is made: its owner makes it anew, once.
        await world.apps.dev.restart();
        for (const environment of ENVIRONMENTS) await world.apps[environment].ready();
    });

    for (const environment of ENVIRONMENTS) {
        it(`${environment}: Prometheus scrapes application, host and agent, labelled alike`, async () => {
            const instance = world.hosts[environment].name;
            for (const job of ["was", "host", "agent"]) {
                const [sample] = await eventually(`up of ${job}`, 60, async () => {
                    const found = await grafana.metrics(`up{environment="${environment}", application="${APPLICATION}", instance="${instance}", job="${job}"} == 1`);
                    return found.length > 0 ? found : undefined;
                });
                assert.equal(sample.labels.team, environment === "prod" ? "shop" : undefined);
            }
        });

        it(`${environment}: one request is one trace from controller to database and other service, and its id is in the log line`, async () => {
            const app = world.apps[environment];
            assert.equal((await app.get("/api/photos/1")).status, 200);
            const start = performance.now();
            const id = await eventually("a trace id in the log", 20, () => app.traceIdOf("uri=/api/photos/1"));

            const line = await eventually("the log line in Loki", 60, async () => (await grafana.logs(`{environment="${environment}"} | trace_id="${id}"`))[0]);
            world.figures[`log line to Loki, ${environment}`] = (performance.now() - start) / 1000;
            const { application, instance } = line.labels;
            assert.deepEqual({ application, instance }, { application: APPLICATION, instance: world.hosts[environment].name });

            const expected: Record<string, (span: Span) => boolean> = {
                "server": ({ kind, name, parentSpanId }) => kind === "SERVER" && !parentSpanId && name.includes("/api/photos/"),
                "controller": ({ name }) => name.startsWith("PhotoController."),
                "service": ({ name }) => name === "PhotoService.find",
                "database": ({ attributes }) => "db.query.text" in attributes || "db.statement" in attributes,
                "HTTP client": ({ kind, attributes }) => kind === "CLIENT" && "url.full" in attributes,
                "called server": ({ kind, name }) => kind === "SERVER" && name.includes("/api/exchange-rate"),
            };
            const spans = await eventually("the trace in Tempo", 60, async () => {
                const found = await grafana.trace(id) ?? [];
                for (const [what, test] of Object.entries(expected)) assert.ok(found.some(test), `no ${what} span in ${JSON.stringify(found.map(({ name, kind }) => `${kind} ${name}`))}`);
                return found;
            });
            world.figures[`request to trace, ${environment}`] = (performance.now() - start) / 1000;
            for (const { resource } of spans) {
                assert.equal(resource["deployment.environment.name"], environment);
                assert.equal(resource["service.name"], APPLICATION);
                assert.equal(resource["service.instance.id"], world.hosts[environment].name);
                assert.equal(resource["process.command_args"], undefined, "a command line may hold passwords");
            }
        });

        it(`${environment}: a stack trace is one entry, with its level and trace id`, async () => {
            const app = world.apps[environment];
            assert.equal((await app.get("/api/photos/fail")).status, 500);
            const entry = await eventually("the entry", 60, async () => (await grafana.logs(`{environment="${environment}"} |= "Caused by:"`))[0]);
            assert.match(entry.text, /^\d{4}-\d\d-\d\d.*ERROR/s);
            assert.ok(entry.text.split("\n").length > 10, entry.text);
            assert.equal(entry.labels.level?.toUpperCase(), "ERROR");
            assert.match(entry.labels.trace_id ?? "", /^[0-9a-f]{32}$/);
        });
    }

    it("scrapes of Actuator leave no traces", async () => {
        assert.ok((await grafana.searchTraces('{ span.url.path =~ "/api/.*" }')).length > 0);
        assert.deepEqual(await grafana.searchTraces('{ span.url.path =~ "/actuator.*" }'), []);
    });

    it("the hand-made `traceId=… elapsed=…` line is searchable by both", async () => {
        assert.equal((await world.apps.prod.get("/api/photos/2", ["X-Trace-Id: handmade4711"])).status, 200);
        const line = await eventually("the line", 60, async () => (await grafana.logs('{environment="prod"} |= "handmade4711" | elapsed_ms >= 0'))[0]);
        assert.match(line.text, /traceId=handmade4711/);
        assert.match(line.labels.elapsed_ms, /^\d+(\.\d+)?$/);
    });

    it("labels are few and fixed: the index has no more than the vocabulary", async () => {
        const streams = await grafana.logStreams(`{application="${APPLICATION}"}`);
        assert.deepEqual([...new Set(streams.flatMap(Object.keys))].filter((label) => !label.startsWith("__")).sort(), ["application", "environment", "instance", "source"]);
    });

    it("Grafana has the combined data sources and one per environment, each seeing its tenant only", async () => {
        for (const uid of ["prometheus", "loki", "tempo"]) assert.equal((await grafana.json<{ uid: string }>(`/api/datasources/uid/${uid}`)).uid, uid);
        for (const environment of ENVIRONMENTS) {
            const streams = await grafana.logStreams(`{application="${APPLICATION}"}`, `loki-${environment}`);
            assert.deepEqual([...new Set(streams.map((stream) => stream.environment))], [environment]);
            const ids = await eventually("traces", 60, async () => {
                const found = await grafana.searchTraces(`{ resource.service.name = "${APPLICATION}" }`, `tempo-${environment}`);
                return found.length > 0 ? found : undefined;
            });
            const spans = await grafana.trace(ids[0], `tempo-${environment}`);
            assert.deepEqual([...new Set(spans?.map(({ resource }) => resource["deployment.environment.name"]))], [environment]);
            const other = ENVIRONMENTS.find((name) => name !== environment)!;
            assert.equal(await grafana.trace(ids[0], `tempo-${other}`), undefined);
        }
    });

    it("Tempo's span metrics arrive in Prometheus under the same labels", async () => {
        const samples = await eventually("span metrics", 90, async () => {
            const found = await grafana.metrics(`sum by (environment, application) (traces_spanmetrics_calls_total{application="${APPLICATION}"})`);
            return found.length === ENVIRONMENTS.length ? found : undefined;
        });
        assert.deepEqual(samples.map(({ labels }) => labels.environment).sort(), [...ENVIRONMENTS].sort());
    });

    it("a second `up` of each stack changes nothing", async () => {
        for (const environment of ENVIRONMENTS) {
            const { seconds, result } = await timed(() => world.up(environment));
            world.figures[`no-change up, ${environment}`] = seconds;
            assert.equal(changed(result), 0, result.output);
        }
    });

    it("a `refresh` finds no drift, and a preview after it no change", async () => {
        for (const environment of ENVIRONMENTS) {
            const stack = world.stacks[environment];
            const refresh = world.keep(await stack.refresh());
            assert.equal(changed(refresh), 0, refresh.output);
            const preview = world.keep(await stack.preview({ diff: true }));
            assert.equal(changed(preview), 0, preview.output);
        }
    });
});
