/** The generator of `load.ts`: one process that serves scrapes and sends what agents would. */
import * as fs from "node:fs";
import * as http from "node:http";
import type { AddressInfo } from "node:net";
import * as path from "node:path";
import { parseExposition } from "./exposition";
import { Count, Counts, Destination, FromLoad, LoadReport, logResource, ToLoad, traceResource, Work } from "./load";
import { Body, fill, logBody, traceBody } from "./otlp-bodies";
import { hostText, moreEndpoints, renderHead } from "./simulated-hosts";
import { sleep } from "../../support/wait";

const TRIES = 60;
const RETRY_MS = 1000;
/** Requests of a flood that may be under way at one time: beyond it, what is due is not sent, and the rate reached is what the report says. */
const FLOOD_REQUESTS = 12;
/** As large as an agent's batch may be. */
const FLOOD_BYTES = 1024 * 1024;
const FLOOD_RENEWED_MS = 1000;

const agent = new http.Agent({ keepAlive: true, maxSockets: 256 });
const counts: Counts = {};
let work: Work;
let lateMs = 0;
let underWay = 0;
let stopping = false;
const timers: NodeJS.Timeout[] = [];

function count(destination: string, signal: string, environment: string): Count {
    const key = `${signal} ${environment}`;
    return ((counts[destination] ??= {})[key] ??= { made: 0, taken: 0, refused: {}, given: 0 });
}

function serve(): Promise<number> {
    const recorded = parseExposition(fs.readFileSync(path.join(__dirname, "..", "recorded-was.prom"), "utf8"));
    const series = moreEndpoints(recorded, work.series).slice(0, work.series);
    const heads = series.map(renderHead);
    const simulation = { beginSeconds: Date.now() / 1000 - 3600, countsPerHour: 15 };
    const server = http.createServer((request, response) => {
        const [, destination, number, kind] = (request.url ?? "").split("/");
        const host = work.hosts[Number(number)];
        if (stopping || (kind === "was" && !host)) return void response.writeHead(503).end();
        response.writeHead(200, { "Content-Type": "text/plain; version=0.0.4; charset=utf-8" });
        const [samples, environment, text] = kind === "was" ? [series.length, host.environment, hostText(series, heads, host, simulation, Date.now() / 1000)] : flooding(kind, Number(number));
        response.end(text, () => { count(destination, "samples", environment).made += samples; });
    });
    return new Promise((resolve) => server.listen(0, "127.0.0.1", () => resolve((server.address() as AddressInfo).port)));
}

/** Targets of a flood: one with more samples than it may have, or one whose series are new at every scrape. Quiet while there is no flood. */
let floodOn = false;
let generation = 0;
function flooding(kind: string, samples: number): [number, string, string] {
    const environment = work.flood?.environment ?? "";
    if (!floodOn) return [1, environment, "flood_quiet 1\n"];
    const of = kind === "churn" ? generation++ : 0;
    return [samples, environment, Array.from({ length: samples }, (_, i) => `flood_series{request="${of}-${i}"} 1\n`).join("")];
}

interface Sending {
    url: URL;
    headers: Record<string, string>;
    count: Count;
    units: number;
    body: Buffer;
    /** 1 for a flood, which nobody waits for. */
    tries: number;
}

function send(sending: Sending, done: () => void = () => undefined): void {
    underWay++;
    const ended = (status: string) => {
        underWay--;
        if (status.startsWith("2")) sending.count.taken += sending.units;
        else {
            sending.count.refused[status] = (sending.count.refused[status] ?? 0) + sending.units;
            if (--sending.tries > 0) {
                underWay++;
                setTimeout(() => { underWay--; send(sending); }, RETRY_MS);
            } else sending.count.given += sending.units;
        }
        done();
    };
    let over = false;
    const once = (status: string) => { if (!over) { over = true; ended(status); } };
    const request = http.request(sending.url, {
        agent, method: "POST", headers: { ...sending.headers, "Content-Type": "application/x-protobuf", "Content-Length": sending.body.length },
    }, (response) => {
        response.resume();
        response.on("end", () => once(String(response.statusCode)));
        response.on("error", (error: NodeJS.ErrnoException) => once(error.code ?? "error"));
    });
    request.on("error", (error: NodeJS.ErrnoException) => once(error.code ?? "error"));
    request.end(sending.body);
}

