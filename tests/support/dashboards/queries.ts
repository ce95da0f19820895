import { AnnotationJson, DashboardJson, PanelJson, panelsOf, SourceJson, TargetJson, VariableJson, variablesOf } from "./model";

/** `traceId` is no language: Tempo's source takes a bare id as well, and shows that trace. */
export type Language = "promql" | "logql" | "traceql" | "traceId";

/** One query of a dashboard, and where it stands. */
export interface NamedQuery {
    dashboard: string;
    /** A panel's title, or `variable environment`, `annotation Runs`. */
    panel: string;
    refId: string;
    source: SourceJson;
    language: Language;
    /** As it is written, with its variables. */
    text: string;
    /** Label whose values are asked for, of a variable's query. */
    label?: string;
    target: TargetJson;
    panelType?: string;
}

/** Every query of panels, variables and annotations. */
export function queriesOf(dashboard: DashboardJson): NamedQuery[] {
    const uid = dashboard.uid ?? "";
    return [
        ...variablesOf(dashboard).flatMap((variable) => variableQuery(uid, variable)),
        ...(dashboard.annotations?.list ?? []).flatMap((annotation) => annotationQuery(uid, annotation)),
        ...panelsOf(dashboard).flatMap((panel) => (panel.targets ?? []).map((target) => panelQuery(uid, panel, target))),
    ];
}

/** Where a query stands, as a message names it. */
export function whereIs({ dashboard, panel, refId }: NamedQuery): string {
    return `${dashboard} / ${panel} / ${refId}`;
}

function panelQuery(dashboard: string, panel: PanelJson, target: TargetJson): NamedQuery {
    const source = target.datasource ?? panel.datasource ?? {};
    return { dashboard, panel: panel.title ?? "?", refId: target.refId ?? "?", source, target, panelType: panel.type, ...expression(source, target) };
}

function annotationQuery(dashboard: string, annotation: AnnotationJson): NamedQuery[] {
    if (annotation.builtIn) return [];
    const source = annotation.datasource ?? {};
    const target = { ...annotation, ...annotation.target };
    return [{ dashboard, panel: `annotation ${annotation.name}`, refId: "Anno", source, target, ...expression(source, target) }];
}

/** Variables of type `query` ask Prometheus: `label_values(METRIC, LABEL)`, `query_result(EXPRESSION)`. */
function variableQuery(dashboard: string, { type, name, query, datasource }: VariableJson): NamedQuery[] {
    if (type !== "query") return [];
    const text = typeof query === "string" ? query : ((query as { query?: string } | undefined)?.query ?? "");
    const [, metric, label] = /^label_values\((?:(.*),)?\s*(\w+)\s*\)$/s.exec(text) ?? [];
    const [, result] = /^query_result\((.*)\)$/s.exec(text) ?? [];
    const common = { dashboard, panel: `variable ${name}`, refId: name ?? "?", source: datasource ?? {}, language: "promql" as const, target: {} };
    // Of what is known neither way the whole text is taken, which no grammar reads.
    return [label === undefined ? { ...common, text: result ?? text } : { ...common, text: metric ?? "", label }];
}

function expression({ type }: SourceJson, { expr, query, queryType, serviceMapQuery }: TargetJson): { language: Language; text: string } {
    if (type === "loki") return { language: "logql", text: expr ?? "" };
    if (type !== "tempo") return { language: "promql", text: expr ?? "" };
    if (queryType === "serviceMap") return { language: "promql", text: [serviceMapQuery ?? ""].flat().join(" or ") };
    const text = query ?? "";
    return { language: /^\s*(\$\w+|\$\{[^}]+\}|[0-9a-fA-F]{16,32})\s*$/.test(text) ? "traceId" : "traceql", text };
}
