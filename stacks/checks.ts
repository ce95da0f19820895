import * as net from "node:net";
import { LOG_AGENT_PROFILE } from "../components/log-agent/target";
import { validateLoginKeys } from "../components/login-keys";
import { validateLogAgent } from "../components/log-agent/validate";
import { validateTargets } from "../components/metrics-target/targets";
import { DEFAULT_DATA_GIB, validateMonitoringHost } from "../components/monitoring-host/validate";
import { servicesMemoryMiB, validateMemory } from "../components/monitoring-services/budget";
import { validateLongTerm } from "../components/monitoring-services/long-term";
import { validateLogin } from "../components/monitoring-services/login";
import { validateOrganizations } from "../components/monitoring-services/organizations";
import { planQuotas, ratesOfAll, validateQuotas } from "../components/monitoring-services/quotas";
import { planRetention, validateLogRetention, validateRetention } from "../components/monitoring-services/retention";
import { validateAlerting } from "../components/monitoring-services/validate-alerting";
import { validateAcceptIrreversible } from "../components/monitoring-services/upgrade";
import { validateWorkload, Workload } from "../components/monitoring-services/workload";
import { validateGrafana } from "../components/monitoring-services/validate-grafana";
import { validateJavaAgent } from "../components/otel-java-agent/plan";
import { Problem, under } from "../components/problems";
import type { Was } from "./model";
import { organizationsOf } from "./organizations";
import { hostCores, hostMemoryMiB } from "./owner-host";
import { quote } from "../components/names";
import { actuatorProfiles, javaAgentArgs, logAgentArgs, planTargets } from "./host-args";
import type { EnvironmentConfig, ExternalConfig, OwnerConfig, SshConfig } from "./schema";

/** What of a config could be read; a hole stands for a host that has a mistake of its own. */
export type Hosts = (Was | undefined)[];

/** Rules between the values of the `was` list, and those of the components, which no schema of one value can see. */
export function crossCheckWas(was: Hosts, stack: StackContext): Problem[] {
    const [names, addresses] = [firstOf(was, ({ name }) => name), firstOf(was, ({ address }) => address)];
    return was.flatMap((host, index) => {
        if (!host) return [];
        const path = `was[${index}]`;
        const [byName, byAddress] = [names.get(host.name)!, addresses.get(host.address)!];
        const alone = [...checkPromtail(path, host), ...checkApplications(path, host)];
        return [
            ...(byName < index ? [{ path: `${path}.name`, message: `"${host.name}" names was[${byName}] already; each host needs a name of its own` }] : []),
            ...(byName === index && byAddress < index ? [{ path: `${path}.address`, message: `${host.address} is was[${byAddress}] already: one host, one entry` }] : []),
            ...(host.application ? [] : [{ path: `${path}.application`, message: "expected the application's name, here or in defaults.application" }]),
            ...(host.ssh && !host.ssh.hostKey ? [{ path: `${path}.ssh.hostKey`, message: `expected the host's public key; ask it with: ssh-keyscan -t ed25519 ${host.ssh.address}` }] : []),
            ...(host.ssh?.jump && host.ssh.throughMonitoring ? [{ path: `${path}.ssh`, message: "expected either jump or throughMonitoring" }] : []),
            ...(host.ssh?.throughMonitoring && !stack.shared ? [{ path: `${path}.ssh.throughMonitoring`, message: "this stack has no monitoring host: give ssh.jump" }] : []),
            ...checkLoginKeys(`${path}.ssh`, host.ssh),
            ...checkActuator(path, host.actuator),
            ...host.applications.flatMap(({ actuator }, i) => checkActuator(`${path}.applications[${i}]`, actuator)),
            ...alone,
            // Without an application, with what Promtail cannot do, or with two of the same, the components would only say the same again.
            ...(host.application && alone.length === 0 ? under(path, checkComponents(host, stack)) : []),
        ];
    });
}

/** What of the stack its hosts depend on. */
export interface StackContext {
    environment: string;
    /** Whether it owns or joins a shared deployment. */
    shared: boolean;
    external?: ExternalConfig;
}

/** The first host with each value. */
function firstOf(was: Hosts, value: (host: Was) => string): Map<string, number> {
    const first = new Map<string, number>();
    was.forEach((host, index) => { if (host && !first.has(value(host))) first.set(value(host), index); });
    return first;
}

