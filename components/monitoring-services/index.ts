import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import { Bundle } from "../bundle";
import { machineFiles, machineScript } from "../machine";
import { hostPort } from "../names";
import { failOn } from "../problems";
import { KnownServicesArgs, MonitoringServicesArgs } from "./args";
import { adminPasswordScript } from "./admin-password";
import { servicesMemoryMiB, validateMemory } from "./budget";
import { planContainers, REPLACE_ON } from "./containers";
import { digest } from "./backends";
import { BUNDLE, planRestartDigests, planServiceBundle } from "./files";
import { planGatewayCa, planGatewayUrl } from "./gateway";
import { BRIDGE } from "./guard";
import { preflightScript, readyScript, removalScript, settleScript } from "./scripts";
import { DATA, NETWORK, planImages, planServices } from "./services";
import { organizationsScript, planOrganizations } from "./organizations";
import { provideSshFiles } from "./ssh-files";
import { UpgradeArgs, upgradeCheckScript } from "./upgrade";
import { validateMonitoringServices } from "./validate";

export * from "./alerting-args";
export * from "./args";
export * from "./discovery-args";
export * from "./login-args";
export * from "./long-term-args";
export * from "./organization-args";
export { AlertThresholds } from "../../dashboards/alerts/thresholds";
export { explainBudget, planBudget, servicesMemoryMiB, usableMiB } from "./budget";
export { ServiceChoice } from "./services";
export { MembersGuard, MembersGuardArgs } from "./members-guard";
export { renderSshFiles, writeSshFiles } from "./ssh-files";

/** Labels of ours on Docker's things. */
const LABEL = "photogather-monitoring";

/** Not a property: the package's schema would have it as an output, and a resource is none. */
const READY = new WeakMap<MonitoringServices, pulumi.Resource>();

/**
 * What stands when every service runs its present configuration. To depend on it is to depend on all of them; the component itself would stand for each of its
 * children, 20 dependencies for each of what may be thousands of hosts.
 */
export function readiness(services: MonitoringServices): pulumi.Resource {
    return READY.get(services)!;
}

/**
 * The shared deployment: gateway, Prometheus, Alertmanager, Loki, Tempo, Grafana and a node exporter in containers on one machine.
 *
 * Its data stays on the machine when it is destroyed. A changed configuration is reloaded where the service can; only an image, a flag or a
 * file that is read at the start replaces that one container.
 *
 * Costs: 1,474 MiB of memory on the smallest host; one provider process of about 70 MiB where Pulumi runs.
 */
export class MonitoringServices extends pulumi.ComponentResource {
    /** Where agents and people reach the gateway, e.g. `https://10.0.0.5:8080`. */
    public readonly gatewayUrl: pulumi.Output<string>;
    /** PEM of the CA that agents must be given; "" where the system's own do. */
    public readonly ca: pulumi.Output<string>;
    /** Image of every service. */
    public readonly versions: pulumi.Output<Record<string, string>>;
    /** The files that `ssh` needs to reach the host's Docker, by name; a secret. Empty for this machine. */
    public readonly sshFiles: pulumi.Output<Record<string, string>>;

