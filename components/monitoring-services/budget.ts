import { Problem } from "../problems";
import { MemoryShare, planMoreServices, Service, ServiceChoice, SERVICES } from "./services";

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
const RESERVE_MIB = 366;
/** `GOMEMLIMIT`, of a container's limit: stacks, mapped files and pages of the program count there too. */
export const HEAP_SHARE = 0.85;
/** Below this the backends die of their replay after a restart. */
const LEAST_MIB = 1500;

/**
 * What the services that are always there may have of a host's memory: organizations of Grafana take a container more, and each environment that pushes metrics. Those have
 * the same memory on every host.
 */
export function servicesMemoryMiB(memoryMiB: number = SMALL_HOST_MIB, choice: ServiceChoice = {}): number {
    return memoryMiB - smallestSum(planMoreServices(choice));
}

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
    const rows = explainServices(SERVICES, memoryMiB);
    const rest = memoryMiB - rows.reduce((sum, { limitMiB }) => sum + limitMiB, 0);
    return [...rows, { service: "system", limitMiB: rest, goMemLimitMiB: 0, goGc: 0, cpuShares: 0, why: "kernel, Docker, sshd and page cache: what the limits leave" }];
}

/** The rows of some services alone. */
export function explainServices(services: Service[], memoryMiB: number = SMALL_HOST_MIB): BudgetRow[] {
    return services.map((service) => ({ service: service.name, ...budgetOf(service, memoryMiB), why: service.memory.why }));
}

/** Problems with a host's memory. */
export function validateMemory(path: string, memoryMiB: number): Problem[] {
    return Number.isInteger(memoryMiB) && memoryMiB >= LEAST_MIB
        ? []
        : [{ path, message: `expected at least ${LEAST_MIB} whole MiB that the kernel has, got ${memoryMiB}: all services of the smallest plan and the system do not fit in less; t4g.small is the smallest EC2 type that does` }];
}

/** Memory of every service that is always there. The sum and the system's reserve fit the host. */
export function planBudget(memoryMiB: number = SMALL_HOST_MIB): Record<string, ServiceBudget> {
    return Object.fromEntries(SERVICES.map((service) => [service.name, budgetOf(service, memoryMiB)]));
}

/** What one service may use on a host of this size. On one that is smaller than the smallest, those that shrink get less. */
export function budgetOf({ memory, goGc = 100, cpuShares }: Service, memoryMiB: number): ServiceBudget {
    const shrinks = (share: MemoryShare) => share.shrinks ?? share.ofMore !== undefined;
    const [shrinking, fixed] = [SERVICES.filter((service) => shrinks(service.memory)), SERVICES.filter((service) => !shrinks(service.memory))];
    const shrink = Math.min(1, (memoryMiB - RESERVE_MIB - smallestSum(fixed)) / smallestSum(shrinking));
    const extra = Math.max(0, memoryMiB - SMALL_HOST_MIB);
    const limitMiB = Math.floor(memory.smallestMiB * (shrinks(memory) ? shrink : 1) + extra * (memory.ofMore ?? 0));
    const goMemLimitMiB = memory.pagesMiB ? limitMiB - memory.pagesMiB : Math.floor(limitMiB * HEAP_SHARE);
    return { limitMiB, goMemLimitMiB, goGc, cpuShares };
}

function smallestSum(services: Service[]): number {
    return services.reduce((sum, { memory }) => sum + memory.smallestMiB, 0);
}