/** Where the components' arguments stand in the config. The first that fits counts. */
const LOG_AGENT_PATHS: [RegExp, string][] = [
    [/^otlp\.address/, "tracing.listenAddress"], [/^otlp\.port/, "hostMetrics.port"], [/^otlp\.enabled/, "tracing.enabled"], [/^external$/, "agent"], [/^push\.applications\[\d+\]/, "actuator"], [/^(otlp|sampling)\b/, "tracing"], [/^artifact\b/, "artifacts.agent"],
    [/^image/, "artifacts.agentImage"], [/^host$/, "name"],
];
const JAVA_AGENT_PATHS: [RegExp, string][] = [
    [/^instance/, "name"], [/^otlpEndpoint/, "tracing.listenAddress"], [/^(systemdService|restartService)/, "tracing.service"], [/^restartContainer/, "tracing.container"],
    [/^(properties|methods)\b/, "tracing.$1"], [/^(version|url|sha256)/, "artifacts.javaAgent.$1"],
];
const TARGET_PATHS: [RegExp, string][] = [
    [/^targets\[\d+\]\.(path|scheme|intervalSeconds)/, "actuator.$1"], [/^targets\[\d+\]\.instance/, "name"], [/^targets\[\d+\]\.(.*)/, "$1"],
    [/^profiles\.[^.]+\.(.*)/, "actuator.$1"],
];

/** No config gives these: the program makes them, and they are not made yet; or they are the stack's, and told there. */
const NOT_THE_HOSTS = /^(hostMetrics\.(password|certificate|privateKey)|gateway|external\..*)$/;

/** What the components themselves would refuse, told before anything exists, in the config's own words. */
function checkComponents(host: Was, { environment, shared, external }: StackContext): Problem[] {
    const gateway = shared ? { url: "https://localhost", ca: "", token: "" } : undefined;
    const metrics = { username: "prometheus", password: "", certificate: "", privateKey: "" };
    const registration = { address: "localhost", privateKey: "", hostKey: "" };
    const found = [
        ...checkPush(host, shared, external),
        ...relabel(LOG_AGENT_PATHS, validateLogAgent(logAgentArgs(host, {}, { environment, gateway, external, pushEndpoint: gateway, credentials: metrics }))),
        ...javaAgentArgs(host, environment).flatMap(({ path, settings }) => under(path.replace(/\.$/, ""), relabel(JAVA_AGENT_PATHS, validateJavaAgent(settings)))),
        ...relabel(TARGET_PATHS, validateTargets({
            environment, registration, targets: planTargets([host]), profiles: { ...actuatorProfiles([host]), [LOG_AGENT_PROFILE]: {} },
        })),
    ];
    return found.filter(({ path }) => !NOT_THE_HOSTS.test(path)).filter(({ path, message }, index, all) => all.findIndex((other) => other.path === path && other.message === message) === index);
}

function checkPush({ metrics }: Was, shared: boolean, external: ExternalConfig | undefined): Problem[] {
    if (metrics === "pull") return [];
    if (!shared) return [{ path: "metrics", message: '"push" is to the shared deployment, which this stack has not: all metrics go to monitoring.external.metrics' }];
    return external?.metrics ? [{ path: "metrics", message: 'expected "pull", as monitoring.external.metrics has what the agent sends' }] : [];
}

function relabel(paths: [RegExp, string][], problems: Problem[]): Problem[] {
    return problems.map(({ path, message }) => {
        const [pattern, replacement] = paths.find(([candidate]) => candidate.test(path)) ?? [/^/, ""];
        return { path: path.replace(pattern, replacement), message };
    });
}

function checkLoginKeys(path: string, ssh: SshConfig | undefined): Problem[] {
    if (!ssh?.authorizedKeys) return [];
    if (!ssh.privateKey) return [{ path: `${path}.authorizedKeys`, message: "needs privateKey beside it: a key that the stack makes is rotated by deployKeyGenerations" }];
    return validateLoginKeys(`${path}.authorizedKeys`, ssh.authorizedKeys, ssh.privateKey);
}

/** Each application by a name, a port and log sources of its own. */
function checkApplications(path: string, { application, actuator, applications, logs }: Was): Problem[] {
    const all = [{ name: application, actuator }, ...applications];
    const place = (index: number) => (index === 0 ? "the host's own" : `applications[${index - 1}]'s`);
    const firstWith = (same: (other: (typeof all)[number]) => boolean) => all.findIndex(same);
    const twice = (["files", "units", "containers"] as const).flatMap((kind) => logs[kind].filter((source, i) => logs[kind].indexOf(source) !== i).map((source) => ({
        path: `${path}.logs.${kind}`, message: `${quote(source)} is read for two applications: name it once`,
    })));
    return [...all.flatMap(({ name, actuator: { enabled, port, path: endpoint } }, index) => {
        const [byName, byPort] = [firstWith((other) => other.name === name), firstWith(({ actuator: other }) => other.enabled && other.port === port && other.path === endpoint)];
        const at = `${path}.applications[${index - 1}]`;
        return [
            ...(byName < index ? [{ path: `${at}.name`, message: `"${name}" is ${place(byName)} name already` }] : []),
            ...(enabled && byPort < index ? [{ path: `${at}.actuator.port`, message: `${port} is ${place(byPort)} port already: give its own, or actuator.enabled: false` }] : []),
        ];
    }), ...(applications.length > 0 ? twice : [])];
}

