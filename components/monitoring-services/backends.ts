import * as crypto from "crypto";
import { BundleFile } from "../bundle";
import { REGISTRATION } from "../metrics-target/registration";
import { scrapeJobs } from "../metrics-target/scrape-jobs";
import { renderTemplate } from "../render";
import { KnownServicesArgs } from "./args";
import { planCaps } from "./caps";
import { sorted } from "./gateway";
import { DISCOVERY } from "./discovery";
import { DELETE_DELAYS } from "./disk-watchdog";
import { relayJob } from "./relay";
import { blocksSecrecy, FIRST_DAY, planBlocks, planRemoteWrites, remoteWriteFiles } from "./long-term";
import { planQuotas } from "./quotas";
import { durationHours, planEnvironmentRetention, planRetention } from "./retention";
import { planLogRules, planRules } from "./rules";
import { CONFIG } from "./services";
import { registrationPolicies } from "./validate";

const MIB = 1024 * 1024;
/** Less than any line: 0 would mean no limit. */
const NOTHING_MIB = 0.000001;

/** Prometheus: its own file, two jobs per environment, and the rules. */
export function renderPrometheus(args: KnownServicesArgs): BundleFile[] {
    const retention = planRetention(args.retention);
    const below = (file: string) => `${CONFIG}/prometheus/${file}`;
    const rest: BundleFile[] = [
        ...sorted(args.environments).map(([name]) => ({ path: below(`scrape/${name}.yml`), content: renderScrapeFile(name, args) })),
        ...sorted(planRules(args)).map(([file, content]) => ({ path: below(`rules/${file}`), content })),
        ...remoteWriteFiles(args),
    ];
    const content = renderTemplate("prometheus/prometheus.yml", {
        revision: digest(rest),
        metricsRetention: retention.metrics,
        metricsSize: retention.metricsSize,
        registeredScrapeFiles: REGISTRATION.scrapeConfigFiles,
        hasRemoteWrites: (args.remoteWrite ?? []).length > 0,
        remoteWrites: planRemoteWrites(args),
    });
    return [{ path: below("prometheus.yml"), content }, ...rest];
}

/** An environment's base jobs. Written as JSON, which is YAML too: the same objects stand in the registration policy. */
function renderScrapeFile(environment: string, args: KnownServicesArgs): string {
    const { limits } = registrationPolicies(args)[environment];
    const jobs = scrapeJobs(environment, limits);
    const relay = args.environments[environment].pushedMetrics ? [relayJob(environment, planQuotas(args.environments, args)[environment].series, limits)] : [];
    if (args.environments[environment].discovery) jobs.application.file_sd_configs[0].files.push(`${DISCOVERY.mounted}/${environment}.json`);
    return (
        `# Written by photogather-monitoring: what ${environment} may register is scraped by these jobs, and by copies of them with credentials.\n` +
        `${JSON.stringify({ scrape_configs: [...Object.values(jobs), ...relay] }, undefined, 2)}\n`
    );
}

/** Loki: its file, the limits per environment that it reads anew by itself, and the rules of each environment. */
export function renderLoki(args: KnownServicesArgs): BundleFile[] {
    const caps = planCaps(args.memoryMiB);
    const retention = planRetention(args.retention);
    const agentBufferHours = durationHours(args.agentBuffer ?? "24h");
    return [
        {
            path: `${CONFIG}/loki/loki.yml`,
            content: renderTemplate("loki/loki.yml", {
                replayCeiling: `${caps.lokiReplayMiB}MB`,
                queryConcurrency: caps.lokiConcurrency,
                queryParallelism: caps.lokiParallelism,
                cacheMiB: caps.lokiCacheMiB,
                maxLineAge: `${Math.max(168, 2 * agentBufferHours)}h`,
                maxChunkAge: `${2 * agentBufferHours}h`,
                logRetention: retention.logs,
                compactionMinutes: DELETE_DELAYS.lokiCompaction,
                deleteMinutes: DELETE_DELAYS.lokiDelete,
                firstDay: FIRST_DAY,
                blocks: planBlocks(args),
            }),
            ...blocksSecrecy(args),
        },
        renderLokiLimits(args),
        ...sorted(planLogRules(args)).map(([file, content]) => ({ path: `${CONFIG}/loki/rules/${file}`, content })),
    ];
}

