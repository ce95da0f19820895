/**
 * What work costs, and where each figure is from. Everything that `planNeeds` says of memory, processor and disk comes from these numbers, so a new
 * measurement is put in here and nowhere else.
 */
export interface SignalCost {
    /** MiB that the service takes without work. */
    baseMiB: number;
    /** KiB for each unit of work: a series, a line per second, a span per second. */
    kibPerUnit: number;
    /** Cores that the service takes without work. */
    baseCores: number;
    /** Cores for each thousand samples, lines or spans per second. */
    coresPerThousand: number;
    /** Bytes on disk of each sample, line or span, index included. */
    diskBytes: number;
    /** Where the figures are from; `estimated` where nothing was measured for just this. */
    source: string;
}

/** By signal. Processes on x86 without Grafana; peaks, so with headroom over the mean. */
export const COSTS: Record<string, SignalCost> = {
    metrics: {
        baseMiB: 63, kibPerUnit: 1.5, baseCores: 0.016, coresPerThousand: 0.0044, diskBytes: 1.7,
        source: "peaks of 107 MiB at 30,000 series and 239 at 120,000 on stock settings, with the heap's share of the limit and what spans make that is 270 for 100 hosts, which peaked at 261; 0.035 core at 8,000 samples/s there; as tuned 0.033 at 4,000, the rest of which is rules; bytes: Prometheus' own 1 to 2 a sample, estimated",
    },
    logs: {
        baseMiB: 100, kibPerUnit: 127, baseCores: 0, coresPerThousand: 0.093, diskBytes: 145,
        source: "slope from peaks of 200 MiB at 500 lines/s and 386 at 2,000 on stock settings, base from 348 MiB at 2,000 as tuned; 0.093 core at 1,000 of 100 hosts; 93 bytes a line in chunks after bench:dashboards, 145 with the log of what is not in one yet",
    },
    traces: {
        baseMiB: 131, kibPerUnit: 126, baseCores: 0, coresPerThousand: 0.059, diskBytes: 60,
        source: "base and slope from peaks of 254 MiB at 1,000 spans/s (stock) and 622 at 4,000 (rough tuning); 0.118 core at 2,000 of 100 hosts; 30 bytes a span in blocks after bench:dashboards, doubled as real spans carry more: estimated",
    },
};

/** Series that spans may make, for each MiB of Prometheus' limit: 24,000 on the smallest host, where 100 hosts of 12 kinds of spans make 19,000 (2026-12-01). */
export const SPAN_SERIES_PER_MIB = 75;

/** Cores that the gateway takes for each host, whose agent sends lines and spans every 3 seconds: 0.045 with 100 hosts (2026-12-01, x86, without TLS). */
export const GATEWAY_CORES_PER_HOST = 0.00045;

/** Series of a host beside its application's, as this deployment scrapes them: the machine (305) and its agent (29). */
export const HOST_SERIES = 334;
/** Bytes of a log line and of a span on the way in, with their attributes; estimated from the tests' own traffic. */
export const ARRIVING_BYTES = { line: 400, span: 450 };

/** An EC2 type as far as the plan asks: its memory, and the cores that it sustains without spending credits. */
export interface HostType {
    type: string;
    /** As EC2 sells it. */
    memoryMiB: number;
    cores: number;
    /** Cores times the baseline of its family. */
    sustainedCores: number;
}

/** From small to large. Baselines of `t4g` are 20, 20, 30, 40 and 40 % of each vCPU (docs.aws.amazon.com, burstable performance instances). */
export const HOST_TYPES: HostType[] = [
    { type: "t4g.small", memoryMiB: 2048, cores: 2, sustainedCores: 0.4 },
    { type: "t4g.medium", memoryMiB: 4096, cores: 2, sustainedCores: 0.4 },
    { type: "t4g.large", memoryMiB: 8192, cores: 2, sustainedCores: 0.6 },
    { type: "t4g.xlarge", memoryMiB: 16384, cores: 4, sustainedCores: 1.6 },
    { type: "t4g.2xlarge", memoryMiB: 32768, cores: 8, sustainedCores: 3.2 },
    { type: "m7g.2xlarge", memoryMiB: 32768, cores: 8, sustainedCores: 8 },
    { type: "m7g.4xlarge", memoryMiB: 65536, cores: 16, sustainedCores: 16 },
];
