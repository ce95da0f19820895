import { ChildProcess, execFileSync } from "node:child_process";
import * as fs from "node:fs";
import * as http from "node:http";
import * as https from "node:https";
import * as net from "node:net";
import * as path from "node:path";
import { renderCaddyfile, renderGateway } from "../../components/monitoring-services/gateway";
import { KnownServicesArgs } from "../../components/monitoring-services/args";
import { freePorts, Running, STARTS_SECONDS } from "./running";
import { eventually } from "./wait";
import { sampleServices } from "./services";

/** A CA as the stack makes one. */
export function makeCa(openssl: string, directory: string): { certificate: string; key: string } {
    const [key, certificate] = ["ca.key", "ca.pem"].map((name) => path.join(directory, name));
    execFileSync(openssl, ["ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", key], { stdio: "ignore" });
    execFileSync(
        openssl,
        ["req", "-x509", "-new", "-key", key, "-days", "3650", "-subj", "/CN=test ca", "-addext", "keyUsage=critical,keyCertSign,cRLSign", "-out", certificate],
        { stdio: "ignore" },
    );
    return { certificate: fs.readFileSync(certificate, "utf8"), key: fs.readFileSync(key, "utf8") };
}

export interface Answer {
    status: number;
    body: string;
    headers: http.IncomingHttpHeaders;
}
export interface Seen {
    upstream: string;
    url: string;
    method: string;
    headers: http.IncomingHttpHeaders;
    bytes: number;
}

/** The gateway before small upstreams that write down what reached them. */
export class GatewayUnderTest {
    readonly running = new Running();
    readonly seen: Seen[] = [];
    status = 200;
    /** This tenant is over its limit. */
    over?: string;
    /** Requests of this tenant get no answer until it is released. */
    held?: { tenant: string; waiting: (() => void)[] };
    /** How much of the disk is used, as Loki says it. */
    diskUsed = "0.12";
    port = 0;
    admin = 0;
    /** Where Grafana's data sources come in, by backend. */
    reading: Record<string, number> = {};
    private caddy?: ChildProcess;
    private ports: Record<string, string> = {};
    ca = "";
    private servers: http.Server[] = [];

    /** @param real upstreams that are there, by `name:port`, to `127.0.0.1:port` */
    async start(caddy: string, change: Partial<KnownServicesArgs> = {}, real: Record<string, string> = {}): Promise<void> {
        const upstreams: Record<string, string> = {};
        for (const name of ["loki:3100", "tempo:4318", "grafana:3000", "prometheus:9090", "tempo:3200"]) upstreams[name] = `127.0.0.1:${await this.upstream(name)}`;
        const [port, internal, admin, prometheus, loki, tempo] = await freePorts(6);
        this.reading = { prometheus, loki, tempo };
        this.port = port;
        this.admin = admin;
        const ports: Record<string, string> = { ":2020": `:${internal}`, ":2019": `:${admin}`, ":2021": `:${prometheus}`, ":2022": `:${loki}`, ":2023": `:${tempo}` };
        this.ports = { ...ports, ...upstreams, ...real };
        this.configure(change);
        await this.run(caddy);
    }

    /** Starts Caddy, with whatever an earlier one has stored. */
    async run(caddy: string): Promise<void> {
        const home = this.running.data("gateway");
        this.caddy = this.running.start("caddy", caddy, ["run", "--watch", "--config", this.file("Caddyfile"), "--adapter", "caddyfile"], {
            XDG_DATA_HOME: home,
            XDG_CONFIG_HOME: home,
            HOME: home,
        });
        await eventually("the gateway answers", STARTS_SECONDS, async () => (await this.ask("/-/gateway", { rejectUnauthorized: false })).status === 200);
    }

    async restart(caddy: string): Promise<void> {
        const ended = new Promise((resolve) => this.caddy?.once("exit", resolve));
        this.caddy?.kill("SIGTERM");
        await ended;
        await this.run(caddy);
    }

    configure(change: Partial<KnownServicesArgs>): void {
        const args = sampleServices({ address: "127.0.0.1", names: ["monitoring.internal"], ...change });
        this.running.write(renderGateway(args).filter(({ path: file }) => !file.endsWith("Caddyfile")));
        const content = renderCaddyfile(args, this.port);
        this.running.write([{ path: "/etc/photogather-monitoring/gateway/Caddyfile", content }], this.running.rewriting("gateway", this.ports));
    }

    file(name: string): string {
        return path.join(this.running.directory, "gateway", name);
    }

    private async upstream(name: string): Promise<number> {
        const server = http
            .createServer((request, response) => {
                let bytes = 0;
                request.on("data", (chunk: Buffer) => {
                    bytes += chunk.length;
                });
                request.on("end", () => {
                    // Caddy asks this by itself, every few seconds.
                    if (request.url === "/metrics" && name === "loki:3100") return void response.end(`loki_ingester_wal_disk_usage_percent ${this.diskUsed}\n`);
                    this.seen.push({ upstream: name, url: request.url ?? "", method: request.method ?? "", headers: request.headers, bytes });
                    const answer = () => {
                        response.writeHead(this.over && request.headers["x-scope-orgid"] === this.over ? 429 : this.status, { "Content-Type": "text/plain", Server: "secret/1.0" });
                        response.end(`from ${name}`);
                    };
                    if (this.held && request.headers["x-scope-orgid"] === this.held.tenant) this.held.waiting.push(answer);
                    else answer();
                });
                request.on("error", () => undefined);
            })
            .listen(0, "127.0.0.1");
        this.servers.push(server);
        await new Promise((resolve) => server.once("listening", resolve));
        return (server.address() as net.AddressInfo).port;
    }

    ask(url: string, options: https.RequestOptions = {}, body: string | Buffer = "", scheme = "https"): Promise<Answer> {
        return new Promise((resolve, reject) => {
            const module = scheme === "https" ? https : http;
            const request = module.request(
                { host: "127.0.0.1", port: this.port, path: url, ca: this.ca || undefined, agent: false, ...options },
                (response) => {
                    const chunks: Buffer[] = [];
                    response.on("error", reject);
                    response.on("data", (chunk: Buffer) => chunks.push(chunk));
                    response.on("end", () => resolve({ status: response.statusCode ?? 0, body: Buffer.concat(chunks).toString(), headers: response.headers }));
                },
            );
            request.on("error", reject);
            request.end(body);
        });
    }

    /** A POST with a token and whatever headers, and what reached an upstream by it. */
    async push(url: string, token: string, headers: Record<string, string> = {}, body: string | Buffer = "x"): Promise<{ answer: Answer; seen: Seen | undefined }> {
        const before = this.seen.length;
        const answer = await this.ask(url, { method: "POST", headers: { ...(token ? { Authorization: `Bearer ${token}` } : {}), ...headers } }, body);
        return { answer, seen: this.seen[before] };
    }

    async stop(): Promise<void> {
        this.servers.forEach((server) => {
            server.closeAllConnections();
            server.close();
        });
        await this.running.stop();
    }
}
