import assert from "node:assert/strict";
import * as pulumi from "@pulumi/pulumi";
import { decodeBundles } from "../../components/bundle";
import { Connection } from "../../components/connection";
import { Was } from "../../stacks/model";
import { machineOf } from "../../stacks/environment";
import { actuatorProfiles, javaAgentArgs, logAgentArgs, planTargets } from "../../stacks/host-args";
import { isSecret, OfflineRun, Registration, reveal, runOffline } from "../../tools/offline";
import { plannedFiles } from "../../tools/plan/files";
import { renderTree } from "../../tools/plan/tree";
import { COMPUTED, PLACEHOLDER_KEY } from "../../tools/plan/world";
import { connection, runStack, shared } from "../support/offline-stack";
import { sentScripts } from "../support/sent";

/** Of which each key that a stack makes is one. */
const KEY = "tls:index/privateKey:PrivateKey";

const run = (stack: string, ownerOutputs: Record<string, unknown> = {}) => runStack(stack, { ownerOutputs });

const names = (registrations: Registration[], parent = "") => registrations.filter((resource) => resource.parent === parent).map(({ type, name }) => `${type.split(":").pop()} ${name}`).sort();

describe("the owner stack as shipped", () => {
    let owner: OfflineRun;

    before(async () => { owner = await run("prod"); });

    it("makes a host, the services, and per environment a token and a registration key", () => {
        const top = names(owner.registrations);
        for (const expected of ["MonitoringHost monitoring-host", "MonitoringServices monitoring", "MetricsTarget metrics", "PrivateKey ca-key", "SelfSignedCert ca",
            ...["prod", "dev", "loadtest"].flatMap((name) => [`RandomPassword ${name}-token`, `PrivateKey ${name}-registration-key`])]) assert.ok(top.includes(expected), expected);
    });
    it("gives each environment a secret connection of its own, and nothing secret in the plain output", () => {
        for (const name of ["prod", "dev", "loadtest"]) {
            const output = owner.outputs[`connection_${name}`];
            assert.ok(isSecret(output));
            const { environment, gateway, registration } = reveal<Connection>(output);
            assert.equal(environment, name);
            assert.equal(gateway.token, `offline-placeholder-for-${name}-token`);
            assert.equal(registration.user, "monitoring-targets");
        }
        assert.doesNotMatch(JSON.stringify(owner.outputs.monitoring), /placeholder-for|PRIVATE/);
        assert.ok(isSecret(owner.outputs.grafanaPassword));
        assert.ok(isSecret(owner.outputs.sshFiles));
    });
    it("registers its own targets after the services stand", () => {
        const targets = owner.registrations.find(({ name }) => name === "metrics-targets")!;
        assert.ok(targets.options.dependsOn.includes("monitoring-ready"), JSON.stringify(targets.options.dependsOn));
    });
    it("gives its own agents their token once the gateway knows it", () => {
        const agent = owner.registrations.find(({ name }) => name === "prod-was-1-log-agent-files")!;
        assert.ok(agent.options.dependsOn.includes("monitoring-ready"), JSON.stringify(agent.options.dependsOn));
    });
    it("asks its guard before anything else goes: prod's own targets and agents too", () => {
        const { options } = owner.registrations.find(({ name }) => name === "members-guard-check")!;
        for (const name of ["metrics-targets", "prod-was-1-log-agent-files", "prod-was-2-log-agent-files", "monitoring-files"]) assert.ok(options.dependsOn.includes(name), name);
    });
    it("sends everything that a machine gets as a secret", () => {
        const sent = owner.registrations.filter(({ name }) => /-files$|^metrics-targets$/.test(name));
        assert.ok(sent.length > 3);
        for (const { name, inputs } of sent) assert.ok(isSecret(inputs.stdin), name);
    });
    it("wires each host with one command, and so with one SSH connection: a component and its child are all that a host costs", () => {
        assert.deepEqual(names(owner.registrations, "prod-was-1-log-agent"), ["Command prod-was-1-log-agent-files"]);
        const [command] = owner.registrations.filter(({ name }) => name === "prod-was-1-log-agent-files");
        assert.deepEqual(decodeBundles(sentScripts(command).input).map(({ machine, name }) => [machine, name]), [["prod-was-1", "log-agent"], ["prod-was-1", "java-agent-photogather"]]);
        assert.deepEqual(owner.registrations.filter(({ name }) => name.startsWith("prod-was-1")).map(({ name }) => name), ["prod-was-1-log-agent", "prod-was-1-log-agent-files"]);
    });
    it("gives the public half of the key that its hosts must let in", () => assert.match(String(owner.outputs.sshPublicKey), /^ssh-ed25519 /));
    it("keeps every input that holds a secret marked as one", () => {
        for (const { name, inputs, custom } of owner.registrations.filter((resource) => resource.custom)) {
            const open = JSON.stringify(inputs, (_, value: unknown) => isSecret(value) ? "[secret]" : value);
            assert.doesNotMatch(open, /offline-placeholder-for-(prod|dev|loadtest)-(token|agent)|PRIVATE KEY/, `${name} ${custom}`);
        }
    });
});

