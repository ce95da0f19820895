import { fillQuery, QueryFill, references, VariableValue } from "../../e2e/support/fill";
import { DashboardJson, VariableJson, variablesOf } from "./model";
import { Language, NamedQuery } from "./queries";

/** Grafana's own variables, as far as they are of use in queries, links, titles and data sources' files. */
const BUILT_IN = new Set([
    "__rate_interval", "__rate_interval_ms", "__interval", "__interval_ms", "__range", "__range_s", "__range_ms", "__auto", "__from", "__to", "__all_variables",
    "__url_time_range", "__dashboard", "__value", "__field", "__data", "__series", "__name", "__timezone", "__tags", "__trace", "__span",
]);

/** True for the variables that Grafana gives. */
export function isBuiltIn(name: string): boolean {
    return BUILT_IN.has(name);
}

/** Names of the variables that a text uses, Grafana's own as well; `$1` of a regular expression is none. */
export function variablesIn(text: string): string[] {
    return references(text).filter((name) => !/^\d/.test(name));
}

/** A query with values for its variables, as its data source's plugin in Grafana fills it. */
export function filled({ text, language, target }: Pick<NamedQuery, "text" | "language" | "target">, variables: Record<string, VariableValue>, more: Partial<QueryFill> = {}): string {
    const languages: Record<Language, QueryFill["language"]> = { promql: "promql", logql: "logql", traceql: "traceql", traceId: "traceql" };
    const instant = target.queryType === "instant" || (target.instant && !target.range);
    return fillQuery(text, { variables, language: target.queryType === "serviceMap" ? "servicemap" : languages[language], rangeSeconds: 3600, stepSeconds: 15, instant, ...more });
}

/** The values that a dashboard opens with. */
export function openingValues(dashboard: DashboardJson): Record<string, VariableValue> {
    return Object.fromEntries(variablesOf(dashboard).map((variable) => [variable.name ?? "", openingValue(variable)]));
}

function openingValue({ type, current, allValue, options, query, multi }: VariableJson): VariableValue {
    const written = typeof query === "string" && type !== "query" ? (type === "custom" ? query.split(",")[0] : query) : "";
    const values = [current?.value ?? options?.[0]?.value ?? written].flat().map(String);
    if (values.includes("$__all")) return { all: allValue ?? ".+" };
    return multi ? values : (values[0] ?? "");
}
