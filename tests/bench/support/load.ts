import { fork } from "node:child_process";
import * as path from "node:path";
import { Attributes } from "./otlp-bodies";
import { SimulatedHost } from "./simulated-hosts";

/** One set of backends that the load goes to. */
export interface Destination {
    name: string;
    /** Whole URLs of the OTLP endpoints; "" for none. */
    logs: string;
    traces: string;
    /** Headers of each environment: its tenant, or its token. */
    headers: Record<string, Record<string, string>>;
    /** How a host calls itself in logs: `environment`, or an OpenTelemetry attribute that says it. */
    logAttributes: Record<string, string>;
}

/** What each host does, the same for all. */
export interface Work {
    hosts: SimulatedHost[];
    series: number;
    scrapeSeconds: number;
    linesPerSecond: number;
    tracesPerSecond: number;
    /** How long an agent gathers what it sends, in milliseconds. */
    batchMs: number;
    destinations: Destination[];
    /** An environment that sends this many times what it may, besides. @default none */
    flood?: Flood;
}

/** What an environment sends beyond its quota: bytes of each signal per second, in requests as large as an agent's. */
export interface Flood {
    environment: string;
    logBytesPerSecond: number;
    traceBytesPerSecond: number;
}

/** Counts of one signal of one environment at one destination. */
export interface Count {
    /** Lines, spans or samples that came to be. */
    made: number;
    /** Of these, taken at last. */
    taken: number;
    /** Answers other than success, by status; what was refused is sent again. */
    refused: Record<string, number>;
    /** Given up after all tries. */
    given: number;
}

/** By destination, then `<signal> <environment>`. */
export type Counts = Record<string, Record<string, Count>>;

export interface LoadReport {
    counts: Counts;
    /** Of the generator itself, in processor seconds since its start. */
    processorSeconds: number;
    /** The longest that a batch was late, in milliseconds: a generator that cannot keep up measures itself. */
    lateMs: number;
}

export type ToLoad = { start: Work } | { begin: true } | { flood: boolean } | { stop: true } | { report: true };
export type FromLoad = { port: number } | { report: LoadReport };

/** The generator, in a process of its own. */
export class Load {
    private readonly child = fork(path.join(__dirname, "load-process.ts"), { execArgv: ["--require", "tsx/cjs"] });
    /** Where hosts are scraped: `/<number of the host>/was`. */
    port = 0;

    async start(work: Work): Promise<void> {
        this.port = (await this.ask<{ port: number }>({ start: work }, "port")).port;
    }

    /** Logs and traces from now on; metrics are there from the start. */
    begin(): void {
        this.child.send({ begin: true } satisfies ToLoad);
    }

    flood(on: boolean): void {
        this.child.send({ flood: on } satisfies ToLoad);
    }

    async report(): Promise<LoadReport> {
        return (await this.ask<{ report: LoadReport }>({ report: true }, "report")).report;
    }

    /** Sends what is due, waits for all answers, and says what came of it. */
    async stop(): Promise<LoadReport> {
        return (await this.ask<{ report: LoadReport }>({ stop: true }, "report")).report;
    }

    end(): void {
        this.child.kill();
    }

    private ask<T>(message: ToLoad, answer: string): Promise<T> {
        return new Promise((resolve, reject) => {
            const heard = (said: object) => {
                if (!(answer in said)) return;
                this.child.off("message", heard);
                this.child.off("exit", gone);
                resolve(said as T);
            };
            const gone = (status: number | null) => reject(new Error(`the generator ended with status ${status}`));
            this.child.on("message", heard);
            this.child.once("exit", gone);
            this.child.send(message);
        });
    }
}

/** A host's resource attributes in traces, as the Java agent and the log agent give them. */
export function traceResource({ environment, application, instance }: SimulatedHost): Attributes {
    return { "service.name": application, "service.instance.id": instance, "deployment.environment.name": environment };
}

/** A host's resource attributes in logs, under the names that the destination knows. */
export function logResource({ environment, application, instance }: SimulatedHost, names: Record<string, string>): Attributes {
    return { [names.environment]: environment, [names.application]: application, [names.instance]: instance, source: "file" };
}
