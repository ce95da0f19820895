import assert from "node:assert/strict";
import * as path from "node:path";
import { CONNECTION_FORMAT } from "../../components/connection";
import { parseConfig, RawConfig } from "../../stacks/config";
import { findStacks, loadConfig } from "../../tools/plan/config";

const HOST_KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIExample";
const PRIVATE_KEY = "-----BEGIN OPENSSH PRIVATE KEY-----\nx\n-----END OPENSSH PRIVATE KEY-----\n";
const ROOT = path.join(__dirname, "..", "..");

const host = (more: object = {}) => ({ name: "was-1", address: "10.0.2.11", application: "shop", ssh: { hostKey: HOST_KEY }, ...more });
const raw = (sections: Record<string, unknown>): RawConfig =>
    Object.fromEntries(Object.entries(sections).map(([key, value]) => [`photogather-monitoring:${key}`, typeof value === "string" ? value : JSON.stringify(value)]));
const member = (sections: Record<string, unknown> = {}) => parseConfig(raw({ monitoring: { stack: "prod" }, ...sections }), "photogather-monitoring", "dev");
const ownerSection = (more: object = {}) => ({
    host: { machine: { ssh: { address: "10.0.0.5", hostKey: HOST_KEY, privateKey: PRIVATE_KEY } } }, environments: { prod: { cidrs: ["10.0.2.0/24"] } }, ...more,
});
const owner = (more: object = {}, was: unknown[] = [host()]) => parseConfig(raw({ monitoring: ownerSection(more), was }), "photogather-monitoring", "prod");

/** Every line of the error, without its heading. */
function problemsOf(run: () => unknown): string[] {
    try { run(); } catch (error) { return (error as Error).message.split("\n").slice(1).map((line) => line.trim()); }
    assert.fail("expected the config to be refused");
}

