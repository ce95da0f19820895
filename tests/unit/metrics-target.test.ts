import assert from "node:assert/strict";
import * as pulumi from "@pulumi/pulumi";
import fc from "fast-check";
import { MetricsTarget, MetricsTargetArgs, RegistrationArgs, TargetArgs } from "../../components/metrics-target";
import {
    REGISTRATION, registrationApplyScript, registrationFiles, registrationRemoveScript, registrationSetupScript, renderAuthorizedKeys, renderPolicy,
    validateRegistration,
} from "../../components/metrics-target/registration";
import { scrapeJobs } from "../../components/metrics-target/scrape-jobs";
import { KnownTarget, renderTargets, validateTargets } from "../../components/metrics-target/targets";
import { isSecret, record, reveal } from "../../tools/offline";
import { matchesGolden } from "../support/golden";
import { hostileString } from "../support/hostile";

const HOST_KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHost";
const PRIVATE_KEY = "-----BEGIN OPENSSH PRIVATE KEY-----\nx\n-----END OPENSSH PRIVATE KEY-----\n";
const application: KnownTarget = { kind: "application", address: "10.1.0.2:8080", application: "orders", instance: "orders-1" };
const host: KnownTarget = { kind: "host", address: "10.1.0.2:12345", application: "orders", instance: "orders-1", profile: "log-agent" };
const registration: RegistrationArgs = { address: "10.0.0.5", privateKey: PRIVATE_KEY, hostKey: HOST_KEY };
const gateway = { url: "https://10.0.0.5:8080", ca: "", token: "t".repeat(20) };
const base: MetricsTargetArgs = {
    environment: "dev",
    registration,
    targets: [application, host],
    profiles: { "log-agent": { username: "prometheus", password: "s3cret" } },
};
const problems = (change: Partial<MetricsTargetArgs>) => validateTargets({ ...base, ...change }).map(({ path, message }) => `${path}: ${message}`);
const withTarget = (change: Partial<TargetArgs>) => problems({ targets: [{ ...application, ...change }] });

describe("MetricsTarget", () => {
    it("is one command that speaks the forced command's two words, with the list on stdin as a secret", async () => {
        const [component, command, ...rest] = await record(() => new MetricsTarget("metrics", base));
        assert.deepEqual(rest, []);
        assert.deepEqual([component.type, component.name], ["photogather-monitoring:index:MetricsTarget", "metrics"]);
        assert.deepEqual([command.type, command.name, command.parent], ["command:remote:Command", "metrics-targets", "metrics"]);
        const { stdin, connection, ...inputs } = command.inputs;
        assert.deepEqual(inputs, { create: "set", delete: "remove", triggers: ["dev"], addPreviousOutputInEnv: false, logging: "none" });
        assert.ok(isSecret(stdin));
        const profiles = { "log-agent": { username: "prometheus", password: "s3cret" } };
        assert.equal(reveal(stdin), renderTargets({ environment: "dev", targets: [application, host], profiles }));
        const { host: address, port, user, hostKey } = reveal<Record<string, unknown>>(connection);
        assert.deepEqual({ address, port, user, hostKey }, { address: "10.0.0.5", port: 22, user: "monitoring-targets", hostKey: HOST_KEY });
    });

    it("goes through a jump host", async () => {
        const jump = { address: "192.0.2.1", privateKey: PRIVATE_KEY, hostKey: HOST_KEY };
        const [, command] = await record(() => new MetricsTarget("metrics", { ...base, registration: { ...registration, jump } }));
        assert.equal((reveal<{ proxy: { host: string } }>(command.inputs.connection)).proxy.host, "192.0.2.1");
    });

    it("takes the registration as one output, as a StackReference gives it", async () => {
        const [, command] = await record(() => new MetricsTarget("metrics", { ...base, registration: pulumi.secret(registration) }));
        const { host: address, port, user, hostKey, proxy } = reveal<Record<string, unknown>>(command.inputs.connection);
        assert.deepEqual({ address, port, user, hostKey, proxy }, { address: "10.0.0.5", port: 22, user: "monitoring-targets", hostKey: HOST_KEY, proxy: undefined });
    });

    it("reports every problem at once before there is a resource", async () => {
        const args = { ...base, environment: "Dev", mode: "both", registration: { ...registration, hostKey: "x" }, targets: [{ ...application, kind: "was" }] };
        await assert.rejects(record(() => new MetricsTarget("metrics", args)), (error: Error) => {
            for (const path of ["environment", "mode", "targets[0].kind", "registration.hostKey"]) assert.ok(error.message.includes(`  ${path}: `), path);
            return error.message.startsWith("MetricsTarget metrics has 4 problems:");
        });
    });
});

