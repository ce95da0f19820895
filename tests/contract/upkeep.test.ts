import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { gunzipSync, gzipSync } from "node:zlib";
import { readVersions, STORAGE_LINES, UpgradeArgs, upgradeCheckScript } from "../../components/monitoring-services/upgrade";
import { IMAGES } from "../../components/versions";
import { BACKUP_FORMAT, readBackup } from "../../tools/upkeep/archive";
import { runOnHost } from "../../tools/upkeep/host";
import { SERVICE_NAMES } from "../../tools/upkeep/owner";
import { lack, part } from "../support/parts";

const ULID = "01JDXABCDEFGHJKMNPQRSTVWXY";
const FILES: Record<string, string> = {
    [`prometheus/${ULID}/index`]: "index", [`prometheus/${ULID}/chunks/000001`]: "chunks", [`prometheus/${ULID}/meta.json`]: "{}", "prometheus/wal/00000000": "wal",
    "loki/chunks/fake/abc": "chunk", "loki/wal/00000001": "lines", "tempo/blocks/dev/1/data.parquet": "spans", "grafana/grafana.db": "no SQLite", "grafana/.secret-key": "k",
    "registration/dev.json": "[]", "alertmanager/silences": "",
};

/** The program for the host, run here, with a stand-in for Docker whose containers are files. */
describe("the host's side of backup and restore", function () {
    this.timeout(60000);
    const here = { address: "this machine" };
    const given = { services: SERVICE_NAMES, waitSeconds: 2, versions: readVersions(IMAGES), running: readVersions(IMAGES), stores: Object.keys(STORAGE_LINES), bytes: 1000, replace: false };
    const pathBefore = process.env.PATH;
    let root: string;
    const at = (...names: string[]) => path.join(root, ...names);

    before(function () { part(this, "python3"); if (process.getuid?.() !== 0) part(this, "sudo"); });
    beforeEach(() => {
        root = fs.mkdtempSync(path.join(os.tmpdir(), "upkeep-"));
        fs.mkdirSync(at("bin"));
        process.env.PATH = `${at("bin")}:${pathBefore}`;
        docker("");
        for (const [file, text] of Object.entries(FILES)) put(`data/${file}`, text);
    });
    afterEach(() => {
        process.env.PATH = pathBefore;
        fs.rmSync(root, { recursive: true });
    });

    function put(file: string, text: string): void {
        fs.mkdirSync(path.dirname(at(file)), { recursive: true });
        fs.writeFileSync(at(file), text);
    }
    /** Docker that lists these containers, all of the config's images but one, and writes down what it was told. */
    function docker(names: string, health = "healthy", other = "none"): void {
        const text = `#!/bin/sh
echo "$*" >> ${at("told")}
case "$*" in
ps*) printf '%s\\n' ${names} ;;
"image inspect"*) echo sha256:of-the-config ;;
"inspect --format {{.Image}} ${other}") echo sha256:another ;;
"inspect --format {{.Image}}"*) echo sha256:of-the-config ;;
inspect*) echo ${health} ;;
logs*) echo the reason ;;
esac
`;
        fs.writeFileSync(at("bin", "docker"), text, { mode: 0o755 });
    }
    const told = () => fs.readFileSync(at("told"), "utf8").split("\n").filter((line) => line && !/^(ps|inspect|image|logs)/.test(line));
    const tree = (directory: string) => Object.fromEntries(fs.readdirSync(at(directory), { recursive: true, encoding: "utf8" })
        .filter((file) => fs.statSync(at(directory, file)).isFile() && !/^(\.upkeep\.lock|versions\.json|last-backup\.json)$/.test(file))
        .map((file) => [file, fs.readFileSync(at(directory, file), "utf8")]));
    async function backup(more: object = {}): Promise<string> {
        const request = { do: "backup", format: BACKUP_FORMAT, stack: "prod", directory: at("data"), images: IMAGES, services: SERVICE_NAMES, stop: false, maxPauseSeconds: 25, ...more };
        await runOnHost(here, request, { output: fs.createWriteStream(at("file")) });
        return at("file");
    }
    const restore = (directory: string, more: object = {}, file = at("file")) =>
        runOnHost(here, { ...given, do: "restore", directory: at(directory), ...more }, { input: fs.createReadStream(file) });

    it("what was backed up is restored, byte for byte, with its modes, onto a host without anything", async () => {
        fs.chmodSync(at("data/grafana/.secret-key"), 0o400);
        const header = await readBackup(await backup());
        assert.deepEqual([header.stack, header.directory, header.images.loki], ["prod", at("data"), IMAGES.loki]);
        assert.equal(await restore("fresh/data"), '{"restored": 0, "stopped": []}');
        assert.deepEqual(tree("fresh/data"), FILES);
        assert.equal(fs.statSync(at("fresh/data/grafana/.secret-key")).mode & 0o777, 0o400);
        // The registration user must get through.
        for (const directory of ["fresh", "fresh/data"]) assert.equal(fs.statSync(at(directory)).mode & 0o777, 0o755, directory);
        assert.deepEqual((JSON.parse(fs.readFileSync(at("fresh/data/versions.json"), "utf8")) as { services: object }).services, JSON.parse(JSON.stringify(readVersions(IMAGES))));
        assert.deepEqual(fs.readdirSync(at("data")).filter((name) => name.startsWith(".backup")), []);
    });

    it("only what stores is frozen, while it is copied, and let go", async () => {
        docker("monitoring-loki monitoring-gateway monitoring-tempo other");
        const { pauseSeconds } = await readBackup(await backup());
        assert.deepEqual(told(), ["pause monitoring-loki monitoring-tempo", "unpause monitoring-loki monitoring-tempo"]);
        assert.ok(pauseSeconds! < 20);
    });

    it("a copy that takes too long is given up, and the services are let go in time", async () => {
        docker("monitoring-loki");
        fs.appendFileSync(at("bin", "docker"), `[ "$1" != pause ] || sleep 6\n`);
        await assert.rejects(backup({ maxPauseSeconds: 1 }), /copying took longer than the 1 s/);
        assert.deepEqual(told(), ["pause monitoring-loki", "unpause monitoring-loki", "unpause monitoring-loki"]);
    });

    it("with stop, the gateway goes first, and all stay stopped", async () => {
        docker("monitoring-loki monitoring-gateway monitoring-tempo");
        const header = await readBackup(await backup({ stop: true }));
        assert.deepEqual(told(), ["stop monitoring-gateway", "stop monitoring-loki monitoring-tempo"]);
        assert.equal(header.pauseSeconds, undefined);
    });

    it("a host that holds data is left alone, unless told otherwise; then targets stay those of now", async () => {
        await backup();
        put("data/loki/wal/00000001", "newer");
        put("data/registration/dev.json", "[1]");
        const before = tree("data");
        await assert.rejects(restore("data"), /holds data already \(11 files, \d+ MiB\)\. With --replace/);
        assert.deepEqual(tree("data"), before);
        docker("monitoring-loki monitoring-gateway");
        assert.equal(await restore("data", { replace: true }), '{"restored": 2, "stopped": []}');
        assert.deepEqual(tree("data"), { ...FILES, "registration/dev.json": "[1]" });
        assert.deepEqual(told().slice(-3), ["stop monitoring-gateway", "stop monitoring-loki", "start monitoring-gateway monitoring-loki"]);
    });

    it("what stores its data in another way than the config's version is not started on the restored data, not by Docker either, until it is replaced", async () => {
        const note = (tempo: string, more: object = {}) => put("data/versions.json", JSON.stringify({ services: readVersions({ ...IMAGES, tempo }), ...more }));
        const noted = () => JSON.parse(fs.readFileSync(at("data/versions.json"), "utf8")) as { services: Record<string, { image: string }>; stopped?: string[] };
        await backup();
        docker("monitoring-gateway monitoring-loki monitoring-tempo", "healthy", "monitoring-tempo");
        note("grafana/tempo:3.9.0");
        assert.equal(await restore("data", { replace: true }), '{"restored": 2, "stopped": ["tempo"]}');
        assert.deepEqual(told().slice(-2), ["update --restart no monitoring-tempo", "start monitoring-gateway monitoring-loki"]);
        assert.deepEqual([noted().services.tempo.image, noted().stopped], [IMAGES.tempo, ["tempo"]]);
        assert.equal(await restore("data", { replace: true }), '{"restored": 2, "stopped": ["tempo"]}', "a second time, too");
        note(IMAGES.tempo, { pending: readVersions({ tempo: "grafana/tempo:3.9.0" }) });
        assert.equal(await restore("data", { replace: true }), '{"restored": 2, "stopped": ["tempo"]}', "begun, and not known how far it came");
        note("grafana/tempo:3.0.2");
        assert.equal(await restore("data", { replace: true }), '{"restored": 3, "stopped": []}', "another version that stores in the same way");
        note("grafana/tempo:3.9.0");
        docker("monitoring-gateway monitoring-tempo", "healthy", "monitoring-gateway");
        assert.equal(await restore("data", { replace: true }), '{"restored": 2, "stopped": []}', "the config's image runs, whatever is noted; and the gateway stores nothing");
        note("grafana/tempo:3.9.0");
        docker("monitoring-loki monitoring-tempo", "unhealthy", "monitoring-tempo");
        await assert.rejects(restore("data", { replace: true }), /monitoring-loki does not get well/);
        assert.deepEqual(told().slice(-2), ["update --restart always monitoring-tempo", "start monitoring-loki monitoring-tempo"]);
        assert.equal(noted().services.tempo.image, "grafana/tempo:3.9.0");
    });

    it("where a service does not get well with the restored data, what was there is put back", async () => {
        await backup();
        put("data/loki/wal/00000001", "newer");
        const before = tree("data");
        docker("monitoring-gateway monitoring-loki", "unhealthy");
        await assert.rejects(restore("data", { replace: true }), /monitoring-gateway does not get well with the restored data; what was there before is back in its place\. It said: the reason/);
        assert.deepEqual(tree("data"), before);
        assert.deepEqual(fs.readdirSync(at("data")).filter((name) => /^\.(restore|replaced)/.test(name)), []);
    });

    it("a file whose content is not what was backed up is found, and nothing is put in place", async () => {
        const data = gunzipSync(fs.readFileSync(await backup()));
        data.write("LINES", data.indexOf("lines"));
        fs.writeFileSync(at("file"), gzipSync(data));
        await assert.rejects(restore("fresh"), /the backup is changed: loki\/wal\/00000001 is not what was backed up/);
        assert.deepEqual(tree("fresh"), {});
    });
    it("an archive that would write elsewhere is refused", async () => {
        const data = gunzipSync(fs.readFileSync(await backup()));
        for (let from = data.indexOf("data/loki/wal/00000001"); from >= 0; from = data.indexOf("data/loki/wal/00000001")) data.write("data/../../../00000001", from);
        const header = data.subarray(data.indexOf("data/../../../00000001")).subarray(0, 512);
        header.write("        ", 148);
        header.write(`${header.reduce((sum, byte) => sum + byte, 0).toString(8).padStart(6, "0")}\0 `, 148);
        fs.writeFileSync(at("file"), gzipSync(data));
        await assert.rejects(restore("fresh"), /this is no backup of ours: it holds data\/\.\.\/\.\.\/\.\.\/00000001/);
    });
    it("a host without a data directory, and one without room, are told in one sentence", async () => {
        await assert.rejects(backup({ directory: at("nowhere") }), /there is no data directory .*nowhere on this host/);
        await backup();
        await assert.rejects(restore("fresh", { bytes: 1e15 }), /needs \d+ MiB free below .*fresh on the host, and there are \d+/);
    });
    it("a backup for which the data volume has no room is refused, with how much it needs, and leaves nothing there", async function () {
        fs.mkdirSync(at("small"));
        if (spawnSync("mount", ["-t", "tmpfs", "-o", "size=32m", "tmpfs", at("small")]).status !== 0) lack(this, "tmpfs");
        try {
            fs.cpSync(at("data"), at("small"), { recursive: true });
            const before = tree("small");
            await assert.rejects(backup({ directory: at("small") }), /needs \d+ MiB free below .*small on the host, and there are \d+: make room/);
            assert.deepEqual(tree("small"), before);
        } finally {
            spawnSync("umount", [at("small")]);
        }
    });
    it("a host that cannot be reached is named, with the cause", async () => {
        put("ssh_config", "Host nobody\n    HostName 127.0.0.1\n    Port 1\n    BatchMode yes\n");
        await assert.rejects(runOnHost({ address: "nobody", configFile: at("ssh_config") }, {}), /the monitoring host nobody cannot be reached: .*Connection refused/);
    });
});