describe("alerts in the owner's config", () => {
    it("reach the host: receivers as secrets, thresholds, and alerts that are left out", async () => {
        const url = "https://hooks.example.com/hush";
        const { registrations } = await runStack("prod", {
            change: ({ monitoring }) => Object.assign(monitoring, { alerting: { page: [{ kind: "webhook", url }], heartbeatUrl: `${url}-beat` }, thresholds: { gcOverhead: 0.37 }, withoutAlerts: ["ClockSkew"] }),
        });
        const file = (end: string) => plannedFiles(registrations).find(({ path: each }) => each.endsWith(end))!.content;
        assert.deepEqual([file("alertmanager/page-0-url"), file("alertmanager/heartbeat-url")], [url, `${url}-beat`]);
        assert.match(file("rules/builtin-jvm.yml"), /jvm_gc_overhead\{job=\\"was\\"\} > 0\.37/);
        assert.doesNotMatch(file("rules/builtin-host.yml"), /ClockSkew/);
        for (const { name, inputs } of registrations) {
            assert.doesNotMatch(JSON.stringify(inputs, (_, value: unknown) => isSecret(value) ? "[secret]" : value), /hush/, name);
        }
    });
});

describe("the key by which a stack logs in to its WAS hosts", () => {
    const rotated = (generations?: number[]) => runStack("dev", {
        change: (sections) => Object.assign(sections, generations ? { deployKeyGenerations: generations } : {}),
        ownerOutputs: { monitoring: shared, connection_dev: connection },
        computed: { [KEY]: (name) => ({ ...COMPUTED[KEY](name, {}), publicKeyOpenssh: `ssh-ed25519 ${name}\n`, privateKeyOpenssh: `${PLACEHOLDER_KEY}${name}` }) },
    });
    const login = ({ registrations }: OfflineRun) => {
        const files = registrations.find(({ name }) => name === "dev-was-1-log-agent-files")!;
        const key = reveal<{ privateKey: string }>(files.inputs.connection).privateKey;
        return { key: key.slice(key.lastIndexOf("dev-")), lets: /awk -v wanted='([^']*)'/.exec(sentScripts(files).create)?.[1] };
    };

    it("is left alone, and so are the hosts' keys, where nothing is said", async () => assert.deepEqual(login(await rotated()), { key: "dev-deploy-key", lets: undefined }));
    it("is still the old one while the new one is let in; then it is the new one, and the old one is not let in", async () => {
        assert.deepEqual(login(await rotated([1, 2])), { key: "dev-deploy-key", lets: "ssh-ed25519:dev-deploy-key ssh-ed25519:dev-deploy-key-2" });
        const run = await rotated([2]);
        assert.deepEqual(login(run), { key: "dev-deploy-key-2", lets: "ssh-ed25519:dev-deploy-key-2" });
        assert.equal(run.outputs.sshPublicKey, "ssh-ed25519 dev-deploy-key-2");
    });
});

