import type { Builder, Dataquery } from "@grafana/grafana-foundation-sdk/cog";
import * as common from "@grafana/grafana-foundation-sdk/common";
import * as dashboard from "@grafana/grafana-foundation-sdk/dashboard";
import * as heatmaps from "@grafana/grafana-foundation-sdk/heatmap";
import * as logLines from "@grafana/grafana-foundation-sdk/logs";
import * as nodegraphs from "@grafana/grafana-foundation-sdk/nodegraph";
import * as stats from "@grafana/grafana-foundation-sdk/stat";
import * as tables from "@grafana/grafana-foundation-sdk/table";
import * as curves from "@grafana/grafana-foundation-sdk/timeseries";
import { Query } from "./queries";
import { TracesPanelBuilder } from "./traces-panel";

/** A panel and the queries that it was made with; tests run every one of them. */
export interface Panel {
    builder: Builder<dashboard.Panel>;
    title: string;
    queries: Query[];
}

/** Colour to the value from which on it is shown. */
export type Thresholds = Partial<Record<"green" | "yellow" | "orange" | "red", number>>;

/** What every panel says. */
export interface PanelOptions {
    title: string;
    /** What it shows and what a bad value means, in one or two sentences. */
    description: string;
    /** Grafana's name of the unit, e.g. `s`, `bytes`, `reqps`, `percentunit`, `short`, `none`. */
    unit: string;
    /** Columns of 24. @default 8 */
    width?: number;
    /** Rows of 30 pixels. @default 8 */
    height?: number;
    queries: Query[];
    /** Where a click on a value leads: see `dataLink`. @default [] */
    links?: dashboard.DashboardLinkBuilder[];
    /** Values from which on the colour changes, e.g. `{ yellow: 0.8, red: 0.9 }`. @default none */
    thresholds?: Thresholds;
    /** Colour below the lowest threshold; `"red"` where a low value is the bad one. @default "green" */
    below?: string;
    /** @default none */
    min?: number;
    /** @default none */
    max?: number;
    /** @default Grafana's choice */
    decimals?: number;
}

/** Curves over time. */
export function timeSeries(options: PanelOptions & { stacked?: boolean; bars?: boolean; logarithmic?: boolean }, more: (panel: curves.PanelBuilder) => void = () => undefined): Panel {
    const panel = new curves.PanelBuilder().lineWidth(1).fillOpacity(options.stacked ? 40 : options.bars ? 80 : 8).showPoints(common.VisibilityMode.Never)
        .legend(new common.VizLegendOptionsBuilder().displayMode(common.LegendDisplayMode.List).placement(common.LegendPlacement.Bottom).showLegend(true).calcs([]))
        .tooltip(new common.VizTooltipOptionsBuilder().mode(common.TooltipDisplayMode.Multi).sort(common.SortOrder.Descending));
    if (options.stacked) panel.stacking(new common.StackingConfigBuilder().mode(common.StackingMode.Normal));
    if (options.bars) panel.drawStyle(common.GraphDrawStyle.Bars);
    if (options.logarithmic) panel.scaleDistribution(new common.ScaleDistributionConfigBuilder().type(common.ScaleDistribution.Log).log(10));
    if (options.thresholds) panel.thresholdsStyle(new common.GraphThresholdsStyleConfigBuilder().mode(common.GraphThresholdsStyleMode.Dashed));
    return finish(panel, options, more);
}

/** One big number for each series, coloured by the thresholds. */
export function stat(options: PanelOptions & { /** Shows a small curve behind; asks for a range. @default false */ curve?: boolean }, more: (panel: stats.PanelBuilder) => void = () => undefined): Panel {
    const panel = new stats.PanelBuilder()
        .reduceOptions(new common.ReduceDataOptionsBuilder().calcs(["lastNotNull"]))
        .graphMode(options.curve ? common.BigValueGraphMode.Area : common.BigValueGraphMode.None)
        .colorMode(options.thresholds ? common.BigValueColorMode.Background : common.BigValueColorMode.Value);
    return finish(panel, { width: 4, height: 4, ...options }, more);
}

/** Rows and columns; use instant queries of format `table`. */
export function table(options: PanelOptions, more: (panel: tables.PanelBuilder) => void = () => undefined): Panel {
    return finish(new tables.PanelBuilder().showHeader(true), { width: 12, ...options }, more);
}

