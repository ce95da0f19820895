import { Finding } from "./checks";

/** Everything that was found out about one host. */
export interface HostReport {
    name: string;
    findings: Finding[];
}

const MARKS: Record<string, string> = { ok: "", warn: "! ", fail: "X " };

/** The table, a line for each host, and below it what is wrong and how it is mended. */
export function renderReport(reports: HostReport[]): string {
    const columns = [...new Set(reports.flatMap(({ findings }) => findings.map(({ check }) => check)))];
    const cell = ({ findings }: HostReport, column: string) => worst(findings.filter(({ check }) => check === column));
    const rows = [["host", ...columns], ...reports.map((report) => [report.name, ...columns.map((column) => cell(report, column))])];
    const widths = rows[0].map((_, index) => Math.max(...rows.map((row) => row[index].length)));
    const table = rows.map((row) => row.map((text, index) => text.padEnd(widths[index])).join("  ").trimEnd());
    const mends = reports.flatMap(({ name, findings }) => findings.filter(({ mend }) => mend).map(({ check, state, mend }) => `${MARKS[state]}${name}, ${check}: ${mend}`));
    return [...table, "", ...(mends.length > 0 ? mends : ["All is well."])].join("\n");
}

function worst(findings: Finding[]): string {
    const found = ["fail", "warn", "ok"].map((state) => findings.find((finding) => finding.state === state)).find(Boolean);
    return found ? `${MARKS[found.state]}${found.shows}` : "-";
}

/** 1 where something does not work. What works, yet not as it should, is no failure. */
export function exitCode(reports: HostReport[]): number {
    return reports.some(({ findings }) => findings.some(({ state }) => state === "fail")) ? 1 : 0;
}
