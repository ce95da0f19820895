import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import * as fs from "node:fs";
import * as http from "node:http";
import * as os from "node:os";
import * as path from "node:path";
import { adminPasswordProgram } from "../../components/monitoring-services/admin-password";
import { part } from "../support/parts";

/** Grafana's answers to what the program asks, and a `docker` in whose containers its command line runs. */
class Grafana {
    readonly directory = fs.mkdtempSync(path.join(os.tmpdir(), "admin-password-"));
    /** What was asked, in order. */
    readonly asked: string[] = [];
    password = "the first password";
    private server?: http.Server;

    async start(): Promise<void> {
        this.server = http.createServer((request, response) => {
            const chunks: Buffer[] = [];
            request.on("data", (chunk: Buffer) => chunks.push(chunk));
            request.on("end", () => response.writeHead(this.answer(request, Buffer.concat(chunks).toString())).end("{}"));
        });
        await new Promise<void>((resolve) => this.server!.listen(0, "127.0.0.1", resolve));
        // The command line reads the password where the stand-in of docker runs it, and hands it over by a file.
        fs.writeFileSync(path.join(this.directory, "docker"), `#!/bin/sh
echo "$*" >> ${this.directory}/calls
case $1 in
  inspect) echo 127.0.0.1 ;;
  run) [ ! -e ${this.directory}/broken ] || { echo "no such table, $(cat)" >&2; exit 1; }; cat > ${this.directory}/reset ;;
esac
`, { mode: 0o755 });
    }

    private answer({ method, url, headers }: http.IncomingMessage, body: string): number {
        const reset = path.join(this.directory, "reset");
        if (fs.existsSync(reset)) this.password = fs.readFileSync(reset, "utf8").trimEnd();
        this.asked.push(`${method} ${url}`);
        const login = Buffer.from(headers.authorization!.split(" ")[1], "base64").toString();
        if (login !== `admin:${this.password}`) return 401;
        if (method === "GET") return 200;
        const form = JSON.parse(body) as { oldPassword: string; newPassword: string; confirmNew: string };
        if (form.oldPassword !== this.password || form.newPassword !== form.confirmNew) return 401;
        this.password = form.newPassword;
        return 200;
    }

    get kept(): string {
        return path.join(this.directory, "kept");
    }
    get calls(): string {
        return fs.readFileSync(path.join(this.directory, "calls"), "utf8");
    }

    set(python: string, password: string): Promise<{ code: number | null; said: string }> {
        const { port } = this.server!.address() as { port: number };
        const text = adminPasswordProgram().content.replace("http://%s:3000", `http://%s:${port}`);
        const program = spawn(python, ["-c", text, "monitoring-grafana", this.kept], { env: { PATH: `${this.directory}:/usr/bin:/bin`, http_proxy: "http://127.0.0.1:9" } });
        let said = "";
        for (const stream of [program.stdout, program.stderr]) stream.on("data", (chunk: Buffer) => { said += chunk.toString(); });
        program.stdin.end(`${password}\nthe container\n`);
        return new Promise((resolve) => program.on("close", (code) => resolve({ code, said })));
    }

    stop(): void {
        this.server?.close();
        fs.rmSync(this.directory, { recursive: true });
    }
}

describe("the password of Grafana's admin", function () {
    this.timeout(60_000);
    let grafana: Grafana;
    let python: string;
    beforeEach(async function () {
        python = part(this.test!.ctx!, "python3");
        grafana = new Grafana();
        await grafana.start();
    });
    afterEach(() => grafana?.stop());

    it("is kept as it is where Grafana has it, by a file that root alone reads", async () => {
        assert.deepEqual(await grafana.set(python, "the first password"), { code: 0, said: "" });
        assert.deepEqual(grafana.asked, ["GET /api/user"]);
        assert.deepEqual([fs.readFileSync(grafana.kept, "utf8"), fs.statSync(grafana.kept).mode & 0o777], ["the first password", 0o400]);
    });

    it("is changed by who knows the old one; no wrong one is tried, as Grafana counts those", async () => {
        await grafana.set(python, "the first password");
        grafana.asked.length = 0;
        assert.deepEqual(await grafana.set(python, 'a "second" \\ päss'), { code: 0, said: "" });
        assert.deepEqual(grafana.asked, ["PUT /api/user/password"]);
        assert.equal(grafana.password, 'a "second" \\ päss');
        assert.deepEqual(await grafana.set(python, 'a "second" \\ päss'), { code: 0, said: "" });
        assert.doesNotMatch(grafana.calls, /^run/m);
    });

    it("is set past the old one where nobody knows that, on standard input and beside the server", async () => {
        fs.writeFileSync(grafana.kept, "neither this");
        assert.deepEqual(await grafana.set(python, "nor the first"), { code: 0, said: "" });
        assert.equal(fs.readFileSync(path.join(grafana.directory, "reset"), "utf8"), "nor the first\n");
        assert.match(grafana.calls, /^run --rm --interactive .*--volumes-from=monitoring-grafana .* cli .* admin reset-admin-password --password-from-stdin$/m);
        assert.doesNotMatch(grafana.calls, /nor the first|neither/);
        assert.equal(fs.readFileSync(grafana.kept, "utf8"), "nor the first");
    });

    it("fails with what Grafana's command line said, and without the password", async () => {
        fs.writeFileSync(path.join(grafana.directory, "broken"), "");
        const { code, said } = await grafana.set(python, "unknown so far");
        assert.deepEqual([code, said], [1, "photogather-monitoring: Grafana's admin password was not changed: its command line ended with 1; it said: no such table, ***\n"]);
        assert.equal(fs.existsSync(grafana.kept), false);
        assert.equal((await grafana.set(python, "")).code, 1);
    });
});