describe("renderTargets", () => {
    it("renders the list that register-targets reads", () => {
        const full: KnownTarget = { ...application, path: "/actuator/prometheus", scheme: "https", intervalSeconds: 30, labels: { team: "orders", empty: "" } };
        assert.deepEqual(JSON.parse(renderTargets({ environment: "dev", targets: [full], profiles: {} })), {
            format: 1, environment: "dev", profiles: {},
            targets: [{
                kind: "application", profile: "", address: "10.1.0.2:8080",
                labels: {
                    application: "orders", instance: "orders-1", team: "orders",
                    __metrics_path__: "/actuator/prometheus", __scheme__: "https", __scrape_interval__: "30s",
                },
            }],
        });
    });

    it("does not depend on the order in which targets, profiles and labels are given", () => {
        const more = { ...application, instance: "orders-2", labels: { b: "2", a: "1" } };
        const turned = { ...application, instance: "orders-2", labels: { a: "1", b: "2" } };
        const profiles = { a: { username: "x" }, "log-agent": {} };
        assert.equal(
            renderTargets({ environment: "dev", targets: [application, host, more], profiles }),
            renderTargets({ environment: "dev", targets: [turned, host, application], profiles: Object.fromEntries(Object.entries(profiles).reverse()) }),
        );
    });

    it("changes with repair, which means nothing else", () => {
        const list = { environment: "dev", targets: [application], profiles: {} };
        assert.deepEqual(JSON.parse(renderTargets({ ...list, repair: "1" })), { ...JSON.parse(renderTargets(list)), repair: "1" });
    });

    it("leaves out profiles that no target names", () => {
        assert.deepEqual(JSON.parse(renderTargets({ environment: "dev", targets: [application], profiles: { "log-agent": {} } })).profiles, {});
    });

    it("carries any text as it is", () => {
        fc.assert(fc.property(hostileString(), hostileString(), (value, password) => {
            const targets = [{ ...host, labels: { team: value || "x" } }];
            const list = JSON.parse(renderTargets({ environment: "dev", targets, profiles: { "log-agent": { password } } }));
            assert.equal(list.targets[0].labels.team, value || "x");
            assert.equal(list.profiles["log-agent"].password, password);
        }));
    });
});

