import { Problem } from "../problems";
import { pushing, ServiceChoice } from "./services";

/** What one service may use. */
export interface ServiceBudget {
    /** The container's memory limit. */
    limitMiB: number;
    /** Where Go's collector begins to work harder: below the limit, as stacks and mapped files count too. */
    goMemLimitMiB: number;
    /** By how much the heap may grow between two collections, in percent. */
    goGc: number;
    /** Weight against the other containers where the processor is short; idle time goes to whoever wants it. */
    cpuShares: number;
}

/** Memory of a `t4g.small` as the kernel reports it; what the figures below were measured for. */
export const SMALL_HOST_MIB = 1840;
/** Its vCPUs. */
export const SMALL_HOST_CORES = 2;
/** The same host's memory as EC2 sells it. */
const SMALL_HOST_NOMINAL_MIB = 2048;
/** Kernel, Docker, sshd and page cache on that host. */
const RESERVE_MIB = 390;
/** Services whose need does not grow with the load. Caddy idles near 30 MiB, Alertmanager near 25, the node exporter near 15. */
const FIXED_MIB: Record<string, number> = { gateway: 64, alertmanager: 40, "node-exporter": 28 };
/** The rest on that host. Peaks at 100 simulated hosts, with dashboards, were 246, 279 and 328 MiB (`npm run bench`); Grafana 12.4 idles near 180. */
const SCALED_MIB: Record<string, number> = { prometheus: 320, loki: 338, tempo: 400, grafana: 260 };
/** Of memory beyond that host's, how much goes where; the last tenth stays with the kernel. */
const EXTRA_SHARE: Record<string, number> = { prometheus: 0.28, loki: 0.26, tempo: 0.26, grafana: 0.1 };
/** Below this the backends die of their replay after a restart. */
const LEAST_MIB = 1500;

/**
 * Who goes first where the processor is short. Alerts and the way in before everything; Tempo, whose blocks can wait, behind what people look at.
 * Docker's own default is 1024.
 */
const CPU_SHARES: Record<string, number> = { gateway: 1536, prometheus: 1536, alertmanager: 1024, loki: 1024, grafana: 1024, tempo: 768, "node-exporter": 256 };
/**
 * Lower than Go's 100: on a small host what waits to be collected was a third of the backends' peaks, and collecting oftener costs little. Prometheus' own default would be 75.
 * Tempo's peaks are of what it writes at once, and were the same with 75 as with 50, at 8 % less of the processor (40 hosts).
 */
const GO_GC: Record<string, number> = { prometheus: 50, loki: 50, tempo: 75 };

/** The label proxy's, whose answers stream through: it idles near 18 MiB. Taken off the host's memory before the others are planned. */
const LABEL_PROXY_MIB = 32;
/** Its memory and weight. */
export const LABEL_PROXY_BUDGET: ServiceBudget = { limitMiB: LABEL_PROXY_MIB, goMemLimitMiB: Math.floor(LABEL_PROXY_MIB * 0.85), goGc: 100, cpuShares: 1024 };

/**
 * A relay's. Of what the kernel cannot take back it had 19 MiB idle, 39 with 10,000 series and 60 with 20,000, written and read by federation six times each, with this limit's
 * GOMEMLIMIT and GOGC (2026-11-29, x86). Taken off like the label proxy's.
 */
const RELAY_MIB = 112;
/** Its memory and weight. */
export const RELAY_BUDGET: ServiceBudget = { limitMiB: RELAY_MIB, goMemLimitMiB: Math.floor(RELAY_MIB * 0.85), goGc: 50, cpuShares: 512 };

/** Of a host's memory, what is left for the services that are always there: organizations of Grafana take a container more, and each environment that pushes metrics. */
export function servicesMemoryMiB(memoryMiB: number = SMALL_HOST_MIB, { organizations = {}, environments = {} }: ServiceChoice = {}): number {
    return memoryMiB - (Object.keys(organizations).length > 0 ? LABEL_PROXY_MIB : 0) - pushing(environments).length * RELAY_MIB;
}

/** Why each service has its share; `npm run plan -- --budget` prints it. */
const REASONS: Record<string, string> = {
    gateway: "fixed: Caddy idles near 30 MiB and streams what it passes on",
    prometheus: "grows with series: 100 simulated hosts of 600 series peaked at 246 MiB, with rules, span metrics and dashboards",
    alertmanager: "fixed: idles near 25 MiB, and holds alerts only",
    loki: "grows with streams and queries: 100 simulated hosts peaked at 279 MiB",
    tempo: "grows with spans per second: 100 simulated hosts peaked at 328 MiB, when blocks are merged",
    grafana: "12.4 idles near 180 MiB; open dashboards come on top",
    "node-exporter": "fixed: idles near 15 MiB",
};

/** One line of the budget. */
export interface BudgetRow extends ServiceBudget {
    /** Its name, as the container's. */
    service: string;
    /** Why it has its share. */
    why: string;
}

/**
 * What an EC2 instance's kernel has of the memory that its type is sold with: 1,840 of 2,048 MiB on a `t4g.small`. Larger types keep a little more;
 * the same share is taken for all, which is on the safe side.
 */
export function usableMiB(nominalMiB: number): number {
    return Math.floor((nominalMiB * SMALL_HOST_MIB) / SMALL_HOST_NOMINAL_MIB);
}

/** The budget as a table, the system's reserve last. The limits and the reserve are at most `memoryMiB` together. */
export function explainBudget(memoryMiB: number = SMALL_HOST_MIB): BudgetRow[] {
    const rows = Object.entries(planBudget(memoryMiB)).map(([service, budget]) => ({ service, ...budget, why: REASONS[service] }));
    const rest = memoryMiB - sum(Object.fromEntries(rows.map(({ service, limitMiB }) => [service, limitMiB])));
    return [...rows, { service: "system", limitMiB: rest, goMemLimitMiB: 0, goGc: 0, cpuShares: 0, why: "kernel, Docker, sshd and page cache: what the limits leave" }];
}

/** Problems with a host's memory. */
export function validateMemory(path: string, memoryMiB: number): Problem[] {
    return Number.isInteger(memoryMiB) && memoryMiB >= LEAST_MIB
        ? []
        : [{ path, message: `expected at least ${LEAST_MIB} whole MiB that the kernel has, got ${memoryMiB}: all services of the smallest plan and the system do not fit in less; t4g.small is the smallest EC2 type that does` }];
}

/** Memory of every service on a host of this size. The sum and the system's reserve fit the host. */
export function planBudget(memoryMiB: number = SMALL_HOST_MIB): Record<string, ServiceBudget> {
    const fixed = sum(FIXED_MIB);
    const shrink = Math.min(1, (memoryMiB - RESERVE_MIB - fixed) / sum(SCALED_MIB));
    const extra = Math.max(0, memoryMiB - SMALL_HOST_MIB);
    const limits = {
        ...FIXED_MIB,
        ...Object.fromEntries(Object.entries(SCALED_MIB).map(([name, mib]) => [name, Math.floor(mib * shrink + extra * EXTRA_SHARE[name])])),
    };
    return Object.fromEntries(
        Object.entries(limits).map(([name, limitMiB]) => [name, { limitMiB, goMemLimitMiB: Math.floor(limitMiB * 0.85), goGc: GO_GC[name] ?? 100, cpuShares: CPU_SHARES[name] }]),
    );
}

function sum(values: Record<string, number>): number {
    return Object.values(values).reduce((total, value) => total + value, 0);
}
