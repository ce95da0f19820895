import assert from "node:assert/strict";
import * as fc from "fast-check";
import * as pulumi from "@pulumi/pulumi";
import { parse } from "yaml";
import { LogAgent, LogAgentArgs, logAgentTargets } from "../../components/log-agent";
import { renderAlloyConfig } from "../../components/log-agent/alloy";
import { planBundle } from "../../components/log-agent/bundle";
import { planMounts, renderInstall, renderPrepare, renderRemove, renderStartPromtail, renderUnit } from "../../components/log-agent/install";
import { fixedDirectory, LogAgentPlan, planDirectories, planLogAgent } from "../../components/log-agent/plan";
import { renderPromtailConfig } from "../../components/log-agent/promtail";
import { validateLogAgent } from "../../components/log-agent/validate";
import { isSecret, record } from "../../tools/offline";
import { sentBundle, sentScripts } from "../support/sent";
import { matchesGolden } from "../support/golden";
import { HOSTILE, hostileString } from "../support/hostile";
import { alloyStrings, sampleAgent, SECRETS, TOKEN } from "../support/log-agent-samples";

const GATEWAY = { url: "https://10.0.0.5:8080", hasCa: true };
const metrics = { ...SECRETS };
const full = (change: Partial<LogAgentArgs> = {}): LogAgentArgs => sampleAgent({
    logs: { files: ["/var/log/shop/*.log", "/srv/pay/log/pay.log"], units: ["shop"], containers: ["shop-.*", "pay"], applications: { "/srv/pay/log/pay.log": "pay", pay: "pay" } },
    labels: { team: "orders" }, redactions: { ssn: "\\d{3}-\\d{2}-\\d{4}" }, sampling: { percentage: 25, slowMs: 500 }, hostMetrics: metrics, ...change,
});
const promtail = (change: Partial<LogAgentArgs> = {}) => full({ agent: "promtail", sampling: undefined, hostMetrics: undefined, ...change });
const paths = (args: LogAgentArgs) => validateLogAgent(args).map(({ path }) => path);

