import * as fs from "node:fs";
import * as path from "node:path";
import { KnownServicesArgs } from "../../../components/monitoring-services/args";
import { findPart } from "../../support/parts";
import { plainLoki } from "../../support/plain-loki";
import { freePorts, Running } from "../../support/running";
import { eventually } from "../../support/wait";
import { Limited, startLimited } from "./limited";
import { Destination } from "./load";
import { startLoki, startTempo } from "./logs-and-traces";
import { BenchPrometheus } from "./prometheus";
import { SimulatedHost } from "./simulated-hosts";

/** Three backends that work together, and how they are talked to. */
export interface Side {
    name: string;
    running: Running;
    prometheus: string;
    loki: string;
    tempo: string;
    programs: { prometheus: Limited; loki: Limited; tempo: Limited };
    destination: Destination;
    /** Headers of a query over all environments. */
    reading: Record<string, string>;
    /** The label of a log's environment. */
    environmentLabel: string;
    /** Makes Prometheus scrape the hosts, of the generator's port. */
    scrape(port: number, more?: Record<string, object[]>): Promise<void>;
}

/** Memory for the accounting of what has no limit. */
const GENEROUS_MIB = 6000;
/** A container's weight where none is said. */
const DOCKERS_SHARES = 1024;

export function programs(...names: string[]): Record<string, string> {
    return Object.fromEntries(names.map((name) => {
        const found = findPart(name);
        if (!found) throw new Error(`the part "${name}" is missing: put it on PATH`);
        return [name, found];
    }));
}

/** A host as a target of Prometheus. */
export function target({ application, instance, phase }: SimulatedHost, port: number, side: string): object {
    return { targets: [`127.0.0.1:${port}`], labels: { application, instance, __metrics_path__: `/${side}/${phase}/was` } };
}

/** (a): this project's files, flags, environment and limits. */
export async function startOurs(name: string, args: KnownServicesArgs, hosts: SimulatedHost[]): Promise<Side> {
    const binary = programs("prometheus", "loki", "tempo");
    const running = new Running();
    const environments = Object.keys(args.environments);
    const [port] = await freePorts(1);
    const prometheus = new BenchPrometheus(running, args, port);
    await prometheus.start(binary.prometheus, `${name}-prometheus`);
    const address = (url: string) => url.replace("http://", "");
    const [loki, tempo] = await Promise.all([startLoki(running, binary.loki, args, `${name}-loki`), startTempo(running, binary.tempo, args, prometheus.url, `${name}-tempo`)]);
    prometheus.locate({ "loki:3100": address(loki.url), "tempo:3200": address(tempo.url) });
    return {
        name, running, prometheus: prometheus.url, loki: loki.url, tempo: tempo.url, programs: { prometheus: prometheus.program, loki: loki.program, tempo: tempo.program },
        destination: {
            name, logs: `${loki.url}/otlp/v1/logs`, traces: `${tempo.otlp}/v1/traces`, logAttributes: { environment: "environment", application: "application", instance: "instance" },
            headers: Object.fromEntries(environments.map((environment) => [environment, { "X-Scope-OrgID": environment }])),
        },
        reading: { "X-Scope-OrgID": environments.join("|") }, environmentLabel: "environment",
        scrape: (from, more = {}) => prometheus.goLive({
            ...Object.fromEntries(environments.map((environment) => [`${environment}.application`, hosts.filter((host) => host.environment === environment).map((host) => target(host, from, name))])), ...more,
        }),
    };
}

