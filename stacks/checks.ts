import * as net from "node:net";
import { Problem } from "../components/problems";
import type { Was } from "./config";
import type { EnvironmentConfig, OwnerConfig } from "./schema";

/** Rules between the values of the `was` list, which no schema of one value can see. */
export function crossCheckWas(was: Was[]): Problem[] {
    return was.flatMap((host, index) => {
        const path = `was[${index}]`;
        const twin = was.findIndex((other) => other.name === host.name);
        return [
            ...(twin < index ? [{ path: `${path}.name`, message: `"${host.name}" names was[${twin}] already; each host needs a name of its own` }] : []),
            ...(host.application ? [] : [{ path: `${path}.application`, message: "expected the application's name, here or in defaults.application" }]),
            ...(host.ssh && !host.ssh.hostKey ? [{ path: `${path}.ssh.hostKey`, message: `expected the host's public key; ask it with: ssh-keyscan -t ed25519 ${host.ssh.address}` }] : []),
            ...checkActuator(path, host),
            ...checkPromtail(path, host),
        ];
    });
}

function checkActuator(path: string, { actuator }: Was): Problem[] {
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
export function crossCheckOwner(owner: OwnerConfig, environment: string, was: Was[]): Problem[] {
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
    if (machine?.local && !owner.address) {
        problems.push({ path: "monitoring.address", message: "expected the address at which WAS hosts reach this machine" });
    }
    if (machine?.local && !owner.hostKey) {
        problems.push({ path: "monitoring.hostKey", message: "expected this machine's public host key, by which targets are registered; ask it with: ssh-keyscan -t ed25519 localhost" });
    }
    problems.push(...checkTls(owner));
    const own = environments[environment];
    if (!own) {
        problems.push({ path: "monitoring.environments", message: `expected an entry "${environment}", this stack's own environment; found ${Object.keys(environments).join(", ") || "none"}` });
    } else {
        problems.push(...checkTargets(own, was));
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

/** What of an environment's rules a member must know to find its own mistakes before anything is created. */
export type TargetRules = Pick<EnvironmentConfig, "cidrs" | "hosts" | "labels">;

/** Hosts that the monitoring host would refuse to scrape: found here, before anything is created. */
export function checkTargets(rules: TargetRules, was: Was[]): Problem[] {
    return was.flatMap(({ address, labels, name }, index) => [
        ...(isWithin(address, rules) ? [] : [{
            path: `was[${index}].address`,
            message: `${address} (${name}) is not within the environment's cidrs (${rules.cidrs.join(", ")}): mend it, or add its range in the owner stack`,
        }]),
        ...Object.keys(labels).filter((label) => !rules.labels?.includes(label)).map((label) => ({
            path: `was[${index}].labels.${label}`, message: `the environment does not allow this label: add it to monitoring.environments.<environment>.labels in the owner stack`,
        })),
    ]);
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