describe("validateTargets", () => {
    it("accepts what is right", () => {
        assert.deepEqual(problems({}), []);
        for (const address of ["[fd00::2]:8080", "was.example.internal:1", "10.1.0.2:65535"]) assert.deepEqual(withTarget({ address }), [], address);
        assert.deepEqual(withTarget({ path: "/actuator/prometheus", scheme: "https", intervalSeconds: 15, labels: { team: "주문" } }), []);
    });

    const wrong: [string, string[], string][] = [
        ["targets that push", problems({ mode: "push", gateway, registration: undefined, profiles: undefined, targets: [application] }),
            'targets: is for mode "pull": a host that pushes is no target, and its agent scrapes push.applications of LogAgent'],
        ["pushing to nowhere", problems({ mode: "push", registration: undefined, targets: undefined, profiles: undefined }), 'gateway: is needed with mode "push"'],
        ["pulling by nobody", problems({ registration: undefined }), 'registration: is needed with mode "pull"'],
        ["pulling nothing", problems({ targets: undefined }), 'targets: is needed with mode "pull"'],
        ["a gateway for what is pulled", problems({ gateway }), 'gateway: is for mode "push"'],
        ["an unknown mode", problems({ mode: "both" }), 'mode: expected one of "pull", "push", got "both"'],
        ["an address without port", withTarget({ address: "10.1.0.2" }), 'targets[0].address: expected HOST:PORT, or [IPv6]:PORT, got "10.1.0.2"'],
        ["a URL", withTarget({ address: "http://10.1.0.2:80" }), 'targets[0].address: expected HOST:PORT, or [IPv6]:PORT, got "http://10.1.0.2:80"'],
        ["a port that is none", withTarget({ address: "10.1.0.2:70000" }), "targets[0].address: expected a port from 1 to 65535, got 70000"],
        ["no application", withTarget({ application: "" }),
            'targets[0].application: expected one line of at most 256 bytes without blanks at either end, got ""'],
        ["an unknown profile", withTarget({ profile: "x" }), 'targets[0].profile: no profile is named "x"; profiles: log-agent'],
        ["a path with a query", withTarget({ path: "/x?y" }), 'targets[0].path: expected a path such as "/actuator/prometheus", without query, got "/x?y"'],
        ["another scheme", withTarget({ scheme: "ftp" }), 'targets[0].scheme: expected one of "http", "https", got "ftp"'],
        ["half a second", withTarget({ intervalSeconds: 0.5 }), "targets[0].intervalSeconds: expected a whole number of seconds, got 0.5"],
        ["a label of Prometheus", withTarget({ labels: { __address__: "x" } }),
            "targets[0].labels.__address__: expected a label name of letters, digits and underscores that does not begin with __"],
        ["the label environment", withTarget({ labels: { environment: "prod" } }),
            'targets[0].labels.environment: "environment" is set by other arguments or by the monitoring host'],
        ["the same series twice", problems({ targets: [application, { ...application, address: "10.1.0.3:1" }] }),
            'targets[1].instance: is the same as that of targets[0]: "orders-1"'],
        ["a password alone", problems({ profiles: { "log-agent": { password: "x" } } }), "profiles.log-agent.username: is needed beside a password"],
        ["a password of two lines", problems({ profiles: { "log-agent": { username: "u", password: "s3cret\n" } } }),
            "profiles.log-agent.password: expected one line without blanks at either end: Prometheus trims them"],
        ["a user with a colon", problems({ profiles: { "log-agent": { username: "a:b" } } }),
            "profiles.log-agent.username: expected printable ASCII without a colon"],
        ["a CA's path", problems({ profiles: { "log-agent": { ca: "/etc/ca.pem" } } }),
            "profiles.log-agent.ca: expected PEM that begins with -----BEGIN CERTIFICATE-----"],
        ["a profile's name with a dot", problems({ profiles: { "log-agent": {}, "a.b": {} } }), "profiles.a.b: expected a profile name without dots"],
    ];
    for (const [name, found, expected] of wrong) it(`names ${name}`, () => assert.deepEqual(found, [expected]));
});

