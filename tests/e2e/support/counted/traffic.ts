import { GrafanaClient } from "../grafana";
import { eventually } from "../../../support/wait";
import { World } from "../world";
import { complete, Count } from "./count";
import { CountedStream, Mark } from "./stream";

/** What a count has found: duplicates of lines, and spans that are missing where some may be. */
export interface Found {
    duplicates: number;
    lines: number;
    spans: number;
    /** Seconds at which the agent had accepted spans that are not there. */
    missing: number[];
}

/** As long as nothing more came, the agents' longest pause between two attempts (22.5 s) is over. */
const SETTLED_SECONDS = 25;

/** Between two counts. Each is a search of everything: no oftener than a person would. */
const PAUSE_MS = { lines: 2000, spans: 4000 };

/** Numbered lines and spans from a host with systemd, whose agent reads a file, and from one whose agent reads a container's output. */
export class CountedTraffic {
    /** What a test has found to be lost, whether that may be or not; not counted again, so that each test tells its own losses. */
    private readonly givenUp = { lines: new Map<CountedStream, Set<number>>(), spans: new Map<CountedStream, Set<number>>() };

    private constructor(readonly file: CountedStream, readonly container: CountedStream) {}

    static async start({ hosts: { prod, dev } }: World, linesPerSecond = 10): Promise<CountedTraffic> {
        const file = await CountedStream.start({ host: prod, file: "/var/log/was/counted.log", linesPerSecond, otlp: "http://127.0.0.1:4318" });
        const pid = await dev.must("docker inspect --format '{{.State.Pid}}' was");
        return new CountedTraffic(file, await CountedStream.start({ host: dev, file: `/proc/${pid}/fd/1`, linesPerSecond, otlp: "http://172.17.0.1:4318" }));
    }

    get streams(): CountedStream[] {
        return [this.file, this.container];
    }

    /**
     * Waits until everything that was sent up to now is there.
     *
     * @param seconds how long to wait for it at most
     * @throws Error that says what is not there; it is not counted again
     */
    async allThere(grafana: GrafanaClient, seconds = 90): Promise<Found> {
        return this.there(grafana, seconds, false);
    }

    /** The same, but spans may be missing: gives those that still are when none has come for a while. They are not counted from then on. */
    async allButSpans(grafana: GrafanaClient, seconds = 90): Promise<Found> {
        return this.there(grafana, seconds, true);
    }

    private async there(grafana: GrafanaClient, seconds: number, spansMayMiss: boolean): Promise<Found> {
        const found: Found = { duplicates: 0, lines: 0, spans: 0, missing: [] };
        for (const stream of this.streams) {
            const mark = await stream.mark();
            const lines = await this.counted("lines", stream, seconds, () => stream.lines(grafana, mark));
            let fewest = { lost: Infinity, since: Date.now() };
            const { sent, lost } = await this.counted("spans", stream, seconds, () => stream.spans(grafana, mark), (count) => {
                if (count.lost.length < fewest.lost) fewest = { lost: count.lost.length, since: Date.now() };
                return spansMayMiss && Date.now() - fewest.since > SETTLED_SECONDS * 1000;
            });
            found.duplicates += lines.duplicated;
            found.lines += lines.sent;
            found.spans += sent;
            found.missing.push(...timesOf(mark, lost));
        }
        return found;
    }

    /** Counts until nothing is lost that was not given up before, or what is may be. */
    private async counted(kind: "lines" | "spans", stream: CountedStream, seconds: number, count: () => Promise<Count>, mayMiss: (count: Count) => boolean = () => false): Promise<Count> {
        const givenUp = this.givenUp[kind].get(stream) ?? new Set();
        this.givenUp[kind].set(stream, givenUp);
        let last: Count | undefined;
        try {
            return await eventually(`all ${kind}`, seconds, async () => {
                const now = await count();
                last = { ...now, lost: now.lost.filter((number) => !givenUp.has(number)) };
                return mayMiss(last) ? last : complete(last);
            }, PAUSE_MS[kind]);
        } finally {
            for (const number of last?.lost ?? []) givenUp.add(number);
        }
    }

    async stop(): Promise<void> {
        await Promise.all(this.streams.map((stream) => stream.stop()));
    }

    async remove(): Promise<void> {
        for (const stream of this.streams) await stream.remove();
    }
}

function timesOf({ accepted }: Mark, lost: number[]): number[] {
    const numbers = new Set(lost);
    return accepted.filter(({ number }) => numbers.has(number)).map(({ at }) => at);
}
