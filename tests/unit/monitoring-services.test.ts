import assert from "node:assert/strict";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import * as pulumi from "@pulumi/pulumi";
import { MembersGuard, MonitoringServices, MonitoringServicesArgs } from "../../components/monitoring-services";
import { HOST_SERIES } from "../../components/monitoring-services/capacity-model";
import { planCapacity } from "../../components/monitoring-services/caps";
import { planContainers } from "../../components/monitoring-services/containers";
import { planRestartDigests, renderServiceFiles } from "../../components/monitoring-services/files";
import { BRIDGE, CONNECTIONS_PER_SOURCE, renderGuard } from "../../components/monitoring-services/guard";
import { renderShutdown, shutdownInstallScript } from "../../components/monitoring-services/shutdown";
import { membersGuardScript, preflightScript, readyScript, settleScript } from "../../components/monitoring-services/scripts";
import { EVERY_SERVICE, planImages, SERVICES } from "../../components/monitoring-services/services";
import { isKnown, renderSshFiles, writeSshFiles } from "../../components/monitoring-services/ssh-files";
import { IMAGES } from "../../components/versions";
import { isSecret, record, Registration, reveal, runOffline } from "../../tools/offline";
import { sentBundle, sentScripts } from "../support/sent";
import { ALERTING, sampleServices, TOKENS } from "../support/services";

const KEY = "-----BEGIN OPENSSH PRIVATE KEY-----\nQUJD\n-----END OPENSSH PRIVATE KEY-----";
const HOST_KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJdFZ0uUq1mB3m2o2Qe8m4h1c2k3l4m5n6o7p8q9r0s1";
const ssh = { address: "10.0.0.5", user: "ubuntu", privateKey: KEY, hostKey: HOST_KEY };

function args(change: Partial<MonitoringServicesArgs> = {}): MonitoringServicesArgs {
    return { machine: { ssh }, ...(sampleServices() as Omit<MonitoringServicesArgs, "machine">), ...change };
}

async function registered(change: Partial<MonitoringServicesArgs> = {}): Promise<Registration[]> {
    return record(() => {
        new MonitoringServices("monitoring", args(change));
    });
}

const named = (all: Registration[], name: string) => all.find((each) => each.name === name) ?? assert.fail(`${name} is not registered`);

