import { randomBytes } from "node:crypto";
import { renderLoki, renderTempo } from "../../../components/monitoring-services/backends";
import { KnownServicesArgs } from "../../../components/monitoring-services/args";
import { SMALL_HOST_MIB } from "../../../components/monitoring-services/budget";
import { planContainers } from "../../../components/monitoring-services/containers";
import { freePorts, Running } from "../../support/running";
import { eventually, sleep } from "../../support/wait";
import { Limited, startLimited } from "./limited";
import { SimulatedHost } from "./simulated-hosts";

/** Lines of each host per second, as a Spring Boot server with an access line for each request writes them. */
export const LINES_PER_SECOND = 2;
/** Traces of each host per second, of five spans each. */
export const TRACES_PER_SECOND = 0.2;

/** Our Loki or Tempo as it is deployed: its rendered files, the container's own command and memory; only paths and ports are of this machine. */
export interface BenchBackend {
    url: string;
    program: Limited;
}

/** Our Loki, without anything in it. */
export async function startLoki(running: Running, binary: string, args: KnownServicesArgs, name = "loki"): Promise<BenchBackend> {
    const [http, grpc] = await freePorts(2);
    const own = { "http_listen_port: 3100": listen("http", http), "grpc_listen_port: 9096": listen("grpc", grpc), "alertmanager:9093": "127.0.0.1:9" };
    running.write(renderLoki(args), running.rewriting("loki", own));
    const backend = start(running, "loki", binary, http, name);
    await eventually("Loki is ready", 90, async () => (await fetch(`${backend.url}/ready`)).ok);
    return backend;
}

/** Our Tempo, without anything in it. */
export async function startTempo(running: Running, binary: string, args: KnownServicesArgs, prometheus: string, name = "tempo"): Promise<BenchBackend & { otlp: string }> {
    const [http, grpc, otlpGrpc, otlp] = await freePorts(4);
    const own = {
        "http_listen_port: 3200": listen("http", http), "grpc_listen_port: 9095": listen("grpc", grpc), "127.0.0.1:9095": `127.0.0.1:${grpc}`,
        "0.0.0.0:4317": `127.0.0.1:${otlpGrpc}`, "0.0.0.0:4318": `127.0.0.1:${otlp}`, "http://prometheus:9090": prometheus,
    };
    running.write(renderTempo(args), running.rewriting("tempo", own));
    const backend = start(running, "tempo", binary, http, name);
    await eventually("Tempo is ready", 90, async () => (await fetch(`${backend.url}/ready`)).ok);
    return { ...backend, otlp: `http://127.0.0.1:${otlp}` };
}

/** Loki with an hour of lines in it. */
export async function fillLoki(running: Running, binary: string, args: KnownServicesArgs, hosts: SimulatedHost[], [from, to]: [number, number]): Promise<BenchBackend> {
    const backend = await startLoki(running, binary, args);
    // A minute of all hosts at a time, as they would have come.
    for (let minute = from; minute < to; minute += 60) {
        for (const environment of new Set(hosts.map((host) => host.environment))) {
            const streams = hosts.filter((host) => host.environment === environment).map((host) => ({
                stream: { environment, application: host.application, instance: host.instance, source: "file" },
                values: Array.from({ length: 60 * LINES_PER_SECOND }, (_, i) => line(host, minute + i / LINES_PER_SECOND, i)),
            }));
            await post(`${backend.url}/loki/api/v1/push`, environment, { streams });
        }
    }
    return backend;
}

/** Tempo with an hour of traces in it. */
export async function fillTempo(running: Running, binary: string, args: KnownServicesArgs, hosts: SimulatedHost[], prometheus: string, [from, to]: [number, number]): Promise<BenchBackend> {
    const backend = await startTempo(running, binary, args, prometheus);
    for (let minute = from; minute < to; minute += 60) {
        for (const environment of new Set(hosts.map((host) => host.environment))) {
            const resourceSpans = hosts.filter((host) => host.environment === environment).map((host) => ({
                resource: { attributes: attributes({ "service.name": host.application, "service.instance.id": host.instance, "deployment.environment.name": environment }) },
                scopeSpans: [{ spans: Array.from({ length: 60 * TRACES_PER_SECOND }, (_, i) => spans(minute + i / TRACES_PER_SECOND, host.phase + i)).flat() }],
            }));
            await post(`${backend.otlp}/v1/traces`, environment, { resourceSpans });
        }
    }
    // What is so old is found only once it is in blocks, and the list of them has been read again.
    const query = new URLSearchParams({ q: "{ span.db.query.text != nil && duration > 100ms }", start: String(from), end: String(to) });
    await eventually("Tempo finds the traces", 240, async () => {
        const answer = await fetch(`${backend.url}/api/search?${query}`, { headers: { "X-Scope-OrgID": [...new Set(hosts.map((host) => host.environment))].join("|") } });
        return answer.ok && (((await answer.json()) as { traces?: object[] }).traces ?? []).length > 0;
    });
    return backend;
}

