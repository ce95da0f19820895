import assert from "node:assert/strict";
import * as fs from "node:fs";
import * as http from "node:http";
import type { AddressInfo } from "node:net";
import * as path from "node:path";
import { exec, tryExec } from "../e2e/support/exec";
import { part } from "../support/parts";
import { Running } from "../support/running";
import { S3_KEYS, S3_REGION, startS3 } from "../support/s3";

const BUCKET = "example-monitoring-state";
const SECRETS = "awskms://alias/monitoring-stacks?region=ap-northeast-2";
const SECRET = "what-nobody-may-read";

/** What Pulumi asks of KMS, by a stand-in: it keeps what it is given, and hands out a number for it. */
async function startKms(): Promise<{ server: http.Server; asked: string[] }> {
    const [kept, asked]: string[][] = [[], []];
    const server = http.createServer((request, response) => {
        const chunks: Buffer[] = [];
        request.on("data", (chunk: Buffer) => chunks.push(chunk));
        request.on("end", () => {
            const action = String(request.headers["x-amz-target"]).replace("TrentService.", "");
            const { Plaintext, CiphertextBlob, KeyId } = JSON.parse(Buffer.concat(chunks).toString()) as Record<string, string>;
            asked.push(`${action} ${KeyId ?? ""}`.trim());
            const answer = action === "Encrypt"
                ? { CiphertextBlob: Buffer.from(`kept ${kept.push(Plaintext) - 1}`).toString("base64") }
                : { Plaintext: kept[Number(Buffer.from(CiphertextBlob, "base64").toString().split(" ")[1])] };
            response.writeHead(200, { "Content-Type": "application/x-amz-json-1.1" }).end(JSON.stringify({ ...answer, KeyId: "arn:aws:kms:ap-northeast-2:000000000000:key/1" }));
        });
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    return { server, asked };
}

/** The commands of docs/ec2.md, with an S3 that is real as far as Pulumi knows, and a stand-in for KMS. */
describe("a state backend in a bucket, with secrets by a key of KMS", function () {
    this.timeout(600_000);
    const running = new Running();
    const project = running.data("project");
    let kms: Awaited<ReturnType<typeof startKms>>;
    let env: Record<string, string>;
    let bucket = "";
    let s3Port = 0;

    before(async function () {
        for (const name of ["pulumi", "pulumi-language-yaml"]) part(this, name);
        const s3 = part(this, "versitygw");
        kms = await startKms();
        ({ port: s3Port, bucket } = await startS3(running, s3, BUCKET));
        env = {
            AWS_ACCESS_KEY_ID: S3_KEYS.accessKeyId, AWS_SECRET_ACCESS_KEY: S3_KEYS.secretAccessKey,
            AWS_ENDPOINT_URL_KMS: `http://127.0.0.1:${(kms.server.address() as AddressInfo).port}`, AWS_EC2_METADATA_DISABLED: "true", PULUMI_HOME: running.data("pulumi"), PULUMI_SKIP_UPDATE_CHECK: "true",
            PULUMI_CONFIG_PASSPHRASE: "",
        };
        fs.writeFileSync(path.join(project, "Pulumi.yaml"), JSON.stringify({
            name: "photogather-monitoring", runtime: "yaml", config: { token: { type: "string", secret: true } }, outputs: { connection_dev: "${token}" },
        }));
    });
    after(async () => {
        kms?.server.close();
        await running.stop();
    });

    const pulumi = (args: string[], more: Record<string, string> = {}) => exec("pulumi", [...args, "--non-interactive"], { cwd: project, env: { ...env, ...more } });
    // What the address has beyond docs/ec2.md leads to this machine in place of AWS.
    const s3 = () => `s3://${BUCKET}?region=${S3_REGION}&endpoint=127.0.0.1:${s3Port}&disableSSL=true&s3ForcePathStyle=true`;

    it("takes stacks of another backend, with their secrets; who lacks the key reads none", async () => {
        const files = { PULUMI_CONFIG_PASSPHRASE: "a passphrase of before" };
        await pulumi(["login", `file://${running.data("state")}`]);
        await pulumi(["stack", "init", "prod"], files);
        await pulumi(["config", "set", "--secret", "token", SECRET, "--stack", "prod"], files);
        await pulumi(["up", "--yes", "--skip-preview", "--stack", "prod"], files);
        await pulumi(["stack", "export", "--stack", "prod", "--file", "prod.json"], files);
        assert.ok(!fs.readFileSync(path.join(project, "prod.json"), "utf8").includes(SECRET));

        await pulumi(["login", s3()]);
        await pulumi(["stack", "init", "prod"], files);
        await pulumi(["stack", "import", "--stack", "prod", "--file", "prod.json"], files);
        await pulumi(["stack", "change-secrets-provider", SECRETS, "--stack", "prod"], files);
        assert.equal((await pulumi(["config", "get", "token", "--stack", "prod"])).trim(), SECRET);
        assert.equal((await pulumi(["stack", "output", "connection_dev", "--show-secrets", "--stack", "prod"])).trim(), SECRET);
        assert.ok(kms.asked.includes("Encrypt alias/monitoring-stacks"), kms.asked.join("\n"));

        const stored = fs.readdirSync(bucket, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile()).map((entry) => fs.readFileSync(path.join(entry.parentPath, entry.name), "utf8"));
        assert.ok(stored.length > 0);
        assert.ok(stored.every((text) => !text.includes(SECRET)), "the secret stands in the bucket");
        const without = await tryExec("pulumi", ["stack", "output", "connection_dev", "--show-secrets", "--stack", "prod", "--non-interactive"], { cwd: project, env: { ...env, AWS_ENDPOINT_URL_KMS: "http://127.0.0.1:9" } });
        assert.notEqual(without.code, 0);
        assert.doesNotMatch(without.stdout + without.stderr, new RegExp(SECRET));
    });

    it("changed secrets are deployed; another stack by the same key reads the first one's", async () => {
        await pulumi(["config", "set", "--secret", "token", `${SECRET}-2`, "--stack", "prod"]);
        await pulumi(["up", "--yes", "--skip-preview", "--stack", "prod"]);
        assert.equal((await pulumi(["stack", "output", "connection_dev", "--show-secrets", "--stack", "prod"])).trim(), `${SECRET}-2`);
        assert.match(fs.readFileSync(path.join(project, "Pulumi.prod.yaml"), "utf8"), /^secretsprovider: awskms:[^]*^encryptedkey: /m);

        const member = running.data("member");
        fs.writeFileSync(path.join(member, "Pulumi.yaml"), JSON.stringify({
            name: "photogather-monitoring", runtime: "yaml", resources: { owner: { type: "pulumi:pulumi:StackReference", properties: { name: "organization/photogather-monitoring/prod" } } },
            outputs: { read: "${owner.outputs[\"connection_dev\"]}" },
        }));
        const inMember = (args: string[]) => exec("pulumi", [...args, "--non-interactive"], { cwd: member, env });
        await inMember(["stack", "init", "dev", "--secrets-provider", SECRETS]);
        await inMember(["up", "--yes", "--skip-preview", "--stack", "dev"]);
        assert.equal((await inMember(["stack", "output", "read", "--show-secrets", "--stack", "dev"])).trim(), `${SECRET}-2`);
        assert.equal((await inMember(["stack", "output", "read", "--stack", "dev"])).trim(), "[secret]");
    });
});
