import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { DELETE_DELAYS, planWatchdog } from "../../components/monitoring-services/disk-watchdog";
import { ask, Backends } from "../support/log-agent";
import { lack, part } from "../support/parts";
import { eventually } from "../support/running";
import { sampleServices } from "../support/services";

const PROGRAM = path.join(__dirname, "..", "..", "templates", "disk-watchdog", "disk-watchdog");
const MIB = 2 ** 20;
const VOLUME_MIB = 192;
/** MiB of lines that no encoding makes smaller than half. */
const SENT: Record<string, number> = { loadtest: 24, prod: 4 };
const HOUR = 3_600_000;

/** Bytes of all files below a directory, of those that match. */
function bytes(directory: string, wanted = /./): number {
    if (!fs.existsSync(directory)) return 0;
    return fs.readdirSync(directory, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile() && wanted.test(entry.name))
        .reduce((sum, entry) => sum + (fs.statSync(path.join(entry.parentPath, entry.name), { throwIfNoEntry: false })?.size ?? 0), 0);
}

/** The data volume fills with what loadtest sent a day ago. Only the backends' intervals, 5 to 15 minutes, are seconds here. */
describe("what the disk watchdog no longer keeps, real Loki and Tempo delete", function () {
    this.timeout(300_000);
    const backends = new Backends();
    const directory = fs.mkdtempSync(path.join(os.tmpdir(), "deletion-"));
    const volume = path.join(directory, "data");
    let python = "";

    before(async function () {
        python = part(this, "python3");
        const programs = { loki: part(this, "loki"), tempo: part(this, "tempo"), openssl: part(this, "openssl") };
        fs.mkdirSync(volume);
        execFileSync("truncate", ["-s", `${VOLUME_MIB}M`, path.join(directory, "disk")]);
        execFileSync("mkfs.ext4", ["-q", "-m", "1", path.join(directory, "disk")], { stdio: "pipe" });
        if (spawnSync("mount", ["-o", "loop", path.join(directory, "disk"), volume]).status !== 0) lack(this, "loop devices");
        fs.symlinkSync(volume, path.join(backends.running.directory, "data"));
        backends.replacements = {
            [`compaction_interval: ${DELETE_DELAYS.lokiCompaction}m`]: "compaction_interval: 4s", [`retention_delete_delay: ${DELETE_DELAYS.lokiDelete}m`]: "retention_delete_delay: 1s",
            [`interval: ${DELETE_DELAYS.tempoRetention}m`]: "interval: 4s", [`compacted_block_retention: ${DELETE_DELAYS.tempoCompactedBlock}m`]: "compacted_block_retention: 1s",
            "blocklist_poll: 1m": "blocklist_poll: 5s",
        };
        await backends.start(programs);
        const policy = { ...planWatchdog(sampleServices()), directory: volume, effectSeconds: 0 };
        fs.mkdirSync(path.join(backends.running.directory, "disk-watchdog"));
        fs.writeFileSync(path.join(backends.running.directory, "disk-watchdog", "policy.json"), JSON.stringify(policy));
    });
    after(async () => {
        await backends.stop();
        spawnSync("umount", [volume]);
        fs.rmSync(directory, { recursive: true, force: true });
    });

    const watchdog = () => execFileSync(python, ["-I", PROGRAM, "--config", backends.running.directory, "--state", path.join(directory, "state.json"), "--metrics", path.join(directory, "metrics.prom")], { encoding: "utf8" });
    const chunks = (environment: string) => bytes(path.join(volume, "loki", "chunks", environment));
    const blocks = (environment: string) => bytes(path.join(volume, "tempo", "blocks", environment), /^data\.parquet$/);
    const used = () => {
        const { blocks: all, bfree, bavail } = fs.statfsSync(volume);
        return (100 * (all - bfree)) / (all - bfree + bavail);
    };
    const post = (url: string, environment: string, body: object) => eventually(`${url} takes it`, 60, async () => {
        const { status, body: said } = await ask(url, { "X-Scope-OrgID": environment, "Content-Type": "application/json" }, "POST", JSON.stringify(body));
        if (![200, 204, 429].includes(status)) throw new Error(`${status} ${said}`);
        return status !== 429;
    });

    it("lines and spans of a day ago are there, in chunks and blocks", async () => {
        const [lines, spans] = [Date.now() - 30 * HOUR, Date.now() - 20 * HOUR];
        for (const [environment, mib] of Object.entries(SENT)) {
            for (let i = 0; i < mib; i++) {
                const values = Array.from({ length: 1024 }, (_, k) => [`${lines + i * 1024 + k}000000`, randomBytes(512).toString("hex")]);
                await post(`http://127.0.0.1:${backends.ports.loki}/loki/api/v1/push`, environment, { streams: [{ stream: { environment, application: "shop", instance: "was-1", source: "file" }, values }] });
            }
            const span = { traceId: randomBytes(16).toString("hex"), spanId: randomBytes(8).toString("hex"), name: "sell", kind: 2, startTimeUnixNano: `${spans}000000`, endTimeUnixNano: `${spans + 5}000000` };
            await post(`http://127.0.0.1:${backends.ports.otlp}/v1/traces`, environment, { resourceSpans: [{ resource: { attributes: [] }, scopeSpans: [{ spans: [span] }] }] });
        }
        await eventually("blocks of both", 120, async () => blocks("loadtest") > 0 && blocks("prod") > 0);
        assert.equal((await ask(`http://127.0.0.1:${backends.ports.loki}/flush`, {}, "POST")).status, 204);
        await eventually("chunks of both", 60, async () => Object.entries(SENT).every(([environment, mib]) => chunks(environment) > (mib / 2) * MIB));
        // By itself Loki hands over the index of the last 15 minutes; retention works on what was handed over.
        for (const name of ["loki", "tempo"]) await backends.end(name);
        await backends.launch();
        assert.equal(watchdog(), "", "nothing is shortened yet");
    });

    it("a volume that fills loses loadtest's, and none of prod's; then retention is as before", async () => {
        const [lines, spans] = [chunks("prod"), blocks("prod")];
        const had = chunks("loadtest");
        const { blocks: all, bfree, bavail, bsize } = fs.statfsSync(volume);
        fs.writeFileSync(path.join(volume, "ballast"), Buffer.alloc(Math.floor(0.79 * (all - bfree + bavail) - (all - bfree)) * bsize));
        assert.match(watchdog(), /level 1 of 6: loadtest keeps 24 h of logs and 12 h of traces\n$/);
        await eventually("loadtest's old lines to go", 120, async () => chunks("loadtest") < 0.1 * had);
        await eventually("loadtest's old spans to go", 120, async () => blocks("loadtest") === 0);
        assert.deepEqual([chunks("prod"), blocks("prod")], [lines, spans]);
        assert.ok(used() < 70, `${used()} % in use`);
        assert.match(watchdog(), /restored to level 0 of 6/);
        console.log(`      ${(had / MIB).toFixed(1)} MiB of loadtest's chunks had been there; ${used().toFixed(1)} % of the volume is in use now`);
    });
});
