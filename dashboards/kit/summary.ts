import * as common from "@grafana/grafana-foundation-sdk/common";
import * as dashboard from "@grafana/grafana-foundation-sdk/dashboard";
import { Fault } from "../faults";
import { Panel, PanelOptions, table, Thresholds, thresholdSteps } from "./panels";
import { metrics } from "./queries";

/** A column of a `summary`: the value of one PromQL query, for the labels that the table's rows stand for. */
export interface Column {
    title: string;
    expr: string;
    unit: string;
    /** @default none */
    thresholds?: Thresholds;
    /** Colour below the lowest threshold. @default "green" */
    below?: string;
    /** @default Grafana's choice */
    decimals?: number;
    /** Text in place of a value, e.g. `{ "0": "down" }`. @default {} */
    texts?: Record<string, string>;
    emptyUntil?: Fault;
}

/**
 * A table of what is so now: one row for each combination of some labels, one column for each query. A row that a query has no value for has an empty cell there.
 *
 * @param labels the labels that make a row, with their headings, e.g. `{ environment: "Environment", instance: "Host" }`. Every query's result has these and no others.
 */
export function summary(options: Omit<PanelOptions, "queries" | "unit"> & { /** Title of the column whose highest value comes first. @default none */ highest?: string }, labels: Record<string, string>, columns: Column[]): Panel {
    const queries = columns.map(({ expr, emptyUntil }) => metrics(expr, { instant: true, format: "table", emptyUntil }));
    return table({ width: 24, ...options, unit: "none", queries }, (panel) => {
        // Grafana names a query's value after its refId as soon as there are several queries.
        const values = columns.map((_, i) => (columns.length === 1 ? "Value" : `Value #${String.fromCharCode(65 + i)}`));
        const fields = [...Object.keys(labels), ...values];
        panel.withTransformation({ id: "merge", options: {} });
        panel.withTransformation({
            id: "organize",
            options: {
                excludeByName: { Time: true },
                indexByName: Object.fromEntries(fields.map((field, i) => [field, i])),
                renameByName: { ...labels, ...Object.fromEntries(values.map((field, i) => [field, columns[i].title])) },
            },
        });
        if (options.highest) panel.sortBy([new common.TableSortByFieldStateBuilder().displayName(options.highest).desc(true)]);
        columns.forEach((column) => panel.overrideByName(column.title, columnProperties(column)));
    });
}

function columnProperties({ unit, thresholds, below, decimals, texts = {} }: Column): dashboard.DynamicConfigValue[] {
    return [
        { id: "unit", value: unit },
        ...(decimals === undefined ? [] : [{ id: "decimals", value: decimals }]),
        ...(Object.keys(texts).length === 0 ? [] : [{ id: "mappings", value: [valueTexts(texts)] }]),
        ...(thresholds === undefined ? [] : [
            { id: "thresholds", value: { mode: dashboard.ThresholdsMode.Absolute, steps: thresholdSteps(thresholds, below) } },
            { id: "custom.cellOptions", value: { type: common.TableCellDisplayMode.ColorText } },
        ]),
    ];
}

/** Text in place of values, e.g. `{ "0": "down", "1": "up" }`. */
export function valueTexts(texts: Record<string, string>): dashboard.ValueMap {
    return { type: dashboard.MappingType.ValueToText, options: Object.fromEntries(Object.entries(texts).map(([value, text], index) => [value, { text, index }])) };
}
