import * as pulumi from "@pulumi/pulumi";
import * as random from "@pulumi/random";
import * as tls from "@pulumi/tls";
import { Connection, CONNECTION_FORMAT } from "../components/connection";
import { SshConnection, SshJump } from "../components/machine";
import { REGISTRATION } from "../components/metrics-target/registration";
import { AlertingArgs, EnvironmentArgs, GatewayTlsArgs, LoginArgs, MembersGuard, MonitoringServices, readiness } from "../components/monitoring-services";
import { DATA } from "../components/monitoring-services/services";
import { secretEndpoint } from "./external";
import { generations, Identity, makeIdentity, newest } from "./identity";
import type { StackConfig } from "./model";
import { memberPasswords, organizationsOf } from "./organizations";
import { OwnerHost, ownerHost } from "./owner-host";
import type { EnvironmentConfig, OwnerConfig } from "./schema";

/** What the owner stack gives: to its members as outputs, to its own environment directly. */
export interface SharedDeployment {
    outputs: Record<string, unknown>;
    /** By environment, a secret. */
    connections: Record<string, pulumi.Output<Connection>>;
    /** The host to go through to the monitoring host. */
    jump?: SshJump;
    /** How the monitoring host itself is reached. */
    monitoring?: SshConnection;
    /** Stands when targets can be registered. */
    ready: pulumi.Resource;
    /** Refuses `destroy` while members are registered. Call it last, with all that must then stay. */
    guard: (dependsOn: pulumi.Resource[]) => void;
}

/** A root that outlives the deployment: the gateway renews its own short-lived certificates by it. */
const CA_HOURS = 10 * 365 * 24;

/**
 * Makes the shared deployment, on an EC2 instance of its own or on a machine that is there.
 *
 * @param keysDirectory for the files that the Docker provider's `ssh` reads, relative to the project's directory
 */
export function deployShared(owner: OwnerConfig, { environment, repair }: StackConfig, keysDirectory: string): SharedDeployment {
    const host = ownerHost(owner, repair);
    const identities = Object.fromEntries(Object.entries(owner.environments).map(([name, config]) => [name, makeIdentity(name, config)]));
    const adminPassword = pulumi.secret(owner.adminPassword ?? new random.RandomPassword(generations("grafana-admin-password", [owner.adminPasswordGeneration ?? 1])[0], { length: 24, special: false }).result);
    const passwords = memberPasswords(owner);
    const gatewayTls = makeTls(owner);

    const services = new MonitoringServices("monitoring", {
        machine: host.machine, address: host.address, hostId: host.id, memoryMiB: host.memoryMiB, cores: host.cores, bootTimeoutSeconds: host.bootTimeoutSeconds, keysDirectory,
        port: owner.port, tls: gatewayTls, names: [...host.names, ...(owner.names ?? [])], grafanaAdminPassword: adminPassword, login: loginArgs(owner),
        organizations: organizationsOf(owner, (member) => passwords[member]),
        alerting: alertingArgs(owner), thresholds: owner.thresholds, withoutAlerts: owner.withoutAlerts,
        environments: Object.fromEntries(Object.keys(identities).map((name) => [name, environmentArgs(owner, name, identities[name])])),
        destroyWithMembers: owner.destroyWithMembers,
        withoutDashboards: owner.withoutDashboards, withoutDataSources: owner.withoutDataSources,
        remoteWrite: owner.remoteWrite?.map(secretEndpoint), blocks: owner.blocks && { ...owner.blocks, secretAccessKey: pulumi.secret(owner.blocks.secretAccessKey) },
        retention: owner.retention, dataDirectory: owner.directory, images: owner.images, acceptIrreversible: owner.acceptIrreversible, registry: owner.registry,
    }, { dependsOn: host.dependsOn });

    const connections = Object.fromEntries(Object.entries(identities).map(([name, identity]) => [name, connectionFor(name, identity, host, services)]));
    return {
        connections, jump: host.machine.ssh?.jump, monitoring: host.machine.ssh, ready: readiness(services),
        guard: (dependsOn) => void new MembersGuard("members-guard", {
            machine: host.machine, ownEnvironment: environment, destroyWithMembers: owner.destroyWithMembers,
        }, { dependsOn: [services, ...dependsOn] }),
        outputs: {
            monitoring: {
                url: services.gatewayUrl, versions: services.versions, directory: owner.directory ?? DATA,
                environments: Object.fromEntries(Object.entries(owner.environments).map(([name, { cidrs, hosts, labels, pushedMetrics }]) => (
                    [name, { cidrs, hosts: hosts ?? [], labels: labels ?? [], ...(pushedMetrics ? { pushedMetrics } : {}) }]))),
            },
            ...Object.fromEntries(Object.entries(connections).map(([name, connection]) => [`connection_${name}`, connection])),
            grafanaPassword: adminPassword, ...(Object.keys(passwords).length > 0 ? { grafanaMembers: pulumi.secret(passwords) } : {}), ca: services.ca, sshFiles: services.sshFiles,
        },
    };
}

