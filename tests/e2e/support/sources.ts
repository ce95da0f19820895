/** A data source as Grafana's API gives it, as far as it leads to others. Names are Grafana's. */
export interface Source {
    uid: string;
    type: string;
    jsonData: {
        exemplarTraceIdDestinations?: { name: string; datasourceUid: string }[];
        derivedFields?: { name: string; matcherType: string; matcherRegex: string; url: string; datasourceUid?: string }[];
        tracesToLogsV2?: { datasourceUid: string; query: string; customQuery: boolean; tags: Tag[]; spanStartTimeShift: string; spanEndTimeShift: string };
        tracesToMetrics?: { datasourceUid: string; tags: Tag[]; queries: { name: string; query: string }[]; spanStartTimeShift: string; spanEndTimeShift: string };
        serviceMap?: { datasourceUid: string };
    };
    correlations?: Correlation[];
}

/** A span's attribute, and the label that it is in metrics and logs. */
interface Tag { key: string; value?: string }

/** A link from the rows of a data source's answers to a query of another's. */
export interface Correlation {
    targetUID: string;
    label: string;
    description: string;
    config: { field: string; target: { expr: string }; transformations: { type: string; field: string; expression: string; mapValue: string }[] };
}