describe("MonitoringServices", () => {
    it("registers exactly these children", async () => {
        const all = await registered();
        const [component, ...children] = all;
        assert.deepEqual([component.type, component.name], ["photogather-monitoring:index:MonitoringServices", "monitoring"]);
        assert.deepEqual(
            children.map(({ type, name, parent }) => [type, name, parent]).sort(),
            [
                ["command:remote:Command", "monitoring-admin-password", "monitoring"],
                ["command:remote:Command", "monitoring-files", "monitoring"],
                ["command:remote:Command", "monitoring-ready", "monitoring"],
                ...SERVICES.map(({ name }) => ["docker:index/container:Container", `monitoring-${name}`, "monitoring"]),
                ["docker:index/network:Network", "monitoring-network", "monitoring"],
                ...SERVICES.map(({ name }) => ["docker:index/remoteImage:RemoteImage", `monitoring-${name}-image`, "monitoring"]),
                ["pulumi:providers:docker", "monitoring-docker", "monitoring"],
            ].sort(),
        );
    });

    it("reaches this machine without SSH by local commands and Docker's own default", async () => {
        const all = await registered({ machine: {} });
        assert.deepEqual(named(all, "monitoring-docker").inputs, {});
        assert.equal(named(all, "monitoring-files").type, "command:local:Command");
    });

    it("sends the files by stdin, as a secret, and no secret anywhere else", async () => {
        const all = await registered();
        const files = named(all, "monitoring-files");
        assert.ok(isSecret(files.inputs.stdin));
        const bundle = sentBundle(files);
        assert.ok(bundle?.files.some(({ path: file, content }) => file.endsWith("/gateway/Caddyfile") && content.includes(TOKENS.prod)));
        for (const { name, inputs } of all.slice(1)) {
            const open = JSON.stringify(inputs, (_, value) => (isSecret(value) ? "[secret]" : value));
            for (const secret of [TOKENS.prod, "correct horse", "OPENSSH PRIVATE", "S0VZ"]) assert.ok(!open.includes(secret), `${name} shows ${secret}`);
        }
    });

    it("makes Docker's provider after the files command, which waits for Docker", async () => {
        const provider = named(await registered(), "monitoring-docker");
        assert.deepEqual(provider.options.dependsOn, ["monitoring-files"]);
        assert.equal(provider.inputs.host, "ssh://ubuntu@10.0.0.5:22");
        assert.deepEqual(JSON.parse(String(provider.inputs.sshOpts)), ["-F", ".keys/monitoring/ssh_config"]);
    });

    it("puts every container on the network under its service's name, replaced before its successor is made", async () => {
        const all = await registered();
        for (const { name } of SERVICES) {
            const { inputs, options } = named(all, `monitoring-${name}`);
            assert.deepEqual(inputs.networksAdvanced, [{ name: "monitoring", aliases: [name] }]);
            assert.equal(inputs.name, `monitoring-${name}`);
            assert.equal(options.deleteBeforeReplace, true);
            assert.equal(options.provider, "monitoring-docker");
            assert.equal(named(all, `monitoring-${name}-image`).inputs.keepLocally, true);
        }
    });

    it("replaces a container for what the provider would change in place and does not: health check, tmpfs, init", async () => {
        const all = await registered();
        for (const { name } of SERVICES) assert.deepEqual(named(all, `monitoring-${name}`).options.replaceOnChanges, ["healthcheck", "tmpfs", "init"], name);
    });

    it("takes the old network away before the new one, which has its name and its bridge", async () => {
        assert.equal(named(await registered(), "monitoring-network").options.deleteBeforeReplace, true);
    });

    it("takes the old files away before the new ones, as their removal would take those too; and waits as long as a host may boot", async () => {
        const { deleteBeforeReplace, customTimeouts } = named(await registered(), "monitoring-files").options;
        assert.deepEqual([deleteBeforeReplace, customTimeouts.create, customTimeouts.update], [true, "600s", "600s"]);
        assert.equal(named(await registered({ bootTimeoutSeconds: 900 }), "monitoring-files").options.customTimeouts.create, "1500s");
    });

    it("publishes the gateway's port alone", async () => {
        const all = await registered({ port: 9000 });
        const published = all.filter(({ inputs }) => inputs.ports).map(({ name, inputs }) => [name, inputs.ports]);
        assert.deepEqual(published, [["monitoring-gateway", [{ internal: 8080, external: 9000, ip: "0.0.0.0", protocol: "tcp" }]]]);
        const acme = await registered({ tls: { mode: "acme", domain: "monitoring.example.com" } });
        assert.deepEqual(
            (named(acme, "monitoring-gateway").inputs.ports as { external: number }[]).map(({ external }) => external),
            [8080, 443],
        );
    });

    it("runs the ready command after all containers, and again when a file or a container changes", async () => {
        const before = named(await registered(), "monitoring-ready");
        const after = named(await registered({ rules: {} }), "monitoring-ready");
        assert.deepEqual([...before.options.dependsOn].sort(), SERVICES.map(({ name }) => `monitoring-${name}`).sort());
        assert.notEqual(before.inputs.stdin, after.inputs.stdin);
        assert.equal(sentScripts(before).create, sentScripts(after).create);
        assert.match(sentScripts(before).input, /monitoring-loki-id/);
    });

    it("sets the admin's password in Grafana itself, by stdin, once all is ready; again when it, or Grafana's container, is another", async () => {
        const command = named(await registered(), "monitoring-admin-password");
        assert.ok(command.options.dependsOn.includes("monitoring-ready"));
        assert.ok(isSecret(command.inputs.stdin));
        const { create, input } = sentScripts(command);
        assert.deepEqual(create.split("\n"), [
            "set -eu", "input=$(cat)",
            "printf '%s\\n' \"$input\" | /usr/local/lib/photogather-monitoring/set-admin-password monitoring-grafana '/var/lib/photogather-monitoring/data/grafana-admin-password'",
            "printf '%s\\n' \"$input\" | /usr/local/lib/photogather-monitoring/set-organizations monitoring-grafana '/var/lib/photogather-monitoring/data/grafana-organizations' /etc/photogather-monitoring/grafana/dashboards",
            "",
        ]);
        assert.deepEqual(input.split("\n"), ["correct horse battery staple", "monitoring-grafana-id", "", "", ""]);
    });

    /** Docker's provider refuses a label without a value, which mocks do not. */
    const assertLabels = (all: Awaited<ReturnType<typeof registered>>) => {
        for (const { type, name, inputs } of all) if (type === "docker:index/container:Container") for (const { value } of inputs.labels as { value?: string }[]) assert.equal(typeof value, "string", name);
    };
    it("takes a container more for each environment whose agents send metrics, in the same memory", async () => {
        const { environments } = sampleServices();
        const [without, all] = [await registered(), await registered({ environments: { ...environments, dev: { ...environments.dev, pushedMetrics: true } } })];
        assert.deepEqual(all.map(({ name }) => name).filter((name) => !without.some((each) => each.name === name)), ["monitoring-relay-dev-image", "monitoring-relay-dev"]);
        const memory = (list: typeof all) => list.reduce((sum, { inputs }) => sum + Number(inputs.memory ?? 0), 0);
        assert.ok(memory(all) <= memory(without), `${memory(all)} MiB`);
        assertLabels(all);
        assert.equal(named(all, "monitoring-relay-dev-image").inputs.name, named(all, "monitoring-prometheus-image").inputs.name);
        assert.match(sentScripts(named(all, "monitoring-ready")).create, /node-exporter relay-dev; do/);
    });
    it("takes a container more with organizations of Grafana, in the same memory, and tells Grafana of them by stdin", async () => {
        const organizations = { shop: { environments: ["dev"], members: { "alice@example.com": { password: "a-first-password" } } } };
        const [without, all] = [await registered(), await registered({ organizations })];
        assert.deepEqual(all.map(({ name }) => name).filter((name) => !without.some((each) => each.name === name)), ["monitoring-label-proxy-image", "monitoring-label-proxy"]);
        const memory = (list: typeof all) => list.reduce((sum, { inputs }) => sum + Number(inputs.memory ?? 0), 0);
        assert.ok(memory(all) <= memory(without), `${memory(all)} MiB`);
        const proxy = named(all, "monitoring-label-proxy").inputs;
        assert.deepEqual([proxy.memory, proxy.user, proxy.readOnly, proxy.ports], [32, "65533:65533", true, undefined]);
        assertLabels(all);
        assert.ok(named(all, "monitoring-ready").options.dependsOn.includes("monitoring-label-proxy"));
        assert.match(sentScripts(named(all, "monitoring-ready")).create, /grafana node-exporter label-proxy; do/);
        const command = named(all, "monitoring-admin-password");
        assert.ok(isSecret(command.inputs.stdin));
        const told = JSON.parse(sentScripts(command).input.split("\n")[3]) as { organizations: { shop: { members: object } } };
        assert.deepEqual(told.organizations.shop.members, { "alice@example.com": { role: "Viewer", password: "a-first-password" } });
    });

    it("the members guard depends on what must outlive it, and updates in place", async () => {
        const guard = async (destroyWithMembers: boolean) => {
            const all = await record(() => {
                const services = new MonitoringServices("monitoring", args());
                new MembersGuard("members-guard", { machine: { ssh }, ownEnvironment: "prod", destroyWithMembers }, { dependsOn: [services] });
            });
            return named(all, "members-guard-check");
        };
        const refusing = await guard(false);
        for (const name of ["monitoring-ready", "monitoring-files", ...SERVICES.map((service) => `monitoring-${service.name}`)])
            assert.ok(refusing.options.dependsOn.includes(name), name);
        assert.equal(refusing.inputs.triggers, undefined);
        const forced = await guard(true);
        assert.equal(sentScripts(forced).create, sentScripts(refusing).create);
        assert.notEqual(sentScripts(forced).delete, sentScripts(refusing).delete);
    });

    it("makes all of it anew on another host of the same address", async () => {
        const [one, two] = [await registered({ hostId: "i-1" }), await registered({ hostId: "i-2" })];
        for (const name of ["monitoring-network", ...SERVICES.map((service) => `monitoring-${service.name}`)])
            assert.notDeepEqual(named(one, name).inputs.labels, named(two, name).inputs.labels, name);
        assert.deepEqual(named(two, "monitoring-files").inputs.triggers, ["i-2"]);
        assert.deepEqual(named(two, "monitoring-loki-image").inputs.triggers, { host: "i-2" });
    });

    it("waits for a host that is still booting only where told to", async () => {
        const connection = (all: Registration[]) => reveal<{ dialErrorLimit: number }>(named(all, "monitoring-files").inputs.connection);
        assert.equal(connection(await registered()).dialErrorLimit, 4);
        assert.equal(connection(await registered({ bootTimeoutSeconds: 600 })).dialErrorLimit, -1);
    });

    it("replaces only the container whose file cannot be reloaded", async () => {
        const containers = async (change: Partial<MonitoringServicesArgs>) => {
            const all = await registered(change);
            return Object.fromEntries(SERVICES.map(({ name }) => [name, JSON.stringify(named(all, `monitoring-${name}`).inputs)]));
        };
        const changed = async (change: Partial<MonitoringServicesArgs>) => {
            const [before, after] = [await containers({}), await containers(change)];
            return SERVICES.map(({ name }) => name).filter((name) => before[name] !== after[name]);
        };
        const { environments } = sampleServices();
        assert.deepEqual(
            await changed({
                rules: {},
                dashboards: {},
                logRules: {},
                alerting: ALERTING,
                thresholds: { slowSeconds: 2 },
                withoutAlerts: ["ClockSkew"],
                retention: { metrics: "3d", metricsSize: "1GB" },
            }),
            [],
        );
        assert.deepEqual(
            await changed({
                environments: {
                    ...environments,
                    prod: { ...environments.prod, token: "another-token-0123456789", logRateMiB: 9, traceRetention: "2d", cidrs: ["10.9.0.0/16"] },
                },
            }),
            [],
        );
        assert.deepEqual(await changed({ environments: { prod: environments.prod } }), ["grafana"]);
        assert.deepEqual(await changed({ agentBuffer: "200h" }), ["loki", "tempo"]);
        assert.deepEqual(await changed({ tls: { ...sampleServices().tls, caCertificate: "another" } }), ["gateway"]);
        assert.deepEqual(await changed({ images: { loki: "grafana/loki:3.7.9" } }), []);
    });

    it("gives the address, the CA, the versions, and the SSH files as a secret", async () => {
        let secret = false;
        const { outputs } = await runOffline(async () => {
            const services = new MonitoringServices("monitoring", args());
            secret = await pulumi.isSecret(services.sshFiles);
            return { url: services.gatewayUrl, ca: services.ca, versions: services.versions };
        });
        assert.equal(outputs.url, "https://10.0.0.5:8080");
        assert.match(String(outputs.ca), /BEGIN CERTIFICATE/);
        assert.deepEqual(outputs.versions, planImages());
        assert.equal(secret, true);
    });

    it("says everything that is wrong at once, before any resource", async () => {
        let registrations = 0;
        const error = await record(() => {
            try {
                new MonitoringServices(
                    "monitoring",
                    args({
                        address: "http://x",
                        port: 0,
                        tls: { mode: "self" },
                        memoryMiB: 512,
                        retention: { logs: "2h", metrics: "forever" },

                        keysDirectory: "/root/keys",
                        images: { lokki: "x" },
                        rules: { "../x.yml": "" },
                        environments: { Prod: { ...sampleServices().environments.prod, token: "short" } },
                    }),
                );
            } catch (thrown) {
                registrations = 1;
                return assert.match(
                    String((thrown as Error).message),
                    new RegExp(
                        [
                            "address: ",
                            "port: ",
                            "tls.mode: ",
                            "environments.Prod",
                            "token: ",
                            "retention.metrics: ",
                            "retention.logs: ",
                            "memoryMiB: ",
                            "rules",
                            "images.lokki: ",
                            "keysDirectory: ",
                        ]
                            .map((part) => `(?=[^]*${part.replace(/\./g, "\\.")})`)
                            .join(""),
                    ),
                );
            }
            return undefined;
        });
        assert.equal(registrations, 1);
        assert.equal(error.filter(({ custom }) => custom).length, 0);
    });
});

