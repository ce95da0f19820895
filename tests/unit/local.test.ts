import assert from "node:assert/strict";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { PulumiCommand } from "@pulumi/pulumi/automation";
import { UIDS } from "../../dashboards";
import { judgeDocker, judgePorts, judgeRoom, judgeStanding } from "../../tools/local/checks";
import { explainBuild, planSteps } from "../../tools/local/image";
import { explainNetwork } from "../../tools/local/causes";
import { LocalKeys, LocalOptions, planHosts, planStack, renderEnd, renderTraffic, SSH_PORT, STACKS } from "../../tools/local/plan";
import { explainUp, pulumiCommand } from "../../tools/local/stacks";
import { LocalState } from "../../tools/local/state";
import { PLACEHOLDER_KEY, PLACEHOLDER_PUBLIC_KEY } from "../../tools/plan/world";
import { parseConfig } from "../../stacks/config";

const OPTIONS: LocalOptions = { port: 8080, sshPort: SSH_PORT, subnet: "10.214.78", defaults: {}, monitoring: {} };
const pair = { privateKey: PLACEHOLDER_KEY, publicKey: PLACEHOLDER_PUBLIC_KEY };
const KEYS: LocalKeys = { login: pair, hosts: Object.fromEntries(planHosts(OPTIONS).map(({ name }) => [name, pair])), passphrase: "x" };

