import { createHash } from "crypto";
import { AgentVersion, VERSIONS } from "../versions";
import { LogAgentArgs } from "./args";
import { planExternal, PlannedExternal } from "./external";
import { ALLOY_PORT, OTLP_PORT } from "./paths";
import { FIRST_LINE, ParsedField, planFields, planRedactions, Redaction } from "./patterns";

/** One list of the same kind of source, as the templates need it. */
export interface PlannedSource {
    /** The glob, unit or container expression as it was given. */
    value: string;
    application: string;
    /** A name for blocks and jobs; made from the value alone, as the agents keep their positions by it. */
    label: string;
}

/** `LogAgentArgs` with every default in its place, and without secrets: all that decides what is rendered. */
export interface LogAgentPlan {
    host: string;
    environment: string;
    application: string;
    runtime: string;
    agent: string;
    canary: boolean;
    files: PlannedSource[];
    units: PlannedSource[];
    containers: PlannedSource[];
    /** Directories that a container must see to read the files: the part of each glob before its first wildcard. */
    logDirectories: string[];
    labels: Record<string, string>;
    firstLine: string;
    fields: ParsedField[];
    redactions: Redaction[];
    otlp: PlannedOtlp;
    sampling: PlannedSampling;
    metrics: PlannedMetrics;
    /** True where there is a gateway to send to. */
    gateway: boolean;
    external: PlannedExternal;
    logsMiB: number;
    tracesMiB: number;
    memoryMiB: number;
    install: AgentVersion;
    /** The unit's and the container's name. */
    service: string;
    promtailDirectory: string;
}

export interface PlannedOtlp {
    enabled: boolean;
    address: string;
    port: number;
    droppedPaths: string[];
}

export interface PlannedSampling {
    percentage: number;
    slowMs: number;
    keepErrors: boolean;
    waitSeconds: number;
}

export interface PlannedMetrics {
    enabled: boolean;
    port: number;
    username: string;
}

/** Fills in every default. Call `validateLogAgent` first. */
export function planLogAgent(args: LogAgentArgs): LogAgentPlan {
    const agent = args.agent ?? "alloy";
    const { logs, otlp = {}, sampling = {}, buffer = {} } = args;
    const sources = (values: string[] = []): PlannedSource[] =>
        [...new Set(values)].map((value) => ({ value, application: logs.applications?.[value] ?? args.application, label: blockLabel(value) }));
    return {
        host: args.host, environment: args.environment, application: args.application, runtime: args.runtime ?? "systemd", agent, canary: args.canary ?? false,
        files: sources(logs.files), units: sources(logs.units), containers: sources(logs.containers),
        logDirectories: planDirectories(logs.files ?? []),
        labels: args.labels ?? {},
        firstLine: args.patterns?.firstLine ?? FIRST_LINE, fields: planFields(args.patterns),
        redactions: planRedactions(args.redactions, args.defaultRedactions),
        otlp: { enabled: otlp.enabled ?? (agent === "alloy" && (args.gateway !== undefined || args.external?.traces !== undefined)), address: otlp.address ?? "127.0.0.1", port: otlp.port ?? OTLP_PORT, droppedPaths: otlp.droppedPaths ?? ["^/actuator(/|$)"] },
        sampling: {
            percentage: sampling.percentage ?? 100, slowMs: sampling.slowMs ?? 1000,
            keepErrors: sampling.keepErrors ?? true, waitSeconds: sampling.waitSeconds ?? 10,
        },
        metrics: planMetrics(args), gateway: args.gateway !== undefined, external: planExternal(args),
        logsMiB: buffer.logsMiB ?? 512, tracesMiB: buffer.tracesMiB ?? 256, memoryMiB: args.memoryMiB ?? 512,
        install: planInstall(args, agent === "promtail" ? VERSIONS.promtail : VERSIONS.alloy),
        service: agentService(agent),
        promtailDirectory: args.promtailDirectory ?? "/home/ubuntu/promtail",
    };
}

/** The name of an agent's unit and container. */
export function agentService(agent: string): string {
    return agent === "promtail" ? "photogather-promtail" : "photogather-log-agent";
}

function planMetrics({ hostMetrics }: LogAgentArgs): PlannedMetrics {
    return {
        enabled: hostMetrics !== undefined && hostMetrics.enabled !== false,
        port: hostMetrics?.port ?? ALLOY_PORT,
        username: hostMetrics?.username ?? "prometheus",
    };
}

function planInstall({ artifact, image }: LogAgentArgs, pinned: AgentVersion): AgentVersion {
    const download = artifact ? { version: artifact.version, downloadUrl: artifact.url, sha256: artifact.sha256 ?? {} } : {};
    return { ...pinned, ...download, image: image ?? pinned.image };
}

/** A name for an Alloy block: letters of the value for the reader, a digest so that no two values share one. */
function blockLabel(value: string): string {
    const readable = value.replace(/[^A-Za-z0-9]+/g, "_").replace(/^_|_$/g, "").slice(0, 40);
    return `s_${readable}_${createHash("sha256").update(value).digest("hex").slice(0, 8)}`;
}

/** The directories before the first wildcard of each glob, each once and none within another. */
export function planDirectories(globs: string[]): string[] {
    const directories = [...new Set(globs.map(fixedDirectory))].sort();
    return directories.filter((directory) => !directories.some((other) => other !== directory && directory.startsWith(`${other}/`)));
}

/** `/var/log/shop` of `/var/log/shop/*.log`. */
export function fixedDirectory(glob: string): string {
    const wildcard = glob.search(/[*?[{\\]/);
    return (wildcard < 0 ? glob : glob.slice(0, wildcard)).replace(/\/[^/]*$/, "");
}
