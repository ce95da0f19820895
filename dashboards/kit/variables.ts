import * as dashboard from "@grafana/grafana-foundation-sdk/dashboard";
import { PROMETHEUS } from "./sources";

/** `environment`, `application`, `instance`: the same names in every dashboard, so that links carry them from one to the next. */
export type CommonVariable = "environment" | "application" | "instance";

/**
 * The variables that most dashboards have, each narrowed by those before it.
 *
 * @param metric whose labels give the values, with its own matchers if it has any, e.g. `up{job="was"}`
 */
export function commonVariables(names: CommonVariable[], metric = 'up{job="was"}'): dashboard.QueryVariableBuilder[] {
    const LABELS: Record<CommonVariable, string> = { environment: "Environment", application: "Application", instance: "Host" };
    const [name, own = ""] = metric.replace(/}$/, "").split("{");
    return names.map((variable, i) => {
        const matchers = [...(own ? [own] : []), ...names.slice(0, i).map((before) => `${before}=~"$${before}"`)];
        return labelVariable(variable, `${name}{${matchers.join(", ")}}`, variable).label(LABELS[variable]);
    });
}

/** A variable with the values of a label; several at once, or all. */
export function labelVariable(name: string, metric: string, label: string): dashboard.QueryVariableBuilder {
    const query = `label_values(${metric}, ${label})`;
    return new dashboard.QueryVariableBuilder(name).datasource(PROMETHEUS).query({ qryType: 1, query, refId: name }).definition(query)
        .refresh(dashboard.VariableRefresh.OnTimeRangeChanged).sort(dashboard.VariableSort.AlphabeticalAsc)
        .multi(true).includeAll(true).allValue(".+").current({ selected: true, text: "All", value: "$__all" });
}

/** One value, chosen from a label's values. */
export function singleVariable(name: string, metric: string, label: string, first: string): dashboard.QueryVariableBuilder {
    const query = `label_values(${metric}, ${label})`;
    return new dashboard.QueryVariableBuilder(name).datasource(PROMETHEUS).query({ qryType: 1, query, refId: name }).definition(query)
        .refresh(dashboard.VariableRefresh.OnTimeRangeChanged).sort(dashboard.VariableSort.AlphabeticalAsc)
        .multi(false).includeAll(false).current({ selected: true, text: first, value: first });
}

/** One of a few values that are written here; another one can be typed. */
export function choiceVariable(name: string, label: string, values: string[], first: string): dashboard.CustomVariableBuilder {
    const option = (value: string) => ({ selected: value === first, text: value, value });
    return new dashboard.CustomVariableBuilder(name).label(label).values(values.join(",")).options(values.map(option)).current(option(first))
        .multi(false).includeAll(false).allowCustomValue(true);
}

/** A field to type into, e.g. a text to search for or a trace's id. */
export function textVariable(name: string, label: string, value = ""): dashboard.TextBoxVariableBuilder {
    return new dashboard.TextBoxVariableBuilder(name).label(label).defaultValue(value).current({ selected: true, text: value, value });
}

/** Some of a fixed list of values, or all of them and what has none. */
export function severalVariable(name: string, label: string, values: string[]): dashboard.CustomVariableBuilder {
    return new dashboard.CustomVariableBuilder(name).label(label).values(values.join(",")).multi(true).includeAll(true).allValue(".*")
        .current({ selected: true, text: "All", value: "$__all" });
}

/** What narrows a PromQL or LogQL selector to the common variables chosen, e.g. `environment=~"$environment", application=~"$application"`. */
export function chosen(...names: CommonVariable[]): string {
    return names.map((name) => `${name}=~"$${name}"`).join(", ");
}

/** Attributes of a span's resource, by the variable that narrows them. */
const ATTRIBUTES: Record<CommonVariable, string> = {
    environment: "resource.deployment.environment.name", application: "resource.service.name", instance: "resource.service.instance.id",
};

/** The same for TraceQL, e.g. `resource.deployment.environment.name =~ "$environment" && resource.service.name =~ "$application"`. */
export function chosenSpans(...names: CommonVariable[]): string {
    return names.map((name) => `${ATTRIBUTES[name]} =~ "$${name}"`).join(" && ");
}
