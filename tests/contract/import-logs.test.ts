import assert from "node:assert/strict";
import { ChildProcess, execFile } from "node:child_process";
import { once } from "node:events";
import * as fs from "node:fs";
import * as path from "node:path";
import { CONNECTION_FORMAT } from "../../components/connection";
import { readPages } from "../../tools/import-logs/loki";
import { ask, Backends, TENANT } from "../support/log-agent";
import { TOKEN } from "../support/log-agent-samples";
import { part } from "../support/parts";
import { plainLoki } from "../support/plain-loki";
import { freePorts, STARTS_SECONDS } from "../support/running";
import { eventually } from "../support/wait";

const ROOT = path.join(__dirname, "..", "..");
const HOUR_MS = 3_600_000;
/** More than a page of 5,000, and several at a time. */
const COUNT = 6000;
const AT_A_TIME = 7;
const TRACE_ID = "4bf92f3577b34da6a3ce929d0e0e4736";

describe("lines of a hand-made Loki", function () {
    this.timeout(240_000);
    const backends = new Backends();
    /** The first line's time, in milliseconds. */
    const first = Date.now() - 100 * HOUR_MS;
    const at = (number: number) => `${first + Math.floor(number / AT_A_TIME) * 60_000}000000`;
    let old = "";
    let commands = "";

    before(async function () {
        const programs = { loki: part(this, "loki"), openssl: part(this, "openssl") };
        await backends.start(programs);
        const ports = await freePorts(2);
        old = `http://127.0.0.1:${ports[0]}`;
        const child = await startOld(programs.loki, ports);
        const text = (number: number) => `2026-11-23 10:00:00.000 ERROR [shop,${TRACE_ID},00f067aa0ba902b7] 1 --- [main] c.e.Shop : n=${number} traceId=by-hand-${number} password=hunter2!`;
        for (let number = 0; number < COUNT; number += 1000) {
            const numbers = Array.from({ length: 1000 }, (_, i) => number + i);
            const streams = [0, 1].map((host) => ({ stream: { job: "was-log", host: `10.0.2.1${host}` }, values: numbers.filter((each) => each % 2 === host).map((each) => [at(each), text(each)]) }));
            assert.equal((await ask(`${old}/loki/api/v1/push`, { "Content-Type": "application/json" }, "POST", JSON.stringify({ streams }))).status, 204);
        }
        // What is days old is looked for in blocks only, where it would have been for days.
        await ask(`${old}/flush`, {}, "POST");
        child.kill();
        await once(child, "exit");
        await startOld(programs.loki, ports);
        commands = path.join(backends.running.directory, "commands");
        fs.mkdirSync(commands);
    });
    after(() => backends.stop());

    /** As users have it: the image's defaults, but for where its files are, and that it does not wait for others like it. */
    async function startOld(loki: string, [port, grpc]: number[]): Promise<ChildProcess> {
        const data = backends.running.data("old");
        const config = plainLoki(data, { http_listen_port: port, grpc_listen_port: grpc }, { ingester: { lifecycler: { min_ready_duration: "0s" } } });
        fs.writeFileSync(path.join(backends.running.directory, "old.yml"), JSON.stringify(config));
        const child = backends.running.start("old", loki, [`-config.file=${backends.running.directory}/old.yml`]);
        await eventually("the old Loki is ready", STARTS_SECONDS, async () => (await ask(`http://127.0.0.1:${port}/ready`)).status === 200);
        return child;
    }

    /** Runs the command as a user does; the engine's CLI says what the owner's state would. */
    function run(args: string[], token = TOKEN): Promise<{ code: number; output: string }> {
        const gateway = { url: backends.url, ca: fs.readFileSync(backends.certificate, "utf8"), token };
        const registration = { address: "127.0.0.1", port: 22, user: "monitoring-targets", privateKey: "-----BEGIN OPENSSH PRIVATE KEY-----", hostKey: "ssh-ed25519 AAAA" };
        fs.writeFileSync(path.join(commands, "outputs.json"), JSON.stringify({ [`connection_${TENANT}`]: { format: CONNECTION_FORMAT, environment: TENANT, gateway, registration } }));
        fs.writeFileSync(path.join(commands, "pulumi"), `#!/bin/sh\ncat ${commands}/outputs.json\n`, { mode: 0o755 });
        const all = ["--stack", "prod", "--environment", TENANT, "--from", old, "--query", '{job="was-log"}', "--application", "shop", ...args];
        return new Promise((resolve) => execFile("npm", ["run", "--silent", "import-logs", "--", ...all], { cwd: ROOT, env: { ...process.env, PATH: `${commands}:${process.env.PATH}` } },
            (error, stdout, stderr) => resolve({ code: error ? Number(error.code) : 0, output: stdout + stderr })));
    }
    const HOSTS = ["--host-label", "host", "--host", "10.0.2.10=prod-was-1", "--host", "10.0.2.11=prod-was-2"];
    const numbersOf = (streams: { values: [string, string][] }[]) => streams.flatMap(({ values }) => values.map(([, line]) => Number(/ n=(\d+) /.exec(line)![1])));
    const numbers = async () => {
        const found: number[] = [];
        for (let hours = 0; hours < 100; hours += 5) found.push(...numbersOf(await backends.logs('{source="import"}', { from: first + hours * HOUR_MS, to: first + (hours + 5) * HOUR_MS })));
        return found.sort((a, b) => a - b);
    };

    it("are read page by page, each once, whatever the page's size", async () => {
        for (const limit of [50, 701]) {
            const found: number[] = [];
            const period = { from: BigInt(first) * 1_000_000n, to: BigInt(first + 20 * HOUR_MS) * 1_000_000n };
            for await (const page of readPages({ url: old }, '{job="was-log"}', period, limit)) found.push(...page.map(({ text }) => Number(/ n=(\d+) /.exec(text)![1])));
            assert.deepEqual(found.sort((a, b) => a - b), Array.from({ length: COUNT }, (_, i) => i));
        }
        const many = readPages({ url: old }, '{job="was-log"}', { from: BigInt(first) * 1_000_000n, to: BigInt(first + HOUR_MS) * 1_000_000n }, AT_A_TIME);
        await assert.rejects(many.next(), /7 lines or more are around .* go on behind them with --after/);
    });

    it("stay where they are until all is said that must be: each host's name, the label that tells it, a stack that has the environment, a token that is good", async () => {
        const unnamed = await run([]);
        assert.match(unnamed.output, /has no label "instance": name the one that tells its host with --host-label/);
        const unknown = await run(["--host-label", "host"]);
        assert.match(unknown.output, /what is "10\.0\.2\.1[01]" called now\?[^]*what is "10\.0\.2\.1[01]" called now\?/);
        const elsewhere = await run([...HOSTS, "--environment", "staging"]);
        assert.match(elsewhere.output, /stack prod has no output connection_staging/);
        const early = await run([...HOSTS, "--after", "yesterday"]);
        assert.match(early.output, /--after: expected a time in UTC/);
        const wrong = await run(HOSTS, "0123456789abcdef-wrong");
        assert.match(wrong.output, /answers 401 [^]*0 lines are there; go on with --after /);
        for (const { code } of [unnamed, unknown, elsewhere, early, wrong]) assert.equal(code, 1);
        assert.deepEqual(await numbers(), []);
    });

    it("come along once each, with the vocabulary's labels, the fields that agents read, and without what they redact", async () => {
        const { code, output } = await run(HOSTS);
        assert.equal(code, 0, output);
        assert.match(output, new RegExp(`${COUNT} lines of 2 streams are in the shared Loki`));
        await eventually("all are found", 30, async () => (await numbers()).length >= COUNT);
        assert.deepEqual(await numbers(), Array.from({ length: COUNT }, (_, i) => i));
        const [{ stream, values: [[time, line]] }] = await backends.logs(`{instance="prod-was-2"} |= "n=1 "`, { from: first, to: first + HOUR_MS });
        const { level, trace_id, request_id, job, environment, application, source } = stream;
        assert.deepEqual({ level, trace_id, request_id, job, environment, application, source }, {
            level: "ERROR", trace_id: TRACE_ID, request_id: "by-hand-1", job: "was-log", environment: TENANT, application: "shop", source: "import",
        });
        assert.equal(time, at(1));
        assert.match(line, /n=1 traceId=by-hand-1 password=\[redacted:password\]$/);
    });

    it("that an interrupted import left are brought by --after, as it says", async () => {
        const { code, output } = await run([...HOSTS, "--after", new Date(first + 14 * HOUR_MS).toISOString()]);
        assert.equal(code, 0, output);
        const expected = COUNT - 14 * 60 * AT_A_TIME;
        assert.match(output, new RegExp(`${expected} lines of 2 streams`));
        assert.deepEqual([...new Set(await numbers())].length, COUNT);
    });
});
