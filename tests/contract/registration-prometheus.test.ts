import assert from "node:assert/strict";
import { ChildProcess, spawn } from "node:child_process";
import * as fs from "node:fs";
import * as http from "node:http";
import * as net from "node:net";
import * as path from "node:path";
import { RegistrationPolicyArgs } from "../../components/metrics-target/registration";
import { scrapeJobs } from "../../components/metrics-target/scrape-jobs";
import { KnownTarget, renderTargets } from "../../components/metrics-target/targets";
import { part } from "../support/parts";
import { register, RegistrationRoot, registrationRoot } from "../support/registration";
import { freePorts, STARTS_SECONDS } from "../support/running";
import { eventually } from "../support/wait";

const LIMITS = { intervalSeconds: 1, timeoutSeconds: 1 };
const DEV: RegistrationPolicyArgs = { publicKeys: [], cidrs: ["127.0.0.1/32"], limits: LIMITS, minIntervalSeconds: 1 };
const METRICS = 'orders_total{environment="prod",job="forged"} 1\n';

describe("registration, read by a real Prometheus", () => {
    let root: RegistrationRoot;
    let prometheus: ChildProcess | undefined;
    let was: http.Server;
    let url: string;
    let wasPort: number;
    const requested: string[] = [];

    before(async function () {
        const program = part(this, "prometheus");
        part(this, "python3");
        root = registrationRoot({ dev: DEV });
        was = http.createServer((request, response) => {
            requested.push(request.url!);
            const known = request.headers.authorization === `Basic ${Buffer.from("metrics:비밀 번호").toString("base64")}`;
            if (request.url === "/moved") response.writeHead(302, { location: "/elsewhere" }).end();
            else response.writeHead(known ? 200 : 401, { "content-type": "text/plain" }).end(known ? METRICS : "");
        });
        await new Promise<void>((resolve) => { was.listen(0, "127.0.0.1", resolve); });
        wasPort = (was.address() as net.AddressInfo).port;
        const [port] = await freePorts(1);
        url = `http://127.0.0.1:${port}`;
        const at = (file: string) => path.join(root.directory, file);
        fs.writeFileSync(at("base.yml"), JSON.stringify({ scrape_configs: Object.values(scrapeJobs("dev", LIMITS, root.directory)) }));
        fs.writeFileSync(at("prometheus.yml"), JSON.stringify({ scrape_config_files: [at("base.yml"), at("scrape/*.json")] }));
        prometheus = spawn(program, [
            `--config.file=${at("prometheus.yml")}`, `--storage.tsdb.path=${at("data")}`, `--web.listen-address=127.0.0.1:${port}`,
            "--config.auto-reload", "--config.auto-reload-interval=1s",
        ], { stdio: "ignore" });
        await eventually("Prometheus is ready", STARTS_SECONDS, async () => (await fetch(`${url}/-/ready`)).ok);
    });
    after(async () => {
        was?.close();
        if (prometheus) await new Promise((resolve) => { prometheus!.on("close", resolve); prometheus!.kill(); });
        if (root) fs.rmSync(root.directory, { recursive: true });
    });

    const target = (change: Partial<KnownTarget>): KnownTarget => (
        { kind: "application", address: `127.0.0.1:${wasPort}`, application: "orders", instance: "orders-1", ...change });
    const set = (targets: KnownTarget[]) => {
        const list = renderTargets({ environment: "dev", targets, profiles: { actuator: { username: "metrics", password: "비밀 번호" } } });
        assert.deepEqual(register(root, "dev", "set", list).refusals, []);
    };
    const query = async (text: string): Promise<Result[]> =>
        ((await (await fetch(`${url}/api/v1/query?query=${encodeURIComponent(text)}`)).json()) as { data: { result: Result[] } }).data.result;
    const upOf = async (instance: string) => (await query(`up{instance="${instance}"}`))[0];

    it("scrapes a target with a profile, and stamps the environment and job of the owner", async () => {
        const start = Date.now();
        set([target({ profile: "actuator", path: "/actuator/prometheus" })]);
        const up = await eventually("a first sample", 30, async () => { const found = await upOf("orders-1"); return found?.value[1] === "1" && found; });
        console.log(`      first sample ${((Date.now() - start) / 1000).toFixed(1)} s after the list was sent`);
        assert.deepEqual(up.metric, { __name__: "up", environment: "dev", application: "orders", instance: "orders-1", job: "was" });
        const [{ metric }] = await eventually("its metrics", 10, async () => { const found = await query("orders_total"); return found.length > 0 && found; });
        assert.deepEqual([metric.environment, metric.job, metric.exported_environment, metric.exported_job], ["dev", "was", "prod", "forged"]);
    });

    it("follows no redirect of a target", async () => {
        set([target({ profile: "actuator", path: "/moved", instance: "mover" })]);
        await eventually("a failed scrape", 30, async () => (await upOf("mover"))?.value[1] === "0" && requested.includes("/moved"));
        assert.ok(!requested.includes("/elsewhere"));
    });

    it("forgets a target that is removed, its profile's job with it", async () => {
        set([target({ instance: "plain" })]);
        // By its targets, not by `up`: a job that goes writes no staleness marker, so its last samples are answered for 5 minutes more.
        await eventually("the old target is gone", 30, async () => {
            const { data } = (await (await fetch(`${url}/api/v1/targets`)).json()) as { data: { activeTargets: Target[] } };
            return data.activeTargets.map(({ scrapePool, labels }) => `${scrapePool} ${labels.instance}`).join() === "dev/application plain";
        });
        const { data } = (await (await fetch(`${url}/api/v1/scrape_pools`)).json()) as { data: { scrapePools: string[] } };
        assert.deepEqual(data.scrapePools.sort(), ["dev/agent", "dev/application", "dev/host"]);
        assert.match(await (await fetch(`${url}/metrics`)).text(), /^prometheus_config_last_reload_successful 1$/m);
    });
});

/** A target that Prometheus scrapes. */
interface Target {
    scrapePool: string;
    labels: Record<string, string>;
}

/** One series of an answer. */
interface Result {
    metric: Record<string, string>;
    value: [number, string];
}