describe("the guard of the containers' network", () => {
    const [program, unit] = renderGuard();

    it("holds before Docker starts a container, at each boot", () => {
        assert.match(unit.content, /Before=docker\.service\n[^]*WantedBy=docker\.service/);
        assert.ok(unit.content.includes(`ExecStart=${program.path}\n`));
    });

    it("is for the network's own bridge", async () => {
        const { inputs } = named(await registered(), "monitoring-network");
        assert.deepEqual(inputs.options, { "com.docker.network.bridge.name": BRIDGE });
        // Linux takes 15 characters.
        assert.ok(BRIDGE.length <= 15);
        const rules = program.content.split("\n").filter((line) => line.startsWith("-A MONITORING-GUARD"));
        for (const rule of rules) assert.ok(rule.includes(` ${BRIDGE} `), rule);
    });

    it("says what it refuses, but not without end, and answers at once", () => {
        assert.deepEqual(program.content.split("\n").filter((line) => line.startsWith("-A MONITORING-REFUSED")).map((line) => line.slice(22)), [
            '-m limit --limit 30/min -j LOG --log-prefix "monitoring refused: "', "-p tcp -j REJECT --reject-with tcp-reset", "-j DROP",
        ]);
    });

    it("lets in what comes by a published port, and nothing else; and containers to no metadata service", () => {
        assert.deepEqual(program.content.split("\n").filter((line) => line.startsWith("-A MONITORING-GUARD")).map((line) => line.slice(20)), [
            "-i br-monitoring -d 169.254.169.254/32 -j MONITORING-REFUSED",
            "-i br-monitoring -d 169.254.170.2/32 -j MONITORING-REFUSED",
            "! -i br-monitoring -o br-monitoring -m conntrack --ctstate RELATED,ESTABLISHED -j RETURN",
            "! -i br-monitoring -o br-monitoring -m conntrack ! --ctstate DNAT -j MONITORING-REFUSED",
            "! -i br-monitoring -o br-monitoring -p tcp --syn -m connlimit --connlimit-above 400 --connlimit-mask 32 -j MONITORING-REFUSED",
        ]);
    });
});

