import { explainBudget, servicesMemoryMiB } from "../../components/monitoring-services";
import { explainServices } from "../../components/monitoring-services/budget";
import { explainCaps } from "../../components/monitoring-services/caps";
import { planQuotas, Quota, ratesOfAll } from "../../components/monitoring-services/quotas";
import { planMoreServices } from "../../components/monitoring-services/services";
import { planRetention } from "../../components/monitoring-services/retention";
import { lacking, planNeeds, Workload } from "../../components/monitoring-services/workload";
import type { StackConfig } from "../../stacks/model";
import { hostCores, hostMemoryMiB } from "../../stacks/owner-host";
import type { OwnerConfig } from "../../stacks/schema";

/** The monitoring host shared out, as tables: memory by service, the caps inside the services, the environments' quotas, and what a workload needs. */
export function renderBudget({ owner }: StackConfig, stack: string, workload = owner?.workload): string {
    if (!owner) return `Stack ${stack} has no monitoring host of its own: the budget is the owner's.`;
    const [memoryMiB, cores] = [servicesMemoryMiB(hostMemoryMiB(owner), owner), hostCores(owner)];
    const parts = [
        `Memory of the monitoring host of stack ${stack}: ${hostMemoryMiB(owner)} MiB that its kernel has`,
        memoryTable(owner, memoryMiB),
        "Bounds inside the services:",
        table(["what", "at most", "why"], explainCaps(memoryMiB)),
        `Quotas of the environments, of ${cores} cores and this memory:`,
        quotaTable(owner),
        ...(workload ? renderNeeds(workload, owner, memoryMiB) : ["What a workload needs: npm run plan -- --budget --hosts 100 --series 600 --lines 10 --spans 20"]),
    ];
    return `${parts.join("\n\n")}\n`;
}

function memoryTable(owner: OwnerConfig, memoryMiB: number): string {
    return table(["service", "limit MiB", "GOMEMLIMIT MiB", "GOGC", "CPU shares", "why"],
        [...explainServices(planMoreServices(owner), memoryMiB), ...explainBudget(memoryMiB)].map(({ service, limitMiB, goMemLimitMiB, goGc, cpuShares, why }) => [service, `${limitMiB}`, ...[goMemLimitMiB, goGc, cpuShares].map((value) => (value ? `${value}` : "")), why]));
}

function quotasOf(owner: OwnerConfig): Record<string, Quota> {
    return planQuotas(owner.environments, { memoryMiB: servicesMemoryMiB(hostMemoryMiB(owner), owner), cores: hostCores(owner) });
}

function quotaTable(owner: OwnerConfig): string {
    const quotas = quotasOf(owner);
    return table(["environment", "share", "series", "targets", "samples each", "logs MiB/s (burst)", "streams", "spans MiB/s (burst)", "span series"],
        Object.entries(quotas).sort(([, a], [, b]) => b.share - a.share).map(([name, q]) => [
            name, `${Math.round(q.share * 100)} %`, `${q.series}`, `${q.maxTargets}`, `${q.samplesPerTarget}`, `${q.logRateMiB} (${q.logBurstMiB})`, `${q.maxLogStreams}`,
            `${q.traceRateMiB} (${q.traceBurstMiB})`, `${q.maxSpanMetricSeries}`,
        ]));
}

function renderNeeds(workload: Workload, owner: OwnerConfig, memoryMiB: number): string[] {
    const needs = planNeeds(workload, planRetention(owner.retention));
    const short = lacking(needs.signals, memoryMiB);
    const rates = ratesOfAll(quotasOf(owner));
    const { hosts, series = 600, lines = 10, spans = 20 } = workload;
    const gateway = needs.cores - needs.signals.reduce((sum, { cores }) => sum + cores, 0);
    return [
        `What ${hosts} hosts of ${series} series, ${lines} lines/s and ${spans} spans/s need, by the model in components/monitoring-services/capacity-model.ts. An estimate; queries come on top:`,
        table(["signal", "units", "MiB", "cores", "disk GiB", "figures from"],
            needs.signals.map(({ signal, units, memoryMiB: mib, cores, diskGiB, source }) => [signal, `${Math.round(units)}`, `${mib}`, cores.toFixed(2), diskGiB.toFixed(1), source])),
        `In all ${needs.memoryMiB} MiB of memory, ${needs.cores.toFixed(2)} cores (the gateway's ${gateway.toFixed(2)} among them), ${needs.diskGiB} GiB of disk (filled to 75 %), and ${needs.arrivingMiB.logs.toFixed(2)} MiB/s of logs and `
            + `${needs.arrivingMiB.traces.toFixed(2)} MiB/s of spans on the way in. The smallest EC2 type that does: ${needs.smallestType || "none of those known"}. `
            + `Its environments may send ${rates.logs} MiB/s of logs and ${rates.traces} of spans together. `
            + (short.length === 0 ? "The present host has the memory." : `The present host lacks memory for ${short.map(({ service }) => service).join(", ")}.`),
    ];
}

/** Numbers to the right, the last column as it is. */
function table(head: string[], rows: string[][]): string {
    const widths = head.map((_, column) => Math.max(...[head, ...rows].map((row) => row[column].length)));
    const numeric = head.map((_, column) => rows.every((row) => /^[\d.,%() MiB]*$/.test(row[column])));
    return [head, ...rows].map((row) => row.map((cell, i) => (i === head.length - 1 && !numeric[i] ? cell : numeric[i] ? cell.padStart(widths[i]) : cell.padEnd(widths[i]))).join("  ").trimEnd()).join("\n");
}
