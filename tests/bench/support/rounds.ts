import { sleep } from "../../support/wait";
import { Answer, askAll } from "./ask";
import { comparedQueries, dashboardQueries } from "./compared-queries";
import { countLines, countSamples, countSpans, settled } from "./found";
import { diskBytes, Gatherer, Used } from "./gather";
import { Count, Load, LoadReport } from "./load";
import { percentile } from "./statistics";
import { Side } from "./sides";
import { SimulatedHost } from "./simulated-hosts";

export const SERVICES = ["prometheus", "loki", "tempo"] as const;
const UNITS: Record<string, string> = { prometheus: "samples", loki: "lines", tempo: "spans" };
const PARALLEL = 6;

/** One service's figures of one run. */
export interface ServiceFigures extends Used {
    /** Processor seconds for each million samples, lines or spans. */
    secondsPerMillion: number;
    taken: number;
    refused: number;
    /** Taken, and not to be found. */
    lost: number;
    bytesPerUnit: number;
}

/** One side's figures of one run. */
export interface SideFigures {
    side: string;
    hosts: number;
    services: Record<string, ServiceFigures>;
    /** Of the questions that both are asked, in seconds. */
    queries: { p50: number; p95: number; failed: string[] };
    /** Of all queries of all dashboards, and the time in which the slowest dashboard is there; (a) only. */
    dashboards?: { p50: number; p95: number; opens: Record<string, number>; failed: string[] };
    generatorCores: number;
    generatorLateMs: number;
}

interface Measured { side: Side; load: Used[]; whole: Used[]; queries: SideFigures["queries"]; dashboards?: SideFigures["dashboards"] }

export interface RoundOptions {
    hosts: SimulatedHost[];
    minutes: number;
}

/** Loads the sides for that long, asks them, stops, and counts what is there. */
export async function measureRound(load: Load, sides: Side[], { hosts, minutes }: RoundOptions): Promise<SideFigures[]> {
    for (const side of sides) await side.scrape(load.port);
    const since = Math.floor(Date.now() / 1000) - 60;
    const gatherers = sides.map(({ programs }) => new Gatherer(SERVICES.map((service) => programs[service])));
    const before = await load.report();
    load.begin();
    const began = performance.now();
    await sleep(minutes * 60_000);
    const used = gatherers.map((each) => each.used());
    const during = await load.report();
    const generatorCores = (during.processorSeconds - before.processorSeconds) / ((performance.now() - began) / 1000);
    const measured: Measured[] = [];
    const peaks = (all: Used[]) => SERVICES.map((service, i) => `${service} ${all[i].peakMiB.toFixed(0)}`).join(", ");
    for (const [i, side] of sides.entries()) measured.push({ side, load: used[i], ...await ask(side), whole: gatherers[i].used() });
    for (const { side, load: before, whole } of measured) process.stdout.write(`${side.name}: peaks under load ${peaks(before)} MiB, with queries ${peaks(whole)} MiB\n`);
    gatherers.forEach((each) => each.stop());
    const after = await load.stop();
    const figures = [];
    for (const each of measured) figures.push({ ...await figuresOf(each, { hosts, since, during: subtract(during, before), after }), generatorCores, generatorLateMs: during.lateMs });
    return figures;
}

/** Three times, with load. */
async function ask(side: Side): Promise<Pick<Measured, "queries" | "dashboards">> {
    const answers: Answer[] = [];
    for (let i = 0; i < 3; i++) answers.push(...(await askAll(comparedQueries(side), 1)).answers);
    const failures = (all: Answer[]) => all.filter(({ error }) => error).map(({ dashboard, panel, refId, error }) => `${dashboard} / ${panel} / ${refId}: ${error}`);
    const times = (all: Answer[]) => all.map(({ seconds }) => seconds);
    const queries = { p50: percentile(times(answers), 0.5), p95: percentile(times(answers), 0.95), failed: failures(answers) };
    if (side.environmentLabel !== "environment") return { queries };
    const opens: Record<string, number> = {};
    const all: Answer[] = [];
    for (const { dashboard, requests } of dashboardQueries(side)) {
        const { seconds, answers: own } = await askAll(requests, PARALLEL);
        opens[dashboard] = seconds;
        all.push(...own);
    }
    return { queries, dashboards: { p50: percentile(times(all), 0.5), p95: percentile(times(all), 0.95), opens, failed: failures(all) } };
}

interface Context { hosts: SimulatedHost[]; since: number; during: LoadReport; after: LoadReport }

async function figuresOf({ side, whole, load, queries, dashboards }: Measured, { hosts, since, during, after }: Context): Promise<Omit<SideFigures, "generatorCores" | "generatorLateMs">> {
    const environments = [...new Set(hosts.map((host) => host.environment))];
    const sum = (report: LoadReport, unit: string, value: (count: Count) => number) => Object.entries(report.counts[side.name] ?? {})
        .filter(([key]) => key.startsWith(`${unit} `)).reduce((total, [, count]) => total + value(count), 0);
    const taken = (report: LoadReport, unit: string) => sum(report, unit, (count) => (unit === "samples" ? count.made : count.taken));
    const found: Record<string, number> = {
        samples: await settled(taken(after, "samples"), 30, () => countSamples(side, hosts, since)),
        lines: await settled(taken(after, "lines"), 60, () => total(environments, (environment) => countLines(side, environment, since))),
        spans: await settled(taken(after, "spans"), 90, () => total(environments, (environment) => countSpans(side, environment, since))),
    };
    // What is still in memory only has no bytes yet.
    await fetch(`${side.loki}/flush`, { method: "POST" });
    await sleep(20_000);
    const disk: Record<string, number> = {
        prometheus: diskBytes(side.running.data("prometheus")), loki: diskBytes(side.running.data("loki"), (file) => /^(chunks|tsdb-shipper-active|compactor)\//.test(file)),
        tempo: diskBytes(side.running.data("tempo"), (file) => /\/data\.parquet$/.test(file) && file.startsWith("blocks/")),
    };
    const services = Object.fromEntries(SERVICES.map((service, i): [string, ServiceFigures] => {
        const unit = UNITS[service];
        return [service, {
            ...whole[i], meanMiB: load[i].meanMiB, cores: load[i].cores, processorSeconds: load[i].processorSeconds, secondsPerMillion: (load[i].processorSeconds / taken(during, unit)) * 1e6,
            taken: taken(after, unit), refused: sum(after, unit, ({ refused }) => Object.values(refused).reduce((a, b) => a + b, 0)), lost: sum(after, unit, ({ made }) => made) - found[unit],
            bytesPerUnit: disk[service] / found[unit],
        }];
    }));
    return { side: side.name, hosts: hosts.length, services, queries, dashboards };
}

async function total(environments: string[], ask: (environment: string) => Promise<number>): Promise<number> {
    let all = 0;
    for (const environment of environments) all += await ask(environment);
    return all;
}

/** What was counted between two reports; refusals are taken from the last one as they stand. */
function subtract(later: LoadReport, earlier: LoadReport): LoadReport {
    const counts = Object.fromEntries(Object.entries(later.counts).map(([destination, of]) => [destination, Object.fromEntries(Object.entries(of).map(([key, count]) => {
        const before = earlier.counts[destination]?.[key];
        return [key, { ...count, made: count.made - (before?.made ?? 0), taken: count.taken - (before?.taken ?? 0) }];
    }))]));
    return { ...later, counts };
}