describe("planContainers", () => {
    const plans = planContainers({ dataDirectory: "/data", memoryMiB: 1840, port: 8080, acme: false });

    it("brings every container back after a crash of it or of the Docker daemon, which leaves `unless-stopped` stopped", () => {
        for (const { restart } of Object.values(plans)) assert.equal(restart, "always");
    });

    it("lets no container write but where it must, nor gain rights", () => {
        for (const [name, plan] of Object.entries(plans)) {
            assert.deepEqual([plan.readOnly, plan.privileged, plan.securityOpts], [true, false, ["no-new-privileges:true"]], name);
            assert.match(String(plan.user), /^[1-9]\d*:\d+$/);
            assert.deepEqual((plan.capabilities as { drops: string[] }).drops, ["ALL"]);
            assert.deepEqual((plan.capabilities as { adds?: string[] }).adds, name === "gateway" ? ["CAP_NET_BIND_SERVICE"] : undefined);
            const writable = (plan.volumes as { readOnly: boolean; hostPath: string }[]).filter(({ readOnly }) => !readOnly).map(({ hostPath }) => hostPath);
            assert.ok(
                writable.every((hostPath) => hostPath === `/data/${name}`),
                name,
            );
        }
    });

    it("bounds what connections may cost the gateway, below what its memory holds", () => {
        assert.deepEqual(plans.gateway.ulimits, [{ name: "nofile", soft: 1024, hard: 1024 }]);
        assert.ok(CONNECTIONS_PER_SOURCE * 2 < 1024);
        // 32 KiB a connection, beside the 30 MiB of an idle Caddy.
        assert.ok(1024 * 32 / 1024 + 30 < Number(plans.gateway.memory));
    });

    it("gives the gateway of a larger host what its agents need: two connections each, and their share of the heap", () => {
        for (const memoryMiB of [1500, 1840, 3680, 7360, 29440]) {
            const { memory, envs, ulimits } = planContainers({ dataDirectory: "/data", memoryMiB, port: 8080, acme: false }).gateway;
            const hosts = planCapacity(memoryMiB).series / (600 + HOST_SERIES);
            const [heap, files] = [Number(/\d+/.exec((envs as string[])[0])), (ulimits as { soft: number }[])[0].soft];
            assert.equal(heap, Number(memory) - 34);
            assert.ok(files > 2 * hosts + 100, `${memoryMiB}: ${files} for ${hosts} hosts`);
            // 34 MiB with 100 hosts, 22 without any.
            assert.ok(heap > 22 + 0.12 * hosts, `${memoryMiB}: ${heap} MiB for ${hosts} hosts`);
        }
    });

    it("runs the node exporter, which sees the host's files, as nobody who owns any of them", () => {
        const others = SERVICES.filter(({ name }) => name !== "node-exporter").flatMap(({ user }) => user.split(":"));
        for (const id of String(plans["node-exporter"].user).split(":")) assert.ok(!others.includes(id), id);
    });

    it("writes durations as Docker gives them back, else a refresh shows a difference", () => {
        for (const { healthcheck } of Object.values(plans)) {
            const { interval, timeout, startPeriod, startInterval } = healthcheck as Record<string, string>;
            assert.deepEqual([interval, timeout, startPeriod, startInterval], ["15s", "5s", "2m0s", "0s"]);
        }
    });

    it("mounts directories, and never the Docker socket", () => {
        for (const plan of Object.values(plans))
            for (const { hostPath } of plan.volumes as { hostPath: string }[]) assert.doesNotMatch(hostPath, /\.sock|\.\w{2,4}$/);
    });
});

