import assert from "node:assert/strict";
import { IMAGES } from "../../components/versions";
import { changed } from "./support/engine";
import { GrafanaClient } from "./support/grafana";
import { Host } from "./support/hosts";
import { eventually } from "../support/wait";
import { Was } from "./support/was";
import { leftovers } from "./support/leftovers";
import { APPLICATION, StackSettings, World } from "./support/world";

/** Seconds between scrapes, and what the issue allows on top. */
const SCRAPE_SECONDS = 15;
const SLACK_SECONDS = 10;

describe("changes", () => {
    let world: World;
    let grafana: GrafanaClient;
    let second: Host;

    before(async () => {
        world = await (await World.get()).deployed();
        grafana = await world.grafana();
        second = await world.lab.host("dev-was-2", 14);
        await Was.install(second, { application: APPLICATION });
    });

    /** dev as before, and a second host beside it. */
    const withSecondHost = ({ config }: StackSettings): void => {
        const log = { files: ["/var/log/was/*.log"], containers: [] };
        (config.was as object[]).push({ name: second.name, address: second.address, runtime: "systemd", logs: log, tracing: { service: "was.service", listenAddress: "127.0.0.1" }, ssh: { hostKey: second.hostKey } });
    };

    it("an added target is scraped within one interval plus 10 s, and no container is restarted", async () => {
        const before = await world.containers();
        await world.configure("dev", withSecondHost);
        await world.up("dev");
        const start = performance.now();
        await eventually("the first sample", SCRAPE_SECONDS + SLACK_SECONDS, async () => (await grafana.metrics(`up{environment="dev", instance="${second.name}", job="was"} == 1`))[0]);
        world.figures["target to first sample"] = (performance.now() - start) / 1000;
        assert.deepEqual(await world.containers(), before);
    });

    it("a removed host leaves Prometheus, and nothing of ours stays on it", async () => {
        await world.configure("dev");
        await world.up("dev");
        await eventually("the target to go", SCRAPE_SECONDS + SLACK_SECONDS, async () => !(await grafana.scraped("dev")).includes(second.name) || undefined);
        assert.equal(await leftovers(second), "");
    });

    it("an unreachable host fails the `up`, which names it and the cause; the others are wired, and the next `up` finishes the job", async () => {
        await second.closeSsh();
        await world.configure("dev", (settings) => {
            withSecondHost(settings);
            (settings.config.was as { labels?: object }[])[0].labels = { team: "moved" };
        });
        const failed = await world.tryUp("dev");
        assert.equal(failed.ok, false);
        assert.match(failed.output, /dev-was-2-log-agent/);
        assert.match(failed.output, new RegExp(`${second.address.replaceAll(".", "\\.")}:22.*connection refused`));
        await eventually("dev-was-1's new label", SCRAPE_SECONDS + SLACK_SECONDS, async () => (await grafana.metrics('up{instance="dev-was-1", team="moved", job="was"} == 1'))[0]);

        await second.openSsh();
        await world.up("dev");
        await eventually("logs of dev-was-2", 60, async () => (await grafana.logs('{instance="dev-was-2"}'))[0]);
    });

    it("limits of an environment change without a restart, and Loki and Tempo say so", async () => {
        const before = await world.containers();
        await world.configure("prod", ({ config }) => {
            const { environments } = config.monitoring as { environments: Record<string, object> };
            environments.loadtest = { ...environments.loadtest, retention: { logs: "48h", traces: "36h" } };
        });
        await world.up("prod");
        assert.deepEqual(await world.containers(), before);
        assert.match(await askService(world, "--header X-Scope-OrgID:loadtest http://loki:3100/config/tenant/v1/limits"), /"?retention_period"?: "?2d/);
        assert.match(await askService(world, "http://tempo:3200/status/overrides/loadtest"), /block_retention: (1d12h|36h)/);
    });

    it("a new environment gets its token, route, jobs and limits; only Grafana, whose data sources are read at its start, is replaced", async () => {
        const before = await world.containers();
        await world.configure("prod", ({ config }) => {
            (config.monitoring as { environments: Record<string, object> }).environments.staging = { cidrs: ["192.0.2.0/24"] };
        });
        await world.up("prod");
        assert.ok((await world.stacks.prod.outputs()).connection_staging);
        assert.match(await askService(world, "http://localhost:9090/api/v1/scrape_pools"), /"staging\/application"/);
        assert.deepEqual(differing(before, await world.containers()), ["monitoring-grafana"]);
    });

    it("what a service cannot reload replaces its container and no other", async () => {
        const image = `${IMAGES["node-exporter"]}-again`;
        await world.lab.docker.run(["build", "--quiet", "--tag", image, "-"], { input: `FROM ${IMAGES["node-exporter"]}\nLABEL again=yes\n` });
        await world.lab.registry.serve(image);
        const before = await world.containers();
        await world.configure("prod", ({ config }) => { (config.monitoring as Record<string, unknown>).images = { "node-exporter": image }; });
        await world.up("prod");
        // Grafana again, as the environment of the test before is gone.
        assert.deepEqual(differing(before, await world.containers()), ["monitoring-grafana", "monitoring-node-exporter"]);
        const again = await world.up("prod");
        assert.equal(changed(again), 0, again.output);
    });

    it("how long metrics are kept changes without a restart", async () => {
        const before = await world.containers();
        await world.configure("prod", ({ config }) => {
            Object.assign(config.monitoring as object, { images: { "node-exporter": `${IMAGES["node-exporter"]}-again` }, retention: { metrics: "10d" } });
        });
        await world.up("prod");
        assert.deepEqual(await world.containers(), before);
        assert.match(await askService(world, "http://localhost:9090/metrics"), /prometheus_tsdb_retention_limit_seconds 864000/);
    });

    it("an agent that somebody removed by hand is put right by one command", async () => {
        await world.hosts.prod.must("systemctl disable --now photogather-log-agent.service; rm -rf /etc/systemd/system/photogather-log-agent.service /usr/local/lib/photogather-monitoring/alloy*; systemctl daemon-reload");
        await world.hosts.dev.must("docker rm --force photogather-log-agent");
        for (const environment of ["prod", "dev"] as const) {
            await world.configure(environment, (settings) => { settings.config.repair = "1"; if (environment === "dev") withSecondHost(settings); });
            await world.up(environment);
        }
        assert.equal(await world.hosts.prod.must("systemctl is-active photogather-log-agent.service"), "active");
        assert.equal(await world.hosts.dev.must("docker inspect --format '{{.State.Running}}' photogather-log-agent"), "true");
    });
});

/** Asks a service from inside the deployment's network, as nothing but the gateway is published. */
function askService(world: World, request: string): Promise<string> {
    return world.monitor.must(`docker exec monitoring-prometheus wget -qO- ${request}`);
}

function differing(before: Record<string, string>, after: Record<string, string>): string[] {
    return [...new Set([...Object.keys(before), ...Object.keys(after)])].filter((name) => before[name] !== after[name]).sort();
}