function environmentArgs(owner: OwnerConfig, name: string, { tokens, keys }: Identity): EnvironmentArgs {
    const { cidrs, hosts, labels, discovery, pushedMetrics, severity, retention } = owner.environments[name];
    return {
        token: newest(tokens), ...(tokens.length > 1 ? { previousToken: tokens[0] } : {}),
        registrationKeys: keys.map(({ publicKeyOpenssh }) => publicKeyOpenssh.apply((text) => text.trim())), cidrs, hosts, labels, discovery, pushedMetrics, severity, ...quotaOf(owner.environments[name]),
        logRetention: retention?.logs, traceRetention: retention?.traces,
    };
}

function quotaOf({
    share, maxTargets, samplesPerTarget, allowedMetrics, logRateMiB, logBurstMiB, maxLogStreams, traceRateMiB, traceBurstMiB, maxSpanMetricSeries, maxQueryRange,
}: EnvironmentConfig) {
    return {
        share, maxTargets, samplesPerTarget, allowedMetrics, logRateMiB, logBurstMiB, maxLogStreams, traceRateMiB, traceBurstMiB, maxSpanMetricSeries, maxQueryRange,
    };
}

function makeTls({ tls: mode = "ca", certificate, privateKey, trustedCa, domain, email }: OwnerConfig): GatewayTlsArgs {
    if (mode !== "ca") return { mode, certificate, privateKey: secretOrNone(privateKey), trustedCa, domain, email };
    const key = new tls.PrivateKey("ca-key", { algorithm: "ECDSA", ecdsaCurve: "P256" });
    const ca = new tls.SelfSignedCert("ca", {
        privateKeyPem: key.privateKeyPem, subject: { commonName: "photogather-monitoring" }, isCaCertificate: true, setSubjectKeyId: true,
        allowedUses: ["cert_signing", "crl_signing", "digital_signature"], validityPeriodHours: CA_HOURS,
    });
    return { mode, caCertificate: ca.certPem, caPrivateKey: key.privateKeyPem };
}

function connectionFor(environment: string, { tokens, keys }: Identity, host: OwnerHost, services: MonitoringServices): pulumi.Output<Connection> {
    const { gatewayUrl, ca } = services;
    const { registrationAddress, machine, hostKey } = host;
    const known = pulumi.all([gatewayUrl, ca, newest(tokens), registrationAddress, machine.ssh?.port ?? 22, newest(keys).privateKeyOpenssh, hostKey]);
    return pulumi.secret(known.apply(([url, caPem, bearer, address, port, privateKey, publicHostKey]): Connection => ({
        format: CONNECTION_FORMAT, environment,
        gateway: { url, ca: caPem, token: bearer },
        registration: { address, port, user: REGISTRATION.user, privateKey, hostKey: publicHostKey },
    })));
}

function alertingArgs({ alerting = {} }: OwnerConfig): AlertingArgs {
    const secret = (list: { kind: string; url: string }[] = []) => list.map(({ kind, url }) => ({ kind, url: pulumi.secret(url) }));
    return { page: secret(alerting.page), notify: secret(alerting.notify), heartbeatUrl: secretOrNone(alerting.heartbeatUrl), runbookUrl: alerting.runbookUrl };
}

function loginArgs({ login: { github, google } = {} }: OwnerConfig): LoginArgs {
    return {
        ...(github ? { github: { ...github, clientSecret: pulumi.secret(github.clientSecret) } } : {}),
        ...(google ? { google: { ...google, clientSecret: pulumi.secret(google.clientSecret) } } : {}),
    };
}

function secretOrNone(value: string | undefined): pulumi.Output<string> | undefined {
    return value === undefined ? undefined : pulumi.secret(value);
}