describe("a token and a registration key that are rotated", () => {
    /** The owner's run with these generations of dev's. */
    const rotated = (generations: number[]) => withDev({ tokenGenerations: generations, registrationKeyGenerations: generations });
    const withDev = (change: object) => runStack("prod", {
        change: ({ monitoring }) => Object.assign((monitoring.environments as { dev: object }).dev, change),
        computed: { [KEY]: (name) => ({ ...COMPUTED[KEY](name, {}), privateKeyOpenssh: `${PLACEHOLDER_KEY}${name}` }) },
    });
    const given = (run: OfflineRun) => reveal<Connection>(run.outputs.connection_dev);
    const caddyfile = (run: OfflineRun) => plannedFiles(run.registrations).find(({ path: file }) => file.endsWith("gateway/Caddyfile"))!.content;
    const OLD = "offline-placeholder-for-dev-token";
    /** Tokens that begin so. */
    const accepted = (run: OfflineRun, beginning = OLD) => [...caddyfile(run).matchAll(new RegExp(`Authorization "Bearer (${beginning}[^"]*)"`, "g"))].map((match) => match[1]);
    const NEW = `${OLD}-2`;

    it("are both accepted in the first phase, and members are given the new ones", async () => {
        const run = await rotated([1, 2]);
        assert.deepEqual(accepted(run).sort(), [OLD, NEW]);
        assert.equal(given(run).gateway.token, NEW);
        assert.match(given(run).registration.privateKey, /dev-registration-key-2$/);
    });
    it("of one's own: both are accepted while the old one is listed, members are given the new one, and nothing is made", async () => {
        const [old, fresh] = ["dev-token-of-before-0123", "dev-token-of-now-0123456"];
        const bearers = (run: OfflineRun) => accepted(run, "dev-token-").sort();
        const first = await withDev({ token: fresh, previousToken: old });
        assert.deepEqual([bearers(first), given(first).gateway.token], [[old, fresh].sort(), fresh]);
        const second = await withDev({ token: fresh });
        assert.deepEqual([bearers(second), given(second).gateway.token], [[fresh], fresh]);
        for (const { registrations } of [first, second]) assert.ok(!registrations.some(({ name }) => name.startsWith("dev-token")));
        assert.ok(isSecret(first.outputs.connection_dev));
    });
    it("leave the old ones refused in the second phase, and nothing new is made", async () => {
        const run = await rotated([2]);
        assert.deepEqual(accepted(run), [NEW]);
        const made = run.registrations.map(({ name }) => name).filter((name) => /^dev-(token|registration-key)/.test(name));
        assert.deepEqual(made.sort(), ["dev-registration-key-2", "dev-token-2"]);
    });
});

describe("a member stack", () => {
    it("takes the owner's outputs and makes nothing shared", async () => {
        const { registrations } = await run("dev", { monitoring: shared, connection_dev: connection });
        assert.deepEqual(names(registrations), [
            "LogAgent dev-was-1-log-agent", "MetricsTarget metrics", "PrivateKey dev-agent-key", "PrivateKey dev-deploy-key",
            "RandomPassword dev-agent-password", "SelfSignedCert dev-agent-certificate", "StackReference organization/photogather-monitoring/prod",
        ].filter((name) => !name.startsWith("StackReference")));
    });

    const refused = async (outputs: Record<string, unknown>): Promise<string> => {
        const ignore = () => undefined; // the stack's own promises fail with the same error
        process.on("unhandledRejection", ignore);
        try {
            const { registrations } = await run("dev", outputs);
            assert.fail(`registered ${names(registrations).join(", ")}`);
        } catch (error) {
            return (error as Error).message;
        } finally {
            await new Promise((resolve) => setImmediate(resolve));
            process.off("unhandledRejection", ignore);
        }
    };

    it("says that a connection could not be decrypted", async () => assert.match(await refused({ monitoring: shared, connection_dev: {} }), /connection_dev: .*could not be decrypted/));
    it("says that the owner does not list its environment", async () =>
        assert.match(await refused({ monitoring: { ...shared, environments: { prod: shared.environments.dev } } }), /environment: the owner does not list "dev" \(it lists prod\)/));
    it("says that the named stack owns nothing", async () => assert.match(await refused({}), /monitoring\.stack: that stack has no output `monitoring`/));
    it("says which host the owner would refuse to scrape", async () =>
        assert.match(await refused({ monitoring: { ...shared, environments: { dev: { cidrs: ["192.0.2.0/24"] } } }, connection_dev: connection }), /was\[0\]\.address: 10\.0\.2\.11 \(dev-was-1\) is not within/));
});

