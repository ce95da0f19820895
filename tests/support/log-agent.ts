import { execFileSync } from "node:child_process";
import * as fs from "node:fs";
import * as http from "node:http";
import * as https from "node:https";
import * as path from "node:path";
import type { ChildProcess } from "node:child_process";
import type { Duplex } from "node:stream";
import { KnownServicesArgs } from "../../components/monitoring-services";
import { renderLoki, renderTempo } from "../../components/monitoring-services/backends";
import { LogAgentArgs } from "../../components/log-agent/args";
import { MetricsSecrets, planBundle } from "../../components/log-agent/bundle";
import { KnownExternal } from "../../components/log-agent/external";
import { CONFIG_DIRECTORY, DATA_DIRECTORY } from "../../components/log-agent/paths";
import { LogAgentPlan, planLogAgent } from "../../components/log-agent/plan";
import { freePorts, Running, STARTS_SECONDS } from "./running";
import { eventually } from "./wait";
import { sampleServices } from "./services";
import { TOKEN } from "./log-agent-samples";

export * from "./log-agent-samples";

export const TENANT = "prod";

/** One answer of an HTTP server. */
export interface Answer {
    status: number;
    body: string;
}

/** Asks by HTTP or HTTPS, whatever the certificate. */
export function ask(url: string, headers: Record<string, string> = {}, method = "GET", body = ""): Promise<Answer> {
    const module = url.startsWith("https:") ? https : http;
    return new Promise((resolve, reject) => {
        const request = module.request(url, { method, headers, rejectUnauthorized: false, agent: false }, (response) => {
            const chunks: Buffer[] = [];
            response.on("error", reject);
            response.on("data", (chunk: Buffer) => chunks.push(chunk));
            response.on("end", () => resolve({ status: response.statusCode ?? 0, body: Buffer.concat(chunks).toString() }));
        });
        request.on("error", reject);
        request.end(body);
    });
}

/** Real Loki and Tempo behind a small gateway that checks the token, names the tenant, and can go away. */
export class Backends {
    readonly running = new Running();
    readonly certificate = path.join(this.running.directory, "certificate.pem");
    readonly key = path.join(this.running.directory, "key.pem");
    gatewayPort = 0;
    /** What the deployment's arguments are beside the usual ones. */
    change: Partial<KnownServicesArgs> = {};
    /** Text of their configurations that is another one here, such as an interval that a test does not wait for. */
    replacements: Record<string, string> = {};
    private server?: https.Server;
    private readonly sockets = new Set<Duplex>();
    private readonly backends = new Map<string, ChildProcess>();
    private lokiPort = 0;
    private tempoPort = 0;
    private otlpPort = 0;

