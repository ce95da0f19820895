import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { DELETE_DELAYS, planWatchdog } from "../../components/monitoring-services/disk-watchdog";
import { diskBytes } from "../bench/support/gather";
import { ask, Backends } from "../support/log-agent";
import { part } from "../support/parts";
import { eventually } from "../support/wait";
import { sampleServices } from "../support/services";
import { SmallVolume } from "../support/small-volume";

const PROGRAM = path.join(__dirname, "..", "..", "templates", "disk-watchdog", "disk-watchdog");
const MIB = 2 ** 20;
const VOLUME_MIB = 192;
/** MiB of lines that no encoding makes smaller than half. */
const SENT: Record<string, number> = { loadtest: 24, prod: 4 };
const HOUR = 3_600_000;

/** The data volume fills with what loadtest sent a day ago. Only the backends' intervals, 5 to 15 minutes, are seconds here. */
describe("what the disk watchdog no longer keeps, real Loki and Tempo delete", function () {
    this.timeout(300_000);
    const backends = new Backends();
    const directory = fs.mkdtempSync(path.join(os.tmpdir(), "deletion-"));
    let volume: SmallVolume;
    let python = "";

    before(async function () {
        python = part(this, "python3");
        const programs = { loki: part(this, "loki"), tempo: part(this, "tempo"), openssl: part(this, "openssl") };
        volume = SmallVolume.mount(this, directory, VOLUME_MIB);
        fs.symlinkSync(volume.data, path.join(backends.running.directory, "data"));
        backends.replacements = {
            [`compaction_interval: ${DELETE_DELAYS.lokiCompaction}m`]: "compaction_interval: 4s", [`retention_delete_delay: ${DELETE_DELAYS.lokiDelete}m`]: "retention_delete_delay: 1s",
            [`interval: ${DELETE_DELAYS.tempoRetention}m`]: "interval: 4s", [`compacted_block_retention: ${DELETE_DELAYS.tempoCompactedBlock}m`]: "compacted_block_retention: 1s",
            "blocklist_poll: 1m": "blocklist_poll: 5s",
        };
        await backends.start(programs);
        const policy = { ...planWatchdog(sampleServices()), directory: volume.data, effectSeconds: 0 };
        fs.mkdirSync(path.join(backends.running.directory, "disk-watchdog"));
        fs.writeFileSync(path.join(backends.running.directory, "disk-watchdog", "policy.json"), JSON.stringify(policy));
    });
    after(async () => {
        await backends.stop();
        volume?.unmount();
        fs.rmSync(directory, { recursive: true, force: true });
    });

    const watchdog = () => execFileSync(python, ["-I", PROGRAM, "--config", backends.running.directory, "--state", path.join(directory, "state.json"), "--metrics", path.join(directory, "metrics.prom")], { encoding: "utf8" });
    const bytes = (directory: string, wanted?: (file: string) => boolean) => (fs.existsSync(directory) ? diskBytes(directory, wanted) : 0);
    const chunks = (environment: string) => bytes(path.join(volume.data, "loki", "chunks", environment));
    const blocks = (environment: string) => bytes(path.join(volume.data, "tempo", "blocks", environment), (file) => path.basename(file) === "data.parquet");
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
        volume.fill(79);
        assert.match(watchdog(), /level 1 of 6: loadtest keeps 24 h of logs and 12 h of traces\n$/);
        await eventually("loadtest's old lines to go", 120, async () => chunks("loadtest") < 0.1 * had);
        await eventually("loadtest's old spans to go", 120, async () => blocks("loadtest") === 0);
        assert.deepEqual([chunks("prod"), blocks("prod")], [lines, spans]);
        assert.ok(volume.used < 70, `${volume.used} % in use`);
        assert.match(watchdog(), /restored to level 0 of 6/);
        console.log(`      ${(had / MIB).toFixed(1)} MiB of loadtest's chunks had been there; ${volume.used.toFixed(1)} % of the volume is in use now`);
    });
});
