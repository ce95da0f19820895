/**
 * `npm run bench:flood`: loadtest sends 20 times its quota of log lines, spans and samples, and makes 50,000 new series, through the real gateway, while prod runs as
 * planned, each service within its container's memory. Ends with status 1 where prod loses something, its queries take more than 1.5 times as long as before, a refusal
 * is not counted or not alerted, or a service passes its limit, dies or keeps what it took.
 *
 *     npm run bench:flood -- --minutes 5 --hosts 100 --times 20
 */
import * as fs from "node:fs";
import * as path from "node:path";
import { parseArgs } from "node:util";
import { SMALL_HOST_MIB } from "../../components/monitoring-services/budget";
import { planQuotas } from "../../components/monitoring-services/quotas";
import { sleep } from "../support/wait";
import { askAll } from "./support/ask";
import { benchArgs, hostsOf, WORK } from "./support/bench-work";
import { comparedQueries, RANGE } from "./support/compared-queries";
import { countLines, countSamples, countSpans, countSpansBetween, settled } from "./support/found";
import { Gatherer, Used } from "./support/gather";
import { startGateway } from "./support/gateway";
import { Limited } from "./support/limited";
import { endOrderly, prioritize } from "./support/limits";
import { Count, Load } from "./support/load";
import { SERVICES } from "./support/rounds";
import { Side, startOurs } from "./support/sides";
import { percentile, table } from "./support/statistics";

const MIB = 1024 * 1024;
const FLOODING = "loadtest";
const SCRAPE_SECONDS = 15;
const NEW_SERIES = 50_000;
const CHURNING = 2;
/** Some 40 questions of each kind: with 20 the 95th percentile of all, which is the median of the slowest kind, varied by a fifth from run to run. */
const QUIET_SECONDS = 120;
/** What must be refused and counted: metric, its labels, and the alert that tells of it. */
const REFUSALS: [string, string][] = [
    [`sum by (reason) (increase(loki_discarded_samples_total{tenant="${FLOODING}"}[10m])) > 0`, "LogsRefused"],
    [`sum by (reason) (increase(tempo_discarded_spans_total{tenant="${FLOODING}"}[10m])) > 0`, "SpansRefused"],
    ["increase(prometheus_target_scrapes_exceeded_sample_limit_total[10m]) > 0", "ScrapesRefused"],
    [`sum(sum_over_time(scrape_series_added{environment="${FLOODING}"}[1h])) > 0`, "SeriesChurn"],
];

const { values: options } = parseArgs({ options: {
    hosts: { type: "string", default: "100" }, minutes: { type: "string", default: "5" }, times: { type: "string", default: "20" }, json: { type: "string", default: path.join("out", "bench-flood.json") },
} });

async function main(): Promise<void> {
    endOrderly();
    prioritize(-19);
    const hosts = hostsOf(Number(options.hosts));
    const args = benchArgs();
    const quota = planQuotas(args.environments, { memoryMiB: SMALL_HOST_MIB })[FLOODING];
    const load = new Load();
    const side = await startOurs("flood", args, hosts);
    const limited = SERVICES.map((service) => side.programs[service]);
    try {
        const gateway = await startGateway(side, args);
        limited.push(gateway.program);
        say(`processor weights ${limited.every(({ group }) => group?.weighted) ? "as containers have them" : "cannot be set on this machine"}`);
        const times = Number(options.times);
        await load.start({
            ...WORK, hosts, destinations: [gateway.destination],
            flood: { environment: FLOODING, logBytesPerSecond: times * quota.logRateMiB * MIB, traceBytesPerSecond: times * quota.traceRateMiB * MIB },
        });
        await side.scrape(load.port, { [`${FLOODING}.host`]: floodTargets(load.port, quota.samplesPerTarget, times) });
        const since = Math.floor(Date.now() / 1000) - 60;
        const gatherer = new Gatherer(limited);
        load.begin();
        // Queries of the quiet time must have as much to read as those of the flood.
        await sleep(RANGE * 1000);
        const quiet = await queried(side, QUIET_SECONDS);
        const before = gatherer.used();
        say(`quiet: p95 ${p95(quiet).toFixed(3)} s of ${quiet.length} queries; the flood begins`);
        load.flood(true);
        const flooded = await queried(side, Number(options.minutes) * 60);
        const refusals: [string, string, boolean][] = [];
        for (const [query, alert] of REFUSALS) refusals.push([alert, await said(side, query), await fired(side, alert)]);
        load.flood(false);
        const during = gatherer.used();
        await sleep(60_000);
        const after = new Gatherer(limited);
        await sleep(30_000);
        const rest = after.used();
        after.stop();
        gatherer.stop();
        const { counts, lateMs, processorSeconds } = await load.stop();
        // Before anything is counted: what is down by now cannot be asked.
        for (const line of explainUse({ before, during, rest })) say(line);
        say(`the generator took ${processorSeconds.toFixed(0)} seconds of processor, and was late by ${lateMs.toFixed(0)} ms at most`);
        const lost = await lostOfProd(side, hosts.filter(({ environment }) => environment === "prod"), counts[side.name], since);
        for (const line of explain({ quiet, flooded, refusals, lost, counts: counts[side.name] })) say(line);
        const problems = [...findProblems({ quiet, flooded, during, rest, refusals, lost }), ...(await askedForAll(side, limited, since))];
        for (const problem of problems) say(`FAILED: ${problem}`);
        fs.mkdirSync(path.dirname(options.json), { recursive: true });
        fs.writeFileSync(options.json, `${JSON.stringify({ quiet, flooded, before, during, rest, refusals, lost, counts, generator: { lateMs, processorSeconds }, problems }, undefined, 2)}\n`);
        process.exitCode = problems.length > 0 ? 1 : 0;
    } finally {
        load.end();
        await side.running.stop();
        for (const { group } of limited) group?.remove();
        prioritize(0);
    }
}

