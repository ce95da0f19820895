import assert from "node:assert/strict";
import { execFileSync, spawn, spawnSync } from "node:child_process";
import * as fs from "node:fs";
import * as path from "node:path";
import { RegistrationPolicyArgs } from "../../components/metrics-target/registration";
import { scrapeJobs } from "../../components/metrics-target/scrape-jobs";
import { renderTargets } from "../../components/metrics-target/targets";
import { part } from "../support/parts";
import { Call, register, RegistrationRoot, registrationRoot, tree, writePolicy } from "../support/registration";

const DEV: RegistrationPolicyArgs = {
    publicKeys: [], cidrs: ["10.1.0.0/16", "fd00:1::/64"], hosts: ["orders.example.internal"], labels: ["team"], maxTargets: 5,
};
const WIDE: RegistrationPolicyArgs = { publicKeys: [], cidrs: ["0.0.0.0/0", "::/0"] };
const LOOPBACK: RegistrationPolicyArgs = { publicKeys: [], cidrs: ["127.0.0.0/8", "::1/128"] };

/* eslint-disable @typescript-eslint/no-explicit-any -- hostile requests have no type */
const target = (change: any = {}, labels: any = {}): any => ({
    kind: "application", profile: "", address: "10.1.0.2:8080", labels: { application: "orders", instance: "orders-1", ...labels }, ...change,
});
const request = (change: any = {}): any => ({ format: 1, environment: "dev", profiles: {}, targets: [target()], ...change });
const one = (change: any = {}, labels: any = {}) => JSON.stringify(request({ targets: [target(change, labels)] }));
const profiled = (profile: any, name = "p") => JSON.stringify(request({ profiles: { [name]: profile }, targets: [target({ profile: name })] }));
const label = (name: string, value: unknown) => one({}, { [name]: value });
const at = (address: unknown) => one({ address });
/* eslint-enable @typescript-eslint/no-explicit-any */

const CERTIFICATE_BLOCK = (text: string) => `-----BEGIN CERTIFICATE-----\n${Buffer.from(text).toString("base64")}\n-----END CERTIFICATE-----\n`;