/** (b): the same programs as the single-container demo image of the same four starts them: their defaults, and what it takes to start. */
export async function startStock(name: string, hosts: SimulatedHost[]): Promise<Side> {
    const binary = programs("prometheus", "loki", "tempo");
    const running = new Running();
    const [prometheusPort, lokiPort, lokiGrpc, tempoPort, tempoGrpc, otlpGrpc, otlp] = await freePorts(7);
    const prometheus = `http://127.0.0.1:${prometheusPort}`;
    const files: Record<string, string> = {
        "prometheus.yml": stockPrometheus(path.join(running.directory, "targets")), "loki.yml": JSON.stringify(plainLoki(running.data("loki"), { http_listen_address: "127.0.0.1", http_listen_port: lokiPort, grpc_listen_address: "127.0.0.1", grpc_listen_port: lokiGrpc })),
        "tempo.yml": stockTempo(running.data("tempo"), { http: tempoPort, grpc: tempoGrpc, otlpGrpc, otlp, prometheus }),
    };
    for (const [file, content] of Object.entries(files)) fs.writeFileSync(path.join(running.directory, file), content);
    fs.mkdirSync(path.join(running.directory, "targets"));
    const start = (service: string, flags: string[]) => startLimited(running, `${name}-${service}`, binary[service], flags, { envs: [], limitMiB: GENEROUS_MIB, cpuShares: DOCKERS_SHARES });
    const started = {
        prometheus: start("prometheus", [
            "--web.enable-remote-write-receiver", "--web.enable-otlp-receiver", "--enable-feature=exemplar-storage", `--storage.tsdb.path=${running.data("prometheus")}`,
            `--config.file=${path.join(running.directory, "prometheus.yml")}`, `--web.listen-address=127.0.0.1:${prometheusPort}`,
        ]),
        loki: start("loki", [`--config.file=${path.join(running.directory, "loki.yml")}`]),
        tempo: start("tempo", [`--config.file=${path.join(running.directory, "tempo.yml")}`]),
    };
    for (const url of [`${prometheus}/-/ready`, `http://127.0.0.1:${lokiPort}/ready`, `http://127.0.0.1:${tempoPort}/ready`]) await eventually(url, 90, async () => (await fetch(url)).ok);
    return {
        name, running, prometheus, loki: `http://127.0.0.1:${lokiPort}`, tempo: `http://127.0.0.1:${tempoPort}`, programs: started, reading: {}, environmentLabel: "deployment_environment_name",
        destination: {
            name, logs: `http://127.0.0.1:${lokiPort}/otlp/v1/logs`, traces: `http://127.0.0.1:${otlp}/v1/traces`, headers: {},
            logAttributes: { environment: "deployment.environment.name", application: "service.name", instance: "service.instance.id" },
        },
        scrape: async (from) => {
            for (const environment of new Set(hosts.map((host) => host.environment))) {
                const own = hosts.filter((host) => host.environment === environment).map((host) => target(host, from, name) as { labels: Record<string, string> });
                fs.writeFileSync(path.join(running.directory, "targets", `${environment}.json`), JSON.stringify(own.map((each) => ({ ...each, labels: { ...each.labels, environment } }))));
            }
            await eventually("stock Prometheus scrapes", 120, async () => {
                const { data } = await (await fetch(`${prometheus}/api/v1/query?query=count(up==1)`)).json() as { data: { result: { value: [number, string] }[] } };
                return Number(data.result[0]?.value[1]) === hosts.length;
            });
        },
    };
}

function stockPrometheus(targets: string): string {
    return `storage:
  tsdb:
    out_of_order_time_window: 10m
scrape_configs:
  - job_name: was
    scrape_interval: 15s
    file_sd_configs:
      - files: ["${targets}/*.json"]
`;
}

interface StockTempoPorts { http: number; grpc: number; otlpGrpc: number; otlp: number; prometheus: string }

function stockTempo(data: string, { http, grpc, otlpGrpc, otlp, prometheus }: StockTempoPorts): string {
    return `server:
  http_listen_address: 127.0.0.1
  http_listen_port: ${http}
  grpc_listen_address: 127.0.0.1
  grpc_listen_port: ${grpc}
distributor:
  receivers:
    otlp:
      protocols:
        grpc:
          endpoint: "127.0.0.1:${otlpGrpc}"
        http:
          endpoint: "127.0.0.1:${otlp}"
live_store:
  wal:
    path: ${data}/live-store/traces
  shutdown_marker_dir: ${data}/live-store/shutdown-marker
backend_scheduler:
  local_work_path: ${data}/scheduler
backend_worker:
  backend_scheduler_addr: 127.0.0.1:${grpc}
storage:
  trace:
    backend: local
    wal:
      path: ${data}/wal
    local:
      path: ${data}/blocks
metrics_generator:
  storage:
    path: ${data}/generator/wal
    remote_write:
      - url: ${prometheus}/api/v1/write
        send_exemplars: true
overrides:
  defaults:
    metrics_generator:
      processors: [service-graphs, span-metrics]
`;
}
