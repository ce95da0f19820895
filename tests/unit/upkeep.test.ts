import assert from "node:assert/strict";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { gzipSync } from "node:zlib";
import fc from "fast-check";
import { planUpgrade, readVersion, STORAGE_LINES, validateAcceptIrreversible } from "../../components/monitoring-services/upgrade";
import { SERVICES } from "../../components/monitoring-services/services";
import { IMAGES } from "../../components/versions";
import { BACKUP_FORMAT, BackupHeader, checkReadable, parseHeader, readBackup } from "../../tools/upkeep/archive";
import { forgetHost } from "../../tools/upkeep/forget";
import { reachByState } from "../../tools/upkeep/host";
import { parseOwner } from "../../tools/upkeep/owner";

describe("upgrades", () => {
    it("read the version from the tag, whatever stands around it", () => {
        const version = (image: string) => readVersion("grafana", image);
        assert.deepEqual(version("grafana/grafana:12.4.10"), { image: "grafana/grafana:12.4.10", version: "12.4.10", line: [12, 4] });
        assert.deepEqual(version("mirror.example.com:5000/grafana/grafana:v12.4.10-ubuntu").line, [12, 4]);
        assert.deepEqual(version(`grafana/grafana:12.4.10@sha256:${"a".repeat(64)}`).version, "12.4.10");
    });
    it("do not guess where a tag is no version", () => {
        for (const image of ["grafana/grafana:latest", "mirror.example.com:5000/grafana", "grafana/grafana:main-1234567", "grafana/grafana:12", `grafana/grafana@sha256:${"a".repeat(64)}`])
            assert.deepEqual(readVersion("grafana", image).line, [], image);
        assert.equal(readVersion("grafana", "grafana/grafana@sha256:abc").version, "sha256:abc");
    });
    it("know a line for every pinned image that stores something", () => {
        for (const service of Object.keys(STORAGE_LINES)) assert.ok(readVersion(service, IMAGES[service]).line.length > 0, service);
        assert.deepEqual(Object.keys(STORAGE_LINES).filter((service) => !SERVICES.some(({ name }) => name === service)), []);
    });

    const steps = (service: string, from: string, to: string) => planUpgrade({ [service]: `x/${service}:${from}` }, { [service]: `x/${service}:${to}` }).map(({ direction }) => direction);
    for (const [service, from, to, expected] of [
        ["grafana", "12.4.10", "12.4.11", []], ["grafana", "12.4.10", "12.5.0", ["up"]], ["grafana", "12.4.10", "13.0.0", ["up"]], ["grafana", "13.0.0", "12.4.10", ["down"]],
        ["prometheus", "v3.16.0", "v3.17.0", []], ["prometheus", "v2.55.1", "v3.16.0", ["up"]], ["prometheus", "v3.16.0", "v2.55.1", ["down"]],
        ["loki", "3.7.8", "3.7.9", []], ["loki", "3.7.8", "3.10.0", ["up"]], ["tempo", "2.10.0", "3.0.3", ["up"]], ["tempo", "3.0.3", "3.0.1", []],
        ["loki", "3.7.8", "latest", ["unknown"]], ["loki", "latest", "latest", []], ["gateway", "2.11.9", "3.0.0", []], ["node-exporter", "latest", "v1.12.1", []],
    ] as [string, string, string, string[]][]) it(`${service} ${from} to ${to}: ${expected[0] ?? "can be undone"}`, () => assert.deepEqual(steps(service, from, to), expected));

    it("a way back is the opposite of the way there", () => fc.assert(fc.property(fc.tuple(fc.nat(20), fc.nat(20)), fc.tuple(fc.nat(20), fc.nat(20)), (a, b) => {
        const opposite: Record<string, string> = { up: "down", down: "up" };
        assert.deepEqual(steps("tempo", `${a.join(".")}.1`, `${b.join(".")}.2`).map((direction) => opposite[direction]), steps("tempo", `${b.join(".")}.2`, `${a.join(".")}.1`));
    })));
    it("accept a word for services that need one only", () => {
        assert.deepEqual(validateAcceptIrreversible({ grafana: "13.0.0" }), []);
        assert.deepEqual(validateAcceptIrreversible({ gateway: "3.0.0", grafna: "13" }).map((problem) => problem.path), ["gateway", "grafna"]);
    });
});

