import { OTLP_PORT } from "../../components/log-agent/paths";
import { agentService } from "../../components/log-agent/plan";
import { Endpoint, endpointsOf } from "../../stacks/host-args";
import type { Was } from "../../stacks/model";
import type { ApplicationFacts, DataFacts } from "./data";
import type { HostFacts, ServiceFacts } from "./probe";

/** One thing that was looked at on one host. */
export interface Finding {
    /** Column of the table. */
    check: string;
    /** `ok`; `warn` for what works, yet not as it should; `fail` for what does not work. */
    state: string;
    /** What the table shows: a word or a figure. */
    shows: string;
    /** What is wrong and how it is mended; "" where all is well. */
    mend: string;
}

/** Clocks further apart than this make what belongs together stand apart. */
const CLOCK_SECONDS = 2;
const DISK_WARN_PERCENT = 80;
const DISK_FAIL_PERCENT = 95;
/** An application logs and answers something within it, or nobody uses it. */
const QUIET_SECONDS = 900;
const SCRAPE_SECONDS = 60;

const ok = (check: string, shows = "ok"): Finding => ({ check, state: "ok", shows, mend: "" });
const warn = (check: string, shows: string, mend: string): Finding => ({ check, state: "warn", shows, mend });
const fail = (check: string, shows: string, mend: string): Finding => ({ check, state: "fail", shows, mend });

/** A host that could not be asked. */
export function unreachable(reason: string): Finding[] {
    return [fail("ssh", "no", `cannot be asked: ${reason}`)];
}

/** What a WAS host said of itself. */
export function checkHost(host: Was, facts: HostFacts): Finding[] {
    // Without Docker nothing can be said of a container.
    const docker = checkDocker(facts);
    return [ok("ssh"), checkClock(facts), checkDisks(facts), ...(docker.length > 0 ? docker : [checkAgent(host, facts)]), ...checkGateway(facts), ...checkLogFiles(facts), ...checkJava(host, facts)];
}

/** What the monitoring host said of itself. */
export function checkMonitoringHost(facts: HostFacts): Finding[] {
    const docker = checkDocker(facts);
    return [ok("ssh"), checkClock(facts), checkDisks(facts), ...docker, ...(docker.length > 0 ? [] : facts.services.length > 0 ? facts.services.map(checkService)
        : [fail("services", "none", "no container of ours runs here: run `pulumi up` of the owner stack")])];
}

function checkDocker({ docker }: HostFacts): Finding[] {
    if (docker === "ok" || docker === "") return [];
    return [fail("docker", "no", `Docker does not answer on this host (${docker}): start it with \`systemctl start docker\`, look with \`journalctl -u docker -n 50\``)];
}

function checkClock({ clockSeconds }: HostFacts): Finding {
    const shows = `${clockSeconds > 0 ? "+" : ""}${clockSeconds.toFixed(1)} s`;
    return Math.abs(clockSeconds) <= CLOCK_SECONDS ? ok("clock") : fail("clock", shows, `its clock is ${shows} from ours: start chrony or systemd-timesyncd there (or here)`);
}

function checkDisks({ disks }: HostFacts): Finding {
    const [mount, used] = Object.entries(disks).sort(([, a], [, b]) => b - a)[0] ?? ["/", 0];
    const shows = `${used} %`;
    if (used < DISK_WARN_PERCENT) return ok("disk", shows);
    return (used < DISK_FAIL_PERCENT ? warn : fail)("disk", shows, `${mount} is ${used} % full: make room, the agent's buffer and the backends write there`);
}

function checkAgent({ agent, runtime, tracing }: Was, facts: HostFacts): Finding {
    const name = agentService(agent);
    if (facts.agent !== "active" && facts.agent !== "running") {
        const look = runtime === "docker" ? `docker logs --tail 50 ${name}` : `journalctl -u ${name} -n 50`;
        return fail("agent", facts.agent || "absent", `the log agent is ${facts.agent || "absent"}: look with \`${look}\`, put it right with \`pulumi up -c repair=$(date +%s)\``);
    }
    if (facts.receiver && facts.receiver !== "200") return fail("agent", "no spans", `the log agent takes no spans at ${tracing.listenAddress}:${OTLP_PORT} (HTTP ${facts.receiver}): is tracing.listenAddress an address of this host?`);
    return ok("agent");
}

