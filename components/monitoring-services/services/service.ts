import type { ServiceBudget } from "../budget";
import type { Caps } from "../caps";

/** Where configuration stands on the host: `<CONFIG>/<service>/…`, mounted as a directory. */
export const CONFIG = "/etc/photogather-monitoring";
/** Where data stands on the host by default: `<DATA>/<service>`. */
export const DATA = "/var/lib/photogather-monitoring/data";
/** Where programs on the host write what node exporter shows of them. In memory, so that it can be written whatever is full. */
export const HOST_METRICS = "/run/photogather-monitoring";
/** The Docker network, and the prefix of every container's name. */
export const NETWORK = "monitoring";
/** The port inside the gateway's container that people and agents come in by. */
export const GATEWAY_PORT = 8080;

/** All that is fixed about one service of the deployment; each has a file of its own here. Its image's version is in `versions.ts`, with all others. */
export interface Service {
    /** Of its container, its directories, its image in `versions.ts`, and in the network. */
    name: string;
    /** The service whose image it runs. @default its own name */
    image?: string;
    /** `uid:gid` in the container; owner of its data on the host. */
    user: string;
    memory: MemoryShare;
    /** Weight against the other containers where the processor is short; Docker's own default is 1024. */
    cpuShares: number;
    /** By how much the heap may grow between two collections, in percent. @default 100, as Go's */
    goGc?: number;
    /** What it runs after the image's entry point. @default what the image says */
    command?: (caps: Caps) => string[];
    /** Environment variables beside GOMEMLIMIT and GOGC. @default none */
    variables?: string[];
    /** What Docker runs to ask whether it is well; without a shell where the image has none. */
    health: string[];
    /** Seconds to write its state down before it is killed. */
    stopSeconds: number;
    configuration?: Configuration;
    data?: {
        /** Where its data directory is mounted. */
        mount: string;
        /** Where it stands on the host. @default below the data directory, by the service's name */
        path?: string;
    };
    /** The host's own files, where it reads them. @default not mounted */
    hostMount?: string;
    /** Linux capabilities that it has all the same. @default none */
    capabilities?: string[];
    /** Most files and connections that it has open. @default Docker's */
    openFiles?: (budget: ServiceBudget) => number;
}

/** Of the host's memory, what one service has. */
export interface MemoryShare {
    /** Its container's limit on the smallest host. */
    smallestMiB: number;
    /** What of the limit is for no heap: pages of its own program above all, which it reads from the disk again and again where they have no room. The rest is `GOMEMLIMIT`. @default 15 % of the limit */
    pagesMiB?: number;
    /** Of memory beyond that host's, its share, from 0 to 1. What is left after all of them stays with the kernel. @default none: what it needs does not grow with the load */
    ofMore?: number;
    /** Whether it has less than `smallestMiB` where the host is smaller still, or shared by more services. @default those that get more of a larger one */
    shrinks?: boolean;
    /** Why it has its share; `npm run plan -- --budget` prints it. */
    why: string;
}

/** Of what a service reads. */
export interface Configuration {
    /** Where the directory is mounted in the container. */
    mount: string;
    /** Below it, those that must be there, files or no files. @default none */
    directories?: string[];
    /** Files that it reads at its start only, by their path on the host: a change of one replaces the container, and no other. @default it reloads all */
    readAtStart?: RegExp;
    /** How it tells that it runs the present files. @default only that it is well */
    reloads?: {
        /** Where Prometheus reaches its metrics. */
        metrics: string;
        /** What the names of the two metrics begin with: `…_last_reload_successful` and `…_last_reload_success_timestamp_seconds`. */
        prefix: string;
        /** The file that changes with everything it reloads. */
        file: string;
    };
}

/** A check by the wget that is in the image. */
export function wget(url: string): string[] {
    return ["CMD", "wget", "-q", "-O", "/dev/null", url];
}
