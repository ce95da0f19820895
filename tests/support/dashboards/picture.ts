import { DashboardJson, PanelJson } from "./model";

/** What a panel's query gave: a name as the legend has it, and `[seconds since 1970, value]`. */
export interface Line {
    name: string;
    points: [number, number][];
}

/** A panel with what it shows. */
export interface Shown {
    panel: PanelJson;
    lines: Line[];
}

/** Pixels of a column and of a row of a dashboard's grid, and between panels. */
const GRID = { column: 50, row: 34, gap: 8 };
const HEAD = 58;
const FOOT = 34;
const FONT = "font-family=\"Inter, Segoe UI, Helvetica, Arial, sans-serif\"";
const INK = { text: "#ccccdc", quiet: "#8e8e9b", page: "#111217", panel: "#181b1f", line: "#2c3035" };
/** What Grafana calls its colours. */
const COLORS: Record<string, string> = { green: "#3e9c4b", yellow: "#b98c0c", orange: "#c4681b", red: "#c4314b", blue: "#3b78c4", text: "#2c3035" };
const PALETTE = ["#73bf69", "#f2cc0c", "#8ab8ff", "#ff780a", "#b877d9"];

/**
 * A dashboard as an SVG: its own panels, titles, places, units and thresholds, with values that were really there. No picture of Grafana's own drawing, which a
 * reader is told below it.
 *
 * @param note what is said in the last line
 */
export function drawDashboard({ title }: DashboardJson, shown: Shown[], note: string): string {
    const bottom = Math.max(...shown.map(({ panel: { gridPos } }) => gridPos!.y + gridPos!.h));
    const [width, height] = [24 * GRID.column + GRID.gap, HEAD + bottom * GRID.row + FOOT];
    const names = [...new Set(shown.flatMap(({ lines }) => lines.map(({ name }) => name)))].sort();
    const color = (name: string) => PALETTE[names.indexOf(name) % PALETTE.length];
    return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" role="img" aria-label="${escaped(title ?? "")}" ${FONT}>
<rect width="${width}" height="${height}" fill="${INK.page}"/>
${text(16, 36, title ?? "", 20, INK.text, "600")}
${names.map((name, i) => `<circle cx="${width - 110 * (names.length - i)}" cy="30" r="5" fill="${color(name)}"/>${text(width - 110 * (names.length - i) + 12, 35, name, 14, INK.text)}`).join("\n")}
${shown.map((each) => drawPanel(each, color)).join("\n")}
${text(16, height - 12, note, 12, INK.quiet)}
</svg>
`;
}

function drawPanel({ panel, lines }: Shown, color: (name: string) => string): string {
    const { x, y, w, h } = panel.gridPos!;
    const [left, top] = [x * GRID.column + GRID.gap, HEAD + y * GRID.row];
    const [width, height] = [w * GRID.column - GRID.gap, h * GRID.row - GRID.gap];
    if (panel.type === "row") return text(left, top + 20, panel.title ?? "", 14, INK.text, "600");
    const frame = `<rect x="${left}" y="${top}" width="${width}" height="${height}" rx="3" fill="${INK.panel}" stroke="${INK.line}"/>${text(left + 8, top + 19, panel.title ?? "", 13, INK.text)}`;
    const inner = { left: left + 8, top: top + 28, width: width - 16, height: height - 34 };
    return `<g>${frame}${panel.type === "stat" ? drawStats(panel, lines, inner) : drawCurves(panel, lines, inner, color)}</g>`;
}

interface Box { left: number; top: number; width: number; height: number }

function drawStats(panel: PanelJson, lines: Line[], { left, top, width, height }: Box): string {
    const each = height / Math.max(1, lines.length);
    return lines.map(({ name, points }, i) => {
        const value = points[points.length - 1][1];
        const y = top + i * each;
        return `<rect x="${left}" y="${y}" width="${width}" height="${each - 3}" rx="2" fill="${thresholdColor(panel, value)}"/>`
            + text(left + 6, y + each / 2 + 4, name, 12, "#fff") + text(left + width - 6, y + each / 2 + 5, formatted(value, unitOf(panel)), 14, "#fff", "600", "end");
    }).join("");
}

function thresholdColor(panel: PanelJson, value: number): string {
    const steps = (panel.fieldConfig?.defaults as { thresholds?: { steps: { color: string; value: number | null }[] } }).thresholds?.steps ?? [];
    const step = [...steps].reverse().find((each) => each.value === null || value >= each.value);
    return COLORS[step?.color ?? "text"] ?? INK.line;
}

function drawCurves(panel: PanelJson, lines: Line[], { left, top, width, height }: Box, color: (name: string) => string): string {
    const all = lines.flatMap(({ points }) => points);
    const [from, to] = [Math.min(...all.map(([at]) => at)), Math.max(...all.map(([at]) => at))];
    const most = Math.max(...all.map(([, value]) => value)) || 1;
    const label = 52;
    const px = (at: number) => (left + label + ((at - from) / Math.max(1, to - from)) * (width - label)).toFixed(1);
    const py = (value: number) => (top + height - 16 - (value / most) * (height - 22)).toFixed(1);
    const rulers = [0, 0.5, 1].map((part) => `<line x1="${left + label}" x2="${left + width}" y1="${py(part * most)}" y2="${py(part * most)}" stroke="${INK.line}"/>${text(left + label - 6, Number(py(part * most)) + 4, formatted(part * most, unitOf(panel)), 11, INK.quiet, "400", "end")}`);
    const times = [from, to].map((at, i) => text(i === 0 ? left + label : left + width, top + height, new Date(at * 1000).toISOString().slice(11, 16), 11, INK.quiet, "400", i === 0 ? "start" : "end"));
    const curves = lines.map(({ name, points }) => `<polyline fill="none" stroke="${color(name)}" stroke-width="1.6" points="${points.map(([at, value]) => `${px(at)},${py(value)}`).join(" ")}"/>`);
    return [...rulers, ...times, ...curves].join("");
}

function unitOf(panel: PanelJson): string {
    return (panel.fieldConfig?.defaults as { unit?: string }).unit ?? "none";
}

/** A value as Grafana writes it in these units. */
export function formatted(value: number, unit: string): string {
    const short = (number: number) => (number === 0 ? "0" : number < 10 ? number.toFixed(2) : number < 100 ? number.toFixed(1) : number.toFixed(0));
    switch (unit) {
        case "percentunit": return `${short(value * 100)}%`;
        case "reqps": return `${short(value)} req/s`;
        case "s": return value < 1 ? `${short(value * 1000)} ms` : value < 60 ? `${short(value)} s` : value < 3600 ? `${short(value / 60)} min` : `${short(value / 3600)} h`;
        default: return Number.isInteger(value) ? String(value) : short(value);
    }
}

function text(x: number, y: number, content: string, size: number, fill: string, weight = "400", anchor = "start"): string {
    return `<text x="${x.toFixed(0)}" y="${y.toFixed(0)}" font-size="${size}" fill="${fill}" font-weight="${weight}"${anchor === "start" ? "" : ` text-anchor="${anchor}"`}>${escaped(content)}</text>`;
}

function escaped(content: string): string {
    return content.replace(/[<>&"]/g, (character) => `&#${character.charCodeAt(0)};`);
}
