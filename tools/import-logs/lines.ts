import { planFields, planRedactions, redacted, toJavaScript } from "../../components/log-agent/patterns";

/** A stream as a Loki's query gives it: labels, and entries with a time in nanoseconds. */
export interface OldStream {
    stream: Record<string, string>;
    values: [string, string][];
}

/** One line, with the labels of its stream. */
export interface OldLine {
    nanoseconds: bigint;
    text: string;
    labels: Record<string, string>;
}

/** What a line becomes: labels of its stream, and what else is known of it. */
export interface NewLine {
    nanoseconds: bigint;
    text: string;
    stream: Record<string, string>;
    metadata: Record<string, string>;
}

/** How labels of before become the vocabulary's. */
export interface Mapping {
    environment: string;
    application: string;
    /** The label that tells hosts apart. */
    hostLabel: string;
    /** Names of hosts by what that label says. */
    hosts: Record<string, string>;
}

/** Lines of all streams of one answer, the oldest first. */
export function inOrder(streams: OldStream[]): OldLine[] {
    return streams.flatMap(({ stream: labels, values }) => values.map(([time, text]) => ({ nanoseconds: BigInt(time), text, labels })))
        .sort((a, b) => (a.nanoseconds < b.nanoseconds ? -1 : a.nanoseconds > b.nanoseconds ? 1 : 0));
}

/**
 * The line as our agents would have sent it: without what they redact, with the fields that they read. Its stream is one of its own (`source="import"`), as Loki refuses what is a
 * day older than the newest line of its stream. Other labels of before are kept as structured metadata.
 */
export function renew({ nanoseconds, text, labels }: OldLine, { environment, application, hostLabel, hosts }: Mapping): NewLine {
    const { [hostLabel]: host, ...others } = labels;
    const clean = REDACTIONS.reduce((line, { name, expression }) => redact(line, expression, redacted(name)), text);
    const fields = FIELDS.flatMap(({ name, expressions }) => expressions.flatMap((expression) => {
        const found = expression.exec(clean)?.groups?.[name];
        return found ? [[name, found]] : [];
    }));
    return { nanoseconds, text: clean, stream: { environment, application, instance: hosts[host], source: "import" }, metadata: { ...others, ...Object.fromEntries(fields) as Record<string, string> } };
}

/** What is missing to name each stream's host: one sentence for each. */
export function findProblems(streams: Record<string, string>[], { hostLabel, hosts }: Mapping): string[] {
    const without = streams.filter((labels) => labels[hostLabel] === undefined);
    const unknown = [...new Set(streams.map((labels) => labels[hostLabel]))].filter((host) => host !== undefined && hosts[host] === undefined);
    return [
        ...without.slice(0, 1).map((labels) => `the stream ${describeLabels(labels)} has no label "${hostLabel}": name the one that tells its host with --host-label, or leave such streams out with --query`),
        ...unknown.map((host) => `what is "${host}" called now? --host '${host}=NAME', the name that the host has or would have under \`was\``),
    ];
}

const FIELDS = planFields().map(({ name, expressions }) => ({ name, expressions: expressions.map((expression) => compile(expression)) }));
const REDACTIONS = planRedactions().map(({ name, expression }) => ({ name, expression: compile(expression, "dg") }));

/** With the flags that stand before it. The default expressions use nothing that RE2 and JavaScript mean differently beside these. */
function compile(expression: string, flags = ""): RegExp {
    return new RegExp(toJavaScript(expression), flags + (/^\(\?([a-z]+)\)/.exec(expression)?.[1] ?? ""));
}

/** What the groups caught is replaced, and nothing else. */
function redact(line: string, expression: RegExp, replacement: string): string {
    let [rest, done] = ["", 0];
    for (const match of line.matchAll(expression)) {
        for (const range of (match.indices ?? []).slice(1)) {
            if (!range || range[0] < done) continue;
            rest += line.slice(done, range[0]) + replacement;
            done = range[1];
        }
    }
    return rest + line.slice(done);
}

/** `{job="was-log", filename="/var/log/was.log"}` */
function describeLabels(labels: Record<string, string>): string {
    return `{${Object.entries(labels).map(([name, value]) => `${name}="${value}"`).join(", ")}}`;
}

/** Bytes of one request, as it unpacks: agents send 1 MiB, and Loki takes 4. */
const BATCH_BYTES = 1 << 20;

/** Lines in the order that they have, cut into what fits one request each; a line that alone is more has one for itself. */
export function inBatches(lines: NewLine[]): NewLine[][] {
    const batches: NewLine[][] = [];
    let size = Infinity;
    for (const line of lines) {
        const more = Buffer.byteLength(JSON.stringify([line.text, line.metadata]));
        size += more;
        if (size > BATCH_BYTES) {
            batches.push([]);
            size = more;
        }
        batches[batches.length - 1].push(line);
    }
    return batches;
}

/** The body of one request to Loki. */
export function pushBody(lines: NewLine[]): string {
    const streams = new Map<string, { stream: Record<string, string>; values: [string, string, Record<string, string>][] }>();
    for (const { nanoseconds, text, stream, metadata } of lines) {
        const key = JSON.stringify(stream);
        const entry = streams.get(key) ?? { stream, values: [] };
        entry.values.push([String(nanoseconds), text, metadata]);
        streams.set(key, entry);
    }
    return JSON.stringify({ streams: [...streams.values()] });
}
