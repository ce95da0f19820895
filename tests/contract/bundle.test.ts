import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { BundleFile, encodeBundle, ownedScript, removeScript, unpackScript } from "../../components/bundle";
import { encodeScripts, runScript } from "../../components/machine";
import { HOSTILE } from "../support/hostile";

const owner = `${os.userInfo().uid}:${os.userInfo().gid}`;

/** The scripts as a host runs them, but with the manifests in a directory of the test's own. */
class Host {
    readonly root = fs.mkdtempSync(path.join(os.tmpdir(), "bundle-"));
    private readonly local = (script: string) => script.replaceAll("/var/lib/photogather-monitoring/manifests", `${this.root}/lib/photogather-monitoring/manifests`);

    unpack(files: BundleFile[], cut = false, name = "test") {
        const directories = [{ path: `${this.root}/data/x`, mode: "0750", owner }];
        const text = encodeBundle({ machine: "host", name, directories, files: files.map((file) => ({ owner, ...file, path: this.root + file.path })) });
        return spawnSync("sh", ["-c", `${this.local(unpackScript(name))}\nprintf %s "$CHANGED"`], { input: cut ? text.slice(0, -5) : text, encoding: "utf8" });
    }

    remove(name = "test", machine = "host") {
        return spawnSync("sh", ["-c", this.local(ownedScript(name, machine) + removeScript(name))], { encoding: "utf8" });
    }

    tree() {
        return fs.readdirSync(this.root, { recursive: true, encoding: "utf8" }).sort();
    }
}

describe("file bundle on a real shell", () => {
    it("writes files and directories with their modes, and says what changed", () => {
        const host = new Host();
        const run = host.unpack([{ path: "/etc/a/b.conf", content: "x\n", mode: "0640" }]);
        assert.equal(run.stderr, "");
        assert.equal(run.stdout, `${host.root}/etc/a/b.conf\n`);
        assert.equal(fs.statSync(`${host.root}/etc/a/b.conf`).mode & 0o777, 0o640);
        assert.equal(fs.statSync(`${host.root}/etc/a`).mode & 0o777, 0o755);
        assert.equal(fs.statSync(`${host.root}/data/x`).mode & 0o777, 0o750);
    });
    it("carries hostile contents byte for byte", () => {
        const host = new Host();
        const files = [...HOSTILE, "", "no newline at the end", "\n\n", "x".repeat(300_000)].map((content, index) => ({ path: `/f/${index}`, content }));
        assert.equal(host.unpack(files).status, 0);
        for (const { path: file, content } of files) assert.equal(fs.readFileSync(host.root + file, "utf8"), content);
    });
    it("a second run changes nothing: same inode, nothing reported", () => {
        const host = new Host();
        const files = [{ path: "/etc/a", content: "x" }];
        host.unpack(files);
        const before = fs.statSync(`${host.root}/etc/a`);
        assert.equal(host.unpack(files).stdout, "");
        assert.equal(fs.statSync(`${host.root}/etc/a`).ino, before.ino);
    });
    it("a file that the next bundle lacks goes, and is reported", () => {
        const host = new Host();
        host.unpack([{ path: "/etc/a", content: "x" }, { path: "/etc/b", content: "y" }]);
        assert.equal(host.unpack([{ path: "/etc/a", content: "x" }]).stdout, `${host.root}/etc/b\n`);
        assert.equal(fs.existsSync(`${host.root}/etc/b`), false);
    });
    it("a file that somebody changed or removed by hand is put right", () => {
        const host = new Host();
        const files = [{ path: "/etc/a", content: "x" }, { path: "/etc/b", content: "y" }];
        host.unpack(files);
        fs.writeFileSync(`${host.root}/etc/a`, "by hand");
        fs.rmSync(`${host.root}/etc/b`);
        assert.equal(host.unpack(files).stdout, `${host.root}/etc/a\n${host.root}/etc/b\n`);
        assert.equal(fs.readFileSync(`${host.root}/etc/a`, "utf8"), "x");
    });
    it("a bundle that is cut off is refused, and no file of the old one is removed", () => {
        const host = new Host();
        host.unpack([{ path: "/etc/a", content: "x" }, { path: "/etc/b", content: "y" }]);
        const run = host.unpack([{ path: "/etc/a", content: "x" }], true);
        assert.notEqual(run.status, 0);
        assert.match(run.stderr, /the file bundle is cut off/);
        assert.ok(fs.existsSync(`${host.root}/etc/b`));
    });
    it("removal takes what we made, also directories of earlier bundles, and leaves what is not ours", () => {
        const host = new Host();
        fs.mkdirSync(`${host.root}/etc`);
        host.unpack([{ path: "/etc/old/deep/a", content: "x" }]);
        host.unpack([{ path: "/etc/new/b", content: "y" }, { path: "/etc/kept/c", content: "z" }]);
        fs.writeFileSync(`${host.root}/etc/kept/theirs`, "");
        assert.equal(host.remove().stderr, "");
        assert.deepEqual(host.tree().filter((file) => !file.startsWith("lib")), ["etc", "etc/kept", "etc/kept/theirs"]);
        assert.equal(host.remove().status, 0, "a second removal is harmless");
    });
    it("a directory that two bundles share goes with the later of them, whichever that is", () => {
        for (const order of [["one", "two"], ["two", "one"]]) {
            const host = new Host();
            host.unpack([{ path: "/etc/ours/one/a", content: "x" }], false, "one");
            host.unpack([{ path: "/etc/ours/two/b", content: "y" }], false, "two");
            host.remove(order[0]);
            assert.ok(host.tree().includes("etc/ours"));
            host.remove(order[1]);
            assert.deepEqual(host.tree().filter((file) => !file.startsWith("lib")), []);
        }
    });
    it("what was installed under another name of the host is left alone", () => {
        const host = new Host();
        host.unpack([{ path: "/etc/a", content: "x" }]);
        assert.equal(host.remove("test", "name-of-before").status, 0);
        assert.ok(fs.existsSync(`${host.root}/etc/a`));
        assert.equal(host.remove().status, 0);
        assert.equal(fs.existsSync(`${host.root}/etc/a`), false);
    });
    it("a directory that only an earlier bundle used goes, one that the bundle asks for stays", () => {
        const host = new Host();
        host.unpack([{ path: "/home/promtail/start.sh", content: "x" }]);
        host.unpack([{ path: "/etc/a", content: "x" }]);
        assert.deepEqual(host.tree().filter((file) => !file.startsWith("lib")), ["data", "data/x", "etc", "etc/a"]);
    });
    it("scripts come on stdin before their input, whatever quotes they have", () => {
        const scripts = { create: `printf '%s\n' "it's" '"$HOME"'; cat`, delete: "echo gone; cat", input: "line 1\n\\line 2" };
        const run = (line: number) => spawnSync("sh", ["-c", runScript(line).replace("echo sudo -n", "echo")], { encoding: "utf8", input: encodeScripts(scripts) });
        assert.equal(run(1).stdout, `it's\n"$HOME"\nline 1\n\\line 2`);
        assert.equal(run(2).stdout, "gone\nline 1\n\\line 2");
    });
    it("a script's exit code is the command's", () => {
        const input = encodeScripts({ create: "exit 3", delete: "", input: "" });
        assert.equal(spawnSync("sh", ["-c", runScript(1).replace("echo sudo -n", "echo")], { input }).status, 3);
        assert.equal(spawnSync("sh", ["-c", runScript(2).replace("echo sudo -n", "echo")], { input }).status, 0);
    });
});