/** Targets within their number, too large by as much as the flood is; and some whose series are new at every scrape, within what they may have. */
function floodTargets(port: number, samplesPerTarget: number, times: number): object[] {
    const at = (instance: string, kind: string, samples: number) => ({ targets: [`127.0.0.1:${port}`], labels: { application: "flood", instance, __metrics_path__: `/flood/${samples}/${kind}` } });
    const scrapes = (Number(options.minutes) * 60) / SCRAPE_SECONDS;
    const each = Math.min(samplesPerTarget - 1, Math.ceil(NEW_SERIES / CHURNING / scrapes));
    return [at("flood-large", "large", samplesPerTarget * times), ...Array.from({ length: CHURNING }, (_, i) => at(`flood-churn-${i + 1}`, "churn", each))];
}

interface Timed { what: string; seconds: number }

/** Times of queries, asked one after the other with pauses, for that long. */
async function queried(side: Side, seconds: number): Promise<Timed[]> {
    const times: Timed[] = [];
    for (const end = Date.now() + seconds * 1000; Date.now() < end;) {
        const prod = comparedQueries(side).map((each) => ({ ...each, headers: { "X-Scope-OrgID": "prod" } }));
        const { answers } = await askAll(prod, 1);
        for (const { panel, error } of answers) if (error) say(`failed: ${panel}: ${error}`);
        times.push(...answers.map(({ what, error, seconds: took }) => ({ what, seconds: error ? Infinity : took })));
        await sleep(1000);
    }
    return times;
}

/** Of all, or of one signal's. */
function p95(times: Timed[], what?: string): number {
    return percentile(times.filter((each) => !what || each.what === what).map(({ seconds }) => seconds), 0.95);
}

interface Vector { data: { result: { metric: Record<string, string>; value: [number, string] }[] } }

async function vector(side: Side, query: string): Promise<Vector["data"]["result"]> {
    return (await (await fetch(`${side.prometheus}/api/v1/query?${new URLSearchParams({ query })}`)).json() as Vector).data.result;
}

/** What was counted, by reason. */
async function said(side: Side, query: string): Promise<string> {
    return (await vector(side, query)).map(({ metric, value }) => `${metric.reason ?? "all"} ${Math.round(Number(value[1]))}`).join(", ");
}

/** Whether the alert fires, or its condition has been true and only its time is not over. */
async function fired(side: Side, alert: string): Promise<boolean> {
    return (await vector(side, `ALERTS{alertname="${alert}"}`)).length > 0;
}

/** Of prod, by unit; `found` is NaN where the backend did not answer. */
type Lost = Record<string, { made: number; found: number; refused: number }>;

