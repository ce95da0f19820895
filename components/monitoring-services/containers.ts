import * as docker from "@pulumi/docker";
import { budgetOf } from "./budget";
import { planCaps } from "./caps";
import { CONFIG, GATEWAY_PORT, NETWORK, planServices, Service, ServiceChoice } from "./services";

/** What the containers differ by from one deployment to another. All of it plain. */
export interface ContainerOptions {
    dataDirectory: string;
    memoryMiB: number;
    /** The gateway's published port. */
    port: number;
    /** True where a public certificate authority must reach port 443. */
    acme: boolean;
    /** Organizations of Grafana, by name. @default none */
    organizations?: ServiceChoice["organizations"];
    /** Those whose agents may send metrics have a relay each. @default none */
    environments?: ServiceChoice["environments"];
}

/** A container without what only other resources know: its image, its network, its labels. */
export type ContainerPlan = Omit<docker.ContainerArgs, "image" | "networksAdvanced" | "labels">;

/**
 * Inputs that Docker's provider can neither change in place nor knows that it cannot: without this, a change would be shown and never made.
 */
export const REPLACE_ON = ["healthcheck", "tmpfs", "init"];

/** The containers, by service. Everything that Docker would otherwise fill in is said, so that a refresh shows no difference. */
export function planContainers(options: ContainerOptions): Record<string, ContainerPlan> {
    const caps = planCaps(options.memoryMiB);
    return Object.fromEntries(
        planServices(options).map((service) => {
            const budget = budgetOf(service, options.memoryMiB);
            const { limitMiB, goMemLimitMiB, goGc, cpuShares } = budget;
            const openFiles = service.openFiles?.(budget);
            return [
                service.name,
                {
                    name: `${NETWORK}-${service.name}`,
                    user: service.user,
                    envs: [`GOMEMLIMIT=${goMemLimitMiB}MiB`, `GOGC=${goGc}`, ...(service.variables ?? [])],
                    // An empty list is not the same as none to the provider.
                    ...(service.command ? { command: service.command(caps) } : {}),
                    ...planPorts(service, options),
                    volumes: planVolumes(service, options),
                    ...(openFiles ? { ulimits: [{ name: "nofile", soft: openFiles, hard: openFiles }] } : {}),
                    memory: limitMiB,
                    // No swap: one service that swaps slows all of them.
                    memorySwap: limitMiB,
                    cpuShares,
                    // Not "unless-stopped": a Docker daemon that was killed takes what it finds running for stopped by hand, and leaves it so.
                    restart: "always",
                    logDriver: "json-file",
                    logOpts: { "max-size": "10m", "max-file": "3" },
                    networkMode: "bridge",
                    readOnly: true,
                    tmpfs: { "/tmp": "rw,noexec,nosuid,nodev,size=16m" },
                    capabilities: { drops: ["ALL"], ...(service.capabilities ? { adds: service.capabilities } : {}) },
                    securityOpts: ["no-new-privileges:true"],
                    privileged: false,
                    init: false,
                    // The first check comes after one interval; each costs a process in the container, so no more of them than needed. No `startInterval`:
                    // Docker before 25, which Debian 12 ships, refuses it.
                    healthcheck: { tests: service.health, interval: "15s", timeout: "5s", startPeriod: "2m0s", startInterval: "0s", retries: 3 },
                    // The last step of the deployment waits for all of them, and can say what to do where one never gets well.
                    wait: false,
                    // Without them Docker's provider kills at once, and what is in memory is replayed or lost.
                    stopTimeout: service.stopSeconds,
                    destroyGraceSeconds: service.stopSeconds,
                    mustRun: true,
                },
            ];
        }),
    );
}

function planPorts({ name }: Service, { port, acme }: ContainerOptions): Pick<ContainerPlan, "ports"> {
    if (name !== "gateway") return {};
    const published = acme && port !== 443 ? [port, 443] : [port];
    return { ports: published.map((external) => ({ internal: GATEWAY_PORT, external, ip: "0.0.0.0", protocol: "tcp" })) };
}

/** Directories, never single files: a mounted file keeps its old content when it is renamed over. */
function planVolumes({ name, configuration, data, hostMount }: Service, { dataDirectory }: ContainerOptions): docker.types.input.ContainerVolume[] {
    return [
        ...(configuration ? [{ hostPath: `${CONFIG}/${name}`, containerPath: configuration.mount, readOnly: true }] : []),
        ...(data ? [{ hostPath: data.path ?? `${dataDirectory}/${name}`, containerPath: data.mount, readOnly: false }] : []),
        ...(hostMount ? [{ hostPath: "/", containerPath: hostMount, readOnly: true }] : []),
    ];
}
