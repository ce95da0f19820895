import { renderTemplate } from "../render";
import { hostPort } from "../names";
import { PATHS } from "./alloy";
import { AGENT_USER, CONFIG_DIRECTORY, DATA_DIRECTORY, PROGRAM_DIRECTORY, PROMTAIL_PORT, UNIT_DIRECTORY } from "./paths";
import { LogAgentPlan } from "./plan";

/** The copy of its configuration that Alloy runs: changed only when Alloy has taken the new one. */
export const RUNNING_DIRECTORY = `${CONFIG_DIRECTORY}/running`;
const RUNNING_CONFIG = `${RUNNING_DIRECTORY}/config.alloy`;
/** Where the journal is, on disk and in memory, and the name that its directories have. */
const JOURNAL = ["/var/log/journal", "/run/log/journal", "/etc/machine-id"];
/** How long a canary must be healthy: past the first sends and retries of a change. */
const CANARY_SECONDS = 10;
const DOCKER_SOCKET = "/var/run/docker.sock";

/** Shell text that runs before the files are unpacked. */
export function renderPrepare(plan: LogAgentPlan): string {
    return renderTemplate("log-agent/prepare.sh", {
        systemdService: plan.runtime === "systemd" ? plan.service : "", dockerService: plan.runtime === "docker" ? plan.service : "",
        user: plan.runtime === "systemd" ? AGENT_USER : "",
    });
}

/** Shell text that runs when the files are in place: gets the program, starts it, or has it take what changed. */
export function renderInstall(plan: LogAgentPlan): string {
    const start = plan.runtime === "docker" ? [renderDocker(plan)] : [renderDownload(plan), renderSystemd(plan)];
    return [...start, plan.agent === "promtail" ? renderRunPromtail(plan) : renderRunAlloy(plan)].join("");
}

/** Shell text that runs on removal: nothing of the agent is left. */
export function renderRemove(): string {
    return renderTemplate("log-agent/remove.sh", {
        dataDirectory: DATA_DIRECTORY, configDirectory: CONFIG_DIRECTORY, programDirectory: PROGRAM_DIRECTORY,
        dataParent: parent(DATA_DIRECTORY), user: AGENT_USER,
    });
}

/** The unit of runtime systemd. */
export function renderUnit(plan: LogAgentPlan): string {
    const alloy = plan.agent === "alloy";
    return renderTemplate("log-agent/agent.service", {
        agent: alloy ? "Alloy" : "Promtail", user: AGENT_USER, groups: groups(plan), goMemLimit: goMemLimit(plan), memoryMiB: plan.memoryMiB,
        command: alloy ? programPath(plan) : "/bin/sh", arguments: alloy ? alloyArguments(plan) : [startScriptPath(plan)],
        reloads: alloy, dataDirectory: DATA_DIRECTORY,
    });
}

/** `start_promtail.sh`, where hosts with Promtail have it. */
export function renderStartPromtail(plan: LogAgentPlan): string {
    return renderTemplate("promtail/start_promtail.sh", {
        systemd: plan.runtime === "systemd", docker: plan.runtime === "docker", program: programPath(plan), arguments: promtailArguments(plan),
        goMemLimit: goMemLimit(plan).replace(/^.*=/, ""), script: plan.runtime === "docker" ? renderDocker(plan) : "",
    });
}

/** `root:photogather-log-agent`, or root alone where the agent runs in a container as root without capabilities. */
export function fileOwner(plan: LogAgentPlan): string {
    return plan.runtime === "docker" ? "root:root" : `root:${AGENT_USER}`;
}

/** Who owns what the agent writes. */
export function dataOwner(plan: LogAgentPlan): string {
    return plan.runtime === "docker" ? "0:0" : `${AGENT_USER}:${AGENT_USER}`;
}

export function promtailConfigPath(plan: LogAgentPlan): string {
    return `${plan.promtailDirectory}/promtail-config.yml`;
}

export function startScriptPath(plan: LogAgentPlan): string {
    return `${plan.promtailDirectory}/start_promtail.sh`;
}

export function unitPath(plan: LogAgentPlan): string {
    return `${UNIT_DIRECTORY}/${plan.service}.service`;
}

function renderDownload(plan: LogAgentPlan): string {
    const { downloadUrl, sha256 } = plan.install;
    return renderTemplate("log-agent/download.sh", {
        agent: plan.agent, program: programPath(plan), url: downloadUrl, sha256: { amd64: sha256.amd64 ?? "", arm64: sha256.arm64 ?? "" },
    });
}

function renderSystemd(plan: LogAgentPlan): string {
    return renderTemplate("log-agent/systemd.sh", {
        service: plan.service, dataDirectory: DATA_DIRECTORY, owner: dataOwner(plan), agent: plan.agent,
        restartOn: restartOn(plan), validate: validateArguments(plan),
    });
}

