import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { decodeBundle, encodeBundle } from "../../components/bundle";
import { OtelJavaAgent, OtelJavaAgentArgs } from "../../components/otel-java-agent";
import { record } from "../../tools/offline";
import { part } from "../support/parts";
import { sentScripts } from "../support/sent";

/** A host below a directory: the very commands that Pulumi would run, with their paths moved there. */
class Host {
    readonly root = fs.mkdtempSync(path.join(os.tmpdir(), "java-host-"));
    private readonly owner = `${os.userInfo().uid}:${os.userInfo().gid}`;
    readonly jar = `${this.root}/given.jar`;
    readonly args: OtelJavaAgentArgs;

    constructor() {
        fs.mkdirSync(`${this.root}/bin`);
        fs.writeFileSync(`${this.root}/bin/systemctl`, `#!/bin/sh\necho "$*" >> ${this.root}/calls\n[ ! -e ${this.root}/refuse ]\n`, { mode: 0o755 });
        fs.writeFileSync(this.jar, "a jar");
        this.args = {
            machine: {}, application: "shop", instance: "was-1", environment: "prod", version: "1.0.0", url: `file://${this.jar}`,
            sha256: createHash("sha256").update("a jar").digest("hex"), systemdService: "shop", restartService: "shop",
        };
    }

    async run(change: Partial<OtelJavaAgentArgs> = {}, script: "create" | "delete" = "create") {
        const moved = (text: string) => text.replaceAll("echo sudo -n", "echo")
            .replaceAll(/(?<![\w.-])\/(etc|var\/lib|usr\/local\/lib)\/(photogather-monitoring|systemd)/g, `${this.root}/$1/$2`);
        const [, command] = await record(() => new OtelJavaAgent("agent", { ...this.args, ...change }));
        const scripts = sentScripts(command);
        const bundle = decodeBundle(scripts.input)!;
        for (const entry of [...bundle.files, ...bundle.directories]) { entry.path = moved(entry.path); entry.owner = this.owner; }
        for (const file of bundle.files) file.content = moved(file.content);
        return spawnSync("sh", ["-c", moved(scripts[script])], { input: encodeBundle(bundle), encoding: "utf8", env: { ...process.env, PATH: `${this.root}/bin:${process.env.PATH}` } });
    }

    restarts(): number { return fs.readFileSync(`${this.root}/calls`, "utf8").split("\n").filter((line) => line === "restart shop.service").length; }
    left(): string[] {
        return fs.readdirSync(this.root, { recursive: true, withFileTypes: true }).filter((entry) => !entry.isDirectory())
            .map((entry) => path.relative(this.root, path.join(entry.parentPath, entry.name))).filter((file) => !/^(bin\/|calls$|given.jar$|refuse$)/.test(file)).sort();
    }
    end(): void { fs.rmSync(this.root, { recursive: true, force: true }); }
}

describe("Java agent's installation with a real shell", () => {
    const host = new Host();
    before(function () { part(this, "curl"); });
    after(() => host.end());

    it("a jar with another checksum is one clear error, and nothing is installed", async () => {
        const { status, stderr } = await host.run({ sha256: "0".repeat(64) });
        assert.notEqual(status, 0);
        assert.match(stderr, /^photogather-monitoring: the Java agent from file:\S+ has the SHA-256 [0-9a-f]{64}, expected 0{64}; nothing was installed\n$/);
        assert.deepEqual(host.left(), []);
    });
    it("installs jar, environment file and drop-in, and restarts the service once", async () => {
        const { status, stderr } = await host.run();
        assert.equal(status, 0, stderr);
        assert.equal(host.restarts(), 1);
        const dropIn = fs.readFileSync(`${host.root}/etc/systemd/system/shop.service.d/photogather-otel.conf`, "utf8");
        assert.ok(dropIn.includes(`\nEnvironmentFile=${host.root}/etc/photogather-monitoring/java-agent/shop.env\n`));
        assert.equal(fs.statSync(`${host.root}/usr/local/lib/photogather-monitoring/opentelemetry-javaagent-1.0.0.jar`).mode & 0o777, 0o644);
    });
    it("a second run restarts nothing; a changed setting does; a restart that failed is made up for", async () => {
        await host.run();
        assert.equal(host.restarts(), 1);
        await host.run({ samplingRatio: 0.5 });
        assert.equal(host.restarts(), 2);
        fs.writeFileSync(`${host.root}/refuse`, "");
        assert.match((await host.run()).stderr, /does not answer|cannot restart/);
        fs.rmSync(`${host.root}/refuse`);
        assert.equal((await host.run()).status, 0);
        assert.equal(host.restarts(), 3);
    });
    it("a jar that somebody damaged is put right", async () => {
        const jar = `${host.root}/usr/local/lib/photogather-monitoring/opentelemetry-javaagent-1.0.0.jar`;
        fs.writeFileSync(jar, "damaged");
        assert.equal((await host.run()).status, 0);
        assert.equal(fs.readFileSync(jar, "utf8"), "a jar");
    });
    it("without a service it says how to include the file", async () => {
        const { stdout } = await host.run({ systemdService: undefined, restartService: undefined, application: "pay" });
        assert.match(stdout, /docker run --env-file \S+pay.env/);
    });
    it("the jar goes with the last application", async () => {
        assert.equal((await host.run({ application: "pay" }, "delete")).status, 0);
        assert.ok(host.left().some((file) => file.endsWith(".jar")));
        assert.equal((await host.run({}, "delete")).status, 0);
        assert.deepEqual(host.left(), []);
    });
});