describe("log agent's rendered files", () => {
    for (const [name, args] of Object.entries({
        "alloy-systemd": full(), "alloy-docker": full({ runtime: "docker" }), "promtail-systemd": promtail(), "promtail-docker": promtail({ runtime: "docker" }),
        "alloy-least": sampleAgent({ otlp: { enabled: false } }),
    })) {
        it(`${name} is as kept under tests/golden`, () => {
            const plan = planLogAgent(args);
            const bundle = planBundle(plan, { url: GATEWAY.url, ca: "CA\n", token: TOKEN }, plan.metrics.enabled ? SECRETS : undefined);
            for (const { path, content } of bundle.files) matchesGolden(`log-agent/${name}${path}`, content);
            matchesGolden(`log-agent/${name}/before.sh`, renderPrepare(plan));
            matchesGolden(`log-agent/${name}/after.sh`, renderInstall(plan));
        });
    }
    it("removal is one script, whatever the runtime and the agent were", () => matchesGolden("log-agent/remove.sh", renderRemove()));
    it("secrets stand alone in files that only root and the agent can read", () => {
        const { files } = planBundle(planLogAgent(full()), { url: GATEWAY.url, ca: "CA", token: TOKEN }, SECRETS);
        for (const { path, content, mode, owner } of files) {
            const secret = [TOKEN, SECRETS.password, SECRETS.privateKey].some((each) => content.includes(each));
            assert.equal(secret, /\/(token|http-password|http-key\.pem)$/.test(path), path);
            if (secret) assert.deepEqual([mode, owner], ["0640", "root:photogather-log-agent"], path);
        }
    });
    it("the CA has a file and a mention only where there is one", () => {
        const plan = planLogAgent(sampleAgent());
        const { files } = planBundle(plan, { url: "http://10.0.0.5:8080", ca: "", token: TOKEN });
        assert.ok(files.every(({ path, content }) => !path.endsWith("ca.pem") && !content.includes("ca.pem")));
    });
    it("hostile values come back from Alloy's strings as they were", () => {
        fc.assert(fc.property(hostileString(), (value) => {
            const strings = alloyStrings(renderAlloyConfig(hostilePlan(value), { url: value, hasCa: true }));
            // Labels, patterns, redactions, sources, applications, and the gateway's address.
            for (const expected of [value, `${value}/otlp`, `/(?:${value})`, `_SYSTEMD_UNIT=${value}.service`]) assert.ok(strings.includes(expected), expected);
        }));
    });
    it("hostile values come back from Promtail's YAML as they were", () => {
        fc.assert(fc.property(hostileString(), (value) => {
            const config = parse(renderPromtailConfig(hostilePlan(value), { url: value, hasCa: true }));
            assert.equal(config.clients[0].url, `${value}/loki/api/v1/push`);
            assert.equal(config.scrape_configs[0].static_configs[0].labels.__path__, value);
            assert.equal(config.scrape_configs[1].journal.labels.unit, value);
            for (const job of config.scrape_configs) {
                const stages = Object.assign({}, ...job.pipeline_stages);
                assert.equal(stages.static_labels.team, value);
                assert.equal(stages.multiline.firstline, value);
                assert.equal(stages.regex.expression, value);
                assert.deepEqual(stages.labelallow, ["environment", "application", "instance", "source"]);
            }
        }));
    });
    it("no value adds a line to the unit or breaks out of a shell word", () => {
        const lines = (plan: LogAgentPlan) => renderUnit(plan).split("\n").length;
        const plain = lines(planLogAgent(full()));
        for (const value of HOSTILE) {
            const plan = hostilePlan(value);
            assert.equal(lines(plan), plain);
            assert.ok(renderStartPromtail({ ...plan, runtime: "docker" }).includes(`image='${value.replace(/'/g, `'\\''`)}'`));
        }
    });
});

/** A plan with the value wherever a user's text can come in, past validation. */
function hostilePlan(value: string): LogAgentPlan {
    const plan = planLogAgent(full());
    const source = { value, application: value, label: value };
    return {
        ...plan, environment: value, host: value, application: value, labels: { team: value }, firstLine: value,
        fields: [{ name: "level", expressions: [value] }], redactions: [{ name: "x", expression: value }],
        files: [source], units: [source], containers: [source], install: { ...plan.install, image: value, downloadUrl: value },
    };
}

describe("log agent's plan", () => {
    it("mounts the part of a glob before its first wildcard, each directory once", () => {
        assert.equal(fixedDirectory("/var/log/shop/app.log"), "/var/log/shop");
        assert.equal(fixedDirectory("/srv/shop-*/log/*.log"), "/srv");
        assert.deepEqual(planDirectories(["/var/log/shop/*.log", "/var/log/shop/old/*.log", "/var/log/shop2/x", "/srv/{a,b}/c"]), ["/srv", "/var/log/shop", "/var/log/shop2"]);
    });
    it("a source has its own application where one is given", () => {
        const { files, containers } = planLogAgent(full());
        assert.deepEqual(files.map(({ application }) => application), ["shop", "pay"]);
        assert.deepEqual(containers.map(({ application }) => application), ["shop", "pay"]);
    });
    it("a source's name depends on the source alone, so that its position is kept when the list changes", () => {
        const label = (units: string[]) => planLogAgent(full({ logs: { units } })).units.find(({ value }) => value === "shop")!.label;
        assert.equal(label(["shop"]), label(["other", "shop"]));
        fc.assert(fc.property(fc.uniqueArray(hostileString(), { minLength: 2, maxLength: 5 }), (files) => {
            const labels = planLogAgent(full({ logs: { files } })).files.map(({ label: each }) => each);
            assert.equal(new Set(labels).size, files.length);
            assert.ok(labels.every((each) => /^s_\w+$/.test(each)));
        }));
    });
    it("sampling of 100 % judges nothing", () => {
        assert.ok(!renderAlloyConfig(planLogAgent(sampleAgent()), GATEWAY).includes("tail_sampling"));
        assert.ok(renderAlloyConfig(planLogAgent(sampleAgent({ sampling: { percentage: 99 } })), GATEWAY).includes("tail_sampling"));
    });
    it("the Docker socket and the docker group come only with containers", () => {
        const without = planLogAgent(sampleAgent());
        assert.ok(!renderUnit(without).includes("SupplementaryGroups"));
        assert.ok(!planMounts(without).some((mount) => mount.includes("docker.sock")));
        assert.ok(renderUnit(planLogAgent(full())).includes("SupplementaryGroups=docker"));
    });
    it("listens beyond loopback only for host metrics, which are always behind TLS", () => {
        assert.ok(renderUnit(planLogAgent(sampleAgent())).includes("--server.http.listen-addr=127.0.0.1:12345"));
        const plan = planLogAgent(full());
        assert.ok(renderUnit(plan).includes("--server.http.listen-addr=0.0.0.0:12345"));
        assert.match(renderAlloyConfig(plan, GATEWAY), /http \{[^}]*auth[\s\S]*?tls \{/);
    });
});

describe("log agent's validation", () => {
    it("finds nothing wrong with the samples", () => {
        for (const args of [sampleAgent(), full(), promtail(), full({ runtime: "docker" })]) assert.deepEqual(validateLogAgent(args), []);
    });
    it("reports every problem at once, each with its path", () => {
        assert.deepEqual(paths({
            ...full(), host: "no spaces", environment: "Prod", application: "", runtime: "podman", agent: "fluentd", gateway: { url: "10.0.0.5", ca: "", token: "" },
            logs: { files: ["relative.log", "/*.log", "/var/log/"], units: ["a b"], containers: ["("], applications: { nobody: "x" } },
            labels: { trace_id: "x", "Bad-Name": "y", ok: "a\nb" }, patterns: { level: "INFO", firstLine: "", traceId: "(?=x)(y)" }, redactions: { a: "(b", c: "(?P<level>x)" },
            otlp: { address: "::x::y z", port: 0 }, sampling: { percentage: 101, slowMs: -1 }, hostMetrics: { port: 70000, password: "short", certificate: "file.pem", privateKey: "key" },
            buffer: { logsMiB: 1 }, memoryMiB: 1, image: "a b", artifact: { version: "a/b", url: "ftp://x", sha256: { mips: "x" } }, promtailDirectory: "/home",
        }), [
            "host", "environment", "application", "runtime", "agent", "gateway.url", "logs.files[0]", "logs.files[1]", "logs.files[2]", "logs.units[0]", "logs.containers[0]",
            'logs.applications["nobody"]', "labels.trace_id", 'labels."Bad-Name"', "labels.ok", "patterns.level", "patterns.firstLine", "patterns.traceId", "redactions.a",
            "redactions.c", "otlp.address", "otlp.port", "sampling.percentage", "sampling.slowMs", "hostMetrics.port", "hostMetrics.password", "hostMetrics.certificate",
            "hostMetrics.privateKey", "buffer.logsMiB", "memoryMiB", "image", "artifact.version", "artifact.url", "artifact.sha256.mips", "artifact.sha256.mips", "promtailDirectory",
        ]);
    });
    it("says that Promtail has no traces and no host metrics", () => {
        assert.deepEqual(paths(full({ agent: "promtail", otlp: { enabled: true } })), ["otlp.enabled", "hostMetrics"]);
    });
    it("wants something to read, something to keep, and two ports", () => {
        assert.deepEqual(paths(sampleAgent({ logs: {} })), ["logs"]);
        assert.deepEqual(paths(sampleAgent({ sampling: { percentage: 0, slowMs: 0, keepErrors: false } })), ["sampling"]);
        assert.deepEqual(paths(sampleAgent({ otlp: { port: 12345 } })), ["otlp.port"]);
    });
    it("lets no hostile text through where it would reach a path, a shell word or a program's arguments", () => {
        for (const value of HOSTILE.filter((each) => /[^A-Za-z0-9]/.test(each))) {
            assert.ok(paths(sampleAgent({ host: value })).includes("host"), value);
            assert.ok(paths(sampleAgent({ promtailDirectory: value })).includes("promtailDirectory"), value);
            assert.ok(paths(sampleAgent({ image: ` ${value}` })).includes("image"), value);
        }
    });
});

describe("LogAgent", () => {
    it("is one component with one command, everything secret on stdin", async () => {
        const [component, command, ...more] = await record(() => new LogAgent("was-1", { ...full(), machine: { ssh: { address: "10.1.0.2", privateKey: "-----BEGIN PRIVATE KEY-----", hostKey: "ssh-ed25519 AAAA" } } }));
        assert.deepEqual([component.type, component.name, component.custom], ["photogather-monitoring:index:LogAgent", "was-1", false]);
        assert.deepEqual([command.type, command.name, command.parent], ["command:remote:Command", "was-1-files", "was-1"]);
        assert.equal(more.length, 0);
        assert.ok(isSecret(command.inputs.stdin));
        const bundle = sentBundle(command)!;
        assert.deepEqual([bundle.machine, bundle.name], ["was-1", "log-agent"]);
        const scripts = sentScripts(command);
        for (const script of [scripts.create, scripts.delete]) assert.ok(![TOKEN, SECRETS.password, SECRETS.privateKey].some((secret) => script.includes(secret)));
    });
    it("takes the gateway and the secrets as outputs, also when they are not known yet", async () => {
        const later = <T>(value: T) => pulumi.secret(pulumi.output(value));
        const args = { ...full(), gateway: later({ url: GATEWAY.url, ca: "CA", token: TOKEN }), hostMetrics: { password: later(SECRETS.password), certificate: later(SECRETS.certificate), privateKey: later(SECRETS.privateKey) } };
        const [, command] = await record(() => new LogAgent("was-1", args));
        const { files } = sentBundle(command)!;
        assert.equal(files.find(({ path }) => path.endsWith("/token"))?.content, TOKEN);
        assert.equal(files.find(({ path }) => path.endsWith("/http-password"))?.content, SECRETS.password);
    });
    it("refuses bad arguments before any resource", async () => {
        await assert.rejects(record(() => new LogAgent("was-1", sampleAgent({ runtime: "podman" }))), /LogAgent was-1 has 1 problem:\n {2}runtime: expected one of "systemd", "docker", got "podman"/);
    });
    it("names the host's metrics and its own for Prometheus", () => {
        const common = { profile: "log-agent", address: "[fd00::2]:12345", scheme: "https", application: "shop", instance: "was-1", labels: {} };
        assert.deepEqual(logAgentTargets({ address: "fd00::2", host: "was-1", application: "shop" }), [
            { ...common, kind: "host", path: "/api/v0/component/prometheus.exporter.unix.host/metrics" }, { ...common, kind: "agent", path: "/metrics" },
        ]);
    });
});
