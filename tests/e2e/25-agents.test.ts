import assert from "node:assert/strict";
import { succeeded } from "./support/engine";
import { GrafanaClient } from "./support/grafana";
import { Host } from "./support/hosts";
import { leftovers } from "./support/leftovers";
import { lengthy } from "./support/lengthy";
import { eventually } from "../support/wait";
import { Was } from "./support/was";
import { APPLICATION, World } from "./support/world";

describe("other agents and ways", () => {
    let world: World;
    let grafana: GrafanaClient;
    let third: Host;
    let app: Was;

    before(async () => {
        world = await (await World.get()).deployed();
        grafana = await world.grafana();
        third = await world.lab.host("dev-was-3", 15);
        app = await Was.install(third, { application: APPLICATION });
    });

    /** dev with a third host, set as a test wants it. */
    const configure = (settings: object) => world.configure("dev", ({ config }) => {
        const log = { files: ["/var/log/was/*.log"], containers: [] };
        (config.was as object[]).push({ name: third.name, address: third.address, runtime: "systemd", logs: log, ssh: { hostKey: third.hostKey }, ...settings });
    });
    const entry = (query: string) => eventually(query, 60, async () => (await grafana.logs(`{instance="${third.name}"} ${query}`))[0]);

    it("Promtail: its files and start script land where such hosts have them, it runs as a service, and lines arrive alike", async () => {
        const promtail = world.lab.artifacts.get("promtail");
        await configure({ agent: "promtail", tracing: { enabled: false }, artifacts: { agent: { version: "3.6.15", url: promtail.url, sha256: { amd64: promtail.sha256, arm64: promtail.sha256 } } } });
        await world.up("dev");
        assert.ok(await third.has("/home/ubuntu/promtail/start_promtail.sh"));
        assert.equal(await third.must("systemctl is-active photogather-promtail.service"), "active");
        assert.equal((await app.get("/api/photos/1", ["X-Trace-Id: by-promtail"])).status, 200);
        const { labels, text } = await entry('|= "by-promtail" | elapsed_ms >= 0');
        assert.match(text, /traceId=by-promtail/);
        assert.deepEqual([labels.environment, labels.application, labels.source], ["dev", APPLICATION, "file"]);
    });

    it("from Promtail to Alloy: the one goes, the other comes, and nothing of the first is left", async () => {
        await configure({ tracing: { service: "was.service", listenAddress: "127.0.0.1" } });
        await world.up("dev");
        assert.equal(await third.has("/home/ubuntu/promtail"), false);
        assert.equal(await third.must("systemctl is-active photogather-log-agent.service"), "active");
        await app.get("/api/photos/1", ["X-Trace-Id: by-alloy"]);
        await entry('|= "by-alloy"');
    });

    it("journald: the unit's lines arrive, and what the config names is redacted before it leaves the host", async () => {
        await configure({ logs: { files: [], containers: [], units: ["was.service"] }, redactions: { customer: "customer-(\\d+)" }, tracing: { service: "was.service", listenAddress: "127.0.0.1" } });
        await world.up("dev");
        await app.get("/api/photos/1", ["X-Trace-Id: by-journal"]);
        const { labels } = await entry('|= "by-journal"');
        assert.equal(labels.source, "journal");
        await app.get("/api/photos/customer-4711", ["X-Trace-Id: by-customer"]);
        const { text } = await entry('|= "by-customer"');
        assert.match(text, /uri=\/api\/photos\/customer-\[redacted:customer\]/);
    });

    it("a host that is renamed in the config keeps its agent, under the new name", async () => {
        await configure({ name: "dev-was-three", tracing: { service: "was.service", listenAddress: "127.0.0.1" } });
        await world.up("dev");
        assert.equal(await third.must("systemctl is-active photogather-log-agent.service"), "active");
        await app.get("/api/photos/1", ["X-Trace-Id: by-new-name"]);
        await eventually("a line under the new name", 60, async () => (await grafana.logs('{instance="dev-was-three"} |= "by-new-name"'))[0]);
    });

    it("all hosts again as they were", async () => {
        await world.configure("dev");
        await world.up("dev");
        assert.equal(await leftovers(third), "");
    });

    lengthy.it("a monitoring host behind a jump host: commands and Docker go through it", async () => {
        const jump = { address: world.hosts.dev.address, user: "ubuntu", hostKey: world.hosts.dev.hostKey };
        await world.monitor.must(`iptables -I INPUT -p tcp --dport 22 ! -s ${jump.address} -j REJECT --reject-with tcp-reset`);
        try {
            await world.configure("prod", ({ config }) => { (config.monitoring as { host: { machine: { ssh: object } } }).host.machine.ssh = { ...{ address: world.monitor.address, hostKey: world.monitor.hostKey }, jump }; });
            await world.up("prod");
            succeeded(world.keep(await world.stacks.prod.refresh()));
        } finally {
            await world.monitor.must(`iptables -D INPUT -p tcp --dport 22 ! -s ${jump.address} -j REJECT --reject-with tcp-reset`);
        }
        await world.configure("prod");
        await world.up("prod");
    });
});