    constructor(name: string, args: MonitoringServicesArgs, opts?: pulumi.ComponentResourceOptions) {
        // Not its arguments: what a component is given is kept in the state, and a secret may come as plain text.
        super("photogather-monitoring:index:MonitoringServices", name, {}, opts);
        failOn(`MonitoringServices "${name}"`, validateMonitoringServices(args));
        const memoryMiB = servicesMemoryMiB(args.memoryMiB, args);
        failOn(`MonitoringServices "${name}", less what organizations and relays take`, validateMemory("memoryMiB", memoryMiB));
        const known = pulumi.output({ ...args, memoryMiB, machine: undefined }) as unknown as pulumi.Output<KnownServicesArgs>;
        const bundle = pulumi.secret(known.apply(planServiceBundle));
        const hostId = pulumi.output(args.hostId ?? "");

        const images = planImages(args.images, args.registry, planServices({ organizations: args.organizations }));
        const upgrade = { dataDirectory: args.dataDirectory ?? DATA, images, acceptIrreversible: args.acceptIrreversible };

        const files = this.createFiles(name, args, { bundle, hostId, upgrade }, opts);
        const { provider, sshFiles } = this.createProvider(name, args, files);
        const network = this.createNetwork(name, provider, hostId, files);
        const containers = this.createContainers(name, { ...args, memoryMiB }, { provider, network, bundle, hostId, images, files });
        const ready = this.createReady(name, args, { bundle, upgrade }, containers);
        this.createGrafanaAccess(name, args, { known, containers, ready });
        READY.set(this, ready);

        this.gatewayUrl = pulumi
            .output(args.address)
            .apply((address) => planGatewayUrl({ address, port: args.port, tls: { mode: args.tls?.mode, domain: args.tls?.domain } }));
        this.ca = pulumi.unsecret(pulumi.output(args.tls ?? {}).apply((tls) => planGatewayCa(tls)));
        this.versions = pulumi.output(images);
        this.sshFiles = sshFiles;
        this.registerOutputs({ gatewayUrl: this.gatewayUrl, ca: this.ca, versions: this.versions, sshFiles: this.sshFiles });
    }

    /** Every file on the host; the check of the host; the restricted registration user. */
    private createFiles(
        name: string,
        args: MonitoringServicesArgs,
        { bundle, hostId, upgrade }: { bundle: pulumi.Output<Bundle>; hostId: pulumi.Output<string>; upgrade: UpgradeArgs },
        opts: pulumi.ComponentResourceOptions | undefined,
    ): pulumi.CustomResource {
        const boot = args.bootTimeoutSeconds ?? 0;
        return machineFiles(
            `${name}-files`,
            {
                machine: args.machine,
                bundle,
                bundleName: BUNDLE,
                triggers: [hostId],
                before: preflightScript(boot, args.destroyWithMembers ? undefined : Object.keys(args.environments)) + upgradeCheckScript(upgrade),
                after: settleScript(args.dataDirectory ?? DATA, args.environments),
                remove: removalScript(args.dataDirectory ?? DATA),
                ...(boot > 0 ? { patience: { attempts: -1 } } : {}),
            },
            { parent: this, dependsOn: opts?.dependsOn, deleteBeforeReplace: true, customTimeouts: timeouts(boot + 600) },
        );
    }

    /** Docker on the host: it pings once and does not try again, so the files command, which waits for Docker, comes first. */
    private createProvider(
        name: string,
        args: MonitoringServicesArgs,
        files: pulumi.CustomResource,
    ): { provider: docker.Provider; sshFiles: pulumi.Output<Record<string, string>> } {
        const { ssh } = args.machine;
        const opts = { parent: this, dependsOn: [files] };
        if (!ssh) return { provider: new docker.Provider(`${name}-docker`, {}, opts), sshFiles: pulumi.secret<Record<string, string>>({}) };
        const provided = provideSshFiles(ssh, args.keysDirectory ?? `.keys/${name}`);
        const host = pulumi
            .all([ssh.address, ssh.port, ssh.user])
            .apply(([address, port, user]) => `ssh://${user ?? "ubuntu"}@${hostPort(address, port ?? 22)}`);
        return { provider: new docker.Provider(`${name}-docker`, { host, sshOpts: [pulumi.output("-F"), provided.config] }, opts), sshFiles: provided.files };
    }

    private createNetwork(name: string, provider: docker.Provider, hostId: pulumi.Output<string>, files: pulumi.CustomResource): docker.Network {
        return new docker.Network(
            `${name}-network`,
            { name: NETWORK, driver: "bridge", options: { "com.docker.network.bridge.name": BRIDGE }, labels: [{ label: `${LABEL}/host`, value: hostId }] },
            { parent: this, provider, deleteBeforeReplace: true, dependsOn: [files] },
        );
    }