describe("the host's check before an upgrade", function () {
    this.timeout(60000);
    let directory: string;
    before(function () { part(this, "python3"); });
    beforeEach(() => {
        directory = fs.mkdtempSync(path.join(os.tmpdir(), "upgrade-"));
        fs.mkdirSync(path.join(directory, "bin"));
        fs.writeFileSync(path.join(directory, "bin", "docker"), `#!/bin/sh\ngrep -qxF "$3" ${directory}/pulled 2>/dev/null\n`, { mode: 0o755 });
        note(IMAGES);
    });
    afterEach(() => fs.rmSync(directory, { recursive: true }));

    const note = (images: Record<string, string>) => fs.writeFileSync(path.join(directory, "versions.json"), JSON.stringify({ services: readVersions(images) }));
    const noted = () => JSON.parse(fs.readFileSync(path.join(directory, "versions.json"), "utf8")) as { pending?: Record<string, { version: string }> };
    const backedUp = (images: Record<string, string>, hoursAgo: number) =>
        fs.writeFileSync(path.join(directory, "last-backup.json"), JSON.stringify({ time: Date.now() / 1000 - hoursAgo * 3600, images }));
    function check(change: Record<string, string>, acceptIrreversible: Record<string, string> = {}): string {
        const args: UpgradeArgs = { dataDirectory: directory, images: { ...IMAGES, ...change }, acceptIrreversible };
        const { status, stderr } = spawnSync("sh", ["-c", `set -eu\n{\n${upgradeCheckScript(args)}\n} </dev/null\n`], { encoding: "utf8", env: { PATH: `${directory}/bin:/usr/bin:/bin` } });
        assert.equal(status, stderr ? 1 : 0, stderr);
        return stderr;
    }
    const GRAFANA_13 = { grafana: "grafana/grafana:13.0.8" };

    it("has nothing against a first deployment, the same images, and steps that can be undone", () => {
        assert.equal(check({}), "");
        assert.equal(check({ grafana: "grafana/grafana:12.4.11", gateway: "caddy:3.0.0" }), "");
        assert.deepEqual(Object.entries(noted().pending!).map(([service, { version }]) => [service, version]), [["gateway", "3.0.0"], ["grafana", "12.4.11"]]);
        fs.rmSync(path.join(directory, "versions.json"));
        assert.equal(check(GRAFANA_13), "");
    });
    it("refuses a step that cannot be undone, and says why and what to do", () => {
        assert.equal(check(GRAFANA_13), "photogather-monitoring: nothing was changed. grafana: from 12.4.10 to 13.0.8 cannot be undone: Grafana changes its database at the start, and never back. "
            + "Make a backup first (npm run backup), which counts for 24 hours; or, with a snapshot of your own, say so: monitoring.acceptIrreversible: { grafana: \"13.0.8\" }. "
            + "To stay, set monitoring.images.grafana to \"grafana/grafana:12.4.10\"\n");
        assert.equal(noted().pending, undefined);
    });
    it("lets it pass with a backup of that version that is not older than a day, or with a word for that very version", () => {
        backedUp(IMAGES, 25);
        assert.match(check(GRAFANA_13), /cannot be undone/);
        backedUp({ ...IMAGES, grafana: "grafana/grafana:12.3.0" }, 1);
        assert.match(check(GRAFANA_13), /cannot be undone/);
        assert.match(check(GRAFANA_13, { grafana: "13.0.7" }), /cannot be undone/);
        assert.equal(check(GRAFANA_13, { grafana: "13.0.8" }), "");
        backedUp(IMAGES, 23);
        assert.equal(check(GRAFANA_13), "");
    });
    it("refuses the way back, backup or not, once the newer version may have run", () => {
        backedUp(IMAGES, 1);
        assert.equal(check(GRAFANA_13), "");
        // Its image could not be pulled: it has not run.
        assert.equal(check({}), "");
        assert.equal(check(GRAFANA_13), "");
        fs.writeFileSync(path.join(directory, "pulled"), `${GRAFANA_13.grafana}\n`);
        assert.match(check({}), /grafana: from 13\.0\.8 to 12\.4\.10: the older one cannot be relied on .* Restore a backup that was made with 12\.4\.10/);
        assert.equal(check({}, { grafana: "12.4.10" }), "");
    });
    it("asks where a tag does not tell the version", () => {
        assert.match(check({ loki: "mirror.example.com/loki:latest" }), /loki: from 3\.7\.8 to latest: a tag does not tell the version.*acceptIrreversible: \{ loki: "latest" \}/);
        assert.equal(check({ loki: "mirror.example.com/loki:latest" }, { loki: "latest" }), "");
        assert.equal(check({ loki: "mirror.example.com/loki:3.7.8" }), "");
    });
    it("says which file cannot be read", () => {
        fs.writeFileSync(path.join(directory, "versions.json"), "{");
        assert.match(check({}), /versions\.json cannot be read/);
    });
});
