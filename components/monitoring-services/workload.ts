import { Problem } from "../problems";
import { HEAP_SHARE, planBudget, usableMiB } from "./budget";
import { ARRIVING_BYTES, COSTS, GATEWAY_CORES_PER_HOST, HOST_SERIES, HOST_TYPES, HostType, SignalCost, SPAN_SERIES_PER_MIB } from "./capacity-model";
import { planCapacity } from "./caps";
import type { Rates } from "./quotas";
import { durationHours, RetentionPlan } from "./retention";

/** What all WAS hosts together bring. */
export interface Workload {
    /** WAS hosts of all environments. */
    hosts: number;
    /** Series of each host's application. The machine's and the agent's come on top. @default 600 */
    series?: number;
    /** Log lines of each host per second. @default 10 */
    lines?: number;
    /** Spans of each host per second. @default 20 */
    spans?: number;
}

/** What a workload takes of one service. */
export interface Need {
    signal: string;
    service: string;
    /** Series, lines per second or spans per second. */
    units: number;
    /** The peak that the container must have room for. */
    memoryMiB: number;
    cores: number;
    /** What is on disk when the retention is full. */
    diskGiB: number;
    source: string;
}

/** What a workload takes in all. */
export interface Needs {
    signals: Need[];
    /** Of the whole host, the system and the services of fixed size included. */
    memoryMiB: number;
    /** The gateway's included. */
    cores: number;
    diskGiB: number;
    /** What arrives at the gateway, MiB per second. */
    arrivingMiB: Rates;
    /** The smallest EC2 type; "" where none of those that are known does. */
    smallestType: string;
}

/** Time between scrapes of a target. */
const INTERVAL_SECONDS = 15;
/** Prometheus' head and its log are on disk besides the blocks. */
const HEAD_GIB = 1;
/** The disk watchdog begins at this share: below it, there is room for what is merged and not yet deleted. */
const FILLED = 0.75;
const GIB = 1024 ** 3;

/** What a workload needs, by the model of `capacity-model.ts`. An estimate: queries of many people at once are not in it. */
export function planNeeds({ hosts, series = 600, lines = 10, spans = 20 }: Workload, retention: RetentionPlan): Needs {
    const allSeries = hosts * (series + HOST_SERIES);
    const signals = [
        need("metrics", "prometheus", allSeries, allSeries / INTERVAL_SECONDS, retention.metrics, { extraGiB: HEAD_GIB, atMostGiB: sizeGiB(retention.metricsSize) + HEAD_GIB }),
        need("logs", "loki", hosts * lines, hosts * lines, retention.logs),
        need("traces", "tempo", hosts * spans, hosts * spans, retention.traces),
    ];
    const total = (value: (need: Need) => number) => signals.reduce((sum, each) => sum + value(each), 0);
    const cores = total(({ cores: each }) => each) + hosts * GATEWAY_CORES_PER_HOST;
    const arrivingMiB = { logs: (hosts * lines * ARRIVING_BYTES.line) / 2 ** 20, traces: (hosts * spans * ARRIVING_BYTES.span) / 2 ** 20 };
    const does = (type: HostType) => cores <= type.sustainedCores && lacking(signals, usableMiB(type.memoryMiB)).length === 0 && refused(arrivingMiB, capacityOf(type)).length === 0;
    return {
        signals, cores, diskGiB: Math.ceil(total(({ diskGiB }) => diskGiB) / FILLED),
        memoryMiB: smallestMemoryMiB(signals),
        arrivingMiB, smallestType: HOST_TYPES.find(does)?.type ?? "",
    };
}