describe("npm run local", () => {
    /** As the engine hands it to the program, secrets in their places. */
    const parsed = (stack: string, options = OPTIONS) => {
        const { config, secrets } = structuredClone(planStack(stack, options, KEYS));
        for (const [path, value] of Object.entries(secrets)) {
            const keys = path.split(".");
            const last = keys.pop()!;
            const section = keys.reduce<Record<string, unknown>>((at, key) => (at[key] ??= {}) as Record<string, unknown>, config);
            section[last] = value;
        }
        return parseConfig(Object.fromEntries(Object.entries(config).map(([key, value]) => [`photogather-monitoring:${key}`, JSON.stringify(value)])), "photogather-monitoring", stack);
    };

    it("writes config that the program takes: one owner, and members that join it", () => {
        const [owner, ...members] = STACKS.map((stack) => parsed(stack));
        assert.deepEqual(Object.keys(owner.owner!.environments), [...STACKS]);
        assert.equal(owner.owner!.tls, "off");
        for (const member of members) assert.ok(member.member && !member.owner);
    });
    it("logs in by this machine's ports, and lets Prometheus and the agents find each other on the demo's network", () => {
        const { was, owner } = parsed("prod");
        assert.deepEqual([was[0].address, was[0].ssh!.address, was[0].ssh!.port], ["10.214.78.11", "127.0.0.1", 22221]);
        assert.deepEqual([owner!.address, owner!.registrationAddress], ["10.214.78.10", "127.0.0.1"]);
    });
    it("takes settings for machines without the internet", () => {
        const { owner } = parsed("prod", { ...OPTIONS, monitoring: { registry: "mirror.internal:5000" } });
        assert.equal(owner!.registry, "mirror.internal:5000");
        assert.equal(parsed("dev", { ...OPTIONS, defaults: { application: "other" } }).was[0].application, "other");
    });
    it("gives no two machines one port or address", () => {
        const hosts = planHosts(OPTIONS);
        const ports = hosts.flatMap(({ sshPort, published }) => [sshPort, ...Object.keys(published).map(Number)]);
        assert.equal(new Set(ports).size, ports.length);
        assert.equal(new Set(hosts.map(({ address }) => address)).size, hosts.length);
    });

    it("says in one sentence what is missing", () => {
        const gib = 2 ** 30;
        assert.deepEqual(judgeDocker(`${8 * gib} linux`), []);
        assert.match(judgeDocker(`${2 * gib} linux`)[0], /Docker has 2048 MiB of memory, and 4096 are needed/);
        assert.match(judgeDocker(`${8 * gib} windows`)[0], /switch it to Linux containers/);
        assert.match(judgePorts([8080], planHosts(OPTIONS))[0], /port 8080 is taken by another program: npm run local -- --port 18080/);
        assert.match(judgePorts([22221], planHosts(OPTIONS))[0], /for SSH to one of the demo's machines, is taken by another program: npm run local -- --ssh-port 23220$/);
    });
    it("says what Docker has too little of, before any machine starts", () => {
        const seen = (memory: number, disk: number) => `MemAvailable:   ${memory * 1024} kB\noverlay          257881   210000     ${disk}      83% /\n`;
        assert.deepEqual(judgeRoom(seen(3000, 44000), false), []);
        assert.match(judgeRoom(seen(1500, 44000), false)[0], /^Docker has 1500 MiB of memory free, and the demo takes 2200: end what else runs there/);
        assert.match(judgeRoom(seen(3000, 900), false)[0], /^Docker has 900 MiB of disk free, and the demo takes 2048: make room there/);
        assert.equal(judgeRoom(seen(100, 100), false).length, 2);
        // After a reboot of the machine that they are on, what they have on its disk is theirs.
        assert.equal(judgeRoom(seen(100, 100), true).length, 1);
        assert.deepEqual(judgeRoom("what a df of another kind says\n", false), []);
    });
    it("tells machines that were made for other ports or addresses, and what to do", () => {
        const standing = planHosts(OPTIONS).map(({ name, address, sshPort, published }) => ({ name, address, sshPort, runs: true, ports: [sshPort, ...Object.keys(published).map(Number)] }));
        assert.deepEqual(judgeStanding(standing, planHosts(OPTIONS)), []);
        assert.deepEqual(judgeStanding([], planHosts(OPTIONS)), []);
        for (const other of [{ ...OPTIONS, port: 18080 }, { ...OPTIONS, subnet: "10.99.1" }]) {
            assert.deepEqual(judgeStanding(standing, planHosts(other)), [`the demo stands already, by --port ${OPTIONS.port} --subnet ${OPTIONS.subnet}: go on with these, or begin anew: npm run local -- down`]);
        }
        assert.match(judgeStanding(standing.map((each) => ({ ...each, sshPort: each.sshPort + 1000, ports: each.ports.map((port) => (port === each.sshPort ? port + 1000 : port)) })), planHosts(OPTIONS))[0], / --subnet 10\.214\.78 --ssh-port 23220: go on/);
        assert.match(judgePorts([8080], planHosts(OPTIONS), true)[0], /end it, or begin anew elsewhere: npm run local -- down, then npm run local -- --port 18080/);
    });
    it("makes traffic that is heavier for the load test, with slow SQL and errors in it", () => {
        assert.equal(renderTraffic("loadtest").match(/^run \d+ &$/gm)!.length, 3);
        for (const stack of STACKS) assert.match(renderTraffic(stack), /photos\/slow[^]*photos\/fail/);
    });
    it("builds machines that boot, and whose sshd has no key of the image's", () => {
        assert.match(planSteps(".").machine.script, /^rm -rf [^\n]*\/etc\/ssh\/ssh_host_\*$/m);
    });
    it("says in one sentence that there is no network, and what to look at; of anything else what Docker said", () => {
        const pulled = 'Error response from daemon: Get "https://registry.example.com/v2/": dial tcp: lookup registry.example.com on 10.0.0.2:53: no such host\n';
        const byDocker = "error: unable to pull image: Get \"https://registry.example.com/v2/\": dial tcp: lookup registry.example.com on 127.0.0.11:53: server misbehaving\n";
        for (const said of [pulled, byDocker, "W: Failed to fetch … Temporary failure resolving 'deb.example.com'\nE: Some index files failed to download"]) {
            assert.match(explainBuild("", said), /^the image of the demo's machines could not be made, as the network does not answer \([^\n]+\): look at .* and run the same command again$/);
        }
        assert.match(explainBuild("", "write /var/lib/docker/x: no space left on device\n"), /^the image of the demo's machines could not be made, as Docker's disk is full \([^\n]*\): make room there \(docker system df [^\n]*and run the same command again$/);
        assert.match(explainBuild("[ERROR] Photo.java:[3,1] error\n", "2 warnings\n"), /could not be made\. Docker said:\n\[ERROR\] Photo.*error\n2 warnings$/);
    });
    it("says the same of an image, a program or a plugin that the deployment itself could not fetch; and which addresses to take where another network has ours", () => {
        const pulled = "Updating (prod):\n\nDiagnostics:\n  docker:index:RemoteImage (loki):\n    error: unable to pull image grafana/loki:3.7.8: dial tcp: lookup registry.example.com: no such host\n";
        assert.match(explainUp("prod", pulled), /^prod could not be deployed, as the network does not answer \([^\n]*no such host\): look at [^\n]* and run the same command again$/);
        assert.match(explainUp("prod", "Updating\nDiagnostics:\n  error: port is taken\n"), /^prod could not be deployed\. Run the same command again to go on\. Pulumi said:\nDiagnostics:\n {2}error: port is taken$/);
        assert.match(explainUp("prod", "Diagnostics:\n  error: dial tcp 127.0.0.1:2201: connect: connection refused\n"), /Pulumi said:/);
        assert.match(explainNetwork("10.214.78", "Error response from daemon: Pool overlaps with other one on this address space\n"), /^another network has addresses of 10\.214\.78\.0\/24: .* --subnet 10\.99\.1$/);
        assert.match(explainNetwork("10.214.78", "Error response from daemon: permission denied\n"), /permission denied$/);
    });
    it("takes away the empty attributes that a killed run may have left beside a state", () => {
        const root = fs.mkdtempSync(path.join(os.tmpdir(), "local-"));
        try {
            const stacks = path.join(root, ".local", "state", ".pulumi", "stacks");
            fs.mkdirSync(stacks, { recursive: true });
            for (const [name, text] of [["prod.json", "{}"], ["prod.json.attrs", ""], ["dev.json.attrs", "{}"]]) fs.writeFileSync(path.join(stacks, name), text);
            new LocalState(root).open(planHosts(OPTIONS));
            assert.deepEqual(fs.readdirSync(stacks).sort(), ["dev.json.attrs", "prod.json"]);
        } finally {
            fs.rmSync(root, { recursive: true });
        }
    });
    it("remembers which public images were not there before, as only these are taken away", () => {
        const root = fs.mkdtempSync(path.join(os.tmpdir(), "local-"));
        try {
            const state = new LocalState(root);
            assert.deepEqual(state.images(), []);
            state.open(planHosts(OPTIONS));
            for (const image of ["debian:12-slim", "maven:3", "debian:12-slim"]) state.addImage(image);
            assert.deepEqual(new LocalState(root).images(), ["debian:12-slim", "maven:3"]);
        } finally {
            fs.rmSync(root, { recursive: true });
        }
    });
    it("takes the Pulumi CLI that is on PATH, or fetches one into .local/, and says so; without a network in one sentence", async () => {
        const [{ install }, { PATH }, directory] = [PulumiCommand, process.env, fs.mkdtempSync(path.join(os.tmpdir(), "local-"))];
        const [said, roots]: string[][] = [[], []];
        const fetched = {} as PulumiCommand;
        try {
            process.env.PATH = directory;
            PulumiCommand.install = (options) => { roots.push(options!.root!); return Promise.resolve(fetched); };
            const state = new LocalState(directory);
            assert.equal(await pulumiCommand(state, (text) => said.push(text)), fetched);
            assert.deepEqual([said, roots], [["the Pulumi CLI is not on PATH: it is fetched into .local/"], [path.join(directory, ".local", "pulumi")]]);
            PulumiCommand.install = () => Promise.reject(new Error("curl: (6) Could not resolve host\n    at install"));
            await assert.rejects(pulumiCommand(state, () => undefined), /^Error: the Pulumi CLI could not be fetched\. Is there a network\? Or install it: \S+ \(curl: \(6\) Could not resolve host\)$/);
        } finally {
            process.env.PATH = PATH;
            PulumiCommand.install = install;
            fs.rmSync(directory, { recursive: true });
        }
    });
    it("ends with the address, the login and three things to try", () => {
        const text = renderEnd({ port: 18080 }, "secret-password", 61);
        assert.match(text, /http:\/\/localhost:18080\n/);
        assert.match(text, /secret-password/);
        assert.deepEqual(text.match(/^ {2}\d\./gm), ["  1.", "  2.", "  3."]);
        const dashboards = [...text.matchAll(/\/d\/(\S+)/g)].map(([, uid]) => uid);
        assert.ok(dashboards.length === 2 && dashboards.every((uid) => (Object.values(UIDS) as string[]).includes(uid)), dashboards.join(", "));
        // The link has the name by which docs/slow-sql.md leads to it.
        const [, link] = /then "(.+)" in its span/.exec(text)!;
        assert.ok(fs.readFileSync("docs/slow-sql.md", "utf8").includes(`In the span, *${link}*`));
    });
});