describe("registration on the monitoring host", () => {
    const dev = { publicKeys: [HOST_KEY, `${HOST_KEY}2 rotated`], cidrs: ["10.1.0.0/16"], labels: ["team"] };
    const args = { environments: { prod: { publicKeys: [HOST_KEY], cidrs: ["10.0.0.0/16", "fd00::/64"] }, dev } };

    it("puts program, keys and policies on the host, only the written directories being the user's", () => {
        const { files, directories } = registrationFiles(args);
        assert.deepEqual(files.map(({ path, mode, owner }) => [path, mode, owner]), [
            ["/usr/local/lib/photogather-monitoring/register-targets", "0755", undefined],
            ["/etc/photogather-monitoring/registration-home/.ssh/authorized_keys", undefined, undefined],
            ["/etc/photogather-monitoring/registration/dev.json", undefined, undefined],
            ["/etc/photogather-monitoring/registration/prod.json", undefined, undefined],
        ]);
        assert.deepEqual(directories.filter(({ owner }) => owner), [
            ...["targets", "scrape", "credentials"].map((name) => ({ path: `${REGISTRATION.root}/${name}`, mode: "2750", owner: "monitoring-targets:65534" })),
            { path: "/var/lib/photogather-monitoring/data/registration", mode: "0700", owner: "monitoring-targets:monitoring-targets" },
        ]);
        matchesGolden("monitoring-host/etc/photogather-monitoring/registration-home/.ssh/authorized_keys", files[1].content);
        matchesGolden("monitoring-host/etc/photogather-monitoring/registration/dev.json", files[2].content);
    });

    it("keeps the lists in the data directory that is given", () => {
        const { files, directories } = registrationFiles({ ...args, dataDirectory: "/data" });
        assert.ok(files[1].content.includes('command="/usr/local/lib/photogather-monitoring/register-targets --requests /data/registration dev"'));
        assert.equal(directories.at(-1)?.path, "/data/registration");
    });

    it("binds every key to one environment", () => {
        const lines = renderAuthorizedKeys(args.environments, "/program").split("\n").filter((line) => line && !line.startsWith("#"));
        assert.deepEqual(lines, [
            `restrict,command="/program dev" ${HOST_KEY}`, `restrict,command="/program dev" ${HOST_KEY}2 rotated`,
            `restrict,command="/program prod" ${HOST_KEY}`,
        ]);
    });

    it("gives the policy the base jobs that the owner's scrape file has", () => {
        const policy = JSON.parse(renderPolicy("dev", { ...dev, limits: { sampleLimit: 9 } }));
        assert.deepEqual(policy.jobs, scrapeJobs("dev", { sampleLimit: 9 }));
        assert.deepEqual(policy.jobs.application.file_sd_configs, [{ files: ["/etc/prometheus/registered/targets/dev.application.json"] }]);
        assert.deepEqual(policy.jobs.host.relabel_configs, [{ target_label: "environment", replacement: "dev" }, { target_label: "job", replacement: "host" }]);
        assert.equal(policy.jobs.host.follow_redirects, false);
    });

    it("keeps what tells an agent's state, and leaves its histograms and the insides of its queue", () => {
        const { agent, host } = scrapeJobs("dev");
        assert.deepEqual(agent.relabel_configs, [{ target_label: "environment", replacement: "dev" }, { target_label: "job", replacement: "agent" }]);
        assert.equal(host.metric_relabel_configs, undefined);
        const [{ action, source_labels: [label], regex }] = agent.metric_relabel_configs!;
        assert.deepEqual([action, label], ["keep", "__name__"]);
        const kept = (name: string) => new RegExp(`^(?:${regex})$`).test(name);
        for (const name of ["otelcol_exporter_queue_size", "otelcol_exporter_sent_log_records_total", "otelcol_exporter_send_failed_spans_total", "alloy_build_info",
            "loki_source_file_read_lines_total", "process_resident_memory_bytes"]) assert.ok(kept(name), name);
        for (const name of ["otelcol_exporter_queue_batch_send_size_bucket", "go_gc_duration_seconds", "alloy_component_evaluation_seconds_bucket", "node_load1"]) {
            assert.ok(!kept(name), name);
        }
    });

    it("renders its scripts", () => {
        matchesGolden("scripts/registration-setup.sh", registrationSetupScript());
        matchesGolden("scripts/registration-apply.sh", registrationApplyScript());
        matchesGolden("scripts/registration-remove.sh", registrationRemoveScript());
    });

    it("reports every problem of a policy", () => {
        const found = validateRegistration({
            environments: {
                dev: {
                    publicKeys: ["ssh-ed25519 AAAA\nssh-ed25519 BBBB"], cidrs: ["10.1.0.0"], hosts: ["0x7f000001", "a b"], labels: ["job", "__x", "a-b"],
                    maxTargets: 0, minIntervalSeconds: 5, maxIntervalSeconds: 300,
                },
                "a/b": { publicKeys: [], cidrs: [] },
            },
        });
        assert.deepEqual(found.map(({ path }) => path), [
            "dev.publicKeys[0]", "dev.cidrs[0]", "dev.hosts[0]", "dev.hosts[1]", "dev.labels[2]", "dev.labels[0]", "dev.labels[1]", "dev.maxTargets",
            "dev.minIntervalSeconds", "dev.maxIntervalSeconds", "a/b",
        ]);
        assert.deepEqual(validateRegistration(args), []);
    });
});
