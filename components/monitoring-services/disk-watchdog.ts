import * as fs from "fs";
import * as path from "path";
import { BundleDirectory, BundleFile } from "../bundle";
import { renderTemplate } from "../render";
import { EnvironmentArgs, KnownServicesArgs } from "./args";
import { renderLokiLimits, renderTempoLimits } from "./backends";
import { bySharesUpward, planQuotas } from "./quotas";
import { durationHours, planEnvironmentRetention, planRetention } from "./retention";
import { CONFIG, DATA, HOST_METRICS, NETWORK, SERVICES } from "./services";

/** The program on the monitoring host that shortens retention while the data volume fills, and restarts what a full one has broken; this file is the one source of its paths. */
export const WATCHDOG = {
    program: "/usr/local/lib/photogather-monitoring/disk-watchdog",
    /** What it may do, made here: it decides nothing but when. */
    policy: `${CONFIG}/disk-watchdog/policy.json`,
    /** Where it stands; not on the data volume, which may be full. */
    state: "/var/lib/photogather-monitoring/disk-watchdog.json",
    /** What node exporter shows of it. */
    metrics: `${HOST_METRICS}/disk-watchdog.prom`,
    unit: "photogather-monitoring-disk-watchdog",
};

/**
 * How long it takes until shortened retention has freed space, in minutes. The templates of Loki and Tempo are rendered with these, so the watchdog knows
 * what they do.
 */
export const DELETE_DELAYS = {
    /** Loki applies retention at one and a half times this. */
    lokiCompaction: 10,
    /** Chunks stay so long after they were marked: what was asked before may still read them. Its default is two hours. */
    lokiDelete: 15,
    /** How often Tempo applies retention; its default is an hour. */
    tempoRetention: 5,
    /** Blocks stay so long after they were marked, and go at the retention after that; its default is an hour. */
    tempoCompactedBlock: 15,
};

/** Percentages of the data volume in use. */
const AT = { shorten: 75, urgent: 85, refuse: 92, full: 99 };
/** A step is taken back when so much less is in use than what it was taken at. */
const HYSTERESIS = 5;
/** Seconds for one command after a full volume: Docker lets the service end by itself for as long as it may, then starts it. */
export const AFTER_FULL_SECONDS = SERVICES.find(({ name }) => name === "tempo")!.stopSeconds + 30;
/** Hours that are kept in any case: by environments that give way first, and by the one with the largest share. */
const LEAST_HOURS = { first: { logs: 6, traces: 3 }, last: { logs: 24, traces: 24 } };

/** One level of the ladder: what is kept, and from which use of the volume on. */
export interface WatchdogLevel {
    /** Percentage in use. */
    at: number;
    /** What it does, for the journal. */
    what: string;
    /** Limits files by path below `/etc/photogather-monitoring`. */
    files: Record<string, string>;
    /** The same with the lower environments' lines and spans refused. */
    refusing: Record<string, string>;
}

/** What the program reads. */
export interface WatchdogPolicy {
    directory: string;
    urgentAt: number;
    refuseAt: number;
    hysteresis: number;
    /** From here on the volume counts as full; `afterFull` runs when it has room again. */
    fullAt: number;
    /** Commands, each a program and its arguments. */
    afterFull: string[][];
    /** Seconds that each of them may take; one that takes longer counts as failed. */
    afterFullSeconds: number;
    /** Seconds until a step shows. */
    effectSeconds: number;
    /** The last level that leaves the environment with the largest share alone. */
    lowers: number;
    /** Level 0 is the normal one. */
    levels: WatchdogLevel[];
}

/** Minutes until the slower of the two backends has deleted what a shorter retention no longer covers. */
export function effectMinutes(delays = DELETE_DELAYS): number {
    return Math.max(delays.lokiCompaction * 1.5 + delays.lokiDelete + 1, 2 * delays.tempoRetention + delays.tempoCompactedBlock + 2);
}

/** One step down the ladder. */
export interface Shortening {
    environment: string;
    at: number;
    /** Hours. */
    logs: number;
    traces: number;
}

/**
 * The steps in the order in which they are taken: each environment's retention is halved and then cut to the least, the one with the smallest share first. The one
 * with the largest share comes last, and only from the higher mark on.
 */
export function planShortenings(args: Pick<KnownServicesArgs, "environments" | "retention" | "memoryMiB" | "cores">): Shortening[] {
    const order = bySharesUpward(planQuotas(args.environments, args));
    return order.flatMap((environment, i) => {
        const last = i === order.length - 1;
        const { logs, traces } = retentionHours(args, environment);
        const least = last ? LEAST_HOURS.last : LEAST_HOURS.first;
        const kept = (hours: number, leastHours: number, part: number) => Math.min(hours, Math.max(leastHours, Math.floor(hours * part)));
        const parts = last ? [0.5, 0.25] : [0.5, 0];
        const steps = parts.map((part) => ({ environment, at: last ? AT.urgent : AT.shorten, logs: kept(logs, least.logs, part), traces: kept(traces, least.traces, part) }));
        const before = [{ logs, traces }, ...steps];
        return steps.filter((step, k) => step.logs < before[k].logs || step.traces < before[k].traces);
    });
}

