/**
 * `npm run bench`: what this project's configuration of Prometheus, Loki and Tempo takes (a), against the same programs as a single-container demo image starts
 * them (b): the same generator, the same machine, pairs one after the other. Each host: 600 series scraped every 15 s, 10 lines/s, 4 traces/s of five spans.
 *
 *     npm run bench -- --hosts 25,50,100,200 --minutes 10 --rounds 3
 *     npm run bench -- --soak                   100 hosts for 5 hours, (a) only
 *     npm run bench -- --together               both sides at one time, fed alike: for quick comparisons
 *
 * Needs the three programs on PATH, and root for memory groups. Peak memory is anonymous memory; page cache is counted apart. `--json FILE` says where the figures go.
 */
import * as fs from "node:fs";
import * as path from "node:path";
import { parseArgs } from "node:util";
import { benchArgs, hostsOf, WORK } from "./support/bench-work";
import { capacityTable, queryLines, ratios } from "./support/capacity-report";
import { endOrderly, prioritize } from "./support/limits";
import { Load } from "./support/load";
import { measureRound, SERVICES, SideFigures } from "./support/rounds";
import { Side, startOurs, startStock } from "./support/sides";

const { values: options } = parseArgs({ options: {
    hosts: { type: "string", default: "100,200" }, minutes: { type: "string", default: "10" }, rounds: { type: "string", default: "3" }, sides: { type: "string", default: "ours,stock" },
    soak: { type: "boolean", default: false }, together: { type: "boolean", default: false }, json: { type: "string", default: path.join("out", "bench.json") },
} });

async function main(): Promise<void> {
    endOrderly();
    say(prioritize(-19) ? "before other processes" : "with the same priority as other processes: what else runs here is measured as well");
    const sizes = options.soak ? [100] : options.hosts.split(",").map(Number);
    const [minutes, rounds] = options.soak ? [300, 1] : [Number(options.minutes), Number(options.rounds)];
    const sides = options.soak ? ["ours"] : options.sides.split(",");
    const all: SideFigures[] = [];
    const pairs: [SideFigures, SideFigures][] = [];
    for (let round = 1; round <= rounds; round++) {
        for (const size of sizes) {
            const batches = options.together ? [sides] : sides.map((side) => [side]);
            const figures: SideFigures[] = [];
            for (const names of batches) figures.push(...await run(names, size, minutes));
            all.push(...figures);
            const [a, b] = ["ours", "stock"].map((side) => figures.find((each) => each.side === side));
            if (a && b) pairs.push([a, b]);
            say(`round ${round}, ${size} hosts, ${minutes} minutes:\n${capacityTable(figures)}\n${queryLines(figures).join("\n")}`);
        }
    }
    say(`\n${capacityTable(all)}`);
    for (const { hosts, memory, processor } of ratios(pairs)) say(`${hosts} hosts: ours takes ${memory} of the peak memory and ${processor} of the processor time of stock`);
    fs.mkdirSync(path.dirname(options.json), { recursive: true });
    fs.writeFileSync(options.json, `${JSON.stringify({ minutes, work: WORK, runs: all }, undefined, 2)}\n`);
    const killed = all.filter(({ side, services }) => side === "ours" && SERVICES.some((service) => services[service].kills > 0 || !(services[service].lost <= 0)));
    for (const { hosts } of killed) say(`FAILED: with ${hosts} hosts something was lost, killed, or could not be counted`);
    process.exitCode = killed.length > 0 ? 1 : 0;
}

async function run(names: string[], size: number, minutes: number): Promise<SideFigures[]> {
    const hosts = hostsOf(size);
    const args = benchArgs();
    const load = new Load();
    const sides: Side[] = [];
    try {
        for (const name of names) sides.push(name === "stock" ? await startStock(name, hosts) : await startOurs(name, args, hosts));
        await load.start({ ...WORK, hosts, destinations: sides.map(({ destination }) => destination) });
        return await measureRound(load, sides, { hosts, minutes });
    } finally {
        load.end();
        for (const side of sides) {
            await side.running.stop();
            for (const service of SERVICES) side.programs[service].group?.remove();
        }
    }
}

function say(text: string): void {
    process.stdout.write(`${text}\n`);
}

main().catch((error: unknown) => {
    console.error(error);
    process.exitCode = 1;
}).finally(() => prioritize(0));
