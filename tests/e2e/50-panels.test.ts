import assert from "node:assert/strict";
import { DASHBOARDS, emptyUntil, Fault, UIDS } from "../../dashboards";
import { INJECTORS } from "./support/faults";
import { GrafanaClient } from "./support/grafana";
import { describeEmpty, formatTable, hasData, readDashboards, Row, runQueries } from "./support/panel-run";
import { startTraffic, Undo } from "./support/traffic";
import { eventually } from "../support/wait";
import { APPLICATION, ENVIRONMENTS, World } from "./support/world";

describe("every panel's every query", () => {
    let world: World;
    let grafana: GrafanaClient;
    let rows: Row[];
    let stopTraffic: Undo | undefined;
    /** Values of variables that a user would choose: a shift for which there is data yet (typed in, as the list begins at 5m), a trace that is there. */
    const choices: Record<string, string> = { shift: "1m" };
    const faults = new Map<string, Fault>(DASHBOARDS.flatMap((spec) => Object.entries(emptyUntil(spec)).map(([place, fault]) => [`${UIDS[spec.name]}/${place}`, fault] as [string, Fault])));
    const faultOf = ({ query }: Row) => faults.get(`${query.dashboard}/${query.panel}/${query.refId}`);

    /** A trace with a statement, of which there are log lines as well. */
    const aTrace = (more = "") => eventually("a trace", 90, async () => (await grafana.searchTraces(`{ resource.service.name = "${APPLICATION}" ${more}&& span.db.query.text != "" }`))[0]);

    before(async () => {
        world = await (await World.get()).deployed();
        grafana = await world.grafana();
        stopTraffic = await startTraffic(Object.values(world.apps));
        rows = await readDashboards(grafana, DASHBOARDS.map(({ name }) => UIDS[name]));
        choices.trace = choices.traceId = await aTrace();
    });

    after(async () => {
        if (rows) console.log(`\n${formatTable(rows)}\n`);
        await stopTraffic?.();
    });

    it("returns data with traffic in all environments", async () => {
        const healthy = rows.filter((row) => !faultOf(row) && !row.query.panel.startsWith("annotation "));
        assert.ok(healthy.length > 50, `${healthy.length} queries`);
        // Side by side means all three.
        for (const row of healthy) if (row.query.dashboard === UIDS.environments && row.query.text.includes("by (environment")) row.atLeast = ENVIRONMENTS.length;
        await runQueries(grafana, healthy, choices, 120);
        expectData(healthy);
    });

    for (const environment of ENVIRONMENTS) {
        it(`returns data for ${environment} alone`, async () => {
            const trace = await aTrace(`&& resource.deployment.environment.name = "${environment}" `);
            // What is about one environment at a time anyway, or about the backends, was asked above.
            const own = rows.filter((row) => !faultOf(row) && !["loadtest", "monitoring"].includes(row.query.dashboard)).map(({ query, dashboard }): Row => ({ query, dashboard }));
            await runQueries(grafana, own, { ...choices, environment: [environment], trace, traceId: trace }, 120);
            expectData(own);
        });
    }

    it("that is rightly empty before fills under its fault", async () => {
        const named = [...new Set(faults.values())];
        const undo = await Promise.all(named.map((fault) => INJECTORS[fault](world)));
        try {
            await runQueries(grafana, rows.filter((row) => named.includes(faultOf(row)!)), choices, 180);
        } finally {
            await Promise.all(undo.map((each) => each()));
        }
        expectData(rows.filter(faultOf));
    });

    it("of an annotation finds its marks once a run has ended", async () => {
        const annotations = rows.filter(({ query }) => query.panel.startsWith("annotation "));
        await runQueries(grafana, annotations, choices, 60);
        expectData(annotations);
    });
});

function expectData(rows: Row[]): void {
    assert.deepEqual(rows.filter((row) => !hasData(row)).map(describeEmpty), []);
}
