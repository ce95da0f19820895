import assert from "node:assert/strict";
import { ChildProcess, execFileSync, spawn, spawnSync } from "node:child_process";
import * as fs from "node:fs";
import * as net from "node:net";
import * as os from "node:os";
import * as path from "node:path";
import { renderAuthorizedKeys } from "../../components/metrics-target/registration";
import { part } from "../support/parts";
import { RegistrationRoot, registrationRoot, tree } from "../support/registration";
import { freePorts } from "../support/running";
import { eventually } from "../support/wait";

const DEV = { publicKeys: [] as string[], cidrs: ["10.1.0.0/16"] };
const LIST = JSON.stringify({
    format: 1, environment: "dev", profiles: {},
    targets: [{ kind: "application", profile: "", address: "10.1.0.2:8080", labels: { application: "orders", instance: "orders-1" } }],
});

describe("registration, through a real sshd", () => {
    let root: RegistrationRoot;
    let sshd: ChildProcess | undefined;
    let port: number;
    let options: string[];

    const at = (name: string) => path.join(root.directory, "policies", name);
    /** Lets these of the client's keys register for dev. */
    const authorize = (...names: string[]) => {
        const publicKeys = names.map((name) => fs.readFileSync(at(`${name}.pub`), "utf8").split(" ").slice(0, 2).join(" "));
        fs.writeFileSync(at("authorized_keys"), renderAuthorizedKeys({ dev: { ...DEV, publicKeys } }, root.command.join(" ")));
    };

    const optionsWith = (key: string): string[] =>
        ["-F", "none", "-i", at(key), ...["IdentitiesOnly=yes", "BatchMode=yes", `UserKnownHostsFile=${at("known_hosts")}`, "ConnectTimeout=10"].flatMap((option) => ["-o", option])];

    before(async function () {
        const [server, keygen] = [part(this, "sshd"), part(this, "ssh-keygen")];
        for (const name of ["ssh", "sftp", "python3"]) part(this, name);
        [port] = await freePorts(1);
        root = registrationRoot({ dev: DEV });
        for (const name of ["host", "client", "next"]) execFileSync(keygen, ["-q", "-t", "ed25519", "-N", "", "-f", at(name)]);
        authorize("client");
        fs.writeFileSync(at("known_hosts"), `[127.0.0.1]:${port} ${fs.readFileSync(at("host.pub"), "utf8")}`);
        // A server that allows everything: what is refused below, the line in authorized_keys refuses.
        fs.writeFileSync(at("sshd_config"), [
            `ListenAddress 127.0.0.1:${port}`, `HostKey ${at("host")}`, `AuthorizedKeysFile ${at("authorized_keys")}`, "PidFile none", "UsePAM no",
            "StrictModes no", "PermitRootLogin yes", "AllowTcpForwarding yes", "AllowStreamLocalForwarding yes", "GatewayPorts yes", "PermitTTY yes",
            "AcceptEnv PYTHON* LC_*",
            "Subsystem sftp internal-sftp", "",
        ].join("\n"));
        if (process.getuid?.() === 0) fs.mkdirSync("/run/sshd", { recursive: true });
        sshd = spawn(server, ["-D", "-e", "-f", at("sshd_config")], { stdio: "ignore" });
        await eventually("sshd listens", 30, () => new Promise<boolean>((resolve) => {
            const socket = net.connect(port, "127.0.0.1", () => { socket.destroy(); resolve(true); }).on("error", () => resolve(false));
        }));
        options = optionsWith("client");
    });
    after(() => {
        sshd?.kill();
        if (root) fs.rmSync(root.directory, { recursive: true });
    });

    const ssh = (extra: string[], command: string[], input: string | Buffer = "", env: Record<string, string> = {}) => {
        const { status, stdout, stderr } = spawnSync("ssh", [...options, "-T", ...extra, "-p", String(port), `${os.userInfo().username}@127.0.0.1`, ...command],
            { input, encoding: "utf8", timeout: 60_000, env: { ...process.env, ...env } });
        return { status, stdout, stderr };
    };

    it("takes and removes a list", () => {
        assert.deepEqual(ssh([], ["set"], LIST), { status: 0, stdout: "registered 1 targets for dev\n", stderr: "" });
        assert.ok(tree(root)["targets/dev.application.json"].includes("10.1.0.2:8080"));
        assert.deepEqual(ssh([], ["remove"]), { status: 0, stdout: "removed the targets of dev\n", stderr: "" });
        assert.deepEqual(tree(root), {});
    });

    it("takes the old key and the new one while it is rotated, and then the new one alone", () => {
        const removes = (key: string) => {
            const { status, stderr } = spawnSync("ssh", [...optionsWith(key), "-T", "-p", String(port), `${os.userInfo().username}@127.0.0.1`, "remove"], { encoding: "utf8", timeout: 60_000 });
            return status === 0 || stderr;
        };
        try {
            authorize("client", "next");
            assert.deepEqual([removes("client"), removes("next")], [true, true]);
            authorize("next");
            assert.equal(removes("next"), true);
            assert.match(String(removes("client")), /Permission denied/);
        } finally {
            authorize("client");
        }
        assert.deepEqual([removes("client"), String(removes("next")).includes("Permission denied")], [true, true]);
    });

    it("gives no shell, terminal, SFTP or other command", () => {
        const refusal = 'refused: this identity may only say "set" or "remove"\n';
        for (const command of [[], ["sh"], ["bash -c id"], ["set; id"], ["set --root /tmp"], [`${root.command[0]} --refresh dev`]]) {
            assert.deepEqual(ssh([], command, "id\n"), { status: 1, stdout: "", stderr: refusal });
        }
        const terminal = ssh(["-tt"], ["sh"], "id\n");
        assert.notEqual(terminal.status, 0);
        assert.match(terminal.stderr, /PTY allocation request failed/);
        const sftp = spawnSync("sftp", [...options, "-P", String(port), "-b", "-", `${os.userInfo().username}@127.0.0.1`],
            { input: "ls /\n", encoding: "utf8", timeout: 60_000 });
        assert.notEqual(sftp.status, 0);
        assert.equal(sftp.stdout.replace("sftp> ls /\n", ""), "");
    });

    it("forwards no port, in neither direction", async () => {
        const inward = ssh(["-W", `127.0.0.1:${port}`], []);
        assert.notEqual(inward.status, 0);
        assert.match(inward.stderr, /administratively prohibited|stdio forwarding failed/);
        const outward = ssh(["-N", "-o", "ExitOnForwardFailure=yes", "-R", `${(await freePorts(1))[0]}:127.0.0.1:${port}`], []);
        assert.equal(outward.status, 255);
        assert.match(outward.stderr, /remote port forwarding failed/);
    });

    it("heeds nothing of the client's environment", () => {
        const hostile = fs.mkdtempSync(path.join(os.tmpdir(), "python-path-"));
        for (const module of ["json", "ssl", "sitecustomize"]) fs.writeFileSync(path.join(hostile, `${module}.py`), "raise SystemExit('hostile module')\n");
        const call = ssh(["-o", "SendEnv=PYTHON* LC_*"], ["set"], LIST, { PYTHONPATH: hostile, PYTHONHOME: hostile, PYTHONINSPECT: "1", LC_ALL: "tlh_QX" });
        fs.rmSync(hostile, { recursive: true });
        assert.deepEqual([call.status, call.stdout], [0, "registered 1 targets for dev\n"]);
    });

    it("refuses 100 MB on stdin without reading them, and the list of before stays", () => {
        ssh([], ["set"], LIST);
        const before = tree(root);
        const call = ssh([], ["set"], Buffer.alloc(100_000_000, 0x20));
        assert.deepEqual([call.status, call.stderr], [1, "refused: more than 1 MiB came on stdin\n"]);
        assert.deepEqual(tree(root), before);
    });
});