function checkActuator(path: string, actuator: Was["actuator"]): Problem[] {
    const problems: Problem[] = [];
    if (Boolean(actuator.username) !== Boolean(actuator.password)) {
        problems.push({ path: `${path}.actuator`, message: "expected username and password together, or neither" });
    }
    if (actuator.scheme !== "https" && (actuator.ca || actuator.serverName)) {
        problems.push({ path: `${path}.actuator`, message: "ca and serverName need scheme: https" });
    }
    return problems;
}

function checkPromtail(path: string, { agent, tracing, hostMetrics }: Was): Problem[] {
    if (agent !== "promtail") return [];
    return [
        ...(tracing.enabled ? [{ path: `${path}.tracing.enabled`, message: "Promtail takes no traces: set false, or agent: alloy" }] : []),
        ...(hostMetrics.enabled ? [{ path: `${path}.hostMetrics.enabled`, message: "Promtail has no host metrics: set false, or agent: alloy" }] : []),
    ];
}

/** Rules between the owner's values. */
export function crossCheckOwner(owner: OwnerConfig, environment: string, was: Hosts): Problem[] {
    const { host, environments } = owner;
    const problems: Problem[] = [];
    const machine = host.machine;
    if (Boolean(host.ec2) === Boolean(machine)) problems.push({ path: "monitoring.host", message: "expected either `ec2` or `machine`" });
    if (machine && Boolean(machine.ssh) === Boolean(machine.local)) {
        problems.push({ path: "monitoring.host.machine", message: "expected either `ssh: {…}` or `local: true`" });
    }
    if (machine?.ssh && !machine.ssh.hostKey) {
        problems.push({ path: "monitoring.host.machine.ssh.hostKey", message: `expected the host's public key; ask it with: ssh-keyscan -t ed25519 ${machine.ssh.address}` });
    }
    if (machine?.ssh && !machine.ssh.privateKey) {
        problems.push({ path: "monitoring.host.machine.ssh.privateKey", message: "expected a private key; set it with: pulumi config set --secret --path monitoring.host.machine.ssh.privateKey < FILE" });
    }
    problems.push(...checkLoginKeys("monitoring.host.machine.ssh", machine?.ssh));
    if (machine?.local && !owner.address) {
        problems.push({ path: "monitoring.address", message: "expected the address at which WAS hosts reach this machine" });
    }
    if (machine?.local && !owner.hostKey) {
        problems.push({ path: "monitoring.hostKey", message: "expected this machine's public host key, by which targets are registered; ask it with: ssh-keyscan -t ed25519 localhost" });
    }
    if (host.ec2) {
        const wrong = under("monitoring.host.ec2", validateMonitoringHost({ ...host.ec2, gatewayPort: owner.port }));
        // What the type has is known only where the type is.
        problems.push(...(wrong.length > 0 ? wrong : validateMemory(`monitoring.host.ec2.${host.ec2.memoryMiB ? "memoryMiB" : "instanceType"}`, hostMemoryMiB(owner))));
    }
    // The host alone would do, and what is asked for besides takes too much of it.
    const left = servicesMemoryMiB(hostMemoryMiB(owner), owner);
    if (validateMemory("", hostMemoryMiB(owner)).length === 0) problems.push(...validateMemory("monitoring.host, less what organizations and pushedMetrics take", left));
    if (owner.adminPassword !== undefined && owner.adminPasswordGeneration !== undefined) {
        problems.push({ path: "monitoring.adminPasswordGeneration", message: "counts passwords that are made here: with adminPassword, change that" });
    }
    if (owner.workload && problems.length === 0) problems.push(...checkWorkload(owner, owner.workload));
    problems.push(...checkTls(owner), ...checkRetention(owner), ...checkTokens(owner), ...under("monitoring.environments", validateQuotas(environments)));
    const { withoutDashboards, withoutDataSources, withoutAlerts, alerting, thresholds } = owner;
    problems.push(...under("monitoring", validateGrafana({ withoutDashboards, withoutDataSources }, Object.keys(environments))));
    problems.push(...under("monitoring.login", validateLogin(owner.login ?? {}, owner.tls ?? "ca")));
    problems.push(...under("monitoring.organizations", validateOrganizations(organizationsOf(owner), Object.keys(environments), owner.login)));
    problems.push(...under("monitoring", validateLongTerm(owner)));
    problems.push(...under("monitoring", validateAlerting({ alerting, thresholds, withoutAlerts })));
    problems.push(...under("monitoring.acceptIrreversible", validateAcceptIrreversible(owner.acceptIrreversible ?? {})));
    const own = environments[environment];
    if (!own) {
        problems.push({ path: "monitoring.environments", message: `expected an entry "${environment}", this stack's own environment; found ${Object.keys(environments).join(", ") || "none"}` });
    } else {
        problems.push(...checkTargets(own, was, environment));
    }
    return problems;
}