describe("config", () => {
    it("the shipped stacks are good, and the owner comes first", () => {
        const stacks = findStacks(ROOT);
        assert.deepEqual(stacks, ["prod", "dev", "loadtest"]);
        for (const stack of stacks) assert.equal(parseConfig(loadConfig(ROOT, stack), "photogather-monitoring", stack).environment, stack);
    });
    it("fills in every default", () => {
        const [was] = member({ was: [host()] }).was;
        assert.deepEqual({ ...was, ssh: undefined }, {
            name: "was-1", address: "10.0.2.11", application: "shop", runtime: "systemd", agent: "alloy", labels: {}, ssh: undefined,
            actuator: { enabled: true, port: 8080, path: "/actuator/prometheus", scheme: "http", username: "", password: "", ca: "", serverName: "" },
            logs: { files: [], units: [], containers: [], applications: {} },
            tracing: { enabled: true, javaAgent: true, service: "", container: "", properties: {}, methods: {}, restart: false, listenAddress: "127.0.0.1", percentage: 100, slowMs: 500 },
            hostMetrics: { enabled: true, port: 12345 }, patterns: {}, redactions: {}, artifacts: {}, promtailDirectory: undefined,
        });
    });
    it("a host's section is laid over the stack's defaults, key by key", () => {
        const { was } = member({ defaults: { ssh: { user: "ec2-user", port: 2222 }, actuator: { port: 9090 } }, was: [host({ actuator: { path: "/metrics" } })] });
        assert.deepEqual(was[0].ssh, { user: "ec2-user", port: 2222, hostKey: HOST_KEY, address: "10.0.2.11" });
        assert.equal(was[0].actuator.port, 9090);
        assert.equal(was[0].actuator.path, "/metrics");
    });
    it("all problems come at once, each with its path and what was expected", () => {
        const lines = problemsOf(() => member({ was: [host({ address: "no host!" }), { name: "b" }, host({ name: "c", actuator: { port: "x", pth: 1 } })] }));
        assert.deepEqual(lines, [
            'was[0].address: expected a host name or an IP address, got "no host!"',
            "was[1].address: expected string, which is missing",
            "was[2].actuator.port: expected number, received string",
            'was[2].actuator: unknown key "pth": see docs/configuration.md for those that exist',
        ]);
    });
    it("the heading names the stack and its file", () => assert.throws(() => member({ was: 5 }), /the config of stack "dev" \(Pulumi\.dev\.yaml\) has 1 problem:/));
    it("a stack that neither owns nor joins is told both ways", () => {
        assert.match(problemsOf(() => parseConfig({}, "photogather-monitoring", "dev"))[0], /^monitoring: expected `host` .* or `stack: prod` or `connection`/);
    });
    it("a structured key set as plain text is named", () => assert.deepEqual(problemsOf(() => member({ was: "x" })), ["was: expected a section, got a plain text"]));
    it("hosts of one name are refused", () => assert.match(problemsOf(() => member({ was: [host(), host()] }))[0], /^was\[1\]\.name: "was-1" names was\[0\] already/));
    it("a missing host key says how to get it", () => assert.match(problemsOf(() => member({ was: [host({ ssh: {} })] }))[0], /^was\[0\]\.ssh\.hostKey: .*ssh-keyscan -t ed25519 10\.0\.2\.11/));
    it("a private key that is a path is refused without being shown", () => {
        const [line] = problemsOf(() => member({ was: [host({ ssh: { hostKey: HOST_KEY, privateKey: "/secret/path" } })] }));
        assert.match(line, /^was\[0\]\.ssh\.privateKey: expected the text of a private key/);
        assert.doesNotMatch(line, /secret\/path/);
    });
    it("Promtail with traces or host metrics is refused when asked for", () => {
        assert.equal(member({ was: [host({ agent: "promtail" })] }).was[0].tracing.enabled, false);
        assert.match(problemsOf(() => member({ was: [host({ agent: "promtail", tracing: { enabled: true } })] }))[0], /^was\[0\]\.tracing\.enabled: Promtail/);
    });
    it("half a pair of Actuator credentials is refused", () => assert.match(problemsOf(() => member({ was: [host({ actuator: { username: "a" } })] }))[0], /^was\[0\]\.actuator: expected username and password/));

    it("an owner that does not list its own environment is refused", () =>
        assert.match(problemsOf(() => owner({ environments: { dev: { cidrs: ["10.0.0.0/8"] } } }))[0], /^monitoring\.environments: expected an entry "prod".*found dev/));
    it("a host outside the environment's ranges is refused", () => assert.match(problemsOf(() => owner({}, [host({ address: "10.9.9.9" })]))[0], /^was\[0\]\.address: 10\.9\.9\.9 \(was-1\) is not within/));
    it("an IPv6 host is held against IPv6 ranges", () => {
        assert.equal(owner({ environments: { prod: { cidrs: ["fd00::/64"] } } }, [host({ address: "fd00::5" })]).was[0].address, "fd00::5");
        assert.match(problemsOf(() => owner({ environments: { prod: { cidrs: ["fd00::/64"] } } }, [host({ address: "fd01::5" })]))[0], /not within/);
    });
    it("a label that the environment does not allow is refused", () => assert.match(problemsOf(() => owner({}, [host({ labels: { team: "a" } })]))[0], /^was\[0\]\.labels\.team/));
    it("an environment's name that cannot be a tenant is refused", () => assert.match(problemsOf(() => owner({ environments: { "Dev/x": { cidrs: ["10.0.0.0/8"] } } }))[0], /^monitoring\.environments\.Dev\/x: expected an environment name/));
    it("both kinds of host, or none, are refused", () => assert.match(problemsOf(() => owner({ host: {} }))[0], /^monitoring\.host: expected either/));
    it("both ways of joining are refused", () => assert.match(problemsOf(() => member({ monitoring: { stack: "prod", connection: {} } }))[0], /^monitoring: expected either `stack` or `connection`, got both/));

    const connection = {
        format: CONNECTION_FORMAT, environment: "dev", gateway: { url: "https://10.0.0.5:8080", ca: "", token: "0123456789abcdef" },
        registration: { address: "10.0.0.5", port: 22, user: "monitoring-targets", privateKey: PRIVATE_KEY, hostKey: HOST_KEY },
    };
    it("a connection given by hand is checked like one that was read", () => {
        assert.deepEqual(member({ monitoring: { connection } }).member?.connection, connection);
        assert.match(problemsOf(() => member({ monitoring: { connection: { ...connection, environment: "prod" } } }))[0], /^monitoring\.connection\.environment: expected "dev", got "prod"/);
        assert.match(problemsOf(() => member({ monitoring: { connection: {} } }))[0], /could not be decrypted/);
    });
    it("a connection as JSON in a text is read, as `pulumi config set --secret` can set texts only", () => {
        assert.deepEqual(member({ monitoring: { connection: JSON.stringify(connection) } }).member?.connection, connection);
        assert.match(problemsOf(() => member({ monitoring: { connection: "{" } }))[0], /^monitoring\.connection: expected a connection/);
    });
});
