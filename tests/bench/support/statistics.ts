/** The value that so large a share of the values does not pass; NaN without values. `percentile([3, 1, 2], 0.5)` is 2. */
export function percentile(values: number[], share: number): number {
    if (values.length === 0) return NaN;
    const sorted = [...values].sort((a, b) => a - b);
    return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)];
}

/** The middle value, or the mean of the two in the middle. */
export function median(values: number[]): number {
    if (values.length === 0) return NaN;
    const sorted = [...values].sort((a, b) => a - b);
    const middle = sorted.length >> 1;
    return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

export function mean(values: number[]): number {
    return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** Median, and least and most where there is more than one: `12.0 (11.5 to 13.1)`. */
export function spread(values: number[], digits = 1): string {
    const middle = median(values).toFixed(digits);
    const [least, most] = [Math.min(...values), Math.max(...values)].map((value) => value.toFixed(digits));
    return values.length < 2 || least === most ? middle : `${middle} (${least} to ${most})`;
}

/** Rows as a table that Markdown reads too, columns as wide as their longest cell. */
export function table(head: string[], rows: string[][]): string {
    const widths = head.map((title, i) => Math.max(title.length, ...rows.map((row) => row[i].length)));
    const line = (cells: string[]) => `| ${cells.map((cell, i) => cell.padEnd(widths[i])).join(" | ")} |`;
    return [line(head), `|${widths.map((width) => "-".repeat(width + 2)).join("|")}|`, ...rows.map(line)].join("\n");
}