function checkGateway({ gateway }: HostFacts): Finding[] {
    if (!gateway) return [];
    return [gateway === "ok" ? ok("gateway") : fail("gateway", "no", `the gateway cannot be reached from this host: ${gateway}`)];
}

function checkLogFiles({ missingLogs }: HostFacts): Finding[] {
    return missingLogs.map((glob) => fail("log files", "none", `logs.files: no file at ${glob}`));
}

function checkJava({ tracing, application }: Was, { java }: HostFacts): Finding[] {
    if (!tracing.enabled || !tracing.javaAgent || java.with > 0 || java.without === 0) return [];
    return [fail("java agent", "no", `${java.without === 1 ? "the Java process runs" : `${java.without} Java processes run`} without the OpenTelemetry Java agent: start ${application} with ` +
        `/etc/photogather-monitoring/java-agent/${application}.env (tracing.service names its unit), then restart it`)];
}

function checkService({ name, state, health, restarts, outOfMemory }: ServiceFacts): Finding {
    const look = `look with \`docker logs --tail 50 monitoring-${name}\``;
    if (outOfMemory) return fail(name, "no memory", `was killed for want of memory: ${look}; \`npm run plan -- --budget\` shows its limit`);
    if (state !== "running" || (health && health !== "healthy")) return fail(name, health && state === "running" ? health : state, `is ${state}${health ? `, ${health}` : ""}: ${look}`);
    return restarts > 0 ? warn(name, `${restarts} restarts`, `was started again ${restarts} times: ${look}`) : ok(name);
}

/**
 * What the backends know of a WAS host. Where it has several applications, what is wrong with one names it.
 *
 * @param sent whether the host's agent scrapes and sends; else Prometheus scrapes
 */
export function checkData(host: Was, data: DataFacts, sent: boolean): Finding[] {
    const endpoints = endpointsOf(host);
    const named = (application: string, finding: Finding) => (endpoints.length > 1 && finding.mend ? { ...finding, mend: `${application}: ${finding.mend}` } : finding);
    return [
        ...endpoints.flatMap((endpoint) => checkApplication(endpoint, host, data.applications[endpoint.application], sent).map((finding) => named(endpoint.application, finding))),
        ...checkHostMetrics(host, data, sent),
    ];
}

function checkApplication(endpoint: Endpoint, host: Was, facts: ApplicationFacts, sent: boolean): Finding[] {
    return [...checkMetrics(endpoint, host, facts, sent), ...checkLogs(endpoint, host, facts), ...checkSpans(endpoint, host, facts)];
}

function checkHostMetrics({ hostMetrics }: Was, { up }: DataFacts, sent: boolean): Finding[] {
    if (!hostMetrics.enabled || up.host) return [];
    return [fail("host metrics", up.host === undefined ? "no target" : "down", sent ? NOT_SENT : `Prometheus cannot read the agent's port ${hostMetrics.port}: open it to the monitoring host`)];
}

/** Of a host whose agent sends its metrics. */
const NOT_SENT = "the agent sends none: look at its journal for prometheus.remote_write, and at where it sends to: monitoring.external.metrics, or the relay (monitoring.environments.<name>.pushedMetrics of the owner)";

function checkMetrics(endpoint: Endpoint, host: Was, facts: ApplicationFacts, sent: boolean): Finding[] {
    if (!endpoint.actuator.enabled) return [];
    return [
        checkSamples(endpoint, host, facts, sent),
        ...(facts.requests && !facts.buckets ? [warn("buckets", "no", "no histogram of requests is published, so there are no quantiles: set management.metrics.distribution.percentiles-histogram.http.server.requests=true")] : []),
    ];
}

