/**
 * Fills Grafana's variables into queries and links, as Grafana 12 does before it sends a query or follows a link. Pure; knows no data source but by the
 * format that each one's plugin gives to a variable where the query names none.
 *
 * @example fillQuery('up{environment=~"$environment"}', { variables: { environment: ["prod", "dev"] }, rangeSeconds: 3600, stepSeconds: 15 })
 *     // up{environment=~"(prod|dev)"}
 * @example fillQuery('{ resource.deployment.environment.name =~ "$environment" }', { variables: { environment: ALL }, language: "traceql", … })
 * @example fillLink("/d/jvm?${environment:queryparam}&var-instance=${__field.labels.instance}", { variables, scope: { __field: { labels } } })
 */

/** The value of a variable whose choice is "All", with its `allValue`. */
export interface All { all: string }

/** "All", of a variable with the `allValue` of this project's kit. */
export const ALL: All = { all: ".+" };

/** A text for a variable with a single value (a text box too), a list for one that takes several, or all. */
export type VariableValue = string | string[] | All;

/** Whose plugin fills the query: each has a default format of its own. */
export type Language = "promql" | "logql" | "traceql" | "servicemap";

export interface QueryFill {
    /** @default {} */
    variables?: Record<string, VariableValue>;
    /** The dashboard's time range. */
    rangeSeconds: number;
    /** Grafana's `$__interval`: the distance of two points. */
    stepSeconds: number;
    /** @default "promql" */
    language?: Language;
    /** One value at the end of the range: `$__auto` of Loki is then the whole range. @default false */
    instant?: boolean;
    /** `timeInterval` of the Prometheus data source, of which `$__rate_interval` spans four at least. @default 15 */
    scrapeSeconds?: number;
    /** End of the range, in milliseconds since 1970. @default now */
    toMilliseconds?: number;
    /** Values of `__span`, `__trace`, `__tags` and the like, as objects: `{ __trace: { traceId: "…" } }`. @default {} */
    scope?: Scope;
}

export interface LinkFill {
    /** @default {} */
    variables?: Record<string, VariableValue>;
    /** `__value`, `__field`, `__data`, … as objects: `{ __field: { labels: { instance: "a" } }, __data: { fields: { Service: "shop" } } }`. @default {} */
    scope?: Scope;
    /** What `${__url_time_range}` gives. @default { from: "now-1h", to: "now" } */
    time?: { from: string; to: string };
}

export type Scope = Record<string, unknown>;