    private createContainers(name: string, args: MonitoringServicesArgs, on: Ground): docker.Container[] {
        const { provider, network, hostId } = on;
        const plans = planContainers({
            dataDirectory: args.dataDirectory ?? DATA,
            memoryMiB: args.memoryMiB!,
            organizations: args.organizations,
            environments: args.environments,
            port: args.port ?? 8080,
            acme: args.tls?.mode === "acme",
        });
        const digests = pulumi.unsecret(on.bundle.apply(({ files }) => planRestartDigests(files)));
        return planServices(args).map((service) => {
            const image = new docker.RemoteImage(
                `${name}-${service.name}-image`,
                { name: on.images[service.image ?? service.name], keepLocally: true, triggers: { host: hostId } },
                { parent: this, provider, dependsOn: [on.files] },
            );
            return new docker.Container(
                `${name}-${service.name}`,
                {
                    ...plans[service.name],
                    image: image.imageId,
                    networksAdvanced: [{ name: network.name, aliases: [service.name] }],
                    labels: [
                        { label: `${LABEL}/host`, value: hostId },
                        { label: `${LABEL}/configuration`, value: digests.apply((all) => all[service.name] ?? "") },
                    ],
                },
                { parent: this, provider, deleteBeforeReplace: true, replaceOnChanges: REPLACE_ON, dependsOn: [on.files] },
            );
        });
    }

    /** Waits until every service says that it runs the present configuration. Runs again when a file or a container changes. */
    private createReady(
        name: string,
        args: MonitoringServicesArgs,
        { bundle, upgrade }: { bundle: pulumi.Output<Bundle>; upgrade: UpgradeArgs },
        containers: docker.Container[],
    ): pulumi.Resource {
        const revision = pulumi.unsecret(bundle.apply(({ files }) => digest(files)));
        const stdin = pulumi.all([revision, ...containers.map(({ id }) => id)]).apply((lines) => `${lines.join("\n")}\n`);
        return machineScript(`${name}-ready`, { machine: args.machine, create: readyScript(upgrade, planServices(args)), input: stdin }, { parent: this, dependsOn: containers });
    }

    /** Sets in Grafana itself who may log in: the admin's password, and organizations. Again for each container, as its data may be another's: restored, or brought along. */
    private createGrafanaAccess(
        name: string,
        args: MonitoringServicesArgs,
        { known, containers, ready }: { known: pulumi.Output<KnownServicesArgs>; containers: docker.Container[]; ready: pulumi.Resource },
    ): void {
        const data = args.dataDirectory ?? DATA;
        const grafana = containers[planServices().findIndex((service) => service.name === "grafana")];
        const lines = pulumi.all([args.grafanaAdminPassword, grafana.id, args.machine.repair ?? "", known.apply(planOrganizations)]);
        const input = pulumi.secret(lines.apply((all) => `${all.join("\n")}\n`));
        // printf is the shell's own: nothing of it is on a command line.
        const create = `set -eu\ninput=$(cat)\nprintf '%s\\n' "$input" | ${adminPasswordScript(data)}\nprintf '%s\\n' "$input" | ${organizationsScript(data)}\n`;
        // Named as what it did at first: another name would make it anew.
        machineScript(`${name}-admin-password`, { machine: args.machine, create, input }, { parent: this, dependsOn: [ready] });
    }
}

/** For every operation: each waits for the host in the same way. */
function timeouts(seconds: number): pulumi.CustomTimeouts {
    return { create: `${seconds}s`, update: `${seconds}s`, delete: `${seconds}s` };
}

/** What the containers stand on. */
interface Ground {
    provider: docker.Provider;
    network: docker.Network;
    bundle: pulumi.Output<Bundle>;
    hostId: pulumi.Output<string>;
    images: Record<string, string>;
    files: pulumi.CustomResource;
}