/** Name, what comes on stdin, and what the refusal says. */
const HOSTILE: [string, string | Buffer, RegExp][] = [
    ["nothing", "", /not the expected JSON/],
    ["a list at the top", "[]", /expected an object/],
    ["cut off", one().slice(0, -3), /not the expected JSON/],
    ["two documents", one() + one(), /not the expected JSON/],
    ["a duplicate key", '{"format":1,"format":1}', /duplicate key "format"/],
    ["a duplicate key deep inside", one().replace('"kind"', '"address":"10.1.0.2:1","kind"'), /duplicate key "address"/],
    ["NaN", one().replace('"format":1', '"format":NaN'), /NaN is no JSON/],
    ["no UTF-8", Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x7d]), /not UTF-8/],
    ["a byte order mark", "\ufeff" + one(), /not the expected JSON/],
    ["deep nesting", "[".repeat(500_000), /nested too deeply/],
    ["a number of a million digits", one().replace('"format":1', `"format":${"1".repeat(1_000_000)}`), /not the expected JSON/],
    ["more than 1 MiB", " ".repeat(1 << 20) + one(), /more than 1 MiB/],
    ["format true", JSON.stringify(request({ format: true })), /format: expected 1/],
    ["format 2", JSON.stringify(request({ format: 2 })), /format: expected 1/],
    ["another environment", JSON.stringify(request({ environment: "prod" })), /environment: this identity is for "dev"/],
    ["an unknown key", JSON.stringify(request({ shell: "id" })), /shell: unknown key/],
    ["a repair that is no text", JSON.stringify(request({ repair: {} })), /repair: expected a text/],
    ["no targets", JSON.stringify({ format: 1, environment: "dev", profiles: {} }), /targets: is missing/],
    ["targets as an object", JSON.stringify(request({ targets: {} })), /targets: expected a list/],
    ["too many targets", JSON.stringify(request({ targets: Array.from({ length: 6 }, () => target()) })), /6 targets, and 5 are allowed/],
    ["a target that is a text", JSON.stringify(request({ targets: ["10.1.0.2:8080"] })), /targets\[0\]: expected an object/],
    ["an unknown key of a target", one({ params: {} }), /targets\[0\].params: unknown key/],
    ["an unknown kind", one({ kind: "../prod" }), /targets\[0\].kind: expected one of/],
    ["a kind that is a list", one({ kind: ["host"] }), /targets\[0\].kind/],
    ["a profile that is not there", one({ profile: "p" }), /targets\[0\].profile: names no profile/],
    ["an address outside", at("10.2.0.2:8080"), /10\.2\.0\.2 is outside the environment's CIDRs \(10\.1\.0\.0\/16, fd00:1::\/64\)/],
    ["loopback", at("127.0.0.1:9090"), /outside/],
    ["instance metadata", at("169.254.169.254:80"), /outside/],
    ["IPv4 in IPv6", at("[::ffff:10.1.0.2]:8080"), /outside/],
    ["an IPv6 zone", at("[fe80::1%eth0]:80"), /expected ADDRESS:PORT/],
    ["IPv6 without brackets", at("fd00:1::2:8080"), /expected ADDRESS:PORT/],
    ["IPv4 in brackets", at("[10.1.0.2]:8080"), /expected \[ADDRESS\]:PORT for IPv6/],
    ["a decimal IPv4", at("167837698:8080"), /no IP address/],
    ["an octal IPv4", at("012.1.0.2:8080"), /no IP address/],
    ["a short IPv4", at("10.1:8080"), /no IP address/],
    ["a host that is not listed", at("loki:3100"), /no IP address, nor a host/],
    ["a listed host with a dot", at("orders.example.internal.:80"), /no IP address/],
    ["a user in the address", at("user@10.1.0.2:8080"), /expected ADDRESS:PORT/],
    ["a path in the address", at("10.1.0.2:8080/x"), /expected ADDRESS:PORT/],
    ["a newline after the port", at("10.1.0.2:8080\n"), /expected ADDRESS:PORT/],
    ["other digits", at("10.1.0.2:８０"), /expected ADDRESS:PORT/],
    ["no port", at("10.1.0.2"), /expected ADDRESS:PORT/],
    ["port 0", at("10.1.0.2:0"), /expected ADDRESS:PORT/],
    ["port 65536", at("10.1.0.2:65536"), /expected ADDRESS:PORT/],
    ["a port with a zero in front", at("10.1.0.2:08080"), /expected ADDRESS:PORT/],
    ["an address that is a number", at(1), /expected ADDRESS:PORT/],
    ["no instance", JSON.stringify(request({ targets: [{ ...target(), labels: { application: "a" } }] })), /labels.instance: is missing/],
    ["labels as a list", one({ labels: [] }), /labels: expected an object/],
    ["the label environment", label("environment", "prod"), /labels.environment: unknown key/],
    ["the label job", label("job", "prod"), /labels.job: unknown key/],
    ["a label that the owner does not list", label("region", "x"), /labels.region: unknown key/],
    ["another address by label", label("__address__", "10.2.0.2:80"), /unknown key/],
    ["a URL parameter by label", label("__param_target", "x"), /unknown key/],
    ["a timeout by label", label("__scrape_timeout__", "1h"), /unknown key/],
    ["a label that is a number", label("team", 1), /labels.team: expected a text/],
    ["an empty application", one({}, { application: "" }), /labels.application: is empty/],
    ["a label of blanks", label("team", " "), /is empty/],
    ["a newline in a label", label("team", "a\nb"), /control characters/],
    ["half a character in a label", one().replace('"orders-1"', '"\\ud800"'), /control characters/],
    ["a long label", label("team", "가".repeat(86)), /longer than 256 bytes/],
    ["another scheme", label("__scheme__", "file"), /expected http or https/],
    ["a path with a host", label("__metrics_path__", "//10.2.0.2/x"), /expected a path/],
    ["a path with a user", label("__metrics_path__", "@10.2.0.2/x"), /expected a path/],
    ["a path with a query", label("__metrics_path__", "/x?target=10.2.0.2"), /expected a path/],
    ["a path that climbs", label("__metrics_path__", "/a/../../b"), /expected a path/],
    ["a path with an escape", label("__metrics_path__", "/%2e%2e/"), /expected a path/],
    ["too short an interval", label("__scrape_interval__", "1s"), /expected from 10s to 120s/],
    ["too long an interval", label("__scrape_interval__", "3m"), /expected from 10s to 120s/],
    ["an interval of milliseconds", label("__scrape_interval__", "15000ms"), /expected from 10s/],
    ["an interval with a newline", label("__scrape_interval__", "15s\n"), /control characters/],
    ["the same address twice", JSON.stringify(request({ targets: [target(), target({}, { instance: "b" })] })), /targets\[1\].address: is the same/],
    ["the same address, written otherwise", JSON.stringify(request({
        targets: [target({ address: "[fd00:1::2]:1" }), target({ address: "[FD00:1:0::2]:1" }, { instance: "b" })],
    })), /targets\[1\].address: is the same/],
    ["the same labels twice", JSON.stringify(request({ targets: [target(), target({ address: "10.1.0.3:1" })] })), /targets\[1\].labels: is the same/],
    ["a profile's name that climbs", profiled({}, "../../scrape/x"), /profiles\."\.\.\/\.\.\/scrape\/x": expected a name/],
    ["a profile's name with a dot", profiled({}, "a.b"), /expected a name/],
    ["an unknown key of a profile", profiled({ insecure_skip_verify: true }), /insecure_skip_verify: unknown key/],
    ["a profile that no target uses", JSON.stringify(request({ profiles: { p: {} } })), /profiles.p: no target uses it/],
    ["more profiles than targets", JSON.stringify(request({ profiles: { p: {}, q: {} } })), /more profiles than targets/],
    ["a password alone", profiled({ password: "s3cret-s3cret" }), /username: is needed/],
    ["a password of two lines", profiled({ username: "u", password: "s3cret\ns3cret" }), /password: is not what can stand there/],
    ["a long password", profiled({ username: "u", password: "s3cret".repeat(200) }), /longer than 1024 bytes/],
    ["a user with a colon", profiled({ username: "u:s3cret", password: "x" }), /username: is not/],
    ["a user that YAML escapes differently", profiled({ username: "🙂", password: "x" }), /username: is not/],
    ["a CA that is none", profiled({ ca: CERTIFICATE_BLOCK("s3cret, no certificate") }), /ca: is not/],
    ["a CA that is a path", profiled({ ca: "/etc/shadow" }), /ca: is not/],
    ["a private key as CA", profiled({ ca: "-----BEGIN PRIVATE KEY-----\ns3cret\n-----END PRIVATE KEY-----\n" }), /ca: is not/],
    ["a large CA", profiled({ ca: CERTIFICATE_BLOCK("x".repeat(70_000)) }), /longer than 65536 bytes/],
    ["a server name with a path", profiled({ serverName: "a/b" }), /serverName: is not/],
];

