import type { Builder } from "@grafana/grafana-foundation-sdk/cog";
import * as dashboard from "@grafana/grafana-foundation-sdk/dashboard";
import { Fault } from "../faults";
import { DashboardName, UIDS } from "./links";
import { Panel } from "./panels";

/** A part of a dashboard under a heading. */
export interface Row {
    title: string;
    /** In the order of reading: they fill lines of 24 columns from left to right. */
    panels: Panel[];
}

/** A dashboard as its file in this directory says it. */
export interface DashboardSpec {
    name: DashboardName;
    title: string;
    /** Folder in Grafana. */
    folder: string;
    /** For whom it is and which question it answers. */
    description: string;
    variables: Builder<dashboard.VariableModel>[];
    rows: Row[];
    /** Links at the top: see `navigation`. */
    links: dashboard.DashboardLinkBuilder[];
    /** @default [] */
    annotations?: dashboard.AnnotationQueryBuilder[];
    /** Time range at first, as Grafana has it. @default "now-1h" */
    from?: string;
    /** @default "30s" */
    refresh?: string;
}

/** Puts a dashboard together as Grafana reads it. Panels are laid out in lines; each row's heading takes a line of its own. */
export function buildDashboard(spec: DashboardSpec): dashboard.Dashboard {
    const builder = new dashboard.DashboardBuilder(spec.title).uid(UIDS[spec.name]).description(spec.description).tags(["photogather-monitoring"]).readonly()
        .tooltip(dashboard.DashboardCursorSync.Crosshair).time({ from: spec.from ?? "now-1h", to: "now" }).timezone("browser").refresh(spec.refresh ?? "30s")
        .variables(spec.variables).links(spec.links).annotations(spec.annotations ?? []);
    const built = builder.build();
    let y = 0;
    const panels: (dashboard.Panel | dashboard.RowPanel)[] = [];
    for (const row of spec.rows) {
        panels.push({ type: "row", id: 0, title: row.title, collapsed: false, gridPos: { x: 0, y: y++, w: 24, h: 1 }, panels: [] });
        let [x, line] = [0, 0];
        for (const { builder: panel } of row.panels) {
            const ready = panel.build();
            const { w, h } = ready.gridPos!;
            if (x + w > 24) [x, y, line] = [0, y + line, 0];
            panels.push({ ...ready, gridPos: { x, y, w, h } });
            [x, line] = [x + w, Math.max(line, h)];
        }
        y += line;
    }
    // Numbered in the order of reading: links to a single panel hold the number.
    return { ...built, panels: panels.map((panel, i) => ({ ...panel, id: i + 1 })) };
}

/** The faults under which the queries of a dashboard fill that are rightly empty before: by `<panel title>/<refId>`. */
export function emptyUntil(spec: DashboardSpec): Record<string, Fault> {
    const entries = spec.rows.flatMap(({ panels }) => panels).flatMap(({ title, queries }) => queries.map(({ target, emptyUntil: fault }): [string, Fault | undefined] => [
        `${title}/${(target.build() as { refId?: string }).refId}`, fault,
    ]));
    return Object.fromEntries(entries.filter((entry): entry is [string, Fault] => entry[1] !== undefined));
}
