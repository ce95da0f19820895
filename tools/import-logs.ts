/**
 * `npm run import-logs -- --stack prod --environment dev --from http://OLD-HOST:3100 --query '{job="was-log"}' --application photogather --host 'dev-was-1-old=dev-was-1'`: brings the last week's
 * lines of a hand-made Loki into the shared one (docs/migrating.md). The old one is only read.
 */
import { parseArgs } from "node:util";
import { Connection, validateConnection } from "../components/connection";
import { validateEnvironment, validateName } from "../components/names";
import { failOn } from "../components/problems";
import { requireStack, runTool, stackOutputs } from "./cli";
import { findProblems, Mapping, renew } from "./import-logs/lines";
import { describeTime, findStreams, Period, push, readPages } from "./import-logs/loki";

/** The shared Loki refuses what is older than a week; an hour less, for the time that the import itself takes. */
const REACH_HOURS = 7 * 24 - 1;
const HOUR_MS = 3_600_000;
const USAGE = "npm run import-logs -- --stack OWNER --environment NAME --from URL --query '{…}' --application NAME --host 'OLD=NEW' [--host …] [--host-label instance] [--tenant ID] [--after TIME] [--before TIME]";

runTool(async () => {
    const { values } = parseArgs({ options: {
        stack: { type: "string" }, environment: { type: "string", default: "" }, from: { type: "string", default: "" }, query: { type: "string", default: "" }, application: { type: "string", default: "" },
        host: { type: "string", multiple: true, default: [] }, "host-label": { type: "string", default: "instance" }, tenant: { type: "string" }, after: { type: "string" }, before: { type: "string" },
    } });
    const { environment, from, query, application, tenant } = values;
    const stack = requireStack(values.stack, "import-logs");
    if (!/^https?:\/\//.test(from) || !query.startsWith("{")) throw new Error(`expected the old Loki's address, and which of its streams: ${USAGE}`);
    failOn("import-logs", [...validateEnvironment("--environment", environment), ...validateName("--application", application)]);
    const loki = { url: from.replace(/\/+$/, ""), tenant };
    const period = planPeriod(values.after, values.before);
    const mapping: Mapping = { environment, application, hostLabel: values["host-label"], hosts: parseHosts(values.host) };
    const streams = await findStreams(loki, query, period);
    if (streams.length === 0) throw new Error(`${loki.url} has no stream ${query} from ${describeTime(period.from)} to ${describeTime(period.to)}`);
    requireHosts(streams, mapping);
    const { gateway } = readConnection(stack, environment);
    let count = 0;
    let reached = period.from;
    try {
        for await (const page of readPages(loki, query, period)) {
            if (page.length === 0) continue;
            // A Loki's list of streams may lack what it has been given just now.
            requireHosts(page.map(({ labels }) => labels), mapping);
            await push(gateway, page.map((line) => renew(line, mapping)));
            count += page.length;
            reached = page[page.length - 1].nanoseconds + 1n;
            console.log(`${count} lines, up to ${describeTime(reached)}`);
        }
    } catch (error) {
        throw new Error(`${(error as Error).message}\n  ${count} lines are there; go on with --after ${describeTime(reached)}`, { cause: error });
    }
    console.log(`${count} lines of ${streams.length} streams are in the shared Loki, with source="import". The old one has them too.`);
});

function requireHosts(streams: Record<string, string>[], mapping: Mapping): void {
    const problems = findProblems(streams, mapping);
    if (problems.length > 0) throw new Error(problems.join("\n  "));
}

/** @throws Error in one sentence where the stack is no owner, or has no such environment */
function readConnection(stack: string, environment: string): Connection {
    const output = stackOutputs(stack)[`connection_${environment}`];
    if (output === undefined) throw new Error(`stack ${stack} has no output connection_${environment}: --stack names the owner, and --environment one of its environments`);
    failOn(`connection_${environment}`, validateConnection(output, environment));
    return output as Connection;
}

function parseHosts(given: string[]): Record<string, string> {
    const pairs = given.map((each): [string, string] => {
        const at = each.lastIndexOf("=");
        if (at < 1) throw new Error(`--host: expected 'OLD=NEW', got "${each}"`);
        return [each.slice(0, at), each.slice(at + 1)];
    });
    failOn("--host", pairs.flatMap(([old, name]) => validateName(old, name)));
    return Object.fromEntries(pairs);
}

function planPeriod(after: string | undefined, before: string | undefined): Period {
    const period = { from: after ? parseTime("--after", after) : BigInt(Date.now() - REACH_HOURS * HOUR_MS) * 1_000_000n, to: before ? parseTime("--before", before) : BigInt(Date.now()) * 1_000_000n };
    if (period.from >= period.to) throw new Error(`--after ${describeTime(period.from)} is not before ${describeTime(period.to)}`);
    return period;
}

/** RFC 3339 with up to nine digits of a second, in UTC. */
function parseTime(option: string, text: string): bigint {
    const [, whole, fraction = ""] = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?Z$/.exec(text) ?? [];
    const milliseconds = whole ? Date.parse(`${whole}Z`) : NaN;
    if (Number.isNaN(milliseconds)) throw new Error(`${option}: expected a time in UTC such as 2026-11-23T00:00:00Z, got "${text}"`);
    return BigInt(milliseconds) * 1_000_000n + BigInt(fraction.padEnd(9, "0"));
}