const TARGETS = [
    {
        kind: "application", address: "10.1.0.2:8080", application: "주문", instance: "orders-1", path: "/actuator/prometheus", intervalSeconds: 30,
        labels: { team: 'a "b"' },
    },
    { kind: "application", address: "orders.example.internal:8080", application: "orders", instance: "orders-2" },
    { kind: "host", address: "10.1.0.3:12345", application: "orders", instance: "orders-1", profile: "log-agent" },
];

let ca: string | undefined;

/** Credentials with a CA that OpenSSL made just now. */
function profiles(root: RegistrationRoot) {
    if (!ca) {
        const file = (name: string) => path.join(root.directory, name);
        execFileSync("openssl", ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-subj", "/CN=test", "-days", "2",
            "-keyout", file("key.pem"), "-out", file("cert.pem")], { stdio: "ignore" });
        ca = fs.readFileSync(file("cert.pem"), "utf8");
        fs.rmSync(file("key.pem"));
        fs.rmSync(file("cert.pem"));
    }
    return { "log-agent": { username: "prometheus", password: "비밀 password", ca, serverName: "log-agent" } };
}

describe("registration, by the program on a directory of its own", () => {
    let root: RegistrationRoot;

    before(function () { part(this, "python3"); });
    beforeEach(() => { root = registrationRoot({ dev: DEV, wide: WIDE, here: LOOPBACK }); });
    afterEach(() => fs.rmSync(root.directory, { recursive: true }));

    const accept = (call: Call) => assert.deepEqual({ status: call.status, refusals: call.refusals }, { status: 0, refusals: [] });

    it(`refuses ${HOSTILE.length} hostile lists, each with its reason and without a secret, and keeps the list of before`, () => {
        accept(register(root, "dev", "set", one()));
        const before = tree(root);
        for (const [name, stdin, reason] of HOSTILE) {
            const call = register(root, "dev", "set", stdin);
            assert.equal(call.status, 1, name);
            assert.match(call.refusals[0] ?? "", /^refused: /, name);
            assert.match(call.refusals.join("\n"), reason, name);
            assert.doesNotMatch(call.refusals.join("\n"), /s3cret|Traceback|[^\x20-\x7e\n]/, name);
            assert.deepEqual(tree(root), before, name);
        }
    });

    it("refuses every word but set and remove, whatever comes with it", () => {
        for (const word of ["", "sh", "set prod", "set;id", "set\nid", "--refresh", "refresh", "SET", "set ", "../set"]) {
            // `register` takes `--refresh` for the owner's call.
            const call = word === "--refresh" ? register(root, "dev", ` ${word}`, one()) : register(root, "dev", word, one());
            assert.deepEqual(call.refusals, ['refused: this identity may only say "set" or "remove"'], word);
            assert.equal(call.status, 1);
        }
        assert.deepEqual(tree(root), {});
    });

    it("gives up on a client that sends nothing more", async () => {
        const program = path.join(root.directory, "register-targets");
        fs.writeFileSync(program, fs.readFileSync(program, "utf8").replace("MAX_SECONDS = 30", "MAX_SECONDS = 1"));
        const child = spawn(program, [...root.command.slice(1), "dev"], { env: { SSH_ORIGINAL_COMMAND: "set" } });
        child.stdin.write('{"format":');
        let said = "";
        child.stderr.on("data", (chunk) => { said += chunk; });
        assert.equal(await new Promise((resolve) => child.on("close", resolve)), 1);
        assert.equal(said, "refused: not done within 1 seconds\n");
    });

    it("refuses an environment that the owner does not list", () => {
        assert.deepEqual(register(root, "prod", "set", one()).refusals, ['refused: the monitoring host does not list the environment "prod"']);
    });

    it("reports all problems, on at most 20 lines", () => {
        const two = JSON.stringify(request({ targets: [target({ address: "10.2.0.1:1" }), target({ kind: "x" }, { team: "" })] }));
        assert.deepEqual(register(root, "dev", "set", two).refusals, [
            "refused: targets[0].address: 10.2.0.1 is outside the environment's CIDRs (10.1.0.0/16, fd00:1::/64)",
            "refused: targets[1].kind: expected one of application, host, agent",
            "refused: targets[1].labels.team: is empty, or begins or ends with a blank",
        ]);
        const unknown = Object.fromEntries(Array.from({ length: 30 }, (_, i) => [`k${i}`, "x"]));
        const { refusals } = register(root, "dev", "set", one({}, unknown));
        assert.equal(refusals.length, 20);
        assert.equal(refusals[19], "refused: and 11 more");
    });

    it("keeps loopback, metadata and multicast out of a CIDR that merely covers them", () => {
        const wide = (address: string) => JSON.stringify({ ...request({ targets: [target({ address })] }), environment: "wide" });
        for (const address of [
            "127.0.0.1:1", "0.0.0.0:1", "169.254.169.254:80", "224.0.0.1:1", "255.255.255.255:1", "[::1]:1", "[::]:1", "[fe80::1]:1", "[ff02::1]:1",
            "[::ffff:169.254.169.254]:80", "[64:ff9b::a9fe:a9fe]:80", "[2002:7f00:1::]:1", "[fd00:ec2::254]:80",
        ]) assert.match(register(root, "wide", "set", wide(address)).refusals[0] ?? "", /outside/, address);
        for (const address of ["8.8.8.8:1", "[2606:4700::1]:1"]) accept(register(root, "wide", "set", wide(address)));
        const here = (address: string) => JSON.stringify({ ...request({ targets: [target({ address })] }), environment: "here" });
        for (const address of ["127.0.0.1:1", "[::1]:80"]) accept(register(root, "here", "set", here(address)));
    });

    it("takes what renderTargets makes, and writes it where Prometheus reads it", () => {
        accept(register(root, "dev", "set", renderTargets({ environment: "dev", profiles: profiles(root), targets: TARGETS })));
        const files = tree(root);
        assert.deepEqual(Object.keys(files), [
            "credentials/dev/log-agent.ca.pem", "credentials/dev/log-agent.password", "requests/dev.json", "scrape/dev.profiles.json",
            "targets/dev.agent.json", "targets/dev.application.json", "targets/dev.host.json", "targets/dev.host.log-agent.json",
        ]);
        assert.deepEqual(JSON.parse(files["targets/dev.application.json"]), [
            {
                targets: ["10.1.0.2:8080"],
                labels: { application: "주문", instance: "orders-1", team: "a \"b\"", __metrics_path__: "/actuator/prometheus", __scrape_interval__: "30s" },
            },
            { targets: ["orders.example.internal:8080"], labels: { application: "orders", instance: "orders-2" } },
        ]);
        const mode = (file: string) => (fs.statSync(path.join(root.directory, file)).mode & 0o777).toString(8);
        assert.equal(mode("credentials/dev/log-agent.password"), "640");
        assert.equal(mode("requests/dev.json"), "600");
        assert.equal(mode("credentials/dev"), "750");
    });

    it("gives a profile's job the owner's limits and relabelling", () => {
        accept(register(root, "dev", "set", renderTargets({ environment: "dev", profiles: profiles(root), targets: TARGETS })));
        const { scrape_configs: [job, ...rest] } = JSON.parse(tree(root)["scrape/dev.profiles.json"]);
        assert.deepEqual(rest, []);
        assert.deepEqual(job, {
            ...scrapeJobs("dev").host,
            job_name: "dev/host/log-agent",
            file_sd_configs: [{ files: [`${root.directory}/targets/dev.host.log-agent.json`] }],
            basic_auth: { username: "prometheus", password_file: `${root.directory}/credentials/dev/log-agent.password` },
            tls_config: { ca_file: `${root.directory}/credentials/dev/log-agent.ca.pem`, server_name: "log-agent" },
        });
    });

    it("takes an agent's own metrics where the policy has a job for them, and a list from before there was one", () => {
        const list = (...kinds: string[]) => JSON.stringify(request({ targets: kinds.map((kind) => target({ kind, address: "10.1.0.2:12345" })) }));
        accept(register(root, "dev", "set", list("host", "agent")));
        assert.equal(JSON.parse(tree(root)["targets/dev.agent.json"]).length, 1);
        accept(register(root, "dev", "set", list("host")));
        assert.deepEqual(JSON.parse(tree(root)["targets/dev.agent.json"]), []);
        // An owner's policy of before.
        const policies = path.join(root.directory, "policies", "dev.json");
        const policy = JSON.parse(fs.readFileSync(policies, "utf8"));
        delete policy.jobs.agent;
        fs.writeFileSync(policies, JSON.stringify(policy));
        assert.deepEqual(register(root, "dev", "set", list("host", "agent")).refusals, ["refused: targets[1].kind: expected one of application, host"]);
        accept(register(root, "dev", "set", list("host")));
        writePolicy(root.directory, "dev", DEV);
        accept(register(root, "dev", "--refresh"));
        assert.deepEqual(JSON.parse(tree(root)["targets/dev.agent.json"]), []);
    });

    it("is read by Prometheus together with the owner's base jobs", function () {
        const promtool = part(this, "promtool");
        accept(register(root, "dev", "set", renderTargets({ environment: "dev", profiles: profiles(root), targets: TARGETS })));
        const at = (file: string) => path.join(root.directory, file);
        fs.writeFileSync(at("base.yml"), JSON.stringify({ scrape_configs: Object.values(scrapeJobs("dev", {}, root.directory)) }));
        fs.writeFileSync(at("prometheus.yml"), JSON.stringify({ scrape_config_files: [at("base.yml"), at("scrape/*.json")] }));
        const { status, stdout, stderr } = spawnSync(promtool, ["check", "config", at("prometheus.yml")], { encoding: "utf8" });
        assert.equal(status, 0, stdout + stderr);
        assert.match(stdout, /is valid prometheus config file syntax/);
        assert.doesNotMatch(stdout + stderr, /WARNING/);
    });

    it("removes what a shorter list no longer has, and everything on remove, and nobody else's", () => {
        accept(register(root, "wide", "set", JSON.stringify({ ...request({ targets: [target({ address: "8.8.8.8:1" })] }), environment: "wide" })));
        const others = tree(root);
        accept(register(root, "dev", "set", renderTargets({ environment: "dev", profiles: profiles(root), targets: TARGETS })));
        accept(register(root, "dev", "set", one()));
        assert.deepEqual(Object.keys(tree(root)).filter((file) => file.includes("log-agent")), []);
        accept(register(root, "dev", "remove"));
        assert.deepEqual(tree(root), others);
        accept(register(root, "dev", "remove"));
    });

    it("leaves files alone whose bytes are the same", () => {
        accept(register(root, "dev", "set", one()));
        const inode = () => fs.statSync(path.join(root.directory, "targets/dev.application.json")).ino;
        const before = inode();
        accept(register(root, "dev", "set", one()));
        assert.equal(inode(), before);
    });

    it("never writes or reads through a symbolic link", () => {
        const victim = path.join(root.directory, "policies", "victim");
        fs.writeFileSync(victim, "untouched");
        const link = path.join(root.directory, "targets/dev.application.json");
        fs.symlinkSync(victim, link);
        fs.symlinkSync(victim, path.join(root.directory, "targets/.dev.host.json.tmp"));
        accept(register(root, "dev", "set", one()));
        assert.equal(fs.readFileSync(victim, "utf8"), "untouched");
        assert.ok(fs.lstatSync(link).isFile());
        fs.rmSync(path.join(root.directory, "credentials/dev"), { recursive: true });
        fs.symlinkSync(path.join(root.directory, "policies"), path.join(root.directory, "credentials/dev"));
        assert.match(register(root, "dev", "set", profiled({ username: "u", password: "x" })).refusals[0], /^failed on the monitoring host: Not a directory/);
    });

    it("takes lists that come at the same time one after the other", async () => {
        const calls = Array.from({ length: 8 }, (_, i) => new Promise<number | null>((resolve) => {
            const [program, ...options] = root.command;
            const child = spawn(program, [...options, "dev"], { env: { SSH_ORIGINAL_COMMAND: "set" }, stdio: ["pipe", "ignore", "ignore"] });
            child.on("close", resolve);
            child.stdin.end(one({}, { instance: `orders-${i}` }));
        }));
        assert.deepEqual(await Promise.all(calls), Array(8).fill(0));
        const files = tree(root);
        assert.equal(JSON.parse(files["targets/dev.application.json"])[0].labels.instance, JSON.parse(files["requests/dev.json"]).targets[0].labels.instance);
        assert.deepEqual(Object.keys(files).filter((file) => file.endsWith(".tmp")), []);
    });

    it("applies a changed policy to what is registered, and forgets nothing should it change back", () => {
        accept(register(root, "dev", "set", renderTargets({ environment: "dev", profiles: profiles(root), targets: TARGETS })));
        const before = tree(root);
        writePolicy(root.directory, "dev", { ...DEV, cidrs: ["10.1.0.3/32"], hosts: [], limits: { sampleLimit: 7 } });
        const call = register(root, "dev", "--refresh");
        accept(call);
        assert.equal(call.stdout, "refreshed dev: 1 targets kept, 2 no longer allowed\n");
        const after = tree(root);
        assert.equal(after["targets/dev.application.json"], "[]\n");
        assert.equal(JSON.parse(after["scrape/dev.profiles.json"]).scrape_configs[0].sample_limit, 7);
        writePolicy(root.directory, "dev", DEV);
        accept(register(root, "dev", "--refresh"));
        assert.deepEqual(tree(root), before);
    });

    it("makes every file again from the list that it took last", () => {
        accept(register(root, "dev", "set", renderTargets({ environment: "dev", profiles: profiles(root), targets: TARGETS })));
        const before = tree(root);
        for (const place of ["targets", "scrape", "credentials"]) {
            fs.rmSync(path.join(root.directory, place), { recursive: true });
            fs.mkdirSync(path.join(root.directory, place));
        }
        accept(register(root, "dev", "--refresh"));
        assert.deepEqual(tree(root), before);
    });
});
