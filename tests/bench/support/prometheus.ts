import * as fs from "node:fs";
import * as path from "node:path";
import { renderPrometheus } from "../../../components/monitoring-services/backends";
import { KnownServicesArgs } from "../../../components/monitoring-services/args";
import { SMALL_HOST_MIB } from "../../../components/monitoring-services/budget";
import { planContainers } from "../../../components/monitoring-services/containers";
import { Running } from "../../support/running";
import { eventually } from "../../support/wait";
import { Limited, startLimited } from "./limited";
import { remoteWrite, Written } from "./remote-write";

/** One of the rules that record. */
interface Recording {
    record: string;
    expr: string;
    labels?: Record<string, string>;
}

/** Our Prometheus as it is deployed: its rendered files, the container's own command and memory; only paths and ports are of this machine. */
export class BenchPrometheus {
    readonly url: string;
    private readonly files;
    private readonly configuration: string;
    program!: Limited;

    constructor(private readonly running: Running, args: KnownServicesArgs, private readonly port: number) {
        this.url = `http://127.0.0.1:${port}`;
        this.files = renderPrometheus(args);
        this.configuration = path.join(running.directory, "prometheus", "prometheus.yml");
    }

    /** Starts it with storage only: neither targets nor rules, so that the past can be written first. */
    async start(binary: string, name = "prometheus"): Promise<void> {
        this.running.write(this.files, this.rewriting());
        const whole = fs.readFileSync(this.configuration, "utf8");
        fs.renameSync(this.configuration, `${this.configuration}.whole`);
        fs.writeFileSync(this.configuration, whole.replace(/\n(rule_files|alerting|scrape_config_files):[\s\S]*/, "\n"));
        const { command, envs, memory, cpuShares } = planContainers({ dataDirectory: "/data", memoryMiB: SMALL_HOST_MIB, port: 8080, acme: false }).prometheus;
        const flags = (command as string[]).map((flag) => this.rewriting()(flag));
        this.program = startLimited(this.running, name, binary, [...flags, `--web.listen-address=127.0.0.1:${this.port}`], { envs: envs as string[], limitMiB: memory as number, cpuShares: cpuShares as number });
        await eventually("Prometheus is ready", 60, async () => (await fetch(`${this.url}/-/ready`)).ok);
    }

    /** The recording rules among the rendered files, in the order in which they are evaluated. */
    recordings(): Recording[] {
        const rules = this.files.filter(({ path: file }) => file.includes("/rules/")).flatMap(({ content }) => {
            const { groups } = JSON.parse(content.replace(/^#.*\n/gm, "")) as { groups: { rules: Recording[] }[] };
            return groups.flatMap((group) => group.rules);
        });
        return rules.filter(({ record }) => record);
    }

    /** Writes what the recording rules would have made of what is there between two times. */
    async record(from: number, to: number, step: number): Promise<void> {
        for (const { record, expr, labels } of this.recordings()) {
            const body = new URLSearchParams({ query: expr, start: String(from), end: String(to), step: String(step) });
            const answer = await (await fetch(`${this.url}/api/v1/query_range`, { method: "POST", body })).json() as { error?: string; data: { result: { metric: Record<string, string>; values: [number, string][] }[] } };
            if (answer.error) throw new Error(`${record}: ${answer.error}`);
            const series = answer.data.result.map(({ metric, values }): Written => ({
                labels: { ...metric, ...labels, __name__: record }, samples: values.map(([seconds, value]) => [Math.round(seconds * 1000), Number(value)]),
            }));
            await remoteWrite(this.url, series);
        }
    }

    /** Where other services are found, by the address that the rendered file has; before it goes live. */
    locate(addresses: Record<string, string>): void {
        const whole = fs.readFileSync(`${this.configuration}.whole`, "utf8");
        fs.writeFileSync(`${this.configuration}.whole`, Object.entries(addresses).reduce((text, [from, to]) => text.replaceAll(from, to), whole));
    }

    /** From now on it scrapes and evaluates as it is deployed. */
    async goLive(targets: Record<string, object[]>): Promise<void> {
        const directory = path.join(this.running.directory, "prometheus", "registered", "targets");
        fs.mkdirSync(directory, { recursive: true });
        for (const [file, list] of Object.entries(targets)) fs.writeFileSync(path.join(directory, `${file}.json`), JSON.stringify(list));
        fs.renameSync(`${this.configuration}.whole`, this.configuration);
        const expected = Object.values(targets).flat().length;
        await eventually(`Prometheus scrapes ${expected} targets`, 120, async () => (await this.value('count(up{environment!=""} == 1)')) === expected);
        await eventually("rules are evaluated", 60, async () => (await this.value("count(prometheus_rule_group_last_duration_seconds > 0)") ?? 0) > 0);
    }

    /** The value of an instant query's only series. */
    async value(query: string): Promise<number | undefined> {
        const { data } = await (await fetch(`${this.url}/api/v1/query?${new URLSearchParams({ query })}`)).json() as { data?: { result: { value: [number, string] }[] } };
        return data && data.result.length > 0 ? Number(data.result[0].value[1]) : undefined;
    }

    private rewriting(): (text: string) => string {
        return this.running.rewriting("prometheus", { "localhost:9090": `127.0.0.1:${this.port}` });
    }
}