function checkTls({ tls, certificate, privateKey, domain, host, port }: OwnerConfig): Problem[] {
    if (tls === "provided" && !(certificate && privateKey)) return [{ path: "monitoring.tls", message: '"provided" needs monitoring.certificate and monitoring.privateKey' }];
    if (tls === "acme" && host.ec2 && port !== 443) {
        return [{ path: "monitoring.tls", message: '"acme" on EC2 needs monitoring.port: 443, open to the world: host.ec2.gatewayFrom: ["0.0.0.0/0"] with host.ec2.allowWorld: true' }];
    }
    if (tls === "acme" && !domain) return [{ path: "monitoring.tls", message: '"acme" needs monitoring.domain' }];
    return [];
}

function checkWorkload(owner: OwnerConfig, workload: Workload): Problem[] {
    if (validateRetention(owner.retention ?? {}).length > 0) return [];
    const { ec2 } = owner.host;
    const memoryMiB = servicesMemoryMiB(hostMemoryMiB(owner), owner);
    const rates = ratesOfAll(planQuotas(owner.environments, { memoryMiB, cores: hostCores(owner) }));
    const host = { memoryMiB, rates, ...(ec2 ? { diskGiB: ec2.dataVolume?.sizeGiB ?? DEFAULT_DATA_GIB } : {}) };
    return validateWorkload("monitoring.workload", workload, planRetention(owner.retention), host);
}

function checkTokens({ environments }: OwnerConfig): Problem[] {
    return Object.entries(environments).flatMap(([name, { token, previousToken, tokenGenerations }]) => {
        const path = `monitoring.environments.${name}`;
        if (token !== undefined && tokenGenerations) return [{ path: `${path}.tokenGenerations`, message: "counts tokens that are made here: with a token of your own, set previousToken while it is rotated" }];
        if (token === undefined && previousToken !== undefined) return [{ path: `${path}.previousToken`, message: "needs token beside it: the new one" }];
        return [];
    });
}

function checkRetention({ retention = {}, environments }: OwnerConfig): Problem[] {
    return [
        ...under("monitoring.retention", validateRetention(retention)),
        ...Object.entries(environments).flatMap(([name, { retention: own }]) => own?.logs ? validateLogRetention(`monitoring.environments.${name}.retention.logs`, own.logs) : []),
    ];
}

/** What of an environment's rules a member must know to find its own mistakes before anything is created. */
export type TargetRules = Pick<EnvironmentConfig, "cidrs" | "hosts" | "labels" | "pushedMetrics">;

/** Hosts that the monitoring host would refuse to scrape: found here, before anything is created. */
export function checkTargets(rules: TargetRules, was: Hosts, environment: string): Problem[] {
    return was.flatMap((host, index) => host ? [
        ...(host.metrics === "pull" || rules.pushedMetrics ? [] : [{ path: `was[${index}].metrics`, message: `"push" needs monitoring.environments.${environment}.pushedMetrics: true in the owner stack, and \`pulumi up\` there` }]),
        ...(host.metrics === "push" || isWithin(host.address, rules) ? [] : [{ path: `was[${index}].address`, message: outside(host, rules, environment) }]),
        ...Object.keys(host.labels).filter((label) => !rules.labels?.includes(label)).map((label) => ({
            path: `was[${index}].labels.${label}`, message: `expected a label that the environment allows: add it to monitoring.environments.${environment}.labels in the owner stack, and run \`pulumi up\` there`,
        })),
    ] : []);
}

function outside({ address, name }: Was, { cidrs }: TargetRules, environment: string): string {
    const section = `monitoring.environments.${environment}`;
    return net.isIP(address)
        ? `${address} (${name}) is not within the environment's cidrs (${cidrs.join(", ")}): mend it, or add its range to ${section}.cidrs in the owner stack`
        : `${address} (${name}) is a host name: expected an IP address, or the name in ${section}.hosts in the owner stack`;
}

function isWithin(address: string, { cidrs, hosts = [] }: TargetRules): boolean {
    const family = net.isIP(address);
    if (family === 0) return hosts.includes(address);
    return cidrs.some((cidr) => {
        const [base, bits] = cidr.split("/");
        if (net.isIP(base) !== family) return false;
        const list = new net.BlockList();
        list.addSubnet(base, Number(bits), family === 6 ? "ipv6" : "ipv4");
        return list.check(address, family === 6 ? "ipv6" : "ipv4");
    });
}