function retentionHours({ environments, retention }: Pick<KnownServicesArgs, "environments" | "retention">, environment: string): { logs: number; traces: number } {
    const { logs, traces } = planEnvironmentRetention(planRetention(retention), environments[environment] as EnvironmentArgs);
    return { logs: durationHours(logs), traces: durationHours(traces) };
}

/** The ladder with its rendered files. */
export function planWatchdog(args: KnownServicesArgs): WatchdogPolicy {
    const steps = planShortenings(args);
    const lower = bySharesUpward(planQuotas(args.environments, args)).slice(0, -1);
    const levels = [{ at: 0, what: "retention as configured" }, ...steps.map(({ at, environment, logs, traces }) => ({ at, what: `${environment} keeps ${logs} h of logs and ${traces} h of traces` }))];
    return {
        directory: args.dataDirectory ?? DATA, urgentAt: AT.urgent, refuseAt: AT.refuse, hysteresis: HYSTERESIS, fullAt: AT.full,
        // A write that fails half-way leaves a file to which Tempo can append no more: it accepts spans and loses them, until it starts anew.
        // One that is stopped stays so: a restore leaves it where its version is not that of the data.
        afterFull: [["sh", "-c", `running=$(docker ps --quiet --filter 'name=^${NETWORK}-tempo$') && { [ -z "$running" ] || docker restart "$running"; }`]],
        afterFullSeconds: AFTER_FULL_SECONDS,
        effectSeconds: effectMinutes() * 60,
        lowers: steps.filter(({ at }) => at === AT.shorten).length,
        levels: levels.map((level, i) => ({ ...level, files: limitFiles(args, steps.slice(0, i), []), refusing: limitFiles(args, steps.slice(0, i), lower) })),
    };
}

function limitFiles(args: KnownServicesArgs, taken: Shortening[], refused: string[]): Record<string, string> {
    const shortened: Record<string, EnvironmentArgs> = { ...(args.environments as Record<string, EnvironmentArgs>) };
    for (const { environment, logs, traces } of taken) shortened[environment] = { ...shortened[environment], logRetention: `${logs}h`, traceRetention: `${traces}h` };
    const files = [renderLokiLimits({ ...args, environments: shortened as KnownServicesArgs["environments"] }, refused), renderTempoLimits({ ...args, environments: shortened as KnownServicesArgs["environments"] }, refused)];
    return Object.fromEntries(files.map(({ path: file, content }) => [path.posix.relative(CONFIG, file), content]));
}

/** Program, policy and units. */
export function renderWatchdog(args: KnownServicesArgs): BundleFile[] {
    return [
        { path: WATCHDOG.program, mode: "0755", content: watchdogProgram() },
        { path: WATCHDOG.policy, content: `${JSON.stringify(planWatchdog(args), undefined, 1)}\n` },
        { path: `/etc/systemd/system/${WATCHDOG.unit}.service`, content: renderTemplate("disk-watchdog/disk-watchdog.service", { program: WATCHDOG.program, seconds: AFTER_FULL_SECONDS + 30 }) },
        { path: `/etc/systemd/system/${WATCHDOG.unit}.timer`, content: renderTemplate("disk-watchdog/disk-watchdog.timer", {}) },
    ];
}

export const WATCHDOG_DIRECTORIES: BundleDirectory[] = [{ path: path.posix.dirname(WATCHDOG.policy) }];

/** The program's text: Python 3 of the standard library. */
export function watchdogProgram(): string {
    return fs.readFileSync(path.join(__dirname, "..", "..", "templates", "disk-watchdog", "disk-watchdog"), "utf8");
}

/**
 * Shell text that runs when the files are in place: the limits are as configured again, so the watchdog looks at once. A host without systemd has none: the alert
 * DiskWatchdogDown says so.
 */
export function watchdogInstallScript(): string {
    return `if [ -d /run/systemd/system ]; then
  systemctl daemon-reload
  # No reason to deploy nothing: where it does not run, the alert says so.
  systemctl enable ${WATCHDOG.unit}.timer >/dev/null 2>&1 && systemctl restart ${WATCHDOG.unit}.timer && systemctl start ${WATCHDOG.unit}.service ||
    echo "photogather-monitoring: the disk watchdog does not run: $(journalctl -u ${WATCHDOG.unit} -n 3 -o cat --no-pager 2>/dev/null)" >&2
fi
`;
}

/** Shell text that runs on removal. */
export function watchdogRemoveScript(): string {
    return `if [ -d /run/systemd/system ]; then systemctl disable --now ${WATCHDOG.unit}.timer >/dev/null 2>&1 || :; fi
rm -f ${WATCHDOG.state} ${WATCHDOG.metrics}
rmdir --ignore-fail-on-non-empty ${HOST_METRICS} 2>/dev/null || :
`;
}
