/** One series of a scrape. */
export interface Series {
    name: string;
    labels: Record<string, string>;
    value: number;
    /** Grows only: a counter, or a part of a histogram or summary. */
    counter: boolean;
}

const LINE = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (\S+)/;
const LABEL = /([a-zA-Z_]\w*)="((?:[^"\\]|\\.)*)"/g;

/** The series of a scrape in Prometheus' text format. */
export function parseExposition(text: string): Series[] {
    const types: Record<string, string> = {};
    const series: Series[] = [];
    for (const line of text.split("\n")) {
        const [, family, type] = /^# TYPE (\S+) (\S+)/.exec(line) ?? [];
        if (family) types[family] = type;
        const [, name, labels = "", value] = line.startsWith("#") ? [] : (LINE.exec(line) ?? []);
        if (name) series.push({ name, labels: parseLabels(labels), value: Number(value.replace("Inf", "Infinity")), counter: isCounter(name, types) });
    }
    return series;
}

function isCounter(name: string, types: Record<string, string>): boolean {
    const family = name.replace(/_(bucket|sum|count|total)$/, "");
    const type = types[name] ?? types[family];
    return type === "counter" || (/_(bucket|sum|count)$/.test(name) && (type === "histogram" || type === "summary"));
}

function parseLabels(text: string): Record<string, string> {
    return Object.fromEntries([...text.matchAll(LABEL)].map(([, name, value]) => [name, value.replace(/\\(.)/g, (_, c: string) => (c === "n" ? "\n" : c))]));
}