describe("backups", () => {
    const header: BackupHeader = { format: BACKUP_FORMAT, stack: "prod", directory: "/data", images: IMAGES, time: 1, files: 2, bytes: 3 };
    const entry = (name: string, text: string) => {
        const block = Buffer.alloc(512);
        block.write(name);
        block.write(`${text.length.toString(8).padStart(11, "0")}\0`, 124);
        return Buffer.concat([block, Buffer.from(text), Buffer.alloc((512 - (text.length % 512)) % 512)]);
    };
    const whole = (value: object = header) => gzipSync(Buffer.concat([entry("photogather-backup.json", JSON.stringify(value)), Buffer.alloc(100_000, "x")]), { level: 0 });
    let directory: string;
    const write = (data: Buffer) => {
        fs.writeFileSync(path.join(directory, "backup"), data);
        return readBackup(path.join(directory, "backup"));
    };
    beforeEach(() => { directory = fs.mkdtempSync(path.join(os.tmpdir(), "backup-")); });
    afterEach(() => fs.rmSync(directory, { recursive: true }));

    it("are read to their end", async () => assert.deepEqual(await write(whole()), header));
    it("are refused where they are cut off, changed, of another kind, of another format, or not there", async () => {
        await assert.rejects(write(whole().subarray(0, 50_000)), /is cut off/);
        const changed = whole();
        changed[60_000] ^= 1;
        await assert.rejects(write(changed), /was changed or damaged/);
        await assert.rejects(write(Buffer.from("not at all")), /is no backup: npm run backup makes one/);
        await assert.rejects(write(gzipSync(entry("holiday.jpg", "x"))), /is no backup/);
        await assert.rejects(write(Buffer.alloc(0)), /is (no backup|cut off)/);
        await assert.rejects(write(whole({ ...header, format: 2 })), /has format 2, and this version reads 1/);
        await assert.rejects(readBackup("/nowhere"), /there is no file \/nowhere/);
    });
    it("a header is not read past the end", () => assert.throws(() => parseHeader("f", entry("photogather-backup.json", "{}").subarray(0, 513)), /is no backup/));

    const readable = (service: string, from: string, to: string) => checkReadable({ ...header, images: { ...IMAGES, [service]: `x/${service}:${from}` } }, { ...IMAGES, [service]: `x/${service}:${to}` });
    it("are read by the same line and by newer minor versions, not by older, other major or unknown ones", () => {
        assert.deepEqual(checkReadable(header, IMAGES), []);
        assert.deepEqual(readable("grafana", "12.3.0", "12.4.10"), []);
        assert.match(readable("grafana", "12.4.10", "12.3.0")[0], /^grafana: the backup is of x\/grafana:12\.4\.10, and x\/grafana:12\.3\.0, which the config asks for, is older; set monitoring\.images\.grafana to "x\/grafana:12\.4\.10"/);
        assert.match(readable("tempo", "2.10.0", "3.0.3")[0], /is of another major version/);
        assert.match(readable("loki", "3.7.8", "latest")[0], /may be any version/);
    });

    it("are of owners only, which must be known to be deployed", () => {
        const monitoring = { versions: IMAGES, directory: "/data" };
        assert.deepEqual(parseOwner("prod", { monitoring, sshFiles: { a: "b" } }), { directory: "/data", images: IMAGES, sshFiles: { a: "b" } });
        assert.throws(() => parseOwner("prod", {}), /stack prod has no monitoring host: name the owner, .* run `pulumi up` on it first/);
        assert.throws(() => parseOwner("dev", { hosts: {} }), /stack dev has no monitoring host/);
        assert.throws(() => parseOwner("prod", { monitoring: { versions: IMAGES } }), /written by an earlier version/);
    });
    it("without files in the state, the host is this machine", () => assert.deepEqual(reachByState({}, "prod"), { address: "this machine" }));
});

describe("forgetting a monitoring host", () => {
    const urn = (type: string, name: string) => `urn:pulumi:prod::p::${type}::${name}`;
    const services = "photogather-monitoring:index:MonitoringServices";
    const container = urn(`${services}$docker:index/container:Container`, "monitoring-loki");
    const agent = urn("photogather-monitoring:index:LogAgent$command:remote:Command", "was-1-log-agent-files");
    const others = [urn("tls:index/privateKey:PrivateKey", "ca-key"), urn(services, "monitoring"), urn(`${services}$pulumi:providers:docker`, "monitoring-docker")];

    it("takes out what stands on it, keeps the rest, and leaves nothing that leads to what is gone", () => {
        const gone = [
            urn(`${services}$command:remote:Command`, "monitoring-files"), urn(`${services}$docker:index/network:Network`, "monitoring-network"), container,
            urn("photogather-monitoring:index:MetricsTarget$command:remote:Command", "metrics-targets"), urn("photogather-monitoring:index:MembersGuard$command:local:Command", "guard"),
        ];
        const resources = [...others.map((each) => ({ urn: each })), ...gone.map((each) => ({ urn: each })), {
            urn: agent, dependencies: [container, others[0]], propertyDependencies: { stdin: [container], create: [others[0]] }, deletedWith: container,
        }];
        const { state, forgotten } = forgetHost({ version: 3, deployment: { resources } });
        assert.deepEqual(forgotten, gone);
        assert.deepEqual(state.deployment.resources!.map((resource) => resource.urn), [...others, agent]);
        assert.deepEqual(state.deployment.resources!.at(-1), { urn: agent, dependencies: [others[0]], propertyDependencies: { stdin: [], create: [others[0]] }, deletedWith: undefined });
        assert.equal(state.version, 3);
    });
    it("changes nothing where nothing stands on it", () => assert.deepEqual(forgetHost({ deployment: {} }), { state: { deployment: { resources: [] } }, forgotten: [] }));
});
