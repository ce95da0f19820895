import { SERVICES, SideFigures } from "./rounds";
import { median, spread, table } from "./statistics";

/** Name, value, digits: what is said of a service. */
const COLUMNS: [string, (figures: SideFigures, service: string) => number, number][] = [
    ["peak MiB", (figures, service) => figures.services[service].peakMiB, 0],
    ["mean MiB", (figures, service) => figures.services[service].meanMiB, 0],
    ["resident MiB", (figures, service) => figures.services[service].residentMiB, 0],
    ["page cache MiB", (figures, service) => figures.services[service].cacheMiB, 0],
    ["cores", (figures, service) => figures.services[service].cores, 3],
    ["CPU s per million", (figures, service) => figures.services[service].secondsPerMillion, 1],
    ["refused", (figures, service) => figures.services[service].refused, 0],
    ["lost", (figures, service) => figures.services[service].lost, 0],
    ["bytes each", (figures, service) => figures.services[service].bytesPerUnit, 1],
    ["killed", (figures, service) => figures.services[service].kills, 0],
];

/** All rounds in one table: each side's services, median and spread, then what they are together. */
export function capacityTable(rounds: SideFigures[]): string {
    const groups = new Map<string, SideFigures[]>();
    for (const each of rounds) groups.set(`${each.hosts} ${each.side}`, [...(groups.get(`${each.hosts} ${each.side}`) ?? []), each]);
    const rows = [...groups.values()].flatMap((of) => SERVICES.map((service) => [
        String(of[0].hosts), of[0].side, service, ...COLUMNS.map(([, value, digits]) => spread(of.map((figures) => value(figures, service)), digits)),
    ]));
    return table(["hosts", "side", "service", ...COLUMNS.map(([name]) => name)], rows);
}

/** Peak memory and processor time of all three services together. */
export function totals(figures: SideFigures): { peakMiB: number; cores: number } {
    const all = SERVICES.map((service) => figures.services[service]);
    return { peakMiB: all.reduce((sum, { peakMiB }) => sum + peakMiB, 0), cores: all.reduce((sum, { cores }) => sum + cores, 0) };
}

/** (a) against (b), pair by pair. */
export function ratios(pairs: [SideFigures, SideFigures][]): { hosts: number; memory: string; processor: string; memoryMedian: number; processorMedian: number }[] {
    return [...new Set(pairs.map(([a]) => a.hosts))].map((hosts) => {
        const own = pairs.filter(([a]) => a.hosts === hosts).map(([a, b]) => [totals(a), totals(b)]);
        const [memory, processor] = [own.map(([a, b]) => a.peakMiB / b.peakMiB), own.map(([a, b]) => a.cores / b.cores)];
        return { hosts, memory: spread(memory, 2), processor: spread(processor, 2), memoryMedian: median(memory), processorMedian: median(processor) };
    });
}

/** Queries, and what went wrong. */
export function queryLines(rounds: SideFigures[]): string[] {
    return rounds.flatMap(({ hosts, side, queries, dashboards, generatorCores, generatorLateMs }) => [
        `${hosts} hosts, ${side}: compared queries p50 ${queries.p50.toFixed(3)} s, p95 ${queries.p95.toFixed(3)} s; generator ${generatorCores.toFixed(2)} cores, at most ${generatorLateMs.toFixed(0)} ms late`,
        ...(dashboards ? [`${hosts} hosts, ${side}: dashboards' queries p50 ${dashboards.p50.toFixed(3)} s, p95 ${dashboards.p95.toFixed(3)} s; opened in ${Object.entries(dashboards.opens).map(([name, seconds]) => `${name} ${seconds.toFixed(2)}`).join(", ")} s`] : []),
        ...[...queries.failed, ...(dashboards?.failed ?? [])].map((failure) => `  failed: ${failure}`),
    ]);
}
