import { explainBudget } from "../../components/monitoring-services";
import type { StackConfig } from "../../stacks/model";
import { hostMemoryMiB } from "../../stacks/owner-host";

/** The memory of the monitoring host by service, as a table. */
export function renderBudget({ owner }: StackConfig, stack: string): string {
    if (!owner) return `Stack ${stack} has no monitoring host of its own: the budget is the owner's.`;
    const memoryMiB = hostMemoryMiB(owner);
    const rows = explainBudget(memoryMiB).map(({ service, limitMiB, goMemLimitMiB, why }) => [service, `${limitMiB}`, goMemLimitMiB ? `${goMemLimitMiB}` : "", why]);
    const table = [["service", "limit MiB", "GOMEMLIMIT MiB", "why"], ...rows];
    const widths = [0, 1, 2].map((column) => Math.max(...table.map((row) => row[column].length)));
    const lines = table.map(([service, limit, goLimit, why]) => `${service.padEnd(widths[0])}  ${limit.padStart(widths[1])}  ${goLimit.padStart(widths[2])}  ${why}`);
    return `Memory of the monitoring host of stack ${stack}: ${memoryMiB} MiB that its kernel has\n\n${lines.join("\n")}\n`;
}