function need(signal: string, service: string, units: number, perSecond: number, retention: string, disk: { extraGiB?: number; atMostGiB?: number } = {}): Need {
    const cost: SignalCost = COSTS[signal];
    const diskGiB = (perSecond * durationHours(retention) * 3600 * cost.diskBytes) / GIB + (disk.extraGiB ?? 0);
    const heapMiB = cost.baseMiB + (units * cost.kibPerUnit) / 1024;
    // As the quotas have it: what is scraped is in the heap, beside the series that spans may make.
    const memoryMiB = signal === "metrics" ? heapMiB / (HEAP_SHARE - (SPAN_SERIES_PER_MIB * cost.kibPerUnit) / 1024) : heapMiB;
    return {
        signal, service, units, memoryMiB: Math.ceil(memoryMiB), cores: cost.baseCores + (perSecond * cost.coresPerThousand) / 1000,
        diskGiB: Math.min(diskGiB, disk.atMostGiB ?? Infinity), source: cost.source,
    };
}

function sizeGiB(size: string): number {
    const [, amount, unit] = /^(\d+)(MB|GB|TB)$/.exec(size) ?? [];
    return Number(amount) * ({ MB: 1 / 1024, GB: 1, TB: 1024 }[unit] ?? NaN);
}

/** The services that a host of this memory would not have room for. */
export function lacking(signals: Need[], memoryMiB: number): Need[] {
    const budget = planBudget(memoryMiB);
    return signals.filter(({ service, memoryMiB: wanted }) => budget[service].limitMiB < wanted);
}

function capacityOf({ memoryMiB, cores }: HostType): Rates {
    const { logRateMiB, traceRateMiB } = planCapacity(usableMiB(memoryMiB), cores);
    return { logs: logRateMiB, traces: traceRateMiB };
}

/** The signals of which more arrives than is let in: what is over waits in the agents, until their buffers are full. */
function refused(arriving: Rates, rates: Rates): (keyof Rates)[] {
    return (["logs", "traces"] as const).filter((signal) => arriving[signal] > rates[signal]);
}

/** The least memory whose plan has room for all services, to 10 MiB; searched, as the plan is not linear below the smallest host. */
function smallestMemoryMiB(signals: Need[]): number {
    let [tooSmall, enough] = [1490, 1 << 24];
    while (enough - tooSmall > 10) {
        const middle = Math.floor((tooSmall + enough) / 2);
        if (lacking(signals, middle).length === 0) enough = middle;
        else tooSmall = middle;
    }
    return enough;
}

/** The host that a workload shall fit. */
export interface WorkloadHost {
    memoryMiB: number;
    /** Of the data volume; undefined where it is not known. */
    diskGiB?: number;
    /** What its environments may send together; undefined where it is not known. */
    rates?: Rates;
}

/** Problems with a workload that a host does not have the memory or the disk for, or would not let in. */
export function validateWorkload(path: string, workload: Workload, retention: RetentionPlan, host: WorkloadHost): Problem[] {
    const needs = planNeeds(workload, retention);
    const budget = planBudget(host.memoryMiB);
    const short = lacking(needs.signals, host.memoryMiB);
    const advice = needs.smallestType ? `${needs.smallestType} is the smallest EC2 type that does` : "no single host of the known types does: see monitoring.external, or spread it over deployments";
    return [
        ...(short.length === 0 ? [] : [{
            path, message: `needs ${needs.memoryMiB} MiB, and this host has ${host.memoryMiB} (${short.map(({ service, memoryMiB }) => `${service} ${memoryMiB} of ${budget[service].limitMiB}`).join(", ")}): ${advice}`,
        }]),
        ...(host.rates ? refused(needs.arrivingMiB, host.rates) : []).map((signal) => ({
            path, message: `brings ${needs.arrivingMiB[signal].toFixed(2)} MiB/s of ${signal === "logs" ? "lines" : "spans"}, and all environments together may send ${host.rates![signal].toFixed(2)}: ${advice}, or raise their ${signal === "logs" ? "logRateMiB" : "traceRateMiB"}`,
        })),
        ...(host.diskGiB === undefined || needs.diskGiB <= host.diskGiB ? [] : [{
            path, message: `needs ${needs.diskGiB} GiB of disk (${needs.signals.map(({ signal, diskGiB }) => `${signal} ${Math.ceil(diskGiB)}`).join(", ")}), and the data volume has ${host.diskGiB}: `
                + "shorten monitoring.retention, or set host.ec2.dataVolume.sizeGiB",
        }]),
    ];
}