function renderDocker(plan: LogAgentPlan): string {
    return renderTemplate("log-agent/docker.sh", {
        service: plan.service, image: plan.install.image, dataDirectory: DATA_DIRECTORY, memory: `${plan.memoryMiB}m`, goMemLimit: goMemLimit(plan),
        mounts: planMounts(plan), logDirectories: plan.logDirectories, hostMetrics: plan.metrics.enabled || plan.external.host, restartOn: restartOn(plan),
        arguments: plan.agent === "promtail" ? promtailArguments(plan) : alloyArguments(plan),
        checkMounts: configDirectories(plan).map((directory) => `${directory}:${directory}:ro`), validate: validateArguments(plan),
    });
}

function renderRunAlloy(plan: LogAgentPlan): string {
    const { enabled, port, username } = plan.metrics;
    return renderTemplate("log-agent/run-alloy.sh", {
        config: PATHS.config, running: RUNNING_CONFIG, password: PATHS.password, fileOwner: fileOwner(plan), username,
        address: `${enabled ? "https" : "http"}://127.0.0.1:${port}`, canary: plan.canary, seconds: CANARY_SECONDS,
    });
}

function renderRunPromtail({ canary }: LogAgentPlan): string {
    return renderTemplate("log-agent/run-promtail.sh", { address: `http://127.0.0.1:${PROMTAIL_PORT}`, canary, seconds: CANARY_SECONDS });
}

/** Volumes of the container, `SOURCE:TARGET:MODE`. Directories, as a mounted file would keep its old content after a rename. */
export function planMounts(plan: LogAgentPlan): string[] {
    return [
        ...configDirectories(plan).map((directory) => `${directory}:${directory}:ro`), `${DATA_DIRECTORY}:${DATA_DIRECTORY}`,
        ...(plan.containers.length > 0 ? [`${DOCKER_SOCKET}:${DOCKER_SOCKET}:ro`] : []),
        ...(plan.units.length > 0 ? JOURNAL.map((path) => `${path}:${path}:ro`) : []),
        ...(plan.metrics.enabled || plan.external.host ? ["/proc:/host/proc:ro", "/sys:/host/sys:ro"] : []),
    ];
}

/** Files whose change needs a restart, beside the unit or the container's definition. Alloy's own configuration is reloaded. */
function restartOn(plan: LogAgentPlan): string[] {
    return plan.agent === "promtail" ? [promtailConfigPath(plan), ...(plan.runtime === "systemd" ? [startScriptPath(plan)] : [])] : [];
}

function configDirectories(plan: LogAgentPlan): string[] {
    return [CONFIG_DIRECTORY, ...(plan.agent === "promtail" ? [plan.promtailDirectory] : [])];
}

/** Groups of the unit's user: what DAC_READ_SEARCH does not give. The docker group can do anything on the host, so only where containers are read. */
function groups(plan: LogAgentPlan): string[] {
    return [...(plan.units.length > 0 ? ["systemd-journal"] : []), ...(plan.containers.length > 0 ? ["docker"] : [])];
}

function alloyArguments(plan: LogAgentPlan): string[] {
    const { enabled, port } = plan.metrics;
    return [
        "run", ...STABILITY, `--server.http.listen-addr=${hostPort(enabled ? "0.0.0.0" : "127.0.0.1", port)}`,
        // What would show memory or configuration to whoever has the password.
        "--server.http.enable-pprof=false", "--server.http.disable-support-bundle=true", "--disable-reporting",
        `--storage.path=${DATA_DIRECTORY}`, RUNNING_CONFIG,
    ];
}

function promtailArguments(plan: LogAgentPlan): string[] {
    return [`-config.file=${promtailConfigPath(plan)}`];
}

function validateArguments(plan: LogAgentPlan): string[] {
    return plan.agent === "promtail" ? ["-check-syntax", ...promtailArguments(plan)] : ["validate", ...STABILITY, PATHS.config];
}

/** The queue's storage on disk, `otelcol.storage.file`, is in public preview. */
const STABILITY = ["--stability.level=public-preview"];

function programPath(plan: LogAgentPlan): string {
    return `${PROGRAM_DIRECTORY}/${plan.agent}-${plan.install.version}/${plan.agent}`;
}

/** Go collects garbage before the limit is reached. */
function goMemLimit(plan: LogAgentPlan): string {
    return `GOMEMLIMIT=${Math.floor(plan.memoryMiB * 0.85)}MiB`;
}

function parent(path: string): string {
    return path.replace(/\/[^/]*$/, "");
}