interface Sender {
    body: Body;
    send: (body: Body) => void;
}

/** What each host sends to each destination, encoded once. */
function senders(destination: Destination): Sender[][] {
    const { linesPerSecond, tracesPerSecond, batchMs } = work;
    return work.hosts.map((host) => {
        const of = (signal: string, url: string, body: Body): Sender | undefined => {
            if (url === "") return undefined;
            const counted = count(destination.name, signal, host.environment);
            const address = new URL(url);
            return { body, send: () => {
                counted.made += body.units;
                send({ url: address, headers: destination.headers[host.environment] ?? {}, count: counted, units: body.units, body: fill(body, Date.now() - batchMs), tries: TRIES });
            } };
        };
        return [
            of("lines", destination.logs, logBody(logResource(host, destination.logAttributes), (linesPerSecond * batchMs) / 1000, batchMs)),
            of("spans", destination.traces, traceBody(traceResource(host), (tracesPerSecond * batchMs) / 1000, batchMs)),
        ].filter((each) => each !== undefined);
    });
}

function begin(): void {
    const all = work.destinations.map(senders);
    const hosts = work.hosts.length;
    // Each host has its own moment in the interval.
    const began = Date.now();
    let next = 0;
    timers.push(setInterval(() => {
        const due = Math.floor(((Date.now() - began) * hosts) / work.batchMs);
        lateMs = Math.max(lateMs, ((due - next) / hosts) * work.batchMs);
        for (; next < due; next++) for (const each of all) for (const sender of each[next % hosts]) sender.send(sender.body);
    }, 5));
    if (work.flood) for (const destination of work.destinations) startFlood(destination);
}

function startFlood(destination: Destination): void {
    const { environment, logBytesPerSecond, traceBytesPerSecond } = work.flood!;
    const host = { environment, application: "flood", instance: `${environment}-flood`, phase: 0 };
    const lines = logBody(logResource(host, destination.logAttributes), 2200, 500);
    const spans = traceBody(traceResource(host), 500, 500);
    for (const [signal, url, body, rate] of [["lines", destination.logs, lines, logBytesPerSecond], ["spans", destination.traces, spans, traceBytesPerSecond]] as const) {
        if (body.bytes.length > FLOOD_BYTES) throw new Error(`a request of ${body.bytes.length} bytes is larger than an agent's`);
        const address = new URL(url);
        const counted = count(destination.name, `flood-${signal}`, environment);
        let [owed, open, last] = [0, 0, Date.now()];
        // Other ids and times for every request would make the generator the bottleneck.
        let [request, renewed] = [body.bytes, 0];
        timers.push(setInterval(() => {
            const now = Date.now();
            owed = floodOn ? Math.min(owed + ((now - last) * rate) / 1000, 4 * body.bytes.length) : 0;
            last = now;
            for (; owed >= body.bytes.length && open < FLOOD_REQUESTS; owed -= body.bytes.length) {
                open++;
                counted.made += body.units;
                if (now - renewed > FLOOD_RENEWED_MS) [request, renewed] = [fill(body, now - 500), now];
                send({ url: address, headers: destination.headers[environment] ?? {}, count: counted, units: body.units, body: request, tries: 1 }, () => { open--; });
            }
        }, 20));
    }
}

function report(): LoadReport {
    const { user, system } = process.cpuUsage();
    return { counts, processorSeconds: (user + system) / 1e6, lateMs };
}

async function stop(): Promise<void> {
    stopping = true;
    timers.forEach((timer) => clearInterval(timer));
    for (const end = Date.now() + 90_000; underWay > 0 && Date.now() < end;) await sleep(50);
    tell({ report: report() });
}

function tell(message: FromLoad): void {
    process.send!(message);
}

process.on("message", (message: ToLoad) => {
    if ("start" in message) {
        work = message.start;
        void serve().then((port) => tell({ port }));
    } else if ("begin" in message) begin();
    else if ("flood" in message) floodOn = message.flood;
    else if ("report" in message) tell({ report: report() });
    else void stop();
});
process.on("disconnect", () => process.exit());
