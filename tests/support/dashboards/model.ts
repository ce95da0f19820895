/** A dashboard as Grafana's API gives it, as far as the tests read it. Everything may be missing: that is what they look for. */
export interface DashboardJson {
    uid?: string;
    title?: string;
    description?: string;
    schemaVersion?: number;
    panels?: PanelJson[];
    templating?: { list?: VariableJson[] };
    annotations?: { list?: AnnotationJson[] };
    links?: LinkJson[];
}

export interface PanelJson {
    id?: number;
    type?: string;
    title?: string;
    description?: string;
    datasource?: SourceJson | null;
    targets?: TargetJson[];
    gridPos?: { x: number; y: number; w: number; h: number };
    fieldConfig?: { defaults?: { unit?: string; links?: LinkJson[] } };
    /** Panels of a row that is folded. */
    panels?: PanelJson[];
}

export interface SourceJson {
    type?: string;
    uid?: string;
}

/** A query as each data source has it. */
export interface TargetJson {
    refId?: string;
    datasource?: SourceJson | null;
    hide?: boolean;
    /** Prometheus, Loki. */
    expr?: string;
    instant?: boolean;
    range?: boolean;
    format?: string;
    exemplar?: boolean;
    /** `range` and `instant` of Loki; `traceql` and `serviceMap` of Tempo. */
    queryType?: string;
    maxLines?: number;
    step?: string;
    interval?: string;
    legendFormat?: string;
    /** Tempo. */
    query?: string;
    limit?: number;
    spss?: number;
    tableType?: string;
    metricsQueryType?: string;
    serviceMapQuery?: string | string[];
}

export interface VariableJson {
    type?: string;
    name?: string;
    query?: unknown;
    datasource?: SourceJson | null;
    current?: { value?: unknown };
    allValue?: string;
    multi?: boolean;
    options?: { value?: unknown }[];
}

export interface AnnotationJson extends TargetJson {
    name?: string;
    enable?: boolean;
    builtIn?: number;
    target?: TargetJson;
}

export interface LinkJson {
    title?: string;
    url?: string;
    keepTime?: boolean;
    includeVars?: boolean;
}

/** Every panel but the rows' headings, those in folded rows as well. */
export function panelsOf(dashboard: DashboardJson): PanelJson[] {
    return (dashboard.panels ?? []).flatMap((panel) => (panel.type === "row" ? (panel.panels ?? []) : [panel]));
}

export function variablesOf(dashboard: DashboardJson): VariableJson[] {
    return dashboard.templating?.list ?? [];
}