    async start(programs: Record<string, string>): Promise<void> {
        execFileSync(programs.openssl, ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2", "-subj", "/CN=log-agent",
            "-addext", "subjectAltName=DNS:log-agent,IP:127.0.0.1", "-keyout", this.key, "-out", this.certificate], { stdio: "ignore" });
        const [loki, lokiGrpc, tempo, tempoGrpc, otlp, otlpGrpc, gateway] = await freePorts(7);
        Object.assign(this, { lokiPort: loki, tempoPort: tempo, otlpPort: otlp, gatewayPort: gateway });
        this.launch = async () => {
            if (programs.loki) this.backend("loki", programs.loki, "loki.yml", { 3100: loki, 9096: lokiGrpc });
            if (programs.tempo) this.backend("tempo", programs.tempo, "tempo.yml", { 3200: tempo, 9095: tempoGrpc, 4318: otlp, 4317: otlpGrpc });
            if (programs.loki) await eventually("Loki is ready", STARTS_SECONDS, async () => (await ask(`http://127.0.0.1:${loki}/ready`)).status === 200);
            if (programs.tempo) await eventually("Tempo is ready", STARTS_SECONDS, async () => (await ask(`http://127.0.0.1:${tempo}/ready`)).status === 200);
        };
        await this.open();
        await this.launch();
    }

    /** Starts the backends; again, after they were wiped. */
    launch: () => Promise<void> = () => Promise.resolve();

    /** Starts a backend with the very configuration that the shared deployment gives it, its ports and directories aside. */
    private backend(name: string, program: string, file: string, ports: Record<number, number>): void {
        const files = (name === "loki" ? renderLoki : renderTempo)(sampleServices(this.change));
        const moved = this.running.rewriting(name, this.replacements);
        this.running.write(files, (text) => Object.entries(ports).reduce((changed, [from, to]) => changed.replaceAll(new RegExp(`(?<=[: ])${from}\\b`, "g"), String(to)), moved(text)));
        fs.mkdirSync(path.join(this.running.directory, name, "rules"), { recursive: true });
        this.backends.set(name, this.running.start(name, program, [`-config.file=${path.join(this.running.directory, name, file)}`]));
    }

    /** Ends a backend, in order or as `kill -9` does; `launch` starts it again. */
    async end(name: string, signal: NodeJS.Signals = "SIGTERM"): Promise<void> {
        const child = this.backends.get(name)!;
        const gone = new Promise((resolve) => child.once("exit", resolve));
        child.kill(signal);
        await gone;
    }

    /** The same, and what it had on disk is lost. */
    async wipe(name: string): Promise<void> {
        await this.end(name);
        fs.rmSync(this.running.data(name), { recursive: true });
        this.running.data(name);
    }

    /** Where another gateway finds them. */
    get ports(): { loki: number; otlp: number } { return { loki: this.lokiPort, otlp: this.otlpPort }; }

    get url(): string { return `https://127.0.0.1:${this.gatewayPort}`; }

    /** The gateway comes back. */
    async open(): Promise<void> {
        this.server = https.createServer({ cert: fs.readFileSync(this.certificate), key: fs.readFileSync(this.key) }, (request, response) => this.pass(request, response));
        this.server.on("connection", (socket) => { this.sockets.add(socket); socket.on("close", () => this.sockets.delete(socket)); });
        await new Promise<void>((resolve) => this.server!.listen(this.gatewayPort, "127.0.0.1", resolve));
    }

    /** The gateway goes away. */
    async close(): Promise<void> {
        if (!this.server) return;
        const closed = new Promise((resolve) => this.server!.close(resolve));
        for (const socket of this.sockets) socket.destroy();
        await closed;
    }

    private pass(request: http.IncomingMessage, response: http.ServerResponse): void {
        const routes: Record<string, [number, string]> = {
            "/otlp/v1/logs": [this.lokiPort, "/otlp/v1/logs"], "/otlp/v1/traces": [this.otlpPort, "/v1/traces"], "/loki/api/v1/push": [this.lokiPort, "/loki/api/v1/push"],
        };
        const [port, target] = routes[request.url ?? ""] ?? [0, ""];
        if (![`Bearer ${TOKEN}`, `Basic ${Buffer.from(`agent:${TOKEN}`).toString("base64")}`].includes(request.headers.authorization ?? "") || !port) { response.writeHead(401).end(); return; }
        const { authorization, ...headers } = request.headers;
        void authorization;
        const upstream = http.request({ host: "127.0.0.1", port, path: target, method: "POST", headers: { ...headers, "x-scope-orgid": TENANT } }, (answer) => {
            response.writeHead(answer.statusCode === 500 ? 503 : answer.statusCode ?? 503);
            answer.pipe(response);
        });
        upstream.on("error", () => response.writeHead(503).end());
        request.on("error", () => upstream.destroy());
        request.pipe(upstream);
    }

    /** Sends JSON through the gateway, with the token. */
    send(path: string, body: object): Promise<Answer> {
        return ask(`${this.url}${path}`, { Authorization: `Bearer ${TOKEN}`, "Content-Type": "application/json" }, "POST", JSON.stringify(body));
    }

    /** Sends a trace of one span, of now. */
    sendTrace(traceId: string): Promise<Answer> {
        const now = Date.now();
        const span = { traceId, spanId: traceId.slice(16), name: "sell", kind: 2, startTimeUnixNano: `${now}000000`, endTimeUnixNano: `${now + 5}000000` };
        return this.send("/otlp/v1/traces", { resourceSpans: [{ resource: { attributes: [] }, scopeSpans: [{ spans: [span] }] }] });
    }

    /** Streams of a LogQL query: labels (with structured metadata), and lines. Times are in milliseconds; without them, those of the last hour. */
    async logs(query: string, { from = Date.now() - 3600_000, to = Date.now() + 60_000 } = {}): Promise<LogStream[]> {
        const parameters = new URLSearchParams({ query, limit: "5000", start: `${Math.floor(from)}000000`, end: `${Math.floor(to)}000000`, direction: "forward" });
        const answer = await ask(`http://127.0.0.1:${this.lokiPort}/loki/api/v1/query_range?${parameters}`, { "X-Scope-OrgID": TENANT });
        if (answer.status !== 200) throw new Error(`Loki: ${answer.status} ${answer.body}`);
        return (JSON.parse(answer.body) as { data: { result: LogStream[] } }).data.result;
    }

    /** The index labels of every stream. */
    async series(): Promise<Record<string, string>[]> {
        const now = Date.now();
        const parameters = new URLSearchParams({ "match[]": '{environment=~".+"}', start: `${now - 3600_000}000000`, end: `${now + 60_000}000000` });
        const answer = await ask(`http://127.0.0.1:${this.lokiPort}/loki/api/v1/series?${parameters}`, { "X-Scope-OrgID": TENANT });
        return (JSON.parse(answer.body) as { data: Record<string, string>[] }).data;
    }

    /** A trace as Tempo has it, or undefined. */
    async trace(id: string): Promise<unknown> {
        const answer = await ask(`http://127.0.0.1:${this.tempoPort}/api/traces/${id}`, { "X-Scope-OrgID": TENANT });
        return answer.status === 200 ? JSON.parse(answer.body) : undefined;
    }

    /** The ids of the traces that a TraceQL query finds in the last hour, sorted. */
    async search(query: string): Promise<string[]> {
        const now = Math.floor(Date.now() / 1000);
        const parameters = new URLSearchParams({ q: query, start: String(now - 3600), end: String(now + 60), limit: "1000" });
        const answer = await ask(`http://127.0.0.1:${this.tempoPort}/api/search?${parameters}`, { "X-Scope-OrgID": TENANT });
        if (answer.status !== 200) throw new Error(`Tempo: ${answer.status} ${answer.body}`);
        return (JSON.parse(answer.body) as { traces: { traceID: string }[] }).traces.map(({ traceID }) => traceID).sort();
    }

    async stop(): Promise<void> {
        await this.close();
        await this.running.stop();
    }
}

