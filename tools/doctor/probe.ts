import { CONFIG_DIRECTORY, DATA_DIRECTORY, OTLP_PORT } from "../../components/log-agent/paths";
import { agentService, fixedDirectory } from "../../components/log-agent/plan";
import { hostPort } from "../../components/names";
import { renderTemplate } from "../../components/render";
import type { Was } from "../../stacks/model";

/** What a host said of itself. */
export interface HostFacts {
    /** Seconds by which its clock is ahead of ours. */
    clockSeconds: number;
    /** Used part of each file system, in percent, by where it is mounted. */
    disks: Record<string, number>;
    /** State of the log agent as systemd or Docker calls it. */
    agent: string;
    /** Globs and paths of the config that no file is at. */
    missingLogs: string[];
    /** HTTP status of the agent's OTLP receiver; "" where it was not asked. */
    receiver: string;
    /** What the gateway's own address answered, or curl's error; "" where it was not asked. */
    gateway: string;
    /** Java processes with and without the OpenTelemetry Java agent. */
    java: { with: number; without: number };
    /** `ok`, or why Docker does not answer; "" where it was not asked. */
    docker: string;
    services: ServiceFacts[];
}

/** A container of the monitoring host. */
export interface ServiceFacts {
    name: string;
    state: string;
    restarts: number;
    outOfMemory: boolean;
    /** "" where it has no health check. */
    health: string;
}

/** The script for a WAS host. @param gatewayUrl "" to leave the gateway out */
export function renderHostProbe({ runtime, agent, logs, tracing }: Was, gatewayUrl: string): string {
    return renderTemplate("doctor/probe.sh", {
        agent: true, services: false, docker: runtime === "docker", asksDocker: runtime === "docker", directories: [DATA_DIRECTORY],
        service: agentService(agent),
        files: logs.files.filter((glob) => !glob.includes("{")).map((glob) => ({ glob, directory: fixedDirectory(glob), pattern: findPattern(glob) })),
        receiver: tracing.enabled ? `http://${hostPort(tracing.listenAddress, OTLP_PORT)}/v1/traces` : "",
        ca: `${CONFIG_DIRECTORY}/ca.pem`, gateway: gatewayUrl && agent !== "promtail" ? `${gatewayUrl}/-/gateway` : "",
    });
}

/** The script for the monitoring host. @param directory of the data */
export function renderMonitoringProbe(directory: string): string {
    return renderTemplate("doctor/probe.sh", { agent: false, services: true, asksDocker: true, directories: [directory] });
}

/** The agent's glob for `find`, whose `*` matches slashes as well: it may find too much, never too little. */
function findPattern(glob: string): string {
    return glob.replace(/\/\*\*\//g, "/*").replace(/\*\*/g, "*");
}

/**
 * Reads what a probe printed.
 *
 * @param asked our time when it was asked, seconds since 1970
 * @param answered our time when it had answered: its clock was read somewhere between
 */
export function parseProbe(text: string, asked: number, answered: number): HostFacts {
    const lines = text.split("\n").map((line) => ({ word: line.split(" ")[0], rest: line.slice(line.indexOf(" ") + 1) }));
    const all = (word: string) => lines.filter((line) => line.word === word).map(({ rest }) => rest.trim());
    const first = (word: string) => all(word)[0] ?? "";
    const java = (which: string) => Number(all("java").find((rest) => rest.startsWith(`${which} `))?.split(" ")[1] ?? 0);
    return {
        clockSeconds: offset(Number(first("time")), asked, answered),
        disks: Object.fromEntries(all("disk").map((rest) => [rest.slice(rest.indexOf(" ") + 1), Number(rest.slice(0, rest.indexOf(" ")))])),
        agent: first("agent"), missingLogs: all("missing"), receiver: first("receiver"), gateway: first("gateway"), docker: first("docker"),
        java: { with: java("with"), without: java("without") },
        services: all("service").map((rest) => rest.split(" ")).map(([name, state, restarts, killed, health = ""]) => ({
            name, state, restarts: Number(restarts), outOfMemory: killed === "true", health,
        })),
    };
}

/** Zero within the time that the answer took. */
function offset(theirs: number, asked: number, answered: number): number {
    if (theirs < asked) return theirs - asked;
    return theirs > answered ? theirs - answered : 0;
}
