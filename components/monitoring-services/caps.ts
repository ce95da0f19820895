import { planBudget, SMALL_HOST_CORES, SMALL_HOST_MIB } from "./budget";
import { COSTS, SPAN_SERIES_PER_MIB } from "./capacity-model";

/** Bounds inside the services that follow from their memory: one query, one replay or one block cannot take all of it. */
export interface Caps {
    prometheusMaxSamples: number;
    prometheusConcurrency: number;
    lokiReplayMiB: number;
    lokiConcurrency: number;
    lokiParallelism: number;
    lokiCacheMiB: number;
    tempoLiveTracesMiB: number;
    tempoBlockMiB: number;
    tempoMergedBlocks: number;
    tempoMergedMiB: number;
    tempoConcurrency: number;
    tempoQueryJobs: number;
    grafanaResponseMiB: number;
}

/** What all environments may bring together; each has its share of it. */
export interface Capacity {
    series: number;
    logRateMiB: number;
    traceRateMiB: number;
    logStreams: number;
    spanMetricSeries: number;
}

/** The caps on a host of this size. */
export function planCaps(memoryMiB: number = SMALL_HOST_MIB): Caps {
    const { prometheus, loki, tempo, grafana } = planBudget(memoryMiB);
    const small = loki.limitMiB < 600;
    const smallTempo = tempo.limitMiB < 700;
    return {
        prometheusMaxSamples: prometheus.limitMiB * 15000,
        prometheusConcurrency: 8,
        lokiReplayMiB: Math.floor(loki.limitMiB * 0.4),
        lokiConcurrency: small ? 2 : 4,
        lokiParallelism: small ? 4 : 16,
        lokiCacheMiB: Math.floor(loki.limitMiB * 0.05),
        tempoLiveTracesMiB: Math.max(4, Math.floor(tempo.limitMiB * 0.015)),
        tempoBlockMiB: Math.floor(tempo.limitMiB * 0.04),
        tempoMergedBlocks: smallTempo ? 2 : 4,
        tempoMergedMiB: Math.floor(tempo.limitMiB * 0.02),
        tempoConcurrency: smallTempo ? 1 : 2,
        tempoQueryJobs: smallTempo ? 20 : 100,
        grafanaResponseMiB: Math.floor(grafana.limitMiB / 8),
    };
}

/** The caps as a table: what, how much, why. */
export function explainCaps(memoryMiB: number = SMALL_HOST_MIB): [string, string, string][] {
    const caps = planCaps(memoryMiB);
    return [
        ["prometheus: samples of a query", `${caps.prometheusMaxSamples}`, "16 bytes each and their labels: a query that would take half of the memory gives up"],
        ["prometheus: queries at once", `${caps.prometheusConcurrency}`, "a dashboard asks six at a time"],
        ["loki: replay after a restart", `${caps.lokiReplayMiB} MiB`, "beyond it the replay writes chunks as it reads"],
        ["loki: queries at once, parts of one", `${caps.lokiConcurrency}, ${caps.lokiParallelism}`, "each part holds the chunks that it reads"],
        ["loki: results cache", `${caps.lokiCacheMiB} MiB`, "chunks are cached by the kernel, outside of the limit"],
        ["tempo: live traces, each environment", `${caps.tempoLiveTracesMiB} MiB`, "what is not yet in the log; beyond it requests wait, and nothing is refused"],
        ["tempo: block when it is completed", `${caps.tempoBlockMiB} MiB`, "completing one is Tempo's peak"],
        ["tempo: blocks merged at once", `${caps.tempoMergedBlocks}, ${caps.tempoMergedMiB} MiB together`, "each takes 23 MiB for the row that is read from it, and they are in memory nearly whole"],
        ["tempo: parts of queries at once, of one that wait", `${caps.tempoConcurrency}, ${caps.tempoQueryJobs}`, "each part reads blocks, or what is not in one yet"],
        ["grafana: answer of a data source", `${caps.grafanaResponseMiB} MiB`, "Grafana holds an answer whole; it has no cache of answers in this edition"],
    ];
}

/** What a host of this size takes in from all environments together. Rates go by cores, that of spans by Tempo's memory too, the rest by the memory of the service that holds it. */
export function planCapacity(memoryMiB: number = SMALL_HOST_MIB, cores: number = SMALL_HOST_CORES): Capacity {
    const [budget, small] = [planBudget(memoryMiB), planBudget(SMALL_HOST_MIB)];
    const grown = (service: string) => budget[service].limitMiB / small[service].limitMiB;
    const { baseMiB, kibPerUnit } = COSTS.metrics;
    const spanMetricSeries = Math.floor(SPAN_SERIES_PER_MIB * budget.prometheus.limitMiB);
    return {
        // Those of span metrics are there too. With 120,000 and all of these one query left Prometheus no memory for its own program's pages: it read them from the disk again
        // and again, and answered nobody any more, without being killed (200 hosts, 2026-12-01).
        series: Math.floor(((budget.prometheus.goMemLimitMiB - baseMiB) * 1024) / kibPerUnit) - spanMetricSeries,
        // 200 hosts with 10 lines of 400 bytes a second each bring 0.8 MiB/s. What one environment may flood with is what the others' queries do not get (docs/capacity.md).
        logRateMiB: 2 * cores,
        // 100 hosts with 20 spans of 450 bytes a second each bring 0.9 MiB/s. With 8 Tempo was killed within its 400 MiB.
        traceRateMiB: 0.75 * cores * Math.min(4, Math.max(1, grown("tempo"))),
        logStreams: Math.floor(6000 * grown("loki")),
        spanMetricSeries,
    };
}
