import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import * as fs from "node:fs";
import * as path from "node:path";
import { planContainers } from "../../components/monitoring-services/containers";
import { IMAGES } from "../../components/versions";
import { remoteWrite } from "../bench/support/remote-write";
import { blocksOf, readPage } from "../support/pages";
import { part } from "../support/parts";
import { freePorts, Running, STARTS_SECONDS } from "../support/running";
import { eventually } from "../support/wait";

const PAGE = readPage("docs/migrating.md");
const HOUR = 3_600_000;

/** The commands of docs/migrating.md by which samples come along, as they are written, but for what runs them here: no Docker. */
function documented(running: Running, promtool: string): { dump: string; create: string } {
    const section = /## Old samples[^]*?(?=\n## )/.exec(PAGE)![0];
    const [dump, create] = blocksOf(section, "sh");
    const replace = (text: string, pairs: [string, string][]) => pairs.reduce((changed, [from, to]) => {
        assert.ok(changed.includes(from), `${from} in ${text}`);
        return changed.replaceAll(from, to);
    }, text);
    return {
        dump: replace(dump, [["docker exec prometheus promtool", promtool], [" /prometheus |", ` ${running.data("old")} |`]]),
        create: replace(create, [
            [/docker run [^]*? tsdb create/.exec(create)![0], `${promtool} tsdb create`], [" /old.om ", " old.om "], [" /prometheus\n", ` ${running.data("prometheus")}\n`],
        ]),
    };
}

describe("samples of a hand-made Prometheus", function () {
    this.timeout(180_000);
    const running = new Running();
    let promtool = "";
    let [old, fresh] = ["", ""];

    /** With its data below the directory of that name. */
    const start = async (prometheus: string, name: string, flags: string[]) => {
        const [port] = await freePorts(1);
        fs.writeFileSync(path.join(running.directory, `${name}.yml`), "storage: { tsdb: { out_of_order_time_window: 30d } }\n");
        running.start(name, prometheus, [...flags, `--config.file=${running.directory}/${name}.yml`, `--storage.tsdb.path=${running.data(name)}`, `--web.listen-address=127.0.0.1:${port}`]);
        await eventually(`${name} is ready`, STARTS_SECONDS, async () => (await fetch(`http://127.0.0.1:${port}/-/ready`)).ok);
        return `http://127.0.0.1:${port}`;
    };

    before(async function () {
        const prometheus = part(this, "prometheus");
        promtool = part(this, "promtool");
        old = await start(prometheus, "old", ["--web.enable-remote-write-receiver"]);
        // The shared deployment's own flags decide what it takes.
        const flags = (planContainers({ dataDirectory: "/data", memoryMiB: 1840, port: 8080, acme: false }).prometheus.command as string[]).filter((flag) => !/config|path=|listen|web\.external|web\.route/.test(flag));
        fresh = await start(prometheus, "prometheus", flags);
    });
    after(() => running.stop());

    it("come along by the commands of docs/migrating.md, with the labels of the vocabulary; both run on meanwhile", async () => {
        const from = Math.floor((Date.now() - 30 * HOUR) / 60_000) * 60_000;
        const samples = Array.from({ length: 29 * 60 }, (_, minute): [number, number] => [from + minute * 60_000, minute]);
        const series = (name: string, labels: Record<string, string>) => ({ labels: { __name__: name, ...labels, instance: "10.0.2.11:8080", job: "spring" }, samples });
        await remoteWrite(old, [series("jvm_threads_live_threads", {}), series("http_server_requests_seconds_count", { uri: "/a{b}\"c\"", status: "200" }), { labels: { __name__: "up", instance: "x", job: "other" }, samples }]);
        const { dump, create } = documented(running, promtool);
        const run = (script: string) => execFileSync("bash", ["-e", "-o", "pipefail", "-c", script], { cwd: running.directory, encoding: "utf8" });
        run(dump);
        const made = run(create);
        assert.match(made, /BLOCK ULID/);
        const query = async (text: string) => (await (await fetch(`${fresh}/api/v1/query?${new URLSearchParams({ query: text, time: String((from + 20 * HOUR) / 1000) })}`)).json() as { data: { result: { metric: Record<string, string>; value: [number, string] }[] } }).data.result;
        const vocabulary = { environment: "dev", application: "photogather", instance: "dev-was-1", job: "was" };
        const [threads] = await eventually("the old samples", 150, async () => {
            const found = await query('jvm_threads_live_threads{environment="dev"}');
            return found.length > 0 ? found : undefined;
        });
        assert.deepEqual([threads.metric, threads.value[1]], [{ __name__: "jvm_threads_live_threads", ...vocabulary }, "1200"]);
        assert.deepEqual((await query("http_server_requests_seconds_count")).map(({ metric }) => metric), [{ __name__: "http_server_requests_seconds_count", uri: "/a{b}\"c\"", status: "200", ...vocabulary }]);
        assert.deepEqual(await query('up{instance="x"}'), []);
        assert.equal(Number((await query("sum(count_over_time(jvm_threads_live_threads[30h]))"))[0].value[1]), 20 * 60 + 1);
    });

    it("are made by the very image that the deployment runs", () => assert.ok(PAGE.includes(` ${IMAGES.prometheus} `)));
});
