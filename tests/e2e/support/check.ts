/**
 * Tries the harness by itself, without the program under test: `npx tsx tests/e2e/support/check.ts`. Takes two minutes once the images are there.
 */
import assert from "node:assert/strict";
import * as fs from "node:fs";
import { IMAGES, VERSIONS } from "../../../components/versions";
import { changed, Engine } from "./engine";
import { Host } from "./hosts";
import { Lab } from "./lab";
import { temporaryDirectory } from "./state";
import { timed } from "./wait";
import { Was } from "./was";

async function step<T>(name: string, run: () => Promise<T>): Promise<T> {
    const { seconds, result } = await timed(run);
    console.log(`${name}: ${seconds.toFixed(1)} s`);
    return result;
}

async function main(): Promise<void> {
    assert.deepEqual(Lab.lacking(), [], "missing parts");
    await step("engine", checkEngine);
    const lab = await step("lab", () => Lab.start(console.log));
    try {
        const [monitoring, jump] = await step("two hosts", () =>
            Promise.all([
                lab.host("monitoring", 10, {
                    addresses: [
                        { network: lab.network, address: lab.address(10) },
                        { network: lab.farNetwork, address: lab.address(10, lab.farNetwork) },
                    ],
                }),
                lab.host("jump", 5, {
                    addresses: [
                        { network: lab.network, address: lab.address(5) },
                        { network: lab.farNetwork, address: lab.address(5, lab.farNetwork) },
                    ],
                }),
            ]),
        );
        const far = await step("a host behind the jump host", () =>
            lab.host("far", 0, {
                addresses: [{ network: lab.farNetwork, address: lab.address(20, lab.farNetwork) }],
                sshOnlyFrom: [lab.address(5, lab.farNetwork)],
                routes: { [`${lab.address(10)}/32`]: lab.address(10, lab.farNetwork) },
            }),
        );
        await step("ssh", () => checkSsh(monitoring, jump, far));
        await step("images", () => checkImages(monitoring));
        await step("downloads", () => checkDownloads(lab, far));
        await step("was", () => checkWas(far, monitoring));
        await step("power", () => checkPower(monitoring));
    } finally {
        await step("stop", () => lab.stop());
    }
}

async function checkSsh(monitoring: Host, jump: Host, far: Host): Promise<void> {
    assert.equal((await monitoring.ssh("sudo -n id -u")).stdout.trim(), "0");
    assert.equal((await far.ssh("hostname", jump)).stdout.trim(), "far");
    assert.notEqual((await far.ssh("hostname")).code, 0, "reached without the jump host");
    await monitoring.closeSsh();
    assert.match((await monitoring.ssh("true")).stderr, /refused/);
    await monitoring.openSsh();
    assert.equal((await monitoring.ssh("true")).code, 0);
}

async function checkImages(host: Host): Promise<void> {
    for (const reference of Object.values(IMAGES)) await host.must(`docker pull --quiet ${reference}`);
    const version = (name: string, flag: string) => host.must(`docker run --rm ${IMAGES[name]} ${flag} 2>&1`);
    for (const [name, flag] of [
        ["prometheus", "--version"],
        ["alertmanager", "--version"],
        ["loki", "-version"],
        ["tempo", "-version"],
        ["node-exporter", "--version"],
    ]) {
        console.log(`  ${(await version(name, flag)).split("\n")[0]}`);
    }
    console.log(`  caddy ${await version("gateway", "caddy version")}`);
    for (const { image } of [VERSIONS.alloy, VERSIONS.promtail])
        console.log(`  ${(await host.must(`docker run --rm ${image} --version 2>&1 | grep version`)).split("\n").at(-1)}`);
    for (const name of ["loki", "tempo"])
        assert.notEqual((await host.exec(`docker run --rm --entrypoint /bin/sh ${IMAGES[name]} -c true`)).code, 0, `${name} has a shell`);
    await host.must(
        `printf secret-word > /root/word && docker run -d --name grafana -v /root/word:/word -e GF_SECURITY_ADMIN_PASSWORD__FILE=/word -p 3000:3000 ${IMAGES.grafana}`,
    );
    await host.must("for i in $(seq 60); do docker exec grafana wget -qO- http://127.0.0.1:3000/api/health && break; sleep 1; done");
    assert.equal(await host.must("curl -s -o /dev/null -w '%{http_code}' -u admin:secret-word http://127.0.0.1:3000/api/search"), "200");
    assert.equal(await host.must("curl -s -o /dev/null -w '%{http_code}' -u admin:wrong http://127.0.0.1:3000/api/search"), "401");
    await host.must("docker exec grafana grafana cli admin reset-admin-password other-word");
    assert.equal(await host.must("curl -s -o /dev/null -w '%{http_code}' -u admin:other-word http://127.0.0.1:3000/api/search"), "200");
    await host.must("docker rm -f grafana");
}

