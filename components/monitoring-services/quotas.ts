import { HOST_SERIES } from "./capacity-model";
import { planCapacity } from "./caps";
import { quote } from "../names";
import { Problem } from "../problems";
import { EnvironmentArgs } from "./args";
import { durationHours, validateDuration } from "./retention";

/** What one environment may use, every value set. */
export interface Quota {
    /** Of what the host can take, from 0 to 1. */
    share: number;
    /** Series that its targets may have together; alerts and the defaults of the two below go by it. */
    series: number;
    maxTargets: number;
    samplesPerTarget: number;
    logRateMiB: number;
    logBurstMiB: number;
    traceRateMiB: number;
    traceBurstMiB: number;
    maxLogStreams: number;
    maxSpanMetricSeries: number;
    /** Longest time range of one query of its logs or traces; "" for what holds for all. */
    maxQueryRange: string;
}

/** The host that the quotas are parts of. */
export interface QuotaHost {
    memoryMiB?: number;
    cores?: number;
}

/** MiB per second, of lines and of spans. */
export interface Rates {
    logs: number;
    traces: number;
}

/** What of an environment decides about its quota. */
export type QuotaArgs = Pick<EnvironmentArgs, "severity" | "share" | "maxTargets" | "samplesPerTarget" | "logRateMiB" | "logBurstMiB" | "traceRateMiB" | "traceBurstMiB"
    | "maxLogStreams" | "maxSpanMetricSeries" | "maxQueryRange" | "allowedMetrics">;

/** Who is paged for comes first: 60, 25 and 15 of 100 where there is one of each. */
const WEIGHTS: Record<string, number> = { page: 60, notify: 25, none: 15 };
/** Series of one target on average: a host has its application (600), the machine and its agent. */
const SERIES_PER_TARGET = Math.round((600 + HOST_SERIES) / 3);
/** One target may have a tenth of its environment's series, within these bounds: a Spring Boot server has about 600. */
const SAMPLES = { least: 1500, most: 5000 };
/** Agents that drain their buffer send up to 16 MiB at once. */
const BURST_MIB = 16;
/** Of spans. Tempo holds them as they come; a request may have 4. */
const TRACE_BURST_MIB = 4;
/** Fewer would refuse an environment of a few hosts. */
const LEAST = { targets: 30, streams: 200, spanMetricSeries: 1000 };

/** Every environment's quota: its share of the host, or the number that was given. */
export function planQuotas(environments: Record<string, QuotaArgs>, { memoryMiB, cores }: QuotaHost = {}): Record<string, Quota> {
    const capacity = planCapacity(memoryMiB, cores);
    const shares = planShares(environments);
    return Object.fromEntries(
        Object.entries(environments).map(([name, given]) => {
            const share = shares[name];
            const part = (whole: number, least: number) => Math.max(least, Math.floor(whole * share));
            const rate = (whole: number) => Math.round(whole * share * 100) / 100;
            const series = Math.floor(capacity.series * share);
            const logRateMiB = given.logRateMiB ?? rate(capacity.logRateMiB);
            const traceRateMiB = given.traceRateMiB ?? rate(capacity.traceRateMiB);
            return [name, {
                share, series, logRateMiB, traceRateMiB,
                maxTargets: given.maxTargets ?? Math.max(LEAST.targets, Math.floor(series / SERIES_PER_TARGET)),
                samplesPerTarget: given.samplesPerTarget ?? Math.min(SAMPLES.most, Math.max(SAMPLES.least, Math.floor(series / 10))),
                logBurstMiB: given.logBurstMiB ?? round(2 * logRateMiB + BURST_MIB),
                traceBurstMiB: given.traceBurstMiB ?? round(2 * traceRateMiB + TRACE_BURST_MIB),
                maxLogStreams: given.maxLogStreams ?? part(capacity.logStreams, LEAST.streams),
                maxSpanMetricSeries: given.maxSpanMetricSeries ?? part(capacity.spanMetricSeries, LEAST.spanMetricSeries),
                maxQueryRange: given.maxQueryRange ?? "",
            }];
        }),
    );
}

function round(value: number): number {
    return Math.round(value * 100) / 100;
}

/** Each environment's share, from 0 to 1. What the given ones leave is split by how much each matters. */
export function planShares(environments: Record<string, QuotaArgs>): Record<string, number> {
    const entries = Object.entries(environments);
    const given = entries.reduce((sum, [, { share }]) => sum + (share ?? 0), 0);
    const weight = (environment: QuotaArgs) => (environment.share === undefined ? WEIGHTS[environment.severity ?? "notify"] ?? WEIGHTS.notify : 0);
    const weights = entries.reduce((sum, [, environment]) => sum + weight(environment), 0);
    return Object.fromEntries(entries.map(([name, environment]) => [name, (environment.share ?? ((100 - given) * weight(environment)) / weights) / 100]));
}