/** Loki's limits per environment, as it reads them anew by itself; `refused` are those of which nothing is taken for now. */
export function renderLokiLimits(args: KnownServicesArgs, refused: string[] = []): BundleFile {
    const quotas = planQuotas(args.environments, args);
    const retention = planRetention(args.retention);
    return {
        path: `${CONFIG}/loki/runtime.yml`,
        content: renderTemplate("loki/runtime.yml", {
            environments: sorted(args.environments).map(([name, e]) => ({
                name,
                logRate: refused.includes(name) ? NOTHING_MIB : quotas[name].logRateMiB,
                logBurst: refused.includes(name) ? NOTHING_MIB : quotas[name].logBurstMiB,
                maxLogStreams: quotas[name].maxLogStreams,
                foreign: `{environment!~"|${name}"}`,
                logRetention: planEnvironmentRetention(retention, e).logs,
                maxQueryRange: quotas[name].maxQueryRange,
            })),
        }),
    };
}

/** Tempo: its file, and the limits per environment that it reads anew by itself. */
export function renderTempo(args: KnownServicesArgs): BundleFile[] {
    const caps = planCaps(args.memoryMiB);
    const retention = planRetention(args.retention);
    return [
        {
            path: `${CONFIG}/tempo/tempo.yml`,
            content: renderTemplate("tempo/tempo.yml", {
                lateness: `${durationHours(args.agentBuffer ?? "24h")}h`,
                liveTraceBytes: caps.tempoLiveTracesMiB * MIB,
                blockBytes: caps.tempoBlockMiB * MIB,
                mergedBlocks: caps.tempoMergedBlocks, mergedBytes: caps.tempoMergedMiB * MIB,
                queryConcurrency: caps.tempoConcurrency,
                queryJobs: caps.tempoQueryJobs,
                traceRetention: `${durationHours(retention.traces)}h`,
                retentionMinutes: DELETE_DELAYS.tempoRetention,
                compactedBlockMinutes: DELETE_DELAYS.tempoCompactedBlock,
                blocks: planBlocks(args),
            }),
            ...blocksSecrecy(args),
        },
        renderTempoLimits(args),
    ];
}

/** Tempo's limits per environment, as it reads them anew by itself; `refused` are those of which nothing is taken for now. */
export function renderTempoLimits(args: KnownServicesArgs, refused: string[] = []): BundleFile {
    const quotas = planQuotas(args.environments, args);
    const retention = planRetention(args.retention);
    return {
        path: `${CONFIG}/tempo/overrides.yml`,
        content: renderTemplate("tempo/overrides.yml", {
            environments: sorted(args.environments).map(([name, e]) => ({
                name,
                traceRateBytes: refused.includes(name) ? 1 : Math.round(quotas[name].traceRateMiB * MIB),
                traceBurstBytes: refused.includes(name) ? 1 : Math.round(quotas[name].traceBurstMiB * MIB),
                maxSpanMetricSeries: quotas[name].maxSpanMetricSeries,
                maxQueryRange: quotas[name].maxQueryRange && `${durationHours(quotas[name].maxQueryRange)}h`,
                traceRetention: `${durationHours(planEnvironmentRetention(retention, e).traces)}h`,
            })),
        }),
    };
}

/** A short digest of files: changes when one of them does, in path or in content. */
export function digest(files: BundleFile[]): string {
    const hash = crypto.createHash("sha256");
    for (const { path, content } of files) hash.update(JSON.stringify([path, content]));
    return hash.digest("hex").slice(0, 16);
}