async function lostOfProd(side: Side, hosts: ReturnType<typeof hostsOf>, counts: Record<string, Count>, since: number): Promise<Lost> {
    const of = (unit: string) => counts[`${unit} prod`];
    const refused = (unit: string) => Object.values(of(unit).refused).reduce((a, b) => a + b, 0);
    return {
        lines: { made: of("lines").made, found: await settled(of("lines").made, 60, () => countLines(side, "prod", since)), refused: refused("lines") },
        spans: { made: of("spans").made, found: await settled(of("spans").made, 90, () => countSpans(side, "prod", since)), refused: refused("spans") },
        samples: { made: of("samples").made, found: await settled(of("samples").made, 30, () => countSamples(side, hosts, since)), refused: 0 },
    };
}

/** Problems with one query over the spans of all environments, of all of the run: as somebody asks who looks back at the flood. It may be refused; nothing may die of it. */
async function askedForAll(side: Side, limited: Limited[], since: number): Promise<string[]> {
    const gatherer = new Gatherer(limited);
    const start = performance.now();
    const answer = await countSpansBetween(side, "prod", since, Math.ceil(Date.now() / 1000)).then((count) => `${count} spans`, (error: Error) => error.message);
    const used = gatherer.used();
    gatherer.stop();
    say(`one query over all spans: ${answer} in ${((performance.now() - start) / 1000).toFixed(1)} s, Tempo at ${used[SERVICES.indexOf("tempo")].peakMiB.toFixed(0)} MiB`);
    return NAMES.flatMap((name, i) => (used[i].kills > 0 ? [`${name} was killed, if not before then by one query over all spans`] : []));
}

interface Seen { quiet: Timed[]; flooded: Timed[]; during: Used[]; rest: Used[]; refusals: [string, string, boolean][]; lost: Lost }

const NAMES = [...SERVICES, "gateway"];

function explainUse({ before, during, rest }: Pick<Seen, "during" | "rest"> & { before: Used[] }): string[] {
    const rows = NAMES.map((name, i) => [name, during[i].limitMiB, before[i].peakMiB, during[i].peakMiB, rest[i].peakMiB, during[i].kills].map((cell) => (typeof cell === "number" ? cell.toFixed(0) : cell)).concat(before[i].cores.toFixed(2), during[i].cores.toFixed(2)));
    return [table(["service", "limit MiB", "peak before", "peak in the flood", "peak after it", "killed", "cores before", "cores with the flood"], rows)];
}

function explain({ quiet, flooded, refusals, lost, counts }: Omit<Seen, "during" | "rest"> & { counts: Record<string, Count> }): string[] {
    return [
        table(["prod", "made", "found", "refused and sent again"], Object.entries(lost).map(([unit, { made, found, refused }]) => [unit, String(made), String(found), String(refused)])),
        table([FLOODING, "sent", "taken", "refused"], Object.entries(counts).filter(([key]) => key.endsWith(FLOODING)).map(([key, { made, taken, refused }]) => [key, String(made), String(taken), JSON.stringify(refused)])),
        table(["alert", "counted", "true"], refusals.map(([alert, counted, fires]) => [alert, counted, fires ? "yes" : "no"])),
        table(["prod's queries, 95 %", "quiet, s", "in the flood, s"], [undefined, "metrics", "logs", "traces"].map((what) => [what ?? "all", p95(quiet, what).toFixed(3), p95(flooded, what).toFixed(3)])),
    ];
}

function findProblems({ quiet, flooded, during, rest, refusals, lost }: Seen): string[] {
    const ratio = p95(flooded) / p95(quiet);
    return [
        ...Object.entries(lost).filter(([, { made, found }]) => !(found >= made)).map(([unit, { made, found }]) => (Number.isNaN(found) ? `prod's ${unit} could not be counted` : `prod lost ${made - found} ${unit}`)),
        ...(ratio <= 1.5 ? [] : [`prod's queries take ${ratio.toFixed(2)} times as long in the flood`]),
        ...refusals.filter(([, counted]) => counted === "").map(([alert]) => `nothing is counted for ${alert}`), ...refusals.filter(([, , fires]) => !fires).map(([alert]) => `${alert} is not true`),
        ...NAMES.flatMap((name, i) => [...(during[i].kills + rest[i].kills > 0 ? [`${name} was killed`] : []), ...(rest[i].peakMiB > rest[i].limitMiB * 0.95 ? [`${name} is at its limit after the flood`] : [])]),
    ];
}

function say(text: string): void {
    process.stdout.write(`${text}\n`);
}

main().catch((error: unknown) => {
    console.error(error);
    process.exitCode = 1;
});
