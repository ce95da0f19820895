import { DashboardJson, PanelJson, panelsOf } from "../../support/dashboards/model";
import { ALL, fillLink, fillQuery, Language, Scope, VariableValue, variablesOf } from "./fill";
import { GrafanaClient, Line } from "./grafana";
import { Correlation, Destination, Source } from "./sources";

/** A dashboard as Grafana has it, with values for its variables: all, or what a link has set. */
export class OpenDashboard {
    private constructor(readonly json: DashboardJson, readonly variables: Record<string, VariableValue>) {}

    /** Opens a dashboard with some variables set, as `var-…` in its URL does; the others are as it opens. */
    static async open(grafana: GrafanaClient, uid: string, chosen: Record<string, VariableValue> = {}): Promise<OpenDashboard> {
        const { dashboard } = await grafana.json<{ dashboard: DashboardJson }>(`/api/dashboards/uid/${uid}`);
        const opening = Object.fromEntries((dashboard.templating?.list ?? []).map(({ name = "", type, multi, allValue = "", current, query }): [string, VariableValue] => {
            if (multi) return [name, [current?.value].flat().includes("$__all") ? { all: allValue } : [current?.value].flat().map(String)];
            return [name, type === "textbox" ? String(query ?? "") : String(current?.value ?? "")];
        }));
        const unknown = Object.keys(chosen).filter((name) => !(name in opening));
        if (unknown.length > 0) throw new Error(`dashboard ${uid} has no variable ${unknown.join()}`);
        const set = Object.entries(chosen).map(([name, value]): [string, VariableValue] => [name, opened(value, opening[name])]);
        return new OpenDashboard(dashboard, { ...opening, ...Object.fromEntries(set) });
    }

    /** Opens where a link leads. */
    static follow(grafana: GrafanaClient, url: string): Promise<OpenDashboard> {
        const uid = /^\/d\/([^/?]+)/.exec(url)?.[1];
        if (!uid) throw new Error(`no link to a dashboard: ${url}`);
        return OpenDashboard.open(grafana, uid, variablesOf(url));
    }

    panel(title: string): PanelJson {
        const found = panelsOf(this.json).find((panel) => panel.title === title);
        if (!found) throw new Error(`dashboard ${this.json.uid} has no panel "${title}"`);
        return found;
    }

    /** A panel's first query, filled. */
    query(title: string, language: Language, rangeSeconds = 3600): string {
        const [{ expr, query, serviceMapQuery }] = this.panel(title).targets ?? [{}];
        return fillQuery(String(expr ?? query ?? serviceMapQuery), { variables: this.variables, language, rangeSeconds, stepSeconds: 15 });
    }

    /** The first link that a panel puts on a column. */
    columnLink(title: string, column: string, scope: Scope): string {
        const overrides = (this.panel(title).fieldConfig as { overrides?: Override[] }).overrides ?? [];
        const links = overrides.find(({ matcher }) => matcher.id === "byName" && matcher.options === column)?.properties.find(({ id }) => id === "links");
        if (!links) throw new Error(`panel "${title}" has no link on ${column}`);
        return fillLink(links.value[0].url, { variables: this.variables, scope });
    }
}

interface Override { matcher: { id: string; options: string }; properties: { id: string; value: { url: string }[] }[] }

/** Values as a URL sets them: a text for a variable that takes one, "All" by its name. */
function opened(value: VariableValue, opening: VariableValue): VariableValue {
    if (typeof opening === "string") return Array.isArray(value) ? value[0] : value;
    return Array.isArray(value) && value[0] === "$__all" ? ALL : value;
}

/** A data source with its correlations. */
export async function readSource(grafana: GrafanaClient, uid: string): Promise<Source> {
    const source = await grafana.json<Source>(`/api/datasources/uid/${uid}`);
    return { ...source, correlations: source.type === "tempo" ? await grafana.json<Correlation[]>(`/api/datasources/uid/${uid}/correlations`) : [] };
}

/** The lines where a link leads. */
export function linesOf(grafana: GrafanaClient, { uid, query, start, end }: Destination): Promise<Line[]> {
    return grafana.logs(query, uid, 1000, { start, end });
}

/** Series with a number within the time of a link, up to now at most. */
export async function seriesOf(grafana: GrafanaClient, { uid, query, start, end }: Pick<Destination, "uid" | "query" | "start" | "end">): Promise<Record<string, string>[]> {
    const [from, to] = [Number(start / 1_000_000_000n), Math.min(Number(end / 1_000_000_000n), Math.floor(Date.now() / 1000))];
    const answer = await grafana.ask<{ data: { result: { metric: Record<string, string>; values: [number, string][] }[] } }>(
        uid, "/api/v1/query_range", { query, start: String(from), end: String(to), step: "15" }, true,
    );
    return answer.data.result.filter(({ values }) => values.some(([, value]) => value !== "NaN")).map(({ metric }) => metric);
}

/** One span of a search's answer, with what was selected, and the trace that it is of. */
export interface FoundSpan { traceId: string; spanID: string; attributes: Record<string, string> }

/** Spans that a TraceQL search finds since a time in seconds. */
export async function searchSpans(grafana: GrafanaClient, uid: string, q: string, since: number): Promise<FoundSpan[]> {
    const answer = await grafana.ask<{ traces?: { traceID: string; spanSets?: { spans?: { spanID: string; attributes?: { key: string; value: Record<string, unknown> }[] }[] }[] }[] }>(
        uid, "/api/search", { q, limit: "200", spss: "20", start: String(Math.floor(since)), end: String(Math.ceil(Date.now() / 1000) + 5) },
    );
    return (answer.traces ?? []).flatMap(({ traceID, spanSets = [] }) => spanSets.flatMap(({ spans = [] }) => spans).map(({ spanID, attributes = [] }) => ({
        traceId: traceID.padStart(32, "0"), spanID, attributes: Object.fromEntries(attributes.map(({ key, value }) => [key, String(Object.values(value)[0])])),
    })));
}
