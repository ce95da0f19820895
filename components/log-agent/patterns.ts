import { Problem } from "../problems";
import { quote } from "../names";
import { LogPatterns } from "./args";

/** One field that is read from a line, and the expressions that find it; the last one that matches wins. */
export interface ParsedField {
    /** Name of the structured metadata. */
    name: string;
    expressions: string[];
}

/** One redaction, its expression with at least one capturing group. */
export interface Redaction {
    name: string;
    expression: string;
}

const LEVELS = "TRACE|DEBUG|INFO|WARN|ERROR|FATAL";
/** Between a key and its value: `=`, `:`, or JSON's `": "`. No blank after `=`: `traceId= spanId=` has no trace id. */
const IS = `(?:["'] ?: ?["']?|=["']?|: ?["']?)`;
/** A value of `key=value`: no blank, and no punctuation at its end. */
const WORD = "[A-Za-z0-9](?:[A-Za-z0-9_.:/+-]{0,126}[A-Za-z0-9])?";

/** Dates as Spring Boot 2 to 4, plain Logback and OpenTelemetry's Java agent write them, with or without a bracket; a bare time; JSON of Boot's structured logging. */
export const FIRST_LINE = String.raw`^\[?(?:(?:otel\.javaagent )?\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}|\d{2}:\d{2}:\d{2}[.,]\d{3}\b|\{"@timestamp")`;

/** Brackets as `[application,trace,span]` (application and its comma optional) and `[trace-span]`; a trace id has 32 hex digits, or 16 with B3. */
const BRACKETS = { trace: "[0-9a-fA-F]{32}|[0-9a-fA-F]{16}", span: "[0-9a-fA-F]{16}" };

const DEFAULTS: Record<keyof Omit<LogPatterns, "firstLine">, ParsedField> = {
    level: { name: "level", expressions: [String.raw`^[^\n]*?\b(${LEVELS})\b`] },
    traceId: {
        name: "trace_id",
        // The bracket is what tracing wrote: it wins over an id that was made by hand.
        expressions: [`(?i)\\btrace[_.-]?id${IS}([0-9a-f]{32})\\b`, String.raw`^[^\n]*?\[(?:[^\[\],\n]*,)?\s*(${BRACKETS.trace})[,-]`],
    },
    requestId: { name: "request_id", expressions: [`(?i)\\btrace[_.-]?id=["']?(${WORD})`] },
    spanId: {
        name: "span_id",
        expressions: [`(?i)\\bspan[_.-]?id${IS}(${WORD})`, String.raw`^[^\n]*?\[(?:[^\[\],\n]*,)?\s*(?:${BRACKETS.trace})[,-]\s*(${BRACKETS.span})\b`],
    },
    // `1.5s` and `7µs` are no numbers of milliseconds: what follows the digits must be `ms` or end the word.
    elapsedMs: {
        name: "elapsed_ms",
        expressions: [String.raw`(?i)\b(?:elapsed|duration|took)(?:[_-]?(?:time)?[_-]?(?:ms|millis)?)${IS}(\d+(?:\.\d+)?)\s?(?:ms\b|\.?(?:[\s,;:|&)\]}"']|$))`],
    },
    logger: {
        name: "logger",
        expressions: [
            String.raw`^[^\n]*?\[[^\]\n]*\] +(?:${LEVELS}) +([A-Za-z_$][\w.$\[\]/-]*) +- `,
            String.raw`^[^\n]*? --- (?:\[[^\]\n]*\] *)+([A-Za-z_$][\w.$\[\]/-]*) *: `,
        ],
    },
    method: { name: "method", expressions: [`(?:\\b[mM]ethod${IS}|")(GET|HEAD|POST|PUT|PATCH|DELETE|OPTIONS)\\b`] },
    status: { name: "status", expressions: [`(?:\\b[sS]tatus(?:_?[cC]ode)?${IS}|HTTP/\\d(?:\\.\\d)?" )([1-5]\\d{2})\\b`] },
};

/** The fields to parse: the defaults, with the user's patterns in their place. */
export function planFields(patterns: LogPatterns = {}): ParsedField[] {
    return (Object.keys(DEFAULTS) as (keyof typeof DEFAULTS)[]).flatMap((key) => {
        const { name, expressions } = DEFAULTS[key];
        const own = patterns[key];
        const chosen = own === undefined ? expressions : own === "" ? [] : [own];
        return chosen.length === 0 ? [] : [{ name, expressions: chosen.map((expression) => nameGroup(expression, name)) }];
    });
}