async function checkDownloads(lab: Lab, host: Host): Promise<void> {
    for (const name of ["alloy", "promtail", "opentelemetry-javaagent"].filter((part) => !lab.missing.includes(part))) {
        const { url, sha256 } = lab.artifacts.get(name);
        assert.equal((await host.must(`curl -fsS ${url} | sha256sum`)).split(" ")[0], sha256);
        if (url.endsWith(".zip"))
            console.log(
                `  ${(await host.must(`cd /root && curl -fsSo a.zip ${url} && unzip -qo a.zip && ./${name}-linux-* --version 2>&1 && rm a.zip`)).split("\n")[0]}`,
            );
    }
}

async function checkWas(far: Host, monitoring: Host): Promise<void> {
    const [systemd, docker] = await Promise.all([
        Was.install(far, { application: "shop", actuatorPassword: "actuator-word" }),
        Was.install(monitoring, { application: "photo", runtime: "docker", port: 18080 }),
    ]);
    for (const was of [systemd, docker]) {
        assert.equal((await was.get("/api/photos/1")).status, 200);
        assert.equal((await was.get("/api/photos/fail")).status, 500);
        const log = (await was.log()).join("\n");
        assert.match(log, /traceId=[0-9a-f]{12} elapsed=\d+ms method=GET uri=\/api\/photos\/1 status=200/);
        assert.match(log, /\n\tat com\.photogather/);
    }
    assert.equal((await systemd.get("/actuator/prometheus")).status, 401);
    // Prometheus would ask from the monitoring host's own Docker network.
    assert.match(
        await monitoring.must(`curl -fsS -u actuator:actuator-word http://${far.address}:8080/actuator/prometheus`),
        /http_server_requests_seconds_bucket/,
    );
    await systemd.restart();
    await docker.restart();
    await monitoring.must("docker rm -f was");
}

async function checkPower(host: Host): Promise<void> {
    await host.kill();
    await host.start();
    await host.must("docker info >/dev/null");
}

const PROGRAM = `
import * as command from "@pulumi/command";
import * as pulumi from "@pulumi/pulumi";
const config = new pulumi.Config();
const word = config.requireSecret("word");
for (const name of config.requireObject<string[]>("names")) new command.local.Command(name, { create: name === "bad" ? "echo told >&2; exit 7" : "cat >/dev/null", stdin: word });
export const plain = "text", secret = word;
`;

async function checkEngine(): Promise<void> {
    const project = temporaryDirectory("project");
    fs.writeFileSync(
        `${project}/Pulumi.yaml`,
        JSON.stringify({ name: "try", runtime: { name: "nodejs", options: { typescript: false, nodeargs: "--require tsx/cjs" } }, main: "index.ts" }),
    );
    fs.writeFileSync(`${project}/package.json`, "{}");
    fs.writeFileSync(`${project}/index.ts`, PROGRAM);
    const engine = Engine.create({ project });
    try {
        const [one, two] = await Promise.all(["one", "two"].map((name) => engine.stack(name, { names: ["a", "bad", "b"] }, { word: "hidden-word" })));
        const [first] = await Promise.all([one.up(), two.up()]);
        assert.equal(first.ok, false);
        assert.match(first.output, /told/);
        await one.configure({ names: ["a", "b"] }, { word: "hidden-word" });
        const again = await one.up();
        assert.ok(again.ok, again.output);
        assert.deepEqual(again.outputs, { plain: "text", secret: "hidden-word" });
        for (const run of [await one.up(), await one.refresh(), await one.preview()])
            assert.ok(run.ok && changed(run) === 0, `${JSON.stringify(run.changes)} ${run.output}`);
        const state = await one.state();
        assert.ok(state.includes("pulumi:pulumi:Stack"), "no state was read");
        assert.ok(!state.includes("hidden-word"), "a secret lies in the state");
        const clone = engine.freshClone();
        const gone = await (await clone.open("one")).destroy();
        assert.ok(gone.ok, gone.output);
        clone.remove();
        const stranger = engine.freshClone("another passphrase");
        await assert.rejects(
            stranger.open("two").then((stack) => stack.configure({}, { word: "x" })),
            /passphrase/,
        );
        stranger.remove();
        console.log(`  no-change up ${(await two.up()).seconds.toFixed(1)} s`);
    } finally {
        engine.remove();
        engine.removeState();
        fs.rmSync(project, { recursive: true });
    }
}

main().catch((error: Error) => {
    console.error(error);
    process.exitCode = 1;
});
