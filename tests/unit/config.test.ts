import assert from "node:assert/strict";
import * as path from "node:path";
import { CONNECTION_FORMAT } from "../../components/connection";
import { parseConfig, RawConfig } from "../../stacks/config";
import { renderBudget } from "../../tools/plan/budget";
import { findStacks, loadConfig } from "../../tools/plan/config";

const HOST_KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIExample";
const PRIVATE_KEY = "-----BEGIN OPENSSH PRIVATE KEY-----\nx\n-----END OPENSSH PRIVATE KEY-----\n";
const ROOT = path.join(__dirname, "..", "..");

const host = (more: object = {}) => ({ name: "was-1", address: "10.0.2.11", application: "shop", ssh: { hostKey: HOST_KEY }, logs: { files: ["/var/log/shop.log"] }, ...more });
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
            name: "was-1", address: "10.0.2.11", application: "shop", runtime: "systemd", metrics: "pull", agent: "alloy", labels: {}, ssh: undefined,
            actuator: { enabled: true, port: 8080, path: "/actuator/prometheus", scheme: "http", username: "", password: "", ca: "", serverName: "" },
            logs: { files: ["/var/log/shop.log"], units: [], containers: [], applications: {} }, applications: [],
            tracing: { enabled: true, javaAgent: true, service: "", container: "", properties: {}, methods: {}, restart: false, listenAddress: "127.0.0.1", percentage: 100, slowMs: 500 },
            hostMetrics: { enabled: true, port: 12345 }, patterns: {}, redactions: {}, artifacts: {}, canary: false, promtailDirectory: undefined,
        });
    });
    it("a host's section is laid over the stack's defaults, key by key", () => {
        const { was } = member({ defaults: { ssh: { user: "ec2-user", port: 2222 }, actuator: { port: 9090 } }, was: [host({ actuator: { path: "/metrics" } })] });
        assert.deepEqual(was[0].ssh, { user: "ec2-user", port: 2222, hostKey: HOST_KEY, address: "10.0.2.11" });
        assert.equal(was[0].actuator.port, 9090);
        assert.equal(was[0].actuator.path, "/metrics");
    });
    it("applications beside a host's first one bring their log sources, and take its Actuator's settings but for what they say", () => {
        const beside = { name: "pay", actuator: { port: 8081 }, logs: { files: ["/var/log/pay.log"] }, tracing: { service: "pay.service" } };
        const [was] = member({ defaults: { actuator: { path: "/metrics" } }, was: [host({ applications: [beside] })] }).was;
        assert.deepEqual(was.logs, { files: ["/var/log/shop.log", "/var/log/pay.log"], units: [], containers: [], applications: { "/var/log/pay.log": "pay" } });
        assert.deepEqual([was.applications[0].actuator.path, was.applications[0].actuator.port, was.applications[0].tracing.javaAgent], ["/metrics", 8081, true]);
        assert.equal(member({ defaults: { applications: [beside] }, was: [host()] }).was[0].applications[0].name, "pay");
    });
    it("metrics are pushed by Alloy, where the environment takes them, and to one place", () => {
        const refused = (was: object, more: object = {}) => problemsOf(() => member({ was: [host({ metrics: "push", ...was })], ...more }));
        assert.equal(member({ was: [host({ metrics: "push" })] }).was[0].metrics, "push");
        assert.deepEqual(refused({ agent: "promtail", tracing: { enabled: false }, hostMetrics: { enabled: false } }), ['was[0].agent: expected nothing: Promtail sends to the gateway alone; use agent "alloy"']);
        assert.match(refused({}, { monitoring: { stack: "prod", external: { metrics: { url: "https://mimir.example.com/api/v1/push" } } } })[0], /^was\[0\]\.metrics: expected "pull", as monitoring\.external\.metrics/);
        assert.match(refused({}, { monitoring: { external: { logs: { url: "https://loki.example.com/otlp" }, traces: { url: "https://tempo.example.com" } } } })[0], /^was\[0\]\.metrics: "push" is to the shared deployment, which this stack has not/);
    });
    it("says so where relays and organizations leave a host too little memory", () => {
        const environments = Object.fromEntries(["prod", "dev", "loadtest"].map((name) => [name, { cidrs: ["10.0.2.0/24"], pushedMetrics: true }]));
        const organizations = { shop: { environments: ["dev"] } };
        assert.match(problemsOf(() => owner({ environments, organizations }))[0], /^monitoring\.host, less what organizations and pushedMetrics take: expected at least 1500 whole MiB that the kernel has, got 1472/);
        assert.ok(owner({ environments }));
    });
    it("applications on one host need names, ports and log sources of their own", () => {
        const refused = (...applications: object[]) => problemsOf(() => member({ was: [host({ applications })] }));
        assert.deepEqual(refused({ name: "shop", actuator: { port: 8081 } }), ['was[0].applications[0].name: "shop" is the host\'s own name already']);
        assert.match(refused({ name: "pay" })[0], /^was\[0\]\.applications\[0\]\.actuator\.port: 8080 is the host's own port already: give its own/);
        assert.match(refused({ name: "pay", actuator: { enabled: false } }, { name: "pay", actuator: { enabled: false } })[0], /applications\[1\]\.name: "pay" is applications\[0\]'s name already/);
        assert.match(refused({ name: "pay", actuator: { port: 8081 }, logs: { files: ["/var/log/shop.log"] } })[0], /^was\[0\]\.logs\.files: "\/var\/log\/shop\.log" is read for two applications/);
        assert.match(refused({ name: "pay", actuator: { port: 8081 }, tracing: { properties: { FOO: "x" } } })[0], /^was\[0\]\.applications\[0\]\.tracing\.properties\.FOO: expected a name OTEL_/);
    });
    it("generations are one, or two that follow each other, and count only tokens that are made here", () => {
        const dev = (more: object) => ({ environments: { prod: { cidrs: ["10.0.2.0/24"] }, dev: { cidrs: ["10.0.3.0/24"], ...more } } });
        for (const good of [[1], [2], [1, 2]]) assert.deepEqual(owner(dev({ tokenGenerations: good })).owner?.environments.dev.tokenGenerations, good);
        const path = "monitoring.environments.dev";
        for (const bad of [[], [2, 1], [1, 3], [1, 2, 3], [0]]) assert.ok(problemsOf(() => owner(dev({ tokenGenerations: bad })))[0].startsWith(`${path}.tokenGenerations`), String(bad));
        assert.match(problemsOf(() => owner(dev({ token: "a".repeat(20), tokenGenerations: [1, 2] })))[0], /tokenGenerations: counts tokens that are made here/);
        assert.match(problemsOf(() => owner(dev({ previousToken: "a".repeat(20) })))[0], /previousToken: needs token beside it/);
    });
    it("generations of the stack's SSH keys are counted alike, and of the admin's password only where it is made here", () => {
        assert.deepEqual(member({ deployKeyGenerations: [1, 2] }).deployKeyGenerations, [1, 2]);
        assert.match(problemsOf(() => member({ deployKeyGenerations: [2, 1] }))[0], /^deployKeyGenerations: expected one generation/);
        assert.equal(owner({ adminPasswordGeneration: 2 }).owner?.adminPasswordGeneration, 2);
        assert.match(problemsOf(() => owner({ adminPassword: "a".repeat(12), adminPasswordGeneration: 2 }))[0], /^monitoring\.adminPasswordGeneration: counts passwords that are made here/);
    });
    it("keys that may log in stand beside Pulumi's own, for WAS hosts and the monitoring host", () => {
        const ssh = { hostKey: HOST_KEY, authorizedKeys: [HOST_KEY] };
        assert.deepEqual(member({ was: [host({ ssh: { ...ssh, privateKey: PRIVATE_KEY } })] }).was[0].ssh?.authorizedKeys, [HOST_KEY]);
        assert.match(problemsOf(() => member({ was: [host({ ssh })] }))[0], /^was\[0\]\.ssh\.authorizedKeys: needs privateKey beside it/);
        assert.match(problemsOf(() => owner({ host: { machine: { ssh: { ...ssh, address: "10.0.0.5" } } } })).join(), /monitoring\.host\.machine\.ssh\.authorizedKeys: needs privateKey/);
    });
    it("organizations of Grafana are for environments that there are, and have no Admin", () => {
        const good = { shop: { environments: ["prod"], members: { "alice@example.com": "Viewer", bob: "Editor" } } };
        assert.deepEqual(owner({ organizations: good }).owner?.organizations, good);
        const lines = problemsOf(() => owner({ organizations: { shop: { environments: ["staging"], members: { bob: "Admin" } } } }));
        for (const path of ["shop.environments[0]", "shop.members.bob.role"]) assert.ok(lines.some((line) => line.startsWith(`monitoring.organizations.${path}: `)), lines.join("\n"));
    });
    it("what the alerts would refuse later is refused here", () => {
        const lines = problemsOf(() => owner({ thresholds: { heapUsed: 85 }, alerting: { runbookUrl: "https://wiki.example.com/#x" }, withoutAlerts: ["Nothing"] }));
        for (const path of ["alerting.runbookUrl", "thresholds.heapUsed", "withoutAlerts[0]"]) assert.ok(lines.some((line) => line.startsWith(`monitoring.${path}: `)), lines.join("\n"));
    });
    it("an instance type that is too small is refused with the smallest that does; the plan shows what a good one gives to whom", () => {
        const ec2 = (instanceType: string) => owner({ host: { ec2: { instanceType, gatewayFrom: ["10.0.0.0/16"], sshFrom: ["10.0.0.0/16"] } } });
        const [line] = problemsOf(() => ec2("t4g.micro"));
        assert.match(line, /^monitoring\.host\.ec2\.instanceType: expected at least 1500 .*, got 920: .*t4g\.small is the smallest/);
        assert.match(renderBudget(ec2("t4g.small"), "prod"), /1840 MiB[^]*\nprometheus +320 +272 /);
        assert.match(renderBudget(ec2("t4g.medium"), "prod"), /3680 MiB/);
        assert.match(renderBudget(member(), "dev"), /the budget is the owner's/);
    });
    it("all problems come at once, each with its path and what was expected", () => {
        const lines = problemsOf(() => member({ was: [host({ address: "no host!" }), { name: "b" }, host({ name: "c", actuator: { port: "x", pth: 1 } })] }));
        assert.deepEqual(lines, [
            'was[0].address: expected a host name or an IP address, got "no host!"',
            "was[1].address: expected a text (in quotes where it looks like a number), which is missing",
            "was[2].actuator.port: expected a number, without quotes, got a text",
            'was[2].actuator: unknown key "pth": see docs/configuration.md for those that exist',
        ]);
    });
    it("a mistake in one host does not hide those in another, nor the rules of the components", () => {
        const lines = problemsOf(() => member({ was: [
            host({ actuator: { port: "x" } }),
            host({ name: "b", address: "10.0.2.12", patterns: { level: "(" }, tracing: { properties: { FOO: "1" } }, actuator: { path: "/a b" } }),
            host({ name: "b", address: "10.0.2.13", logs: {} }),
        ] }));
        const paths = lines.map((line) => line.split(": ")[0]);
        for (const path of ["was[0].actuator.port", "was[1].patterns.level", "was[1].tracing.properties.FOO", "was[1].actuator.path", "was[2].name", "was[2].logs"]) assert.ok(paths.includes(path), `${path} in ${lines.join("\n")}`);
    });
    it("a key with another namespace's prefix, or empty, is told how to mend it", () => {
        assert.deepEqual(problemsOf(() => parseConfig({ ...raw({ monitoring: { stack: "prod" } }), "photogather:was": "[]" }, "photogather-monitoring", "dev")), [
            'photogather:was: expected the prefix "photogather-monitoring:", or none',
        ]);
        assert.match(problemsOf(() => member({ was: [host({ ssh: null })] }))[0], /^was\[0\]\.ssh: expected a section, which is empty: indent/);
    });
    it("a host name in place of an address says where names are allowed", () =>
        assert.match(problemsOf(() => owner({}, [host({ address: "was.internal" })]))[0], /^was\[0\]\.address: was\.internal \(was-1\) is a host name: .*monitoring\.environments\.prod\.hosts/));
    it("what EC2 and retention would refuse later is refused here, in the config's words", () => {
        const lines = problemsOf(() => owner({ host: { ec2: { instanceType: "nonsense", gatewayFrom: [], sshFrom: ["0.0.0.0/0"] } }, retention: { logs: "6h" } }));
        for (const path of ["monitoring.host.ec2.instanceType", "monitoring.host.ec2.sshFrom[0]", "monitoring.retention.logs"]) assert.ok(lines.some((line) => line.startsWith(`${path}: `)), lines.join("\n"));
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
