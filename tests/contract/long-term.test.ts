import assert from "node:assert/strict";
import * as fs from "node:fs";
import * as http from "node:http";
import * as path from "node:path";
import { renderPrometheus } from "../../components/monitoring-services/backends";
import { part } from "../support/parts";
import { freePorts, Running } from "../support/running";
import { eventually } from "../support/wait";
import { ask, Backends, TENANT } from "../support/log-agent";
import { S3_KEYS, S3_REGION, startS3 } from "../support/s3";
import { sampleServices } from "../support/services";

const TRACE = "9bf92f3577b34da6a3ce929d0e0e4736";

/** Files below a directory, by their paths in it. */
const filesIn = (directory: string) => fs.readdirSync(directory, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile()).map((entry) => path.relative(directory, path.join(entry.parentPath, entry.name)));

describe("blocks in a bucket, with real Loki and Tempo and a real S3", function () {
    this.timeout(240_000);
    const backends = new Backends();
    let bucket = "";

    before(async function () {
        const s3 = part(this, "versitygw");
        const programs = { loki: part(this, "loki"), tempo: part(this, "tempo"), openssl: part(this, "openssl") };
        const started = await startS3(backends.running, s3, "shop-monitoring");
        bucket = started.bucket;
        backends.change = { blocks: { ...S3_KEYS, bucket: "shop-monitoring", region: S3_REGION, endpoint: `127.0.0.1:${started.port}`, tls: false, since: "2024-01-01" } };
        await backends.start(programs);
    });
    after(() => backends.stop());

    it("lines of hours ago, of a stream with few, are found before they are in the bucket", async () => {
        const at = (hours: number) => Date.now() - hours * 3600_000;
        const values = [[`${at(4.2)}000000`, "not yet in the bucket"], [`${at(0)}000000`, "of now"]];
        assert.equal((await backends.send("/loki/api/v1/push", { streams: [{ stream: { environment: "prod", application: "shop", instance: "was-2", source: "file" }, values }] })).status, 204);
        assert.deepEqual((await backends.logs('{instance="was-2"}', { from: at(5), to: at(4) })).flatMap((stream) => stream.values.map(([, line]) => line)), ["not yet in the bucket"]);
    });

    it("what was stored there outlives the disk", async () => {
        const now = Date.now();
        assert.equal((await backends.send("/loki/api/v1/push", { streams: [{ stream: { environment: "prod", application: "shop", instance: "was-1", source: "file" }, values: [[`${now}000000`, "kept in the bucket"]] }] })).status, 204);
        assert.equal((await backends.sendTrace(TRACE)).status, 200);
        // Tempo makes a block of half a minute.
        await eventually("a block of Tempo in the bucket", 120, async () => filesIn(bucket).some((file) => file.startsWith(`tempo/${TENANT}/`) && file.endsWith("/meta.json")));
        // By itself Loki does so when a chunk is full or old.
        assert.equal((await ask(`http://127.0.0.1:${backends.ports.loki}/flush`, {}, "POST")).status, 204);
        await eventually("a chunk of Loki in the bucket", 60, async () => filesIn(bucket).some((file) => file.startsWith(`${TENANT}/`)));
        for (const name of ["loki", "tempo"]) await backends.wipe(name);
        const stored = filesIn(bucket);
        assert.ok(stored.some((file) => /^index\/index_\d+\//.test(file)), stored.join("\n"));
        await backends.launch();
        await eventually("the line", 60, async () => (await backends.logs('{instance="was-1"}')).some(({ values }) => values.some(([, line]) => line === "kept in the bucket")));
        await eventually("the trace", 120, async () => (await backends.trace(TRACE)) !== undefined);
    });
});

describe("a bucket in place of a disk that has blocks, with real Tempo and a real S3", function () {
    this.timeout(240_000);
    const backends = new Backends();
    after(() => backends.stop());

    it("has the traces of before once their blocks are copied to tempo/, as docs/external.md says", async function () {
        const s3 = part(this, "versitygw");
        await backends.start({ tempo: part(this, "tempo"), openssl: part(this, "openssl") });
        assert.equal((await backends.sendTrace(TRACE)).status, 200);
        const blocks = path.join(backends.running.data("tempo"), "blocks");
        await eventually("a block on the disk", 120, async () => fs.existsSync(blocks) && filesIn(blocks).some((file) => file.startsWith(`${TENANT}/`) && file.endsWith("/meta.json")));
        const { bucket, port } = await startS3(backends.running, s3, "shop-monitoring");
        // An object is a file there, so that this is what `aws s3 cp --recursive` does.
        fs.cpSync(blocks, path.join(bucket, "tempo"), { recursive: true });
        await backends.wipe("tempo");
        backends.change = { blocks: { ...S3_KEYS, bucket: "shop-monitoring", region: S3_REGION, endpoint: `127.0.0.1:${port}`, tls: false, since: "2024-01-01" } };
        await backends.launch();
        await eventually("the trace", 120, async () => (await backends.trace(TRACE)) !== undefined);
    });
});

describe("samples that go to an endpoint besides, by the real Prometheus", function () {
    this.timeout(120_000);
    const running = new Running();
    const received: http.IncomingHttpHeaders[] = [];
    let server: http.Server;

    before(async function () {
        const prometheus = part(this, "prometheus");
        const [port, receiver] = await freePorts(2);
        server = http.createServer((request, response) => {
            request.resume();
            request.on("end", () => { received.push(request.headers); response.writeHead(204).end(); });
        });
        await new Promise<void>((resolve) => server.listen(receiver, "127.0.0.1", resolve));
        const files = renderPrometheus(sampleServices({ remoteWrite: [{ url: `http://127.0.0.1:${receiver}/api/v1/push`, username: "12345", password: "key-of-long-term", headers: { "X-Scope-OrgID": "shop" } }] }));
        running.write(files.filter(({ path: file }) => !/\/(rules|scrape)\//.test(file)), running.rewriting("prometheus", { "localhost:9090": `127.0.0.1:${port}`, "127.0.0.1:9090": `127.0.0.1:${port}` }));
        running.start("prometheus", prometheus, [`--config.file=${running.directory}/prometheus/prometheus.yml`, `--storage.tsdb.path=${running.data("prometheus")}`, `--web.listen-address=127.0.0.1:${port}`]);
    });
    after(async () => {
        server?.close();
        await running.stop();
    });

    it("arrive, with the login and the tenant", async () => {
        await eventually("samples", 90, async () => received.length > 0);
        assert.equal(received[0].authorization, `Basic ${Buffer.from("12345:key-of-long-term").toString("base64")}`);
        assert.equal(received[0]["x-scope-orgid"], "shop");
    });
});
