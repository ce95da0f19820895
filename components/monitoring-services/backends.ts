import * as crypto from "crypto";
import { BundleFile } from "../bundle";
import { REGISTRATION } from "../metrics-target/registration";
import { scrapeJobs } from "../metrics-target/scrape-jobs";
import { renderTemplate } from "../render";
import { KnownServicesArgs } from "./args";
import { planBudget } from "./budget";
import { sorted } from "./gateway";
import { durationHours, planEnvironmentRetention, planRetention } from "./retention";
import { planLogRules, planRules } from "./rules";
import { CONFIG } from "./services";
import { registrationPolicy } from "./validate";

const MIB = 1024 * 1024;

/** Prometheus: its own file, two jobs per environment, and the rules. */
export function renderPrometheus(args: KnownServicesArgs): BundleFile[] {
    const retention = planRetention(args.retention);
    const below = (file: string) => `${CONFIG}/prometheus/${file}`;
    const rest: BundleFile[] = [
        ...sorted(args.environments).map(([name]) => ({ path: below(`scrape/${name}.yml`), content: renderScrapeFile(name, args) })),
        ...sorted(planRules(args)).map(([file, content]) => ({ path: below(`rules/${file}`), content })),
    ];
    const content = renderTemplate("prometheus/prometheus.yml", {
        revision: digest(rest),
        metricsRetention: retention.metrics,
        metricsSize: retention.metricsSize,
        registeredScrapeFiles: REGISTRATION.scrapeConfigFiles,
    });
    return [{ path: below("prometheus.yml"), content }, ...rest];
}

/** An environment's base jobs. Written as JSON, which is YAML too: the same objects stand in the registration policy. */
function renderScrapeFile(environment: string, args: KnownServicesArgs): string {
    const jobs = scrapeJobs(environment, registrationPolicy(args.environments[environment]).limits);
    return (
        `# Written by photogather-monitoring: what ${environment} may register is scraped by these jobs, and by copies of them with credentials.\n` +
        `${JSON.stringify({ scrape_configs: Object.values(jobs) }, undefined, 2)}\n`
    );
}

/** Loki: its file, the limits per environment that it reads anew by itself, and the rules of each environment. */
export function renderLoki(args: KnownServicesArgs): BundleFile[] {
    const { limitMiB } = planBudget(args.memoryMiB).loki;
    const retention = planRetention(args.retention);
    const small = limitMiB < 600;
    return [
        {
            path: `${CONFIG}/loki/loki.yml`,
            content: renderTemplate("loki/loki.yml", {
                replayCeiling: `${Math.floor(limitMiB * 0.4)}MB`,
                queryConcurrency: small ? 2 : 4,
                queryParallelism: small ? 4 : 16,
                cacheMiB: Math.floor(limitMiB * 0.05),
                maxLineAge: `${Math.max(168, 2 * durationHours(args.agentBuffer ?? "24h"))}h`,
                logRetention: retention.logs,
            }),
        },
        {
            path: `${CONFIG}/loki/runtime.yml`,
            content: renderTemplate("loki/runtime.yml", {
                environments: sorted(args.environments).map(([name, e]) => ({
                    name,
                    logRate: e.logRateMiB ?? 4,
                    logBurst: 2 * (e.logRateMiB ?? 4) + 16,
                    maxLogStreams: e.maxLogStreams ?? 2000,
                    logRetention: planEnvironmentRetention(retention, e).logs,
                })),
            }),
        },
        ...sorted(planLogRules(args)).map(([file, content]) => ({ path: `${CONFIG}/loki/rules/${file}`, content })),
    ];
}

/** Tempo: its file, and the limits per environment that it reads anew by itself. */
export function renderTempo(args: KnownServicesArgs): BundleFile[] {
    const { limitMiB } = planBudget(args.memoryMiB).tempo;
    const retention = planRetention(args.retention);
    return [
        {
            path: `${CONFIG}/tempo/tempo.yml`,
            content: renderTemplate("tempo/tempo.yml", {
                lateness: `${durationHours(args.agentBuffer ?? "24h")}h`,
                liveTraceBytes: Math.floor(limitMiB * 0.1) * MIB,
                blockBytes: Math.floor(limitMiB * 0.04) * MIB,
                queryJobs: limitMiB < 700 ? 20 : 100,
                traceRetention: `${durationHours(retention.traces)}h`,
            }),
        },
        {
            path: `${CONFIG}/tempo/overrides.yml`,
            content: renderTemplate("tempo/overrides.yml", {
                environments: sorted(args.environments).map(([name, e]) => ({
                    name,
                    traceRateBytes: Math.round((e.traceRateMiB ?? 4) * MIB),
                    traceBurstBytes: Math.round((2 * (e.traceRateMiB ?? 4) + 16) * MIB),
                    maxLiveTraces: e.maxLiveTraces ?? 5000,
                    maxSpanMetricSeries: e.maxSpanMetricSeries ?? 5000,
                    traceRetention: `${durationHours(planEnvironmentRetention(retention, e).traces)}h`,
                })),
            }),
        },
    ];
}

/** A short digest of files: changes when one of them does, in path or in content. */
export function digest(files: BundleFile[]): string {
    const hash = crypto.createHash("sha256");
    for (const { path, content } of files) hash.update(JSON.stringify([path, content]));
    return hash.digest("hex").slice(0, 16);
}
