import { syntaxProblem } from "./grammar";
import { DashboardJson, PanelJson, panelsOf, SourceJson, variablesOf } from "./model";
import { filled, isBuiltIn, openingValues, variablesIn } from "./placeholders";
import { queriesOf, whereIs } from "./queries";

/** What a dashboard is checked against. */
export interface Surroundings {
    /** All dashboards, by uid: targets of links. */
    dashboards: Record<string, DashboardJson>;
    /** uid to type. */
    sources: Record<string, string>;
}

/** The panels of Grafana 12.4 without plugins. */
export const STOCK_PANELS = [
    "alertlist", "annolist", "barchart", "bargauge", "candlestick", "canvas", "dashlist", "flamegraph", "gauge", "geomap", "heatmap", "histogram", "logs", "news",
    "nodeGraph", "piechart", "stat", "state-timeline", "status-history", "table", "text", "timeseries", "traces", "trend", "xychart",
];

/** Where queries of several data sources are in one panel. */
const MIXED = "-- Mixed --";

/** Everything that is wrong with a dashboard, each with its place. */
export function lintDashboard(dashboard: DashboardJson, around: Surroundings): string[] {
    return [
        ...lintHead(dashboard),
        ...panelsOf(dashboard).flatMap((panel) => lintPanel(panel, around).map((problem) => `${panel.title || `panel ${panel.id}`}: ${problem}`)),
        ...twice("panel title", panelsOf(dashboard).map(({ title }) => title)),
        ...twice("panel id", (dashboard.panels ?? []).flatMap((panel) => [panel, ...(panel.panels ?? [])]).map(({ id }) => id)),
        ...lintGrid(dashboard.panels ?? []),
        ...lintVariables(dashboard),
        ...lintLinks(dashboard, around),
        ...lintSyntax(dashboard),
    ].map((problem) => `${dashboard.uid ?? dashboard.title ?? "?"}: ${problem}`);
}

/** The same uid or title twice: Grafana shows one of both. */
export function lintTogether(dashboards: DashboardJson[]): string[] {
    return [...twice("uid", dashboards.map(({ uid }) => uid)), ...twice("title", dashboards.map(({ title }) => title))];
}

function lintHead({ uid, title, description, schemaVersion }: DashboardJson): string[] {
    return [
        ...(/^[a-z0-9-]{1,40}$/.test(uid ?? "") ? [] : ["a uid of lower-case letters, digits and hyphens (at most 40) is missing"]),
        ...(title ? [] : ["a title is missing"]),
        ...(description ? [] : ["a description is missing"]),
        ...(schemaVersion === 42 ? [] : [`schemaVersion is ${schemaVersion}, of Grafana 12.4 it is 42`]),
    ];
}

function lintPanel({ type = "", title, description, datasource, targets = [], fieldConfig }: PanelJson, { sources }: Surroundings): string[] {
    const known = ({ uid = "", type: kind }: SourceJson) => sources[uid] !== undefined && sources[uid] === kind;
    const own = targets.map((target) => target.datasource ?? datasource ?? {});
    const mixed = new Set(own.map(({ uid }) => uid)).size > 1;
    return [
        ...(STOCK_PANELS.includes(type) ? [] : [`panel type "${type}" is none of stock Grafana's`]),
        ...(title ? [] : ["a title is missing"]),
        ...(description && description !== title ? [] : ["a description is missing"]),
        ...(fieldConfig?.defaults?.unit ? [] : ["a unit is missing"]),
        ...(targets.length > 0 ? [] : ["a query is missing"]),
        ...(mixed && datasource?.uid !== MIXED ? [`queries of several data sources need the panel's data source to be ${MIXED}`] : []),
        ...[...(mixed ? [] : [datasource ?? {}]), ...own].filter((each) => !known(each)).map(({ uid }) => `the data source ${uid} is not one that is provisioned`),
        ...targets.filter(({ refId }) => !refId).map(() => "a query without refId"),
        ...twice("refId", targets.map(({ refId }) => refId)),
    ];
}

function lintGrid(panels: PanelJson[]): string[] {
    const placed = panels.flatMap((panel) => (panel.gridPos ? [{ name: panel.title ?? String(panel.id), ...panel.gridPos }] : []));
    const apart = (a: (typeof placed)[0], b: (typeof placed)[0]) => a.x + a.w <= b.x || b.x + b.w <= a.x || a.y + a.h <= b.y || b.y + b.h <= a.y;
    return [
        ...panels.filter(({ gridPos }) => !gridPos).map(({ title }) => `${title}: its place is missing`),
        ...placed.filter(({ x, y, w, h }) => x < 0 || y < 0 || w < 1 || h < 1 || x + w > 24).map(({ name }) => `${name}: is not within the 24 columns`),
        ...placed.flatMap((a, i) => placed.slice(i + 1).filter((b) => !apart(a, b)).map((b) => `${a.name} and ${b.name} overlap`)),
    ];
}

