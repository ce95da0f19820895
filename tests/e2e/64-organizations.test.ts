import assert from "node:assert/strict";
import { IMAGES } from "../../components/versions";
import { GrafanaClient } from "./support/grafana";
import { knownSecrets, secretsIn } from "./support/secrets";
import { eventually } from "../support/wait";
import { World } from "./support/world";

const MEMBER = "alice@example.com";

/** On the running deployment: an organization for dev and loadtest comes, and goes again. */
describe("an organization of Grafana", () => {
    let world: World;
    let admin: GrafanaClient;
    let containers: Record<string, string>;
    let memoryBefore: number;

    before(async () => {
        world = await (await World.get()).deployed();
        admin = await world.grafana();
        containers = await world.containers();
        memoryBefore = await limitsMiB();
    });

    const limitsMiB = async () => (await world.monitor.must("docker inspect -f '{{.HostConfig.Memory}}' $(docker ps -q)")).split("\n").reduce((sum, bytes) => sum + Number(bytes), 0) / 2 ** 20;
    const up = async (organizations?: object) => {
        await world.configure("prod", ({ config }) => {
            // The hosts' mirror stands in for Docker Hub alone.
            if (organizations) Object.assign(config.monitoring as object, { organizations, images: { "label-proxy": `${new URL(world.lab.registry.mirror).host}/${IMAGES["label-proxy"]}` } });
        });
        return world.up("prod");
    };
    const member = async () => admin.as(((await world.stacks.prod.outputs()).grafanaMembers as Record<string, string>)[MEMBER], MEMBER);

    it("comes by one change of the config, with a container more, within the same memory", async () => {
        const { seconds } = await up({ shop: { environments: ["dev", "loadtest"], members: { [MEMBER]: "Viewer" } } });
        world.figures["up with an organization"] = seconds;
        const memory = await limitsMiB();
        assert.ok(memory <= memoryBefore, `${memory} MiB, ${memoryBefore} before`);
        assert.deepEqual(Object.keys(await world.containers()).filter((name) => !containers[name]), ["monitoring-label-proxy"]);
    });

    it("its member sees lines, traces and metrics of its environments", async () => {
        const alice = await member();
        for (const environment of ["dev", "loadtest"] as const) {
            const trace = `organization-${environment}`;
            await world.apps[environment].get("/api/photos/1", [`X-Trace-Id: ${trace}`]);
            await eventually(`a line of ${environment}`, 60, async () => (await alice.logs(`{environment="${environment}"} |= "${trace}"`)).length > 0 || undefined);
            await eventually(`a trace of ${environment}`, 60, async () => (await alice.searchTraces(`{ resource.deployment.environment.name = "${environment}" }`)).length > 0 || undefined);
        }
        assert.deepEqual((await eventually("metrics", 60, async () => {
            const found = (await alice.metrics("count by (environment) (up)")).map(({ labels }) => labels.environment).sort();
            return found.length === 2 ? found : undefined;
        })), ["dev", "loadtest"]);
        assert.equal((await alice.request("/api/dashboards/uid/service")).status, 200);
    });

    it("and nothing of prod's, in any of the three, whatever is asked for and with whatever headers", async () => {
        const alice = await member();
        assert.ok((await admin.logs('{environment="prod"}')).length > 0 && (await admin.metrics('up{environment="prod"}')).length > 0, "there is something not to be seen");
        assert.deepEqual(await alice.logs('{environment="prod"}'), []);
        assert.deepEqual(await alice.logs('{application=~".+"} | environment="prod"'), []);
        assert.deepEqual(await alice.searchTraces('{ resource.deployment.environment.name = "prod" }'), []);
        for (const query of ['up{environment="prod"}', '{environment="prod"}', 'up{environment=~".*"} unless up{environment!="prod"}', 'traces_spanmetrics_calls_total{environment="prod"}']) assert.deepEqual(await alice.metrics(query), [], query);
        for (const headers of [{ "X-Scope-OrgID": "prod" }, { "X-Grafana-Org-Id": "1" }] as Record<string, string>[]) {
            for (const [uid, path] of [["prometheus", "/api/v1/label/environment/values"], ["loki", "/loki/api/v1/label/environment/values"]]) {
                const { status, body } = await alice.request(`/api/datasources/proxy/uid/${uid}${path}`, headers);
                assert.ok(status === 403 || (status === 200 && body.includes("dev") && !body.includes("prod")), `${uid} with ${JSON.stringify(headers)}: ${status} ${body}`);
            }
        }
        for (const uid of ["loki-prod", "tempo-prod"]) assert.equal((await alice.request(`/api/datasources/proxy/uid/${uid}/api/echo`)).status, 404);
    });

    it("its container is confined as the others are, and reaches no metadata service; nothing secret was printed", async () => {
        const pid = await world.monitor.must("docker inspect -f '{{.State.Pid}}' monitoring-label-proxy");
        const status = await world.monitor.must(`cat /proc/${pid}/status`);
        assert.match(status, /^Uid:\t65533\t/m);
        assert.match(status, /^CapBnd:\t0+$/m);
        assert.match(status, /^NoNewPrivs:\t1$/m);
        assert.match(await world.monitor.must(`cat /proc/${pid}/mountinfo`), /^\d+ \d+ \S+ \S+ \/ ro[, ]/m);
        assert.equal((await world.monitor.exec(`nsenter -t ${pid} -n curl -s -m 5 http://169.254.169.254/`)).code, 7);
        const secrets = await knownSecrets(world);
        for (const run of world.runs) assert.deepEqual(secretsIn(run.output, secrets), []);
        assert.deepEqual(secretsIn(await world.monitor.must("cat /tmp/process-list; docker inspect $(docker ps -aq)"), secrets), []);
    });

    it("a second `up` changes nothing; without it in the config it is gone, and its member sees nothing", async () => {
        const alice = await member();
        const preview = world.keep(await world.stacks.prod.preview());
        assert.deepEqual([preview.ok, Object.keys(preview.changes).filter((kind) => kind !== "same")], [true, []], preview.output);
        await up();
        assert.equal((await alice.request("/api/datasources/proxy/uid/prometheus/api/v1/labels")).status, 403);
        assert.equal((await admin.request("/api/orgs/name/shop")).status, 404);
        assert.deepEqual(Object.keys(await world.containers()).sort(), Object.keys(containers).sort());
    });
});