describe("planRestartDigests", () => {
    it("is empty for services that reload all of their files", () => {
        const digests = planRestartDigests(renderServiceFiles(sampleServices()));
        assert.deepEqual(
            Object.entries(digests)
                .filter(([, value]) => value)
                .map(([name]) => name),
            ["gateway", "loki", "tempo", "grafana"],
        );
    });
});

describe("planImages", () => {
    it("puts a mirror before every image but those that are given in full", () => {
        const images = planImages({ loki: "mine/loki:1" }, "registry.example.com/mirror/");
        assert.deepEqual([images.loki, images.tempo], ["mine/loki:1", "registry.example.com/mirror/grafana/tempo:3.0.3"]);
        assert.deepEqual(
            Object.keys(images),
            SERVICES.map(({ name }) => name),
        );
    });
});

describe("SSH files for Docker's provider", () => {
    const jump = { address: "bastion.example.com", port: 2222, user: "jump", privateKey: KEY, hostKey: HOST_KEY };

    it("hold a host, and its jump host, with both host keys pinned", () => {
        const files = renderSshFiles({ ...ssh, jump }, ".keys/prod");
        assert.deepEqual(Object.keys(files).sort(), ["host.key", "jump.key", "known_hosts", "ssh_config"]);
        assert.equal(files.known_hosts, `10.0.0.5 ${HOST_KEY}\n[bastion.example.com]:2222 ${HOST_KEY}\n`);
        assert.match(
            files.ssh_config,
            /^Host 10\.0\.0\.5\n {4}HostName 10\.0\.0\.5\n {4}Port 22\n {4}User ubuntu\n {4}ProxyJump photogather-jump\n {4}IdentityFile \.keys\/prod\/host\.key$/m,
        );
        assert.match(files.ssh_config, /^Host photogather-jump\n {4}HostName bastion\.example\.com\n {4}Port 2222\n {4}User jump\n {4}ProxyJump none$/m);
        for (const line of ["StrictHostKeyChecking yes", "IdentitiesOnly yes", "BatchMode yes", "ControlMaster no"])
            assert.equal(files.ssh_config.split(line).length, 3, line);
        assert.doesNotMatch(JSON.stringify(renderSshFiles(ssh, ".keys/prod")), /jump\.key|photogather-jump/);
    });

    it("are written for this user alone, and left alone when they are the same", () => {
        const directory = path.join(fs.mkdtempSync(path.join(os.tmpdir(), "keys-")), "prod");
        writeSshFiles(renderSshFiles(ssh, directory), directory);
        const modes = () => fs.readdirSync(directory).map((name) => (fs.statSync(path.join(directory, name)).mode & 0o777).toString(8));
        assert.deepEqual([...new Set(modes())], ["600"]);
        const before = fs.statSync(path.join(directory, "host.key")).mtimeMs;
        fs.chmodSync(path.join(directory, "host.key"), 0o644);
        writeSshFiles(renderSshFiles(ssh, directory), directory);
        assert.deepEqual([...new Set(modes())], ["600"]);
        assert.equal(fs.statSync(path.join(directory, "host.key")).mtimeMs, before);
        fs.rmSync(path.dirname(directory), { recursive: true });
    });

    it("are not written by a run on mocks, whose keys are made up", async () => {
        const directory = `.keys/unit-test-${process.pid}`;
        await registered({ keysDirectory: directory });
        assert.ok(!fs.existsSync(directory));
    });

    it("are known where no value is still to come", () => {
        assert.equal(isKnown({ ...ssh, jump }), true);
        assert.equal(isKnown({ ...ssh, jump: { ...jump, privateKey: pulumi.output(KEY) } }), false);
    });
});

