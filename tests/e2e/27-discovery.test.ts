import assert from "node:assert/strict";
import { DISCOVERY } from "../../components/monitoring-services/discovery";
import { Ec2Api } from "../support/ec2-api";
import { doctor } from "./support/doctor";
import { GrafanaClient } from "./support/grafana";
import { eventually } from "../support/wait";
import { World } from "./support/world";

const METADATA = "169.254.169.254";
const TAGS = { environment: "loadtest", role: "was" };

/** An instance that is in nobody's list is scraped by its tags, and forgotten when it is gone. EC2's API and the metadata service are stand-ins; the rest is real. */
describe("hosts that are found by EC2 tags", () => {
    let world: World;
    let grafana: GrafanaClient;
    const api = new Ec2Api();
    let port: number;
    let rule: string;

    before(async () => {
        world = await (await World.get()).deployed();
        grafana = await world.grafana();
        port = await api.open(0, world.lab.network.gateway);
        rule = `OUTPUT -d ${METADATA} -p tcp --dport 80 -j DNAT --to-destination ${world.lab.network.gateway}:${port}`;
        await world.monitor.must(`iptables -t nat -A ${rule}`);
    });
    after(async () => {
        await world?.monitor.exec(`iptables -t nat -D ${rule}`);
        api.close();
    });

    const up = async (discovery?: object) => {
        await world.configure("prod", ({ config }) => {
            const { environments } = config.monitoring as { environments: Record<string, object> };
            if (discovery) Object.assign(environments.loadtest, { discovery });
        });
        await world.up("prod");
    };
    const found = async () => (await grafana.metrics('up{environment="loadtest", application="scaled"}')).map(({ labels, value }) => [labels.instance, labels.job, value]);

    it("a machine that may not ask keeps no `up` from succeeding; its journal says what is missing", async () => {
        api.role = [];
        const before = await world.containers();
        await up({ tags: TAGS, application: "scaled", endpoint: `http://${world.lab.network.gateway}:${port}` });
        await eventually("the journal", 30, async () => /EC2 discovery: loadtest: EC2 refuses \(403\): UnauthorizedOperation/.test(await world.monitor.must(`journalctl -u ${DISCOVERY.unit} -o cat --no-pager`)) || undefined);
        assert.deepEqual(await world.containers(), before, "no service was restarted");
    });

    it("an instance with the tags is scraped within two minutes, with the labels of its environment", async () => {
        api.role = ["ec2:DescribeInstances"];
        api.instances = [{ id: "i-0123456789abcdef0", address: world.hosts.loadtest.address, tags: TAGS }, { id: "i-0fedcba9876543210", address: world.hosts.dev.address, tags: { role: "was" } }];
        const start = performance.now();
        await eventually("its metrics", 120, async () => { const all = await found(); return all.some(([, , value]) => value === 1) || undefined; });
        world.figures["tagged instance to its first sample"] = (performance.now() - start) / 1000;
        assert.deepEqual(await found(), [["i-0123456789abcdef0", "was", 1]]);
        assert.ok((await grafana.metrics('jvm_threads_live_threads{instance="i-0123456789abcdef0"}')).length === 1);
        // Its file is read by the node exporter, at another moment.
        await eventually("how many were found", 60, async () => (await grafana.metrics('photogather_discovery_targets{environment="loadtest"}'))[0]?.value === 1 || undefined);
        assert.ok((await grafana.scraped("loadtest")).includes(world.hosts.loadtest.name), "its own list stays");
    });

    it("the doctor tells of it, which is in nobody's list", async () => {
        const { stdout } = await doctor(world, "loadtest");
        assert.match(stdout, /^i-0123456789abcdef0 \(not listed\) /m);
        assert.match(stdout, /^! i-0123456789abcdef0 \(not listed\), lines: no line within the last hour/m);
        assert.doesNotMatch(stdout, /not listed\), samples/);
    });

    it("an instance that is gone is forgotten", async () => {
        api.instances = [];
        await eventually("no target", 120, async () => !(await grafana.scraped("loadtest")).includes("i-0123456789abcdef0") || undefined);
    });

    it("without it nothing of it is left on the host, and the next preview is empty", async () => {
        await up();
        assert.equal(await world.monitor.must(`systemctl list-timers --all --no-legend '${DISCOVERY.unit}*' | wc -l`), "0");
        for (const file of [DISCOVERY.targets, DISCOVERY.policy, DISCOVERY.program, DISCOVERY.metrics]) assert.equal(await world.monitor.has(file), false, file);
        const preview = world.keep(await world.stacks.prod.preview());
        assert.deepEqual([preview.ok, Object.keys(preview.changes).filter((kind) => kind !== "same")], [true, []], preview.output);
    });
});
