/**
 * How long each dashboard takes to answer all its queries at the range that it opens with, with 50 hosts of 600 series each, and whether the backends stay within the
 * memory of the smallest plan meanwhile: Prometheus, Loki and Tempo, each with its limit. Ends with status 1 where a dashboard takes 3 s or longer, a query fails, or a backend passes its limit.
 *
 *     npm run bench:dashboards
 *     npm run bench:dashboards -- --with-hosts    the hosts' own metrics and the agents' besides: twice as many series
 */
import * as fs from "node:fs";
import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import * as path from "node:path";
import { buildDashboard, DASHBOARDS, DashboardSpec, UIDS } from "../../dashboards";
import { DashboardJson } from "../support/dashboards/model";
import { freePorts, Running } from "../support/running";
import { sampleServices } from "../support/services";
import { Answer, askAll, Backends, requestsOf } from "./support/ask";
import { parseExposition, Series } from "./support/exposition";
import { prioritize } from "./support/limits";
import { Limited, resetPeaks, Taken, taken } from "./support/limited";
import { BenchBackend, fillLoki, fillTempo, LINES_PER_SECOND, TRACES_PER_SECOND } from "./support/logs-and-traces";
import { BenchPrometheus } from "./support/prometheus";
import { remoteWrite } from "./support/remote-write";
import { programs as findPrograms } from "./support/sides";
import { moreEndpoints, scraped, serveHosts, simulatedHosts, Simulation, spanMetrics, withExemplars } from "./support/simulated-hosts";
import { sleep } from "../support/wait";

const HOSTS = { prod: 20, dev: 10, loadtest: 20 };
const SERIES = 600;
const STEP = 15;
const RANGE = 3600;
/** Lines are written so far ahead, which Loki takes, that the last minutes before the measurement have theirs too. */
const AHEAD = 480;
/** Asks for the lines of a chosen trace, and none is chosen. */
const RIGHTLY_EMPTY = ["traces / Its log lines"];
const LIMIT_SECONDS = 3;
/** As many as a browser has connections to one server, over HTTP/1.1. */
const PARALLEL = 6;
const ROUNDS = 3;

const UP: Series = { name: "up", labels: {}, value: 1, counter: false };

interface Result {
    dashboard: string;
    requests: number;
    empty: Answer[];
    failed: Answer[];
    seconds: number[];
    /** Processor time of the backends for one round: the rest is waiting for processors that others use. */
    processorSeconds: number;
    slowest: Answer;
}

async function main(): Promise<number> {
    const binary = findPrograms("prometheus", "loki", "tempo");
    say(prioritize(-19) ? "before other processes" : "with the same priority as other processes: what else runs here is measured as well");
    const running = new Running();
    let server: Server | undefined;
    let prometheus: BenchPrometheus | undefined;
    const others: BenchBackend[] = [];
    try {
        const [port] = await freePorts(1);
        const args = sampleServices({ rules: {}, logRules: {} });
        prometheus = new BenchPrometheus(running, args, port);
        await prometheus.start(binary.prometheus);

        const jobs: Record<string, Series[]> = { was: moreEndpoints(recorded("was"), SERIES), ...(process.argv.includes("--with-hosts") ? { host: recorded("host"), agent: recorded("agent") } : {}) };
        const spans = spanMetrics(jobs.was);
        const hosts = simulatedHosts(HOSTS);
        const end = Math.floor(Date.now() / 1000 / STEP) * STEP;
        const simulation: Simulation = { beginSeconds: end - 2 * RANGE, countsPerHour: 15 };

        const sizes = Object.entries({ ...jobs, spans }).map(([name, series]) => `${series.length} ${name}`);
        say(`${hosts.length} hosts, with series of each: ${sizes.join(", ")}`);
        for (let from = end - RANGE; from < end; from += 300) {
            const times = (host: { phase: number }) => Array.from({ length: 300 / STEP }, (_, i) => from + i * STEP + (host.phase / hosts.length) * STEP);
            for (const host of hosts) {
                for (const [job, series] of Object.entries(jobs)) await remoteWrite(prometheus.url, scraped([...series, UP], host, job, simulation, times(host)));
                await remoteWrite(prometheus.url, withExemplars(scraped(spans, host, "", simulation, times(host))));
            }
            await prometheus.record(from, from + 299, STEP);
        }
        say("an hour of the past is written: metrics");
        const loki = await fillLoki(running, binary.loki, args, hosts, [end - RANGE, end + AHEAD]);
        others.push(loki);
        say(`${LINES_PER_SECOND} lines a second of each host`);
        const tempo = await fillTempo(running, binary.tempo, args, hosts, prometheus.url, [end - RANGE, end]);
        others.push(tempo);
        say(`${TRACES_PER_SECOND} traces a second of each host, of five spans`);

        server = serveHosts(hosts, jobs, simulation);
        await new Promise<void>((resolve) => server!.listen(0, "127.0.0.1", resolve));
        const address = `127.0.0.1:${(server.address() as AddressInfo).port}`;
        const targets = Object.keys(jobs).flatMap((job) => Object.keys(HOSTS).map((environment): [string, object[]] => [
            `${environment}.${job === "was" ? "application" : job}`, hosts.filter((host) => host.environment === environment).map(({ application, instance, phase }) => (
                { targets: [address], labels: { application, instance, __metrics_path__: `/${phase}/${job}` } })),
        ]));
        await prometheus.goLive(Object.fromEntries(targets));
        await sleep(4 * STEP * 1000);
        say(`live: ${await prometheus.value("prometheus_tsdb_head_series")} series in the head`);

        const programs = [prometheus.program, loki.program, tempo.program];
        const before = programs.map(taken);
        programs.forEach(resetPeaks);
        const backends = { prometheus: prometheus.url, loki: loki.url, tempo: tempo.url, tenants: Object.keys(HOSTS).join("|") };
        const results: Result[] = [];
        for (const spec of DASHBOARDS) results.push(await measure(buildDashboard(spec) as DashboardJson, openingRange(spec), backends, programs));
        return report(results, programs.map(taken), before);
    } finally {
        server?.close();
        await running.stop();
        // The session may outlive us.
        prioritize(0);
        for (const each of [prometheus, ...others]) each?.program.group?.remove();
    }
}