/** Variables count as used in queries, titles, repeats, annotations, and queries of other variables; links alone carry them on. */
function lintVariables(dashboard: DashboardJson): string[] {
    const variables = variablesOf(dashboard);
    const names = new Set(variables.map(({ name }) => name ?? ""));
    const everywhere = variablesIn(texts({ ...dashboard, templating: { list: variables.map(({ query }) => ({ query })) } }).join("\n"));
    const asked = variables.flatMap(({ name, query }) => variablesIn(texts(query).join("\n")).filter((used) => used !== name));
    const shown = variablesIn(texts([panelsOf(dashboard).map(({ fieldConfig: _links, ...panel }) => panel), dashboard.annotations]).join("\n"));
    const repeats = panelsOf(dashboard).flatMap((panel) => (panel as { repeat?: string }).repeat ?? []);
    const used = new Set([...asked, ...shown, ...repeats]);
    return [
        ...twice("variable", variables.map(({ name }) => name)),
        ...[...new Set(everywhere)].filter((name) => !names.has(name) && !isBuiltIn(name)).map((name) => `$${name} is used and is no variable of it`),
        ...[...names].filter((name) => !used.has(name)).map((name) => `the variable ${name} is not used`),
    ];
}

/** Every link into a dashboard, wherever it stands: it keeps the time range, and names variables that its target has. */
function lintLinks(dashboard: DashboardJson, { dashboards }: Surroundings): string[] {
    const bar = (dashboard.links ?? []).filter(({ url }) => url?.startsWith("/d/")).filter(({ keepTime, includeVars }) => !keepTime || !includeVars);
    const urls = [...new Set(texts(dashboard).flatMap((text) => [...text.matchAll(/\/d\/[^\s"'<>)]*/g)].map(([url]) => url)))];
    return [...bar.map(({ title }) => `link ${title}: expected keepTime and includeVars`), ...urls.flatMap((url) => lintUrl(url, dashboard, dashboards).map((problem) => `link ${url}: ${problem}`))];
}

function lintUrl(url: string, from: DashboardJson, dashboards: Record<string, DashboardJson>): string[] {
    const [, uid, query = ""] = /^\/d\/([^/?]+)[^?]*\??(.*)$/.exec(url) ?? [];
    const target = dashboards[uid];
    if (!target) return [`no dashboard has the uid ${uid}`];
    const inBar = (from.links ?? []).some((link) => link.url === url);
    const names = new Set(variablesOf(target).map(({ name }) => name));
    const given = [...[...query.matchAll(/\bvar-([\w-]+)=/g)].map(([, name]) => name), ...[...query.matchAll(/\$\{(\w+):queryparam\}/g)].map(([, name]) => name)];
    const [, panel] = /\bviewPanel=(?:panel-)?(\d+)/.exec(query) ?? [];
    return [
        ...given.filter((name) => !names.has(name)).map((name) => `${uid} has no variable ${name}`),
        ...(inBar || /__url_time_range|\bfrom=.*\bto=/.test(query) ? [] : ["the time range is lost: expected ${__url_time_range}, or from and to"]),
        ...(panel === undefined || panelsOf(target).some(({ id }) => String(id) === panel) ? [] : [`${uid} has no panel ${panel}`]),
    ];
}

function lintSyntax(dashboard: DashboardJson): string[] {
    const values = openingValues(dashboard);
    return queriesOf(dashboard).flatMap((query) => {
        // The values of a label over all metrics need no selector.
        if (query.label !== undefined && query.text === "") return [];
        const problem = syntaxProblem(query.language, filled(query, values));
        return problem === undefined ? [] : [`${whereIs(query).split(" / ").slice(1).join(" / ")}: ${problem}`];
    });
}

function twice(what: string, values: unknown[]): string[] {
    const counted = values.filter((value, i) => value !== undefined && value !== "" && values.indexOf(value) !== i);
    return [...new Set(counted)].map((value) => `${what} "${String(value)}" is there twice`);
}

/** Every text in a value, however deep. */
function texts(value: unknown): string[] {
    if (typeof value === "string") return [value];
    return typeof value === "object" && value !== null ? Object.values(value).flatMap(texts) : [];
}