/** Buckets of a histogram over time; the query's format is `heatmap`. */
export function heatmap(options: PanelOptions, more: (panel: heatmaps.PanelBuilder) => void = () => undefined): Panel {
    const panel = new heatmaps.PanelBuilder().calculate(false).yAxis(new heatmaps.YAxisConfigBuilder().unit(options.unit))
        .color(new heatmaps.HeatmapColorOptionsBuilder().mode(heatmaps.HeatmapColorMode.Scheme).scheme("Oranges").steps(64))
        .exemplarsColor("rgba(255,0,255,0.7)")
        .tooltip(new heatmaps.HeatmapTooltipBuilder().mode(common.TooltipDisplayMode.Single).yHistogram(true));
    return finish(panel, { width: 12, ...options }, more);
}

/** Log lines. The unit is of no use to it; the linter asks for one of every panel, so it is `none`. */
export function logLinesPanel(options: Omit<PanelOptions, "unit"> & { /** @default false */ oldestFirst?: boolean }, more: (panel: logLines.PanelBuilder) => void = () => undefined): Panel {
    const panel = new logLines.PanelBuilder().showTime(true).wrapLogMessage(true).enableLogDetails(true)
        .sortOrder(options.oldestFirst ? common.LogsSortOrder.Ascending : common.LogsSortOrder.Descending)
        .showLabels(false).showCommonLabels(false).prettifyLogMessage(false).dedupStrategy(common.LogsDedupStrategy.None);
    return finish(panel, { width: 24, height: 12, unit: "none", ...options }, more);
}

/** Services and the calls between them. */
export function nodeGraph(options: Omit<PanelOptions, "unit">, more: (panel: nodegraphs.PanelBuilder) => void = () => undefined): Panel {
    return finish(new nodegraphs.PanelBuilder(), { width: 12, height: 12, unit: "none", ...options }, more);
}

/** The spans of one trace as a waterfall. */
export function waterfall(options: Omit<PanelOptions, "unit">): Panel {
    return finish(new TracesPanelBuilder(), { width: 24, height: 16, unit: "none", ...options }, () => undefined);
}

/** What all panel builders of the SDK can do, as far as it is used here. */
interface AnyPanelBuilder extends Builder<dashboard.Panel> {
    title(title: string): unknown;
    description(description: string): unknown;
    unit(unit: string): unknown;
    min(min: number): unknown;
    max(max: number): unknown;
    decimals(decimals: number): unknown;
    span(columns: number): unknown;
    height(rows: number): unknown;
    datasource(ref: common.DataSourceRef): unknown;
    withTarget(target: Builder<Dataquery>): unknown;
    thresholds(thresholds: Builder<dashboard.ThresholdsConfig>): unknown;
    dataLinks(links: Builder<dashboard.DashboardLink>[]): unknown;
}

function finish<T extends AnyPanelBuilder>(panel: T, options: PanelOptions, more: (panel: T) => void): Panel {
    const { title, description, unit, width = 8, height = 8, queries, links = [], thresholds, below, min, max, decimals } = options;
    panel.title(title);
    panel.description(description);
    panel.unit(unit);
    panel.span(width);
    panel.height(height);
    if (min !== undefined) panel.min(min);
    if (max !== undefined) panel.max(max);
    if (decimals !== undefined) panel.decimals(decimals);
    if (links.length > 0) panel.dataLinks(links);
    if (thresholds) panel.thresholds(new dashboard.ThresholdsConfigBuilder().mode(dashboard.ThresholdsMode.Absolute).steps(thresholdSteps(thresholds, below)));
    queries.forEach(({ target }, i) => {
        target.refId(String.fromCharCode(65 + i));
        panel.withTarget(target);
    });
    const source = queries[0]?.target.build() as { datasource?: common.DataSourceRef } | undefined;
    if (source?.datasource) panel.datasource(source.datasource);
    more(panel);
    return { builder: panel, title, queries };
}

/** Steps of thresholds as Grafana has them, the lowest first. */
export function thresholdSteps(thresholds: Thresholds, below = "green"): dashboard.Threshold[] {
    const steps = Object.entries(thresholds).map(([color, value]) => ({ color, value: value as number })).sort((a, b) => a.value - b.value);
    // A null is where the lowest step begins.
    return [{ color: below, value: null }, ...steps];
}
