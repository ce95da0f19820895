import { stringify } from "yaml";
import { IMAGES } from "../../../components/versions";
import { findPart } from "../../support/parts";
import { plainLoki } from "../../support/plain-loki";
import { Host } from "./hosts";
import { Lab } from "./lab";
import { eventually } from "../../support/wait";

const DIRECTORY = "/home/ubuntu/promtail";

/** What our users had before: Prometheus and Loki by `docker run` on one host, and on the other a Promtail that a script starts. */
export class HandMade {
    private constructor(private readonly monitor: Host, private readonly was: Host) {}

    static async start(lab: Lab, number: number, was: Host): Promise<HandMade> {
        const made = new HandMade(await lab.host("hand-made", number), was);
        await made.startServices();
        await made.installPromtail();
        await made.startPromtail();
        return made;
    }

    remove(): Promise<void> {
        return this.monitor.remove();
    }

    private async startServices(): Promise<void> {
        const { monitor } = this;
        await monitor.must("mkdir -p /opt/prometheus /opt/loki; cat > /opt/prometheus/prometheus.yml", stringify({
            global: { scrape_interval: "5s" }, scrape_configs: [{ job_name: "spring", metrics_path: "/actuator/prometheus", static_configs: [{ targets: [`${this.was.address}:8080`] }] }],
        }));
        await monitor.must("cat > /opt/loki/loki.yml", stringify(plainLoki("/loki", { http_listen_port: 3100 })));
        await monitor.must(`docker run -d --name prometheus --user 0:0 -p 9090:9090 -v /opt/prometheus:/etc/prometheus ${IMAGES.prometheus} --config.file=/etc/prometheus/prometheus.yml --storage.tsdb.path=/prometheus`);
        await monitor.must(`docker run -d --name loki --user 0:0 -p 3100:3100 -v /opt/loki:/etc/loki ${IMAGES.loki} -config.file=/etc/loki/loki.yml`);
        await eventually("the old Loki", 90, async () => (await monitor.exec("curl --fail --silent http://127.0.0.1:3100/ready")).code === 0 || undefined);
    }

    private async installPromtail(): Promise<void> {
        const { was, monitor } = this;
        await was.must(`mkdir -p ${DIRECTORY}; cat > ${DIRECTORY}/promtail-config.yml`, stringify({
            server: { http_listen_port: 9080, grpc_listen_port: 0 }, positions: { filename: `${DIRECTORY}/positions.yaml` }, clients: [{ url: `http://${monitor.address}:3100/loki/api/v1/push` }],
            scrape_configs: [{ job_name: "was", static_configs: [{ targets: ["localhost"], labels: { job: "was-log", __path__: "/var/log/was/*.log" } }] }],
        }));
        await was.must(`cat > ${DIRECTORY}/start_promtail.sh`, `#!/bin/sh\ncd ${DIRECTORY}\nnohup ./promtail -config.file=promtail-config.yml > promtail.out 2>&1 &\n`);
        await was.copyTo(findPart("promtail")!, `${DIRECTORY}/promtail`, "0755");
    }

    startPromtail(): Promise<string> {
        return this.was.must(`setsid sh ${DIRECTORY}/start_promtail.sh </dev/null`);
    }

    /** Whether its Prometheus gets the application's metrics: 1 or 0. */
    async up(): Promise<number> {
        const answer = JSON.parse(await this.ask("9090/api/v1/query", { query: 'up{job="spring"}' })) as { data: { result: { value: [number, string] }[] } };
        return Number(answer.data.result[0].value[1]);
    }

    /** Lines in its Loki that contain a text, and match a pattern. */
    async lines(text: string, pattern = ""): Promise<string[]> {
        const answer = JSON.parse(await this.ask("3100/loki/api/v1/query_range", { query: `{job="was-log"} |= \`${text}\` |~ \`${pattern}\``, limit: "5000", since: "1h" })) as { data: { result: { values: [string, string][] }[] } };
        return answer.data.result.flatMap(({ values }) => values.map(([, line]) => line));
    }

    /** The numbers of a counted stream's lines in its Loki: a thousand at a time, of which it gives 5,000 at most. */
    async numbers(run: string): Promise<number[]> {
        const found: number[] = [];
        for (let thousand = 0, lines = ["first"]; lines.length > 0; thousand++) {
            lines = await this.lines(`run=${run} `, thousand === 0 ? "n=\\d{1,3}\\." : `n=${thousand}\\d{3}\\.`);
            found.push(...lines.map((line) => Number(/ n=(\d+)\.$/.exec(line)?.[1])));
        }
        return found;
    }

    private ask(place: string, query: Record<string, string>): Promise<string> {
        return this.monitor.must(`curl --fail --silent 'http://127.0.0.1:${place}?${new URLSearchParams(query).toString().replace(/'/g, "%27")}'`);
    }
}
