import * as net from "node:net";
import * as tls from "node:tls";
import type { Connection } from "../../../components/connection";
import { SshTarget } from "../support/ssh";
import { ENVIRONMENTS, Environment, World } from "../support/world";

/** What came back. */
export interface Answer {
    /** For people and for the table: a status, several, "closed", or what a program said. */
    text: string;
    /** Everything that was read, to search for canaries. */
    body: string;
    /** This side's port: finds the request in the gateway's log. */
    port?: number;
    /** When it was sent, in milliseconds since 1970, and when all was over: finds it in a journal. */
    from: number;
    to: number;
}

/** Where an attack must have left a line. */
export interface Logged {
    where: "gateway" | "journal" | "guard" | "nowhere";
    /** In a journal and at the gateway: what its line must say. Nowhere: why not. */
    what: RegExp | string;
}

/** One attack: what is sent, what must come back, and where it must be logged. */
export interface Attack {
    what: string;
    send: (ground: Ground) => Promise<Answer>;
    answer: RegExp;
    logged: Logged;
}

/** What the attacker has: addresses, and whatever a member of an environment has. */
export interface Ground {
    world: World;
    address: string;
    port: number;
    ca: string;
    tokens: Record<Environment, string>;
    identities: Record<Environment, SshTarget>;
    password: string;
    /** Stands in everything that an attack tries to write. */
    marker: string;
    /** Stands in what prod wrote before: no attack may read it. */
    canary: string;
}

export const GATEWAY: Logged = { where: "gateway", what: /"status":/ };
/** For whoever may not come to see it: who is still sending when the answer comes may find the connection ended. */
export const REFUSED: Logged = { where: "gateway", what: /"status":4\d\d/ };
export const NO_REQUEST: Logged = { where: "nowhere", what: "no request yet: the HTTP parser answers" };

export async function groundOf(world: World): Promise<Ground> {
    const outputs = await world.stacks.prod.outputs();
    const connections = Object.fromEntries(ENVIRONMENTS.map((name) => [name, outputs[`connection_${name}`] as Connection])) as Record<Environment, Connection>;
    const { hostname, port } = new URL(connections.dev.gateway.url);
    const id = Math.random().toString(36).slice(2, 10);
    const each = <T>(pick: (connection: Connection) => T) => Object.fromEntries(ENVIRONMENTS.map((name) => [name, pick(connections[name])])) as Record<Environment, T>;
    return {
        world, address: hostname, port: Number(port), ca: connections.dev.gateway.ca, password: outputs.grafanaPassword as string,
        tokens: each(({ gateway }) => gateway.token), identities: each(({ registration }) => registration),
        marker: `attack-${id}`, canary: `canary-${id}`,
    };
}

/** How a raw connection is made. */
export interface RawOptions {
    /** @default true */
    tls?: boolean;
    servername?: string;
    alpn?: string[];
    /** Text that is sent after so many milliseconds each, over and over. */
    drip?: { text: string; milliseconds: number };
    /** How long to wait for the end. @default 15 */
    seconds?: number;
}

/** Sends bytes as they are, and reads until the other side closes. The answer's text: all statuses, or "closed"; with "open" where it is not closed in time. */
export function raw({ address, port, ca }: Pick<Ground, "address" | "port" | "ca">, bytes: string | Buffer, options: RawOptions = {}): Promise<Answer> {
    const from = Date.now();
    return new Promise((resolve) => {
        const chunks: Buffer[] = [];
        const send = () => {
            local = socket.localPort;
            socket.write(bytes);
            if (options.drip) drip = setInterval(() => socket.write(options.drip!.text), options.drip.milliseconds);
        };
        const socket = options.tls === false
            ? net.connect(port, address, send)
            : tls.connect({ host: address, port, ca, servername: options.servername ?? "", ALPNProtocols: options.alpn, checkServerIdentity: () => undefined }, send);
        let local: number | undefined;
        let drip: NodeJS.Timeout | undefined;
        let over = false;
        const end = (state: string) => {
            if (over) return;
            over = true;
            clearInterval(drip);
            clearTimeout(timer);
            const body = Buffer.concat(chunks).toString("latin1");
            const statuses = [...body.matchAll(/^HTTP\/1\.[01] (\d{3})/gm)].map(([, status]) => status).filter((status) => status !== "100");
            resolve({ text: [...(statuses.length > 0 ? statuses : [state]), ...(state === "open" && statuses.length > 0 ? ["open"] : [])].join(" "), body, port: local, from, to: Date.now() });
            socket.destroy();
        };
        const timer = setTimeout(() => end("open"), (options.seconds ?? 15) * 1000);
        socket.on("data", (chunk: Buffer) => chunks.push(chunk));
        socket.on("end", () => end("closed"));
        socket.on("close", () => end("closed"));
        socket.on("error", () => end("closed"));
    });
}

/** An HTTP/1.1 request as text. Headers are a list, since attacks double them. */
export function request(ground: Ground, method: string, target: string, headers: string[] = [], body = "", host = `${ground.address}:${ground.port}`): string {
    const own = headers.some((line) => /^(content-length|transfer-encoding)/i.test(line));
    return [
        `${method} ${target} HTTP/1.1`, ...(host ? [`Host: ${host}`] : []), "Connection: close", ...headers,
        ...(body && !headers.some((line) => /^content-type/i.test(line)) ? ["Content-Type: application/json"] : []), ...(own ? [] : [`Content-Length: ${Buffer.byteLength(body)}`]), "", body,
    ].join("\r\n");
}

export const bearer = (token: string): string => `Authorization: Bearer ${token}`;

/** A push of one line that holds the marker. */
export function markedLine({ marker }: Ground, labels: Record<string, string> = {}): string {
    return JSON.stringify({ streams: [{ stream: { application: "attack", instance: "attack", ...labels }, values: [[String(BigInt(Date.now()) * 1_000_000n), marker]] }] });
}

/** The same by OTLP, as agents send it. */
export function markedRecord({ marker }: Ground, environment?: string): string {
    const attributes = Object.entries({ application: "attack", instance: "attack", ...(environment === undefined ? {} : { environment }) }).map(([key, stringValue]) => ({ key, value: { stringValue } }));
    return JSON.stringify({ resourceLogs: [{ resource: { attributes }, scopeLogs: [{ logRecords: [{ timeUnixNano: String(BigInt(Date.now()) * 1_000_000n), body: { stringValue: marker } }] }] }] });
}

/** The name of a span that is taken, as dev's own. */
export function taken({ marker }: Ground): string {
    return `taken-${marker}`;
}

/** One span whose name is the marker. */
export function markedSpan({ marker }: Ground, name = marker): string {
    const start = BigInt(Date.now()) * 1_000_000n;
    const hex = (bytes: number) => [...Array<number>(bytes)].map(() => Math.floor(1 + Math.random() * 254).toString(16).padStart(2, "0")).join("");
    const span = { traceId: hex(16), spanId: hex(8), name, kind: 2, startTimeUnixNano: String(start), endTimeUnixNano: String(start + 1_000_000n) };
    return JSON.stringify({ resourceSpans: [{ resource: { attributes: [{ key: "service.name", value: { stringValue: "attack" } }] }, scopeSpans: [{ spans: [span] }] }] });
}

/** What a program on a host said, as an answer: its exit code, and the beginning of its words. */
export function said(from: number, code: number, words: string): Answer {
    return { text: `exit ${code}: ${words.trim().replace(/\s+/g, " ").slice(0, 160)}`, body: words, from, to: Date.now() };
}