/** MiB per second that all environments may send together. */
export function ratesOfAll(quotas: Record<string, Quota>): Rates {
    const sum = (value: (quota: Quota) => number) => round(Object.values(quotas).reduce((total, quota) => total + value(quota), 0));
    return { logs: sum(({ logRateMiB }) => logRateMiB), traces: sum(({ traceRateMiB }) => traceRateMiB) };
}

/** The quotas from the smallest share to the largest; the names decide between equal ones, so that the order is always the same. */
export function bySharesUpward(quotas: Record<string, Quota>): string[] {
    return Object.keys(quotas).sort((a, b) => quotas[a].share - quotas[b].share || (a < b ? -1 : 1));
}

const NUMBERS = ["logRateMiB", "logBurstMiB", "traceRateMiB", "traceBurstMiB"] as const;
const WHOLE_NUMBERS = ["maxLogStreams", "maxSpanMetricSeries", "samplesPerTarget"] as const;

/** Problems with quotas, paths relative to the environments. */
export function validateQuotas(environments: Record<string, QuotaArgs>): Problem[] {
    const shares = validateShares(environments);
    const own = Object.entries(environments).flatMap(([name, environment]) => validateQuota(name, environment));
    return [...shares, ...own];
}

function validateShares(environments: Record<string, QuotaArgs>): Problem[] {
    const given = Object.entries(environments).filter(([, { share }]) => share !== undefined);
    const wrong = given.filter(([, { share }]) => !(share! > 0 && share! <= 100));
    if (wrong.length > 0) return wrong.map(([name, { share }]) => ({ path: `${name}.share`, message: `expected a percentage above 0 and up to 100, got ${quote(share)}` }));
    const sum = given.reduce((total, [, { share }]) => total + share!, 0);
    const others = Object.keys(environments).filter((name) => environments[name].share === undefined);
    const last = given.map(([name]) => name).pop();
    if (sum > 100) return [{ path: `${last}.share`, message: `the shares add up to ${sum} (${given.map(([name, { share }]) => `${name} ${share}`).join(", ")}): expected at most 100` }];
    return sum === 100 && others.length > 0
        ? [{ path: `${last}.share`, message: `the shares add up to 100 and leave nothing for ${others.join(", ")}: lower them, or give every environment one` }]
        : [];
}

function validateQuota(name: string, environment: QuotaArgs): Problem[] {
    const { logRateMiB, logBurstMiB, traceRateMiB, traceBurstMiB, maxQueryRange, allowedMetrics } = environment;
    return [
        ...NUMBERS.flatMap((key) => positive(`${name}.${key}`, environment[key], false)),
        ...WHOLE_NUMBERS.flatMap((key) => positive(`${name}.${key}`, environment[key], true)),
        ...burst(`${name}.logBurstMiB`, logBurstMiB, logRateMiB), ...burst(`${name}.traceBurstMiB`, traceBurstMiB, traceRateMiB),
        ...(maxQueryRange === undefined ? [] : validateQueryRange(`${name}.maxQueryRange`, maxQueryRange)),
        ...(allowedMetrics ?? []).flatMap((pattern, i) => validatePattern(`${name}.allowedMetrics[${i}]`, pattern)),
    ];
}

function burst(path: string, burstMiB: number | undefined, rateMiB: number | undefined): Problem[] {
    return burstMiB !== undefined && rateMiB !== undefined && burstMiB < rateMiB ? [{ path, message: `expected at least a second of the rate, ${rateMiB} MiB, got ${burstMiB}` }] : [];
}

function validateQueryRange(path: string, value: string): Problem[] {
    const problems = validateDuration(path, value);
    return problems.length === 0 && durationHours(value) < 1 ? [{ path, message: `expected at least 1h, got ${quote(value)}` }] : problems;
}

/** Prometheus refuses its whole configuration for one pattern that is none. */
function validatePattern(path: string, pattern: string): Problem[] {
    const problem = { path, message: `expected a regular expression of whole metric names such as "jvm_.*", got ${quote(pattern)}` };
    if (!/^[A-Za-z0-9_:.*+?|()[\]-]{1,500}$/.test(pattern) || /\(\?/.test(pattern)) return [problem];
    try {
        new RegExp(`^(?:${pattern})$`);
        return [];
    } catch {
        return [problem];
    }
}

function positive(path: string, value: number | undefined, whole: boolean): Problem[] {
    if (value === undefined || (value > 0 && Number.isFinite(value) && (!whole || Number.isInteger(value)))) return [];
    return [{ path, message: `expected a ${whole ? "whole " : ""}number above 0, got ${quote(value)}` }];
}
