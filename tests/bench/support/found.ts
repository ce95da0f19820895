import { eventually, sleep } from "../../support/wait";
import { Side } from "./sides";
import { SimulatedHost } from "./simulated-hosts";

async function json<T>(url: string, headers: Record<string, string>): Promise<T> {
    const answer = await fetch(url, { headers });
    const text = await answer.text();
    if (!answer.ok) throw new Error(`${url}: ${answer.status} ${text.slice(0, 300)}`);
    return JSON.parse(text) as T;
}

interface Vector { data: { result: { value: [number, string] }[] } }

/** Seconds that are counted by one query. What a run of 200 hosts or a flood left is more than a backend has memory for at once. */
const SLICE = 60;

/** Lines of an environment; those of a flood left out. */
export async function countLines(side: Side, environment: string, sinceSeconds: number): Promise<number> {
    const now = Math.ceil(Date.now() / 1000) + 1;
    const application = side.environmentLabel === "environment" ? "application" : "service_name";
    let sum = 0;
    for (let from = sinceSeconds; from < now; from += SLICE) {
        const to = Math.min(now, from + SLICE);
        const query = `sum(count_over_time({${side.environmentLabel}="${environment}",${application}!="flood"}[${to - from}s]))`;
        const { data } = await json<Vector>(`${side.loki}/loki/api/v1/query?${new URLSearchParams({ query, time: `${to}000000000` })}`, side.reading);
        sum += Number(data.result[0]?.value[1] ?? 0);
    }
    return sum;
}

/**
 * Spans of an environment, as TraceQL metrics count them.
 *
 * A block that ends in the very second in which a query's time begins is left out of it by Tempo 3.0 (a span of 12.2 s is not counted from 12 s on; from 11 s on it is). So each is asked from a
 * second earlier, less what is in that second: of a block that is left out of both nothing is later.
 */
export async function countSpans(side: Side, environment: string, sinceSeconds: number): Promise<number> {
    const now = Math.ceil(Date.now() / 1000) + 10;
    let sum = 0;
    for (let from = sinceSeconds; from < now; from += SLICE) {
        sum += await countSpansBetween(side, environment, from - 1, Math.min(now, from + SLICE)) - await countSpansBetween(side, environment, from - 1, from);
    }
    return sum;
}

/** The same, by one query for all of the time. */
export async function countSpansBetween(side: Side, environment: string, start: number, end: number): Promise<number> {
    const q = `{ resource.deployment.environment.name = "${environment}" && resource.service.name != "flood" } | count_over_time()`;
    const { series = [] } = await json<{ series?: { value?: number }[] }>(`${side.tempo}/api/metrics/query?${new URLSearchParams({ q, start: String(start), end: String(end) })}`, side.reading);
    return series.reduce((total, { value = 0 }) => total + value, 0);
}

/** Samples of each host's application, one host after the other: all at once would be more than one query may read. */
export async function countSamples(side: Side, hosts: SimulatedHost[], sinceSeconds: number): Promise<number> {
    const now = Math.ceil(Date.now() / 1000) + 1;
    let sum = 0;
    for (const { environment, instance } of hosts) {
        for (let from = sinceSeconds; from < now; from += SLICE) {
            const to = Math.min(now, from + SLICE);
            // What Prometheus adds of its own is none of the host's.
            const query = `{environment="${environment}",instance="${instance}",job="was",__name__!~"up|scrape_.*|.*:.*|ALERTS.*"}[${to - from}s]`;
            const { data } = await json<{ data: { result: { values: unknown[] }[] } }>(`${side.prometheus}/api/v1/query?${new URLSearchParams({ query, time: String(to) })}`, {});
            sum += data.result.reduce((total, { values }) => total + values.length, 0);
        }
    }
    return sum;
}

/** Asks until at least so many are found; then, or after that time, the last answer; NaN where there was none. */
export async function settled(wanted: number, seconds: number, ask: () => Promise<number>): Promise<number> {
    let last = NaN;
    await eventually("all is found", seconds, async () => {
        last = await ask();
        if (last < wanted) await sleep(3000);
        return last >= wanted;
    }).catch((error: Error) => { if (Number.isNaN(last)) process.stdout.write(`${error.message}\n`); });
    return last;
}