function start(running: Running, name: "loki" | "tempo", binary: string, port: number, group: string): BenchBackend {
    const { command, envs, memory, cpuShares } = planContainers({ dataDirectory: "/data", memoryMiB: SMALL_HOST_MIB, port: 8080, acme: false })[name];
    const flags = (command as string[]).map(running.rewriting(name, {}));
    return { url: `http://127.0.0.1:${port}`, program: startLimited(running, group, binary, flags, { envs: envs as string[], limitMiB: memory as number, cpuShares: cpuShares as number }) };
}

function listen(kind: string, port: number): string {
    return `${kind}_listen_address: 127.0.0.1\n  ${kind}_listen_port: ${port}`;
}

const LEVELS = ["INFO", "INFO", "INFO", "INFO", "INFO", "INFO", "INFO", "DEBUG", "WARN", "ERROR"];
const LOGGERS = ["AccessLogFilter", "PhotoService", "PhotoController", "AlbumService"].map((name) => `com.photogather.was.${name}`);

/** A line with the structured metadata that our agents give it. */
function line({ phase }: SimulatedHost, seconds: number, i: number): [string, string, Record<string, string>] {
    const traceId = randomBytes(16).toString("hex");
    const [level, logger, elapsed] = [LEVELS[(i + phase) % LEVELS.length], LOGGERS[(i + phase) % LOGGERS.length], 5 + ((i * 37 + phase * 11) % 1500)];
    const text = `${new Date(seconds * 1000).toISOString()} ${level.padStart(5)} [was,${traceId},${traceId.slice(16)}] 4245 --- [http-nio-8080-exec-${i % 50}] ${logger} : `
        + `traceId=${traceId.slice(0, 12)} elapsed=${elapsed}ms method=GET uri=/api/photos/${i} status=${level === "ERROR" ? 500 : 200}`;
    return [nanoseconds(seconds), text, { level, logger, trace_id: traceId, span_id: traceId.slice(16), elapsed_ms: String(elapsed), method: "GET", status: "200", request_id: traceId.slice(0, 12) }];
}

/** A request: the server's span, its controller's, its service's, and two statements. */
function spans(seconds: number, i: number): object[] {
    const traceId = randomBytes(16).toString("hex");
    const ids = Array.from({ length: 5 }, () => randomBytes(8).toString("hex"));
    const lasts = 0.02 + ((i * 13) % 100) / 100;
    const statement = { "db.system.name": "mysql", "db.query.text": `select * from photo where album_id = ? and kind = ${i % 20}` };
    const parts: [string, number, Record<string, string>][] = [
        ["GET /api/photos/{id}", 2, { "http.request.method": "GET", "http.route": "/api/photos/{id}", "http.response.status_code": i % 50 === 0 ? "500" : "200", "url.path": `/api/photos/${i}` }],
        ["PhotoController.photo", 1, {}], ["PhotoService.find", 1, {}], ["select photo", 3, statement], ["select album", 3, statement],
    ];
    return parts.map(([name, kind, own], depth) => ({
        traceId, spanId: ids[depth], ...(depth > 0 ? { parentSpanId: ids[Math.min(depth, 3) - 1] } : {}), name, kind,
        startTimeUnixNano: nanoseconds(seconds + depth * 0.001), endTimeUnixNano: nanoseconds(seconds + lasts - depth * 0.001),
        attributes: attributes(own), status: { code: depth === 0 && i % 50 === 0 ? 2 : 0 },
    }));
}

function attributes(values: Record<string, string>): object[] {
    return Object.entries(values).map(([key, value]) => ({ key, value: { stringValue: value } }));
}

function nanoseconds(seconds: number): string {
    return `${Math.round(seconds * 1000)}000000`;
}

/** Waits where the backend asks for it, as agents do. */
async function post(url: string, tenant: string, body: object): Promise<void> {
    const text = JSON.stringify(body);
    await eventually(`${url} takes what is sent`, 120, async () => {
        const answer = await fetch(url, { method: "POST", headers: { "Content-Type": "application/json", "X-Scope-OrgID": tenant }, body: text });
        const said = await answer.text();
        if (answer.ok) return true;
        if (![429, 503].includes(answer.status)) throw new Error(`${answer.status} ${said.slice(0, 200)}`);
        await sleep(500);
        return false;
    });
}
