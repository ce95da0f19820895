import { DashboardJson, VariableJson, variablesOf } from "./model";

/** A value for each variable. */
export type Fill = Record<string, string>;

/** `$name`, `${name}`, `${name:format}`, `${__data.fields.x}`: the name is before dot, bracket and colon. */
const PLACEHOLDER = /\$(?:\{([A-Za-z_]\w*)(?:[.:[][^}]*)?\}|([A-Za-z_]\w*))/g;

/** Grafana's own, as far as they are of use in queries, links, titles and data sources' files. */
const BUILT_IN: Fill = {
    __rate_interval: "1m", __interval: "15s", __interval_ms: "15000", __range: "1h", __range_s: "3600", __range_ms: "3600000", __auto: "15s",
    __from: "1700000000000", __to: "1700003600000", __all_variables: "", __url_time_range: "from=now-1h&to=now", __dashboard: "x", __value: "x", __field: "x",
    __data: "x", __series: "x", __name: "x", __timezone: "utc", __tags: 'application="x"', __trace: "0af7651916cd43dd8448eb211c80319c", __span: "x",
};

/** Names of the variables that a text uses, Grafana's own as well. */
export function variablesIn(text: string): string[] {
    return [...text.matchAll(PLACEHOLDER)].map(([, braced, bare]) => braced ?? bare);
}

/** True for the variables that Grafana gives. */
export function isBuiltIn(name: string): boolean {
    return name in BUILT_IN;
}

/** A text with values for its variables; one that has none stays as it is. */
export function fill(text: string, values: Fill): string {
    return text.replace(PLACEHOLDER, (whole, braced?: string, bare?: string) => ({ ...BUILT_IN, ...values })[(braced ?? bare)!] ?? whole);
}

/** The values that a dashboard opens with. */
export function openingValues(dashboard: DashboardJson): Fill {
    return Object.fromEntries(variablesOf(dashboard).map((variable) => [variable.name ?? "", openingValue(variable)]));
}

function openingValue({ current, allValue, options, query }: VariableJson): string {
    const values = [current?.value ?? options?.[0]?.value ?? (typeof query === "string" ? query.split(",")[0] : "")].flat().map(String);
    return values.includes("$__all") ? (allValue ?? ".+") : values.join("|");
}
