import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { loginKeysScript, publicBlob, validateLoginKeys } from "../../components/login-keys";
import { validateSsh } from "../../components/machine";

const [OLD, NEW, THEIRS] = ["old", "new", "theirs"].map((name) => `ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI${Buffer.from(name.padEnd(24, "x")).toString("base64")}`);
/** A private key of no use, and its public half. */
const PRIVATE_KEY = `-----BEGIN OPENSSH PRIVATE KEY-----
b3BlbnNzaC1rZXktdjEAAAAABG5vbmUAAAAEbm9uZQAAAAAAAAABAAAAMwAAAAtzc2gtZW
QyNTUxOQAAACC/xp1SyQ2iYyqV0WJYe4dD6TjLwpP1yEyvW0c1ZQ7p0gAAAJAAAAAAAAAA
-----END OPENSSH PRIVATE KEY-----
`;

describe("the keys that may log in", () => {
    let home: string;
    const file = () => path.join(home, ".ssh", "authorized_keys");
    const write = (...lines: string[]) => { fs.mkdirSync(path.dirname(file()), { recursive: true }); fs.writeFileSync(file(), lines.join("\n")); };
    /** Runs the script as this user, whose home is elsewhere; gives the lines of then. */
    const run = (...keys: string[]): string[] => {
        const script = `getent() { echo "x:x:0:0::${home}:/bin/sh"; }\nSUDO_USER=\n${loginKeysScript(keys)}`;
        const { status, stderr } = spawnSync("sh", ["-euc", script], { encoding: "utf8" });
        assert.deepEqual([status, stderr], [0, ""]);
        return fs.readFileSync(file(), "utf8").split("\n").filter(Boolean);
    };

    beforeEach(() => { home = fs.mkdtempSync(path.join(os.tmpdir(), "home-")); });
    afterEach(() => fs.rmSync(home, { recursive: true }));

    it("are rotated in two phases, and those of others stay", () => {
        write("# of cloud-init", `${OLD} ubuntu@ip`, `no-pty ${THEIRS} alice`);
        assert.deepEqual(run(OLD, NEW), ["# of cloud-init", `${OLD} ubuntu@ip photogather-monitoring`, `no-pty ${THEIRS} alice`, `${NEW} photogather-monitoring`]);
        assert.deepEqual(run(NEW), ["# of cloud-init", `no-pty ${THEIRS} alice`, `${NEW} photogather-monitoring`]);
    });
    it("are left as they are when nothing changes, the file too", () => {
        run(OLD, NEW);
        const { ino, mode } = fs.statSync(file());
        assert.deepEqual(run(OLD, NEW), [`${OLD} photogather-monitoring`, `${NEW} photogather-monitoring`]);
        assert.deepEqual([fs.statSync(file()).ino, mode & 0o777], [ino, 0o600]);
        assert.deepEqual(fs.readdirSync(path.dirname(file())), ["authorized_keys"]);
    });
    it("keep the options of a line that is taken over, whatever comment the key is given with", () => {
        write(`from="10.0.0.0/8" ${OLD} a comment`);
        assert.deepEqual(run(`${OLD} another`), [`from="10.0.0.0/8" ${OLD} a comment photogather-monitoring`]);
    });

    it("must have Pulumi's own among them", () => {
        const own = publicBlob(PRIVATE_KEY);
        assert.match(String(own), /^AAAAC3NzaC1lZDI1NTE5AAAAI/);
        assert.deepEqual(validateLoginKeys("authorizedKeys", [OLD, `ssh-ed25519 ${own} mine`], PRIVATE_KEY), []);
        assert.match(validateLoginKeys("authorizedKeys", [OLD], PRIVATE_KEY)[0].message, /public half of privateKey/);
        assert.match(validateLoginKeys("authorizedKeys", [], PRIVATE_KEY)[0].message, /at least one/);
        assert.equal(validateLoginKeys("authorizedKeys", ["x"], PRIVATE_KEY)[0].path, "authorizedKeys[0]");
        const problems = validateSsh({ address: "10.0.0.1", privateKey: PRIVATE_KEY, hostKey: NEW, authorizedKeys: [OLD] });
        assert.deepEqual(problems.map(({ path: at }) => at), ["authorizedKeys"]);
    });
    it("are not compared with a private key whose public half cannot be read", () => {
        for (const text of ["-----BEGIN EC PRIVATE KEY-----\nAAAA\n-----END EC PRIVATE KEY-----", "-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n-----END OPENSSH PRIVATE KEY-----"]) {
            assert.equal(publicBlob(text), undefined);
            assert.deepEqual(validateLoginKeys("authorizedKeys", [OLD], text), []);
        }
    });
});
