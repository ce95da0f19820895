import { randomBytes } from "node:crypto";
import * as path from "node:path";
import { GrafanaClient } from "../grafana";
import { Host } from "../hosts";
import { eventually } from "../../../support/wait";
import { allOf, complete, Count, countOf } from "./count";

/** What a stream of numbered lines and spans is made of. */
export interface StreamOptions {
    host: Host;
    /** Its label. @default the host's name */
    instance?: string;
    /** Where the lines go: a file that the host's agent reads, or the standard output of a process. */
    file: string;
    /** @default 10 */
    linesPerSecond?: number;
    /** @default 5 */
    spansPerSecond?: number;
    /** The agent's receiver. Absent: no spans. */
    otlp?: string;
}

/** How far a stream was at a time. */
export interface Mark {
    lines: number;
    /** Spans that the agent had accepted, each with the time in seconds. */
    accepted: { number: number; at: number }[];
}

const PROGRAM = "/usr/local/lib/counted-sender.py";
/** Loki gives so many at once at most. */
const LINES = 5000;
/** Spans that are asked for at once. */
const SPANS = 1000;
const MILLISECOND = 1_000_000n;

/** Whether a number was written, or accepted, after a mark. */
function after(kind: "lines" | "spans", { lines, accepted }: Mark): (number: number) => boolean {
    const last = accepted.at(-1)?.number ?? -1;
    return (number) => (kind === "lines" ? number >= lines : number > last);
}

/** Numbered lines and spans, sent by a host without a break, and counted at the other end. */
export class CountedStream {
    private constructor(readonly run: string, private readonly options: StreamOptions, private readonly pid: string, private readonly begun: number) {}

    static async start(options: StreamOptions): Promise<CountedStream> {
        const { host, file, linesPerSecond = 10, spansPerSecond = 5, otlp = "" } = options;
        const run = randomBytes(8).toString("hex");
        await host.copyTo(path.join(__dirname, "sender.py"), PROGRAM);
        const pid = await host.must(`setsid python3 ${PROGRAM} ${run} /root/counted-${run} ${linesPerSecond} ${spansPerSecond} ${file} ${otlp} >/root/counted-${run}.log 2>&1 </dev/null & echo $!`);
        return new CountedStream(run, options, pid.trim(), Date.now());
    }

    /** Ends it, and waits until it has. */
    async stop(): Promise<void> {
        await this.options.host.must(`kill ${this.pid}; while kill -0 ${this.pid} 2>/dev/null; do sleep 0.1; done`);
    }

    /** Rotates the file as the application's logger does: renamed, and made anew at once. */
    async rotate(): Promise<void> {
        await this.options.host.must(`kill -USR1 ${this.pid}`);
    }

    /** How far it is by now. */
    async mark(): Promise<Mark> {
        const text = await this.options.host.must(`cd /root/counted-${this.run} && cat lines && echo && cat accepted`);
        const [lines, ...accepted] = text.split("\n").filter(Boolean);
        return { lines: Number(lines), accepted: accepted.map((line) => line.split(" ").map(Number)).map(([number, at]) => ({ number, at })) };
    }

    /** Lines that were written up to a mark, held against those that Loki has. */
    async lines(grafana: GrafanaClient, { lines }: Mark): Promise<Count> {
        const query = `{instance="${this.options.instance ?? this.options.host.name}"} |= \`run=${this.run} \` | keep instance`;
        const [from, to] = [BigInt(this.begun - 5000) * MILLISECOND, BigInt(Date.now() + 5000) * MILLISECOND];
        const found = await allOf(from, to, LINES, (start, end) => grafana.logs(query, "loki", LINES, { start, end }));
        // A stack trace that another thread was writing may have gone on after it: it is then part of the entry.
        return countOf(Array.from({ length: lines }, (_, number) => number), found.map(({ text }) => Number(/ n=(\d+)\.$/m.exec(text)?.[1])));
    }

    /** Spans that the agent had accepted up to a mark, held against those that Tempo has. Tempo joins what it has twice. */
    async spans(grafana: GrafanaClient, { accepted }: Mark): Promise<Count> {
        const numbers = accepted.map(({ number }) => number);
        const found: number[] = [];
        for (let from = 0; from <= (numbers.at(-1) ?? -1); from += SPANS) {
            const query = `{ span.run = "${this.run}" && span.n >= ${from} && span.n < ${from + SPANS} }`;
            const ids = await grafana.searchTraces(query, "tempo", { start: Math.floor(this.begun / 1000) - 60, limit: SPANS });
            found.push(...ids.map((id) => Number(`0x${id.slice(16)}`)));
        }
        return countOf(numbers, found);
    }

    /**
     * Waits until everything up to a mark is there; of after another one only, where that is given.
     *
     * @throws Error that says what is not there after that time
     */
    async allThere(grafana: GrafanaClient, mark: Mark, seconds: number, from: Mark = { lines: 0, accepted: [] }): Promise<Record<"lines" | "spans", Count>> {
        const all = (kind: "lines" | "spans") => eventually(`all ${kind}`, seconds, async () => {
            const count = await this[kind](grafana, mark);
            return complete({ ...count, lost: count.lost.filter(after(kind, from)) });
        });
        return { lines: await all("lines"), spans: await all("spans") };
    }

    /** What of after a mark and up to another is in none of these: while an agent changes over, each line and span goes to one of them. */
    async inNone(grafanas: GrafanaClient[], from: Mark, to: Mark): Promise<Record<"lines" | "spans", number[]>> {
        const ofKind = async (kind: "lines" | "spans") => {
            const lost = await Promise.all(grafanas.map(async (grafana) => (await this[kind](grafana, to)).lost));
            return lost[0].filter((number) => lost.every((each) => each.includes(number))).filter(after(kind, from));
        };
        return { lines: await ofKind("lines"), spans: await ofKind("spans") };
    }

    /** Takes away what it has left on the host. */
    async remove(): Promise<void> {
        await this.options.host.must(`rm -rf /root/counted-${this.run}* ${this.options.file.startsWith("/proc/") ? "" : `${this.options.file}*`}`);
    }
}