function checkSamples({ application, actuator }: Endpoint, { address }: Was, { up, sample }: ApplicationFacts, sent: boolean): Finding {
    if (up === undefined && sent) return fail("samples", "none", NOT_SENT);
    if (up === undefined) return fail("samples", "no target", `Prometheus does not know the application ${application}: run \`pulumi up\` of this stack`);
    if (up && sample !== undefined) return sample > SCRAPE_SECONDS ? warn("samples", age(sample), `the last sample is ${age(sample)} old`) : ok("samples", age(sample));
    const endpoint = `${actuator.scheme}://${address}:${actuator.port}${actuator.path}`;
    return fail("samples", "down", `${sent ? "the agent" : "Prometheus"} cannot read ${endpoint}: is the application up, ${sent ? "" : "the port open to the monitoring host, "}the endpoint exposed (management.endpoints.web.exposure.include)?`);
}

/** Whether one of the host's sources is the application's. */
function hasLogs({ application }: Endpoint, { application: first, logs: { files, units, containers, applications } }: Was): boolean {
    return [...files, ...units, ...containers].some((source) => (applications[source] ?? first) === application);
}

function checkLogs(endpoint: Endpoint, host: Was, { line, lines, tracedLines, span, pushesMetrics }: ApplicationFacts): Finding[] {
    if (!hasLogs(endpoint, host)) return [];
    const found = [arrives("lines", line, "no line")];
    if (host.tracing.enabled && span !== undefined && lines >= 20 && tracedLines === 0) {
        found.push(warn("trace ids", "none", `none of the last ${lines} lines has a trace id: set logging.pattern.level=%5p [\${spring.application.name},%X{trace_id:-},%X{span_id:-}]`));
    }
    if (pushesMetrics) found.push(warn("otlp metrics", "pushed", "the application pushes OTLP metrics, which nobody takes (Spring Boot 4 turns this on by itself): set management.otlp.metrics.export.enabled=false"));
    return found;
}

function checkSpans({ application }: Endpoint, { application: first, applications, tracing }: Was, { span, bootSpans, agentSpans }: ApplicationFacts): Finding[] {
    const { javaAgent } = application === first ? tracing : applications.find(({ name }) => name === application)!.tracing;
    const without = warn("spans", "none", "no span within the last hour, as is to be expected with tracing.javaAgent: false, unless the application has a tracing of its own");
    return [
        // Another application beside the first one is asked for none without the Java agent.
        ...(!tracing.enabled || (!javaAgent && application !== first) ? [] : [span === undefined && !javaAgent ? without : arrives("spans", span, "no span")]),
        ...(bootSpans && agentSpans ? [warn("double spans", "yes", "the Java agent and Spring Boot's own tracing both make spans: set management.tracing.enabled=false (Spring Boot 4: management.tracing.export.enabled=false), or tracing.javaAgent: false")] : []),
    ];
}

/**
 * What the backends know of a host that the stack does not list: one found by EC2 tags, or with an agent by user data. Nobody said which signals it should have, so one that is not
 * there is no failure.
 */
export function checkUnlisted({ up, sample, line, span }: ApplicationFacts): Finding[] {
    const there = (check: string, seconds: number | undefined, mend: string) => (seconds === undefined ? warn(check, "none", mend) : ok(check, age(seconds)));
    return [
        up === false ? fail("samples", "down", "Prometheus cannot read its Actuator endpoint: is the application up, and the port open to the monitoring host?")
            : there("samples", sample, "nothing scrapes it: its tags are not those of monitoring.environments.<name>.discovery"),
        there("lines", line, "no line within the last hour: it has no agent (LogAgent.userData), or writes none"), there("spans", span, "no span within the last hour: its application runs without the Java agent, or nobody uses it"),
    ];
}

function arrives(check: string, seconds: number | undefined, none: string): Finding {
    if (seconds === undefined) return fail(check, "none", `${none} within the last hour: see docs/operations.md, "When something does not arrive"`);
    return seconds > QUIET_SECONDS ? warn(check, age(seconds), `${none} for ${age(seconds)}: is the application in use?`) : ok(check, age(seconds));
}

/** `12 s`, `5 min`. */
export function age(seconds: number): string {
    return seconds < 120 ? `${Math.round(seconds)} s` : `${Math.round(seconds / 60)} min`;
}