/** Secrets and personal data that are common in logs. Card numbers go by their issuers' prefixes, so that epoch milliseconds stay. */
const DEFAULT_REDACTIONS: Record<string, string> = {
    bearer: String.raw`(?i)(?:\bbearer[ \t]+|\bauthorization["']?[ \t]*[=:][ \t]*["']?(?:[a-z]+[ \t]+)?)([\w.~+/-]{8,}=*)`,
    jwt: String.raw`\b(eyJ[\w-]{8,}\.[\w-]+(?:\.[\w-]*)?)`,
    url: String.raw`://[^/\s:@]*:([^/\s@]+)@`,
    password: String.raw`(?i)(?:password|passwd|pwd|secret|token|api[_-]?key)["']?[ \t]*[=:][ \t]*(?:"((?:[^"\\\n]|\\.)*)"|'([^'\n]*)'|([^\s"',;&)}\]]+))`,
    email: String.raw`([A-Za-z0-9._%+-]+@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*\.[A-Za-z]{2,})`,
    card: String.raw`\b((?:4\d{3}|5[1-5]\d{2}|2[2-7]\d{2}|6(?:011|5\d{2})|35\d{2})[ -]?\d{4}[ -]?\d{4}[ -]?\d{4}|3[47]\d{2}[ -]?\d{6}[ -]?\d{5})\b`,
};

/** The redactions in the order in which they run: the default set, then the user's. */
export function planRedactions(own: Record<string, string> = {}, defaults = true): Redaction[] {
    return Object.entries({ ...(defaults ? DEFAULT_REDACTIONS : {}), ...own })
        .filter(([, expression]) => expression !== "")
        .map(([name, expression]) => ({ name, expression: groupStarts(expression).length > 0 ? expression : wrap(expression) }));
}

/** What stands in place of what a redaction caught. */
export function redacted(name: string): string {
    return `[redacted:${name}]`;
}

/** Only groups are replaced, so an expression without one gets one around it; leading flags such as `(?i)` stay in front. */
function wrap(expression: string): string {
    const flags = /^\(\?[a-zA-Z]+\)/.exec(expression)?.[0] ?? "";
    return `${flags}(${expression.slice(flags.length)})`;
}

/** Names the first capturing group, as the agents keep named groups only. */
function nameGroup(expression: string, name: string): string {
    const [start] = groupStarts(expression);
    const rest = expression.slice(start + 1).replace(/^\?P?<[A-Za-z_]\w*>/, "");
    return `${expression.slice(0, start)}(?P<${name}>${rest}`;
}

/** Where capturing groups open: not an escaped bracket, not one within `[…]`, not `(?:`, `(?i)`. */
export function groupStarts(expression: string): number[] {
    const starts: number[] = [];
    let inClass = false;
    for (let i = 0; i < expression.length; i++) {
        const c = expression[i];
        if (c === "\\") i++;
        else if (inClass) inClass = c !== "]";
        else if (c === "[") {
            inClass = true;
            // A bracket that comes first in a class, after an optional ^, is one of its members.
            if (expression[i + 1] === "^") i++;
            if (expression[i + 1] === "]") i++;
        } else if (c === "(" && (expression[i + 1] !== "?" || /^\(\?P?<[A-Za-z_]/.test(expression.slice(i)))) starts.push(i);
    }
    return starts;
}

/**
 * Problems with an RE2 expression, as far as one can see without RE2: it must be an expression at all, have no look-around and no back-reference,
 * which RE2 lacks, and match something other than nothing.
 */
export function validateExpression(path: string, expression: string): Problem[] {
    const lacks = /\(\?<?[=!]/.test(expression) ? "look-ahead and no look-behind" : /(^|[^\\])(\\\\)*\\[1-9]/.test(expression) ? "back-references" : "";
    if (lacks) return [{ path, message: `expected an RE2 expression, which has no ${lacks}, got ${quote(expression)}` }];
    let compiled: RegExp;
    try {
        compiled = new RegExp(toJavaScript(expression));
    } catch (error) {
        return [{ path, message: `expected an RE2 expression: ${(error as Error).message.replace(/^Invalid regular expression: /, "")}` }];
    }
    return compiled.test("") ? [{ path, message: `expected an expression that does not match an empty text, got ${quote(expression)}` }] : [];
}

/** Problems with an expression whose first capturing group is the value. */
export function validateCapture(path: string, expression: string): Problem[] {
    const problems = validateExpression(path, expression);
    if (problems.length > 0 || groupStarts(expression).length > 0) return problems;
    return [{ path, message: `expected a capturing group "(…)" around the value, got ${quote(expression)}` }];
}

/** RE2's spelling of what JavaScript has too, without flags; close enough to find a bracket that is not closed. */
export function toJavaScript(expression: string): string {
    return expression.replace(/\(\?P</g, "(?<").replace(/\(\?[a-zA-Z-]+\)/g, "").replace(/\(\?[a-zA-Z-]+:/g, "(?:");
}