describe("scripts", () => {
    it("hold no secret: they are shown when they fail", () => {
        for (const script of [preflightScript(600), settleScript("/data", {}), readyScript({ dataDirectory: "/data", images: IMAGES }), membersGuardScript("prod", false)])
            assert.doesNotMatch(script, /token|PRIVATE/i);
    });

    it("let destroy go on with members only where told to", () => {
        assert.equal(membersGuardScript("prod", true), ":");
        assert.match(membersGuardScript("prod", false), /still registered/);
    });
});

describe("an orderly shutdown of the host", () => {
    const [unit] = renderShutdown();

    it("stops the containers while Docker still runs, the gateway first", () => {
        assert.match(unit.content, /^After=docker\.service /m);
        assert.deepEqual(unit.content.match(/docker stop .*(?=')/g), ["docker stop monitoring-gateway", "docker stop $(docker ps --quiet --filter name=^monitoring-)"]);
    });

    it("leaves a restart of Docker alone to Docker", () => assert.doesNotMatch(unit.content, /^(PartOf|Requires|BindsTo)=/m));

    it("takes no less time than the services may", () => {
        const [gateway, ...others] = EVERY_SERVICE.map(({ stopSeconds }) => stopSeconds);
        assert.ok(Number(/^TimeoutStopSec=(\d+)$/m.exec(unit.content)![1]) > gateway + Math.max(...others) * 2);
    });

    it("is never restarted by a deployment, which would stop the services", () => assert.doesNotMatch(shutdownInstallScript(), /restart/));
});
