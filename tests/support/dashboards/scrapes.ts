import * as fs from "node:fs";
import * as path from "node:path";
import { groupingsIn, MetricUse, metricsIn } from "./metrics";

/** Series of the real application, agents and backends, recorded by `npm run scrapes`: names and labels, no values. */
export const RECORDED = path.join(__dirname, "..", "..", "recorded");

/** Labels as of one series; `__name__` is its metric. */
export type Series = Record<string, string>;

/** Metrics by name, with all labels that their series have. */
export type Metrics = Map<string, Set<string>>;

/** So many values of a label are recorded, so that a file can be read. */
const VALUES = 5;

/**
 * A file of recorded series, in the order of their names. Of a metric's many series those stay that show a label's value which none before has
 * shown, up to 5 values for each label.
 *
 * @param types by metric, as Prometheus' metadata has them, e.g. `{ http_server_requests_seconds: "histogram" }`
 */
export function renderScrape(title: string, series: Series[], types: Record<string, string> = {}): string {
    const byName = new Map<string, Series[]>();
    for (const each of series) byName.set(each.__name__, [...(byName.get(each.__name__) ?? []), each]);
    const lines = [...byName].sort(([a], [b]) => (a < b ? -1 : 1)).flatMap(([name, all]) => {
        const type = types[name] ?? types[name.replace(/_(bucket|sum|count|total)$/, "")];
        return [...(type ? [`# TYPE ${name} ${type}`] : []), ...telling(all.map(renderLabels)).map((labels) => name + labels)];
    });
    return `# ${title}: recorded by \`npm run scrapes\`, names and labels only.\n${lines.join("\n")}\n`;
}

/** Of lines with the same name those that show something new. */
function telling(lines: string[]): string[] {
    const seen = new Map<string, Set<string>>();
    return [...new Set(lines)].sort().filter((line) => {
        const fresh = readLabels(line).filter(([label, value]) => !seen.get(label)?.has(value) && (seen.get(label)?.size ?? 0) < VALUES);
        for (const [label, value] of fresh) seen.set(label, (seen.get(label) ?? new Set()).add(value));
        return fresh.length > 0 || line === "";
    });
}

function renderLabels({ __name__: _name, ...labels }: Series): string {
    const pairs = Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : 1)).map(([label, value]) => `${label}=${JSON.stringify(value)}`);
    return pairs.length > 0 ? `{${pairs.join(",")}}` : "";
}

function readLabels(line: string): [string, string][] {
    return [...line.matchAll(/(\w+)=("(?:[^"\\]|\\.)*")/g)].map(([, label, value]) => [label, JSON.parse(value) as string]);
}

/** A line of metrics, without its value and without labels that are empty. */
export function parseSeries(line: string): Series {
    const [, name, labels = ""] = /^(\w+)(?:\{(.*)\})?/.exec(line)!;
    return { __name__: name, ...Object.fromEntries(readLabels(labels).filter(([, value]) => value !== "")) };
}

/** The metrics of recorded files, and their labels. */
export function readScrapes(texts: string[]): Metrics {
    const metrics: Metrics = new Map();
    for (const line of texts.join("\n").split("\n").filter((each) => each && !each.startsWith("#"))) {
        const [, name, labels] = /^([\w:]+)(.*)$/.exec(line)!;
        metrics.set(name, new Set([...(metrics.get(name) ?? []), ...readLabels(labels).map(([label]) => label)]));
    }
    return metrics;
}

/** Texts of all recorded files; empty where none is there. */
export function recordedTexts(directory = RECORDED): string[] {
    if (!fs.existsSync(directory)) return [];
    return fs.readdirSync(directory).filter((file) => file.endsWith(".prom")).map((file) => fs.readFileSync(path.join(directory, file), "utf8"));
}

/** Metrics that recording rules make: their labels are those that the expression is grouped by, and those that the rule adds. */
export function recordedByRules(rules: { record?: string; text: string; labels?: string[] }[]): Metrics {
    return new Map(rules.flatMap(({ record, text, labels: own = [] }) => (
        record ? [[record, new Set([...own, ...groupingsIn(text).flatMap(({ labels, made }) => [...labels, ...made])])] as const] : [])));
}

/** What a PromQL expression asks for that no recorded series has: a metric's name, or a label of it. */
export function lintMetrics(expression: string, known: Metrics): string[] {
    const labelsOf = ({ name }: MetricUse) => {
        const names = typeof name === "string" ? (known.has(name) ? [name] : []) : [...known.keys()].filter((each) => name.test(each));
        return names.length > 0 ? new Set(names.flatMap((each) => [...known.get(each)!])) : undefined;
    };
    const uses = metricsIn(expression);
    const unknown = uses.filter((use) => !labelsOf(use)).map(({ name }) => `no recorded series is named ${String(name)}`);
    const matched = uses.flatMap((use) => use.labels.filter((label) => labelsOf(use) && !labelsOf(use)!.has(label)).map((label) => `${String(use.name)} has no label ${label}`));
    const grouped = groupingsIn(expression).flatMap(({ labels, metrics, made }) => {
        const found = metrics.map(labelsOf);
        // Where a metric is unknown that is said already; numbers alone have no labels, and are grouped by none.
        if (found.length === 0 || found.some((each) => !each)) return [];
        const all = new Set([...made, ...found.flatMap((each) => [...each!])]);
        return labels.filter((label) => !all.has(label)).map((label) => `${metrics.map(({ name }) => String(name)).join(", ")} has no label ${label} to group by`);
    });
    return [...new Set([...unknown, ...matched, ...grouped])];
}