/** Grafana's own three spellings: `$name`, `[[name:format]]`, `${name.path["key"]:format}`. */
const REFERENCE = /\$(\w+)|\[\[(\w+?)(?::(\w+))?\]\]|\$\{(\w+)((?:\.[^:^{}[\]]+|\["[^"]*"\]|\['[^']*'\]|\[[^\]"']*\])*)(?::([^}]+))?\}/g;

/** Fills a query. A reference that nothing is known of stays as it is, as in Grafana. */
export function fillQuery(query: string, options: QueryFill): string {
    const { variables = {}, language = "promql", scope = {} } = options;
    return replace(query, { ...intervals(options), ...scope }, variables, DEFAULT_FORMATS[language]);
}

/** Fills a link's URL, or any text that is filled as plainly, e.g. its title. */
export function fillLink(template: string, { variables = {}, scope = {}, time = { from: "now-1h", to: "now" } }: LinkFill): string {
    const range = `from=${encodeURIComponent(time.from)}&to=${encodeURIComponent(time.to)}`;
    const all = Object.entries(variables).map(([name, value]) => queryParameters(name, value)).join("&");
    return replace(template, { __url_time_range: range, __all_variables: all, __from: time.from, __to: time.to, ...scope }, variables, glob);
}

/** Names that are still to be filled in a text. */
export function references(text: string): string[] {
    return [...text.matchAll(REFERENCE)].map(([, plain, bracket, , brace]) => plain ?? bracket ?? brace);
}

/** Variables that a dashboard's URL sets: `var-environment=prod&var-environment=dev` gives `{ environment: ["prod", "dev"] }`. */
export function variablesOf(url: string): Record<string, string[]> {
    const found: Record<string, string[]> = {};
    for (const [key, value] of new URL(url, "http://grafana").searchParams) if (key.startsWith("var-")) (found[key.slice(4)] ??= []).push(value);
    return found;
}

/** `key="value", …` as `__tags` has it: those of a span's tags that the data source maps, under the label's name, and nothing escaped. */
export function formatTags(span: Record<string, string>, mapping: { key: string; value?: string }[]): string {
    return mapping.filter(({ key }) => key in span).map(({ key, value }) => `${value || key}="${span[key]}"`).join(", ");
}

function intervals({ rangeSeconds, stepSeconds, scrapeSeconds = 15, instant, toMilliseconds = Date.now() }: QueryFill): Scope {
    const rate = Math.max(stepSeconds + scrapeSeconds, 4 * scrapeSeconds);
    return {
        __interval: `${stepSeconds}s`, __interval_ms: String(stepSeconds * 1000), __rate_interval: `${rate}s`, __rate_interval_ms: String(rate * 1000),
        __range: `${rangeSeconds}s`, __range_s: String(rangeSeconds), __range_ms: String(rangeSeconds * 1000), __auto: `${instant ? rangeSeconds : stepSeconds}s`,
        __from: String(toMilliseconds - rangeSeconds * 1000), __to: String(toMilliseconds),
    };
}

type Format = (value: string | string[]) => string;

function replace(text: string, scope: Scope, variables: Record<string, VariableValue>, byDefault: Format): string {
    return text.replace(REFERENCE, (whole: string, plain?: string, bracket?: string, bracketFormat?: string, brace?: string, path = "", format = bracketFormat) => {
        const name = plain ?? bracket ?? brace ?? "";
        if (name in scope) {
            const value = at(scope[name], path);
            return value === undefined ? whole : (format ? formatNamed(format) : plainly)(String(value));
        }
        const value = variables[name];
        if (value === undefined || path !== "") return whole;
        if (format === "queryparam") return queryParameters(name, value);
        if (isAll(value)) return value.all;
        return (format ? formatNamed(format) : byDefault)(value);
    });
}

function isAll(value: VariableValue): value is All {
    return typeof value === "object" && !Array.isArray(value);
}

/** What is at `.a["b c"][0]` within a value. */
function at(value: unknown, path: string): unknown {
    const keys = [...path.matchAll(/\["([^"]*)"\]|\['([^']*)'\]|\[([^\]]*)\]|\.([^.[]+)/g)].map(([, double, single, index, plain]) => double ?? single ?? index ?? plain);
    return keys.reduce<unknown>((inner, key) => (inner !== null && typeof inner === "object" ? atKey(inner as Record<string, unknown>, key) : undefined), value);
}

/** Columns may be asked for by their place as well: `${__data.fields[0]}`. */
function atKey(value: Record<string, unknown>, key: string): unknown {
    return key in value ? value[key] : /^\d+$/.test(key) ? Object.values(value)[Number(key)] : undefined;
}

const several = (value: string | string[]): string[] => (Array.isArray(value) ? value : [value]);
const plainly: Format = (value) => several(value).join(",");
const glob: Format = (value) => (Array.isArray(value) && value.length > 1 ? `{${value.join(",")}}` : several(value).join(","));
const pipe: Format = (value) => several(value).join("|");
/** Prometheus' plugin: for a regular expression between double quotes where several may be chosen, else with escapes only. */
const prometheus: Format = (value) => {
    if (!Array.isArray(value)) return value.replace(/\\/g, "\\\\").replace(/'/g, "\\\\'");
    const escaped = value.map((item) => item.replace(/\\/g, "\\\\\\\\").replace(/[$^*{}[\]'+?.()|]/g, "\\\\$&"));
    return escaped.length === 1 ? escaped[0] : `(${escaped.join("|")})`;
};
/** Loki's plugin. */
const loki: Format = (value) => {
    if (!Array.isArray(value)) return value.replace(/'/g, "\\\\'");
    return value.map((item) => item.replace(/\\/g, "\\\\\\\\").replace(/[$^*{}[\]+?.()|]/g, "\\\\$&").replace(/'/g, "\\\\'")).join("|");
};
const DEFAULT_FORMATS: Record<Language, Format> = { promql: prometheus, logql: loki, traceql: pipe, servicemap: glob };

const regex: Format = (value) => {
    const escaped = several(value).map((item) => item.replace(/[\\^$*+?.()|[\]{}/]/g, "\\$&"));
    return escaped.length === 1 ? escaped[0] : `(${escaped.join("|")})`;
};
const quoted = (quote: string): Format => (value) => several(value).map((item) => `${quote}${item.replaceAll(quote, `\\${quote}`)}${quote}`).join(",");

const NAMED: Record<string, Format> = {
    raw: plainly, text: (value) => several(value).join(" + "), csv: plainly, pipe, glob, regex, doublequote: quoted('"'), singlequote: quoted("'"),
    // A single value is given without quotes by Grafana, too.
    json: (value) => (Array.isArray(value) ? JSON.stringify(value) : value),
    percentencode: (value) => percentEncode(Array.isArray(value) ? `{${value.join(",")}}` : value),
};

function formatNamed(name: string): Format {
    const format = NAMED[name];
    if (!format) throw new Error(`fill: the format "${name}" is not known here: add it as Grafana's documentation of variables has it`);
    return format;
}

function queryParameters(name: string, value: VariableValue): string {
    return several(isAll(value) ? "$__all" : value).map((item) => `var-${name}=${percentEncode(item)}`).join("&");
}

function percentEncode(text: string): string {
    return encodeURIComponent(text).replace(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`);
}