export interface LogStream {
    stream: Record<string, string>;
    values: [string, string][];
}

/** A real agent with the files that a host gets, moved below a directory of the test's own. */
export class AgentUnderTest {
    readonly directory: string;
    readonly logDirectory: string;
    readonly plan: LogAgentPlan;
    httpPort = 0;
    otlpPort = 0;
    private child?: ChildProcess;

    constructor(private readonly backends: Backends, readonly name: string, args: LogAgentArgs) {
        this.directory = path.join(backends.running.directory, name);
        this.logDirectory = path.join(this.directory, "logs");
        fs.mkdirSync(this.logDirectory, { recursive: true });
        this.plan = planLogAgent({ ...args, logs: { ...args.logs, files: args.logs.files?.map((glob) => path.join(this.logDirectory, path.basename(glob))) } });
    }

    /** Writes the files; again, with other arguments, to change them. */
    async write(secrets?: MetricsSecrets, external?: KnownExternal): Promise<void> {
        if (!this.httpPort) [this.httpPort, this.otlpPort] = await freePorts(2);
        const plan: LogAgentPlan = { ...this.plan, otlp: { ...this.plan.otlp, port: this.otlpPort }, metrics: { ...this.plan.metrics, port: this.httpPort } };
        const gateway = plan.gateway ? { url: this.backends.url, ca: fs.readFileSync(this.backends.certificate, "utf8"), token: TOKEN } : undefined;
        const bundle = planBundle(plan, gateway, secrets, external);
        for (const file of [...bundle.files, ...(secrets ? [] : [{ path: `${CONFIG_DIRECTORY}/http-password`, content: "made-by-the-host" }])]) this.put(file.path, file.content);
        fs.mkdirSync(this.move(DATA_DIRECTORY), { recursive: true });
    }

    put(file: string, content: string): void {
        const to = this.move(file);
        fs.mkdirSync(path.dirname(to), { recursive: true });
        fs.writeFileSync(`${to}.new`, content.replaceAll(CONFIG_DIRECTORY, this.move(CONFIG_DIRECTORY)).replaceAll(DATA_DIRECTORY, this.move(DATA_DIRECTORY))
            .replaceAll("http_listen_port: 9080", `http_listen_port: ${this.httpPort}`));
        fs.renameSync(`${to}.new`, to);
    }

    /** Where a path of the host is for this test. */
    move(file: string): string { return path.join(this.directory, file); }

    startAlloy(program: string, environment: Record<string, string> = {}): void {
        this.child = this.backends.running.start(this.name, program, ["run", "--stability.level=public-preview", `--server.http.listen-addr=127.0.0.1:${this.httpPort}`,
            "--server.http.enable-pprof=false", "--server.http.disable-support-bundle=true", "--disable-reporting", `--storage.path=${this.move(DATA_DIRECTORY)}`,
            this.move(`${CONFIG_DIRECTORY}/config.alloy`)], environment);
    }

    startPromtail(program: string): void {
        this.child = this.backends.running.start(this.name, program, [`-config.file=${this.move("/home/ubuntu/promtail/promtail-config.yml")}`]);
    }

    /** Asks Alloy's own port. */
    http(url: string, password?: string): Promise<Answer> {
        const scheme = this.plan.metrics.enabled ? "https" : "http";
        return ask(`${scheme}://127.0.0.1:${this.httpPort}${url}`, password ? { Authorization: `Basic ${Buffer.from(`prometheus:${password}`).toString("base64")}` } : {});
    }

    log(file: string, text: string): void { fs.appendFileSync(path.join(this.logDirectory, file), text); }

    /** Sends spans as an application would. */
    spans(spans: Record<string, unknown>[], resource: Record<string, string> = {}): Promise<Answer> {
        const attributes = Object.entries(resource).map(([key, value]) => ({ key, value: { stringValue: value } }));
        const body = JSON.stringify({ resourceSpans: [{ resource: { attributes }, scopeSpans: [{ spans }] }] });
        return ask(`http://127.0.0.1:${this.otlpPort}/v1/traces`, { "Content-Type": "application/json" }, "POST", body);
    }

    /** Ends it as `kill -9` does, or as a service manager does. */
    async end(signal: NodeJS.Signals): Promise<void> {
        const child = this.child!;
        if (child.exitCode !== null || child.signalCode !== null) return;
        const gone = new Promise((resolve) => child.once("exit", resolve));
        child.kill(signal);
        await gone;
    }
}