/** What one real host showed, as `tests/bench/recorded-<job>.prom` has it. */
function recorded(job: string): Series[] {
    return parseExposition(fs.readFileSync(path.join(__dirname, `recorded-${job}.prom`), "utf8"));
}

/** Seconds of the range that the dashboard opens with. */
function openingRange({ from = "now-1h" }: DashboardSpec): number {
    const [, count, unit] = /^now-(\d+)([mh])$/.exec(from) ?? [];
    if (!unit) throw new Error(`a range that is not understood: ${from}`);
    return Number(count) * (unit === "h" ? 3600 : 60);
}

/** Opens a dashboard a few times, one after the other. */
async function measure(dashboard: DashboardJson, rangeSeconds: number, backends: Backends, programs: Limited[]): Promise<Result> {
    const rounds = [];
    const processorSeconds = () => programs.reduce((sum, program) => sum + taken(program).processorSeconds, 0);
    const before = processorSeconds();
    for (let i = 0; i < ROUNDS; i++) rounds.push(await askAll(requestsOf(dashboard, backends, Math.floor(Date.now() / 1000), rangeSeconds), PARALLEL));
    const { answers } = rounds[rounds.length - 1];
    const slowest = rounds.flatMap((round) => round.answers).reduce((a, b) => (b.seconds > a.seconds ? b : a));
    return {
        dashboard: dashboard.uid!, requests: answers.length, empty: answers.filter(({ rows, what, error }) => rows === 0 && !error && what !== "exemplars"),
        failed: rounds.flatMap((round) => round.answers).filter(({ error }) => error), seconds: rounds.map(({ seconds }) => seconds), processorSeconds: (processorSeconds() - before) / ROUNDS, slowest,
    };
}

function report(results: Result[], backends: Taken[], before: Taken[]): number {
    say("\ndashboard        requests  empty  first s  worst s  CPU s  the slowest query");
    for (const { dashboard, requests, empty, seconds, processorSeconds, slowest } of results) {
        const figures = [seconds[0], Math.max(...seconds)].map((each) => each.toFixed(2).padStart(7)).join("  ");
        say(`${dashboard.padEnd(15)}  ${String(requests).padStart(8)}  ${String(empty.length).padStart(5)}  ${figures}  ${processorSeconds.toFixed(2).padStart(5)}  ${slowest.seconds.toFixed(2)} s ${slowest.panel}/${slowest.refId} ${slowest.what}`);
    }
    for (const { dashboard, empty } of results) for (const { panel, refId } of empty) say(`  empty: ${dashboard} / ${panel} / ${refId}`);
    for (const each of backends) {
        const enforced = each.groupMiB === undefined ? "not enforced here, as this machine lets us make no memory group" : `enforced: at most ${each.groupMiB.toFixed(0)} MiB, page cache included, and ${each.kills} kills`;
        say(`${each.name}: limit ${each.limitMiB} MiB, ${enforced}; resident ${each.residentMiB.toFixed(0)} MiB, mapped files included; ${before.find(({ name }) => name === each.name)!.residentMiB.toFixed(0)} MiB while the past was written`);
    }
    const problems = [
        ...results.flatMap(({ dashboard, seconds }) => (Math.max(...seconds) < LIMIT_SECONDS ? [] : [`${dashboard} takes ${Math.max(...seconds).toFixed(2)} s: ${LIMIT_SECONDS} s is the limit`])),
        ...results.flatMap(({ dashboard, empty }) => empty.filter(({ what, panel }) => ["logs", "traces"].includes(what) && !panel.startsWith("annotation ") && dashboard !== "loadtest" && !RIGHTLY_EMPTY.includes(`${dashboard} / ${panel}`))
            .map(({ panel, refId }) => `${dashboard} / ${panel} / ${refId} is empty`)),
        ...results.flatMap(({ failed }) => failed.map(({ dashboard, panel, refId, what, error }) => `${dashboard} / ${panel} / ${refId} ${what}: ${error}`)),
        ...backends.filter(({ kills, residentMiB, groupMiB, limitMiB }) => kills > 0 || (groupMiB === undefined && residentMiB > limitMiB)).map(({ name, limitMiB }) => `${name} does not fit into ${limitMiB} MiB`),
        ...Object.values(UIDS).filter((uid) => DASHBOARDS.some(({ name }) => UIDS[name] === uid) && !results.some(({ dashboard }) => dashboard === uid)).map((uid) => `${uid} was not measured`),
    ];
    for (const problem of problems) say(`FAILED: ${problem}`);
    return problems.length > 0 ? 1 : 0;
}

function say(text: string): void {
    process.stdout.write(`${text}\n`);
}

main().then((status) => { process.exitCode = status; }, (error: unknown) => {
    console.error(error);
    process.exitCode = 1;
});