describe("the environment's wiring", () => {
    const was = (changes: Partial<Was> = {}): Was => ({
        name: "was-1", address: "10.0.0.1", application: "shop", runtime: "systemd", metrics: "pull", agent: "alloy", labels: {}, canary: false, applications: [],
        actuator: { enabled: true, port: 8080, path: "/actuator/prometheus", scheme: "http", username: "", password: "", ca: "", serverName: "" },
        logs: { files: [], units: [], containers: [], applications: {} }, hostMetrics: { enabled: true, port: 12345 },
        tracing: { enabled: true, javaAgent: true, service: "", container: "", restart: false, listenAddress: "127.0.0.1", properties: {}, methods: {}, percentage: 100, slowMs: 500 },
        patterns: {}, redactions: {}, artifacts: {}, ...changes,
    });
    const withLogin = (name: string, password: string) => was({ name, actuator: { ...was().actuator, username: "u", password } });

    it("plans a target for the application, one for the host and one for its agent", () =>
        assert.deepEqual(planTargets([was()]).map(({ kind, address, profile }) => [kind, address, profile]), [
            ["application", "10.0.0.1:8080", ""], ["host", "10.0.0.1:12345", "log-agent"], ["agent", "10.0.0.1:12345", "log-agent"],
        ]));
    it("puts an IPv6 address in brackets", () => assert.equal(planTargets([was({ address: "fd00::1" })])[0].address, "[fd00::1]:8080"));
    it("leaves out what is switched off", () =>
        assert.deepEqual(planTargets([was({ actuator: { ...was().actuator, enabled: false }, hostMetrics: { enabled: false, port: 1 } })]), []));
    it("plans a target, a Java agent and log sources for each application beside the first", () => {
        const beside = { name: "pay", actuator: { ...was().actuator, port: 8081, username: "u", password: "x" }, tracing: { ...was().tracing, service: "pay.service", restart: true } };
        const host = was({ applications: [beside] });
        assert.deepEqual(planTargets([host]).filter(({ kind }) => kind === "application").map(({ application, instance, address, profile }) => [application, instance, address, profile]), [
            ["shop", "was-1", "10.0.0.1:8080", ""], ["pay", "was-1", "10.0.0.1:8081", "actuator-was-1-pay"],
        ]);
        assert.deepEqual(Object.keys(actuatorProfiles([host])), ["actuator-was-1-pay"]);
        assert.deepEqual(javaAgentArgs(host, "prod").map(({ path, settings: { application, instance, restartService } }) => [path, application, instance, restartService]), [
            ["", "shop", "was-1", undefined], ["applications[0].", "pay", "was-1", "pay.service"],
        ]);
        assert.deepEqual(javaAgentArgs(was({ applications: [beside], tracing: { ...was().tracing, enabled: false } }), "prod"), []);
    });
    it("of a host that pushes, the agent is given what it must collect and where it goes, and Prometheus no target", () => {
        const host = was({ metrics: "push", actuator: { ...was().actuator, username: "u", password: "x" } });
        assert.deepEqual([planTargets([host]), actuatorProfiles([host])], [[], {}]);
        const credentials = { username: "prometheus", password: "p", certificate: "c", privateKey: "k" };
        const gateway = { url: "https://10.0.0.5:8080", ca: "", token: "t" };
        const { external, push, hostMetrics } = logAgentArgs(host, {}, { environment: "dev", gateway, pushEndpoint: { ...gateway, url: `${gateway.url}/push` }, credentials });
        assert.deepEqual([Object.keys(external!), push!.host, push!.applications!.map(({ address, username }) => [address, username]), hostMetrics], [["metrics"], true, [["127.0.0.1:8080", "u"]], undefined]);
    });
    it("shares a profile between hosts with the same credentials", () => {
        const hosts = [withLogin("a", "x"), withLogin("b", "x"), withLogin("c", "y")];
        assert.deepEqual(planTargets(hosts).filter(({ kind }) => kind === "application").map(({ profile }) => profile), ["actuator-a", "actuator-a", "actuator-c"]);
        assert.deepEqual(Object.keys(actuatorProfiles(hosts)), ["actuator-a", "actuator-c"]);
    });
    it("a jump host without a key of its own takes the host's", async () => {
        const jump = { address: "10.0.0.9", hostKey: "ssh-ed25519 AAAA" };
        const { ssh } = machineOf(was({ ssh: { address: "10.0.0.1", hostKey: "ssh-ed25519 AAAA", privateKey: PLACEHOLDER_KEY, jump } }), "", undefined);
        await runOffline(async () => {
            const key = await new Promise((resolve) => pulumi.output(ssh!.jump!.privateKey).apply(resolve));
            assert.equal(key, PLACEHOLDER_KEY);
        });
    });
});

describe("the offline plan", () => {
    it("draws each resource under its parent, once", async () => {
        const { registrations } = await run("dev", { monitoring: shared, connection_dev: connection });
        const tree = renderTree("photogather-monitoring-dev", registrations).split("\n");
        assert.equal(tree.length, registrations.length + 1);
        assert.ok(tree.some((line) => /│ {2}└─ command:remote:Command +metrics-targets$/.test(line)), tree.join("\n"));
    });
    it("finds every file, by machine and path", async () => {
        const { registrations } = await run("dev", { monitoring: shared, connection_dev: connection });
        const files = plannedFiles(registrations).map((file) => file.path);
        for (const expected of ["dev-was-1/etc/photogather-monitoring/log-agent/config.alloy", "dev-was-1/etc/photogather-monitoring/java-agent/photogather.env"]) assert.ok(files.includes(expected), expected);
    });
});
