import assert from "node:assert/strict";
import { gunzipSync } from "node:zlib";
import type { Connection } from "../../components/connection";
import { LogAgent } from "../../components/log-agent";
import { pushEndpoint } from "../../components/metrics-target/push";
import { GrafanaClient } from "./support/grafana";
import { Ingest } from "./support/ingest";
import { eventually } from "../support/wait";
import { APPLICATION, World } from "./support/world";

/** dev's host cannot be reached from the monitoring host any more: its agent sends its metrics, and they are the environment's as before. */
describe("metrics of a host that Prometheus cannot reach", () => {
    let world: World;
    let grafana: GrafanaClient;

    before(async () => {
        world = await (await World.get()).deployed();
        grafana = await world.grafana();
        await firewall("-I");
    });
    after(() => (world ? firewall("-D").catch(() => undefined) : undefined));

    /** Nothing that the monitoring host begins reaches dev's host, nor a container on it. */
    const firewall = (what: "-I" | "-D") => world.hosts.dev.must(["INPUT", "DOCKER-USER"].map((chain) => `iptables ${what} ${chain} -p tcp --syn -s ${world.monitor.address} -j DROP`).join(" && "));

    const configure = (environment: "prod" | "dev", push: boolean) =>
        world.configure(environment, ({ config }) => {
            if (!push) return;
            if (environment === "dev") Object.assign((config.was as object[])[0], { metrics: "push" });
            else Object.assign((config.monitoring as { environments: Record<string, object> }).environments.dev, { pushedMetrics: true });
        });
    const up = async (environment: "prod" | "dev", push: boolean) => {
        await configure(environment, push);
        await world.up(environment);
    };
    const series = async (selector: string) => (await grafana.metrics(`{environment="dev", instance="${world.hosts.dev.name}", ${selector}}`)).length;

    it("a host that pushes is refused before anything changes, where its environment takes no pushed metrics", async () => {
        await configure("dev", true);
        const run = await world.tryUp("dev");
        assert.equal(run.ok, false);
        assert.match(run.output, /was\[0\]\.metrics: "push" needs monitoring\.environments\.dev\.pushedMetrics: true in the owner stack/);
    });

    it("the relay comes, and no other service is restarted but those that lose memory to it", async () => {
        const before = await world.containers();
        await up("prod", true);
        const after = await world.containers();
        assert.ok(after["monitoring-relay-dev"]);
        assert.deepEqual(["monitoring-gateway", "monitoring-alertmanager", "monitoring-node-exporter"].filter((name) => after[name] !== before[name]), []);
    });

    it("application, machine and agent are there as before, by the agent; Prometheus has no target of the host", async () => {
        await up("dev", true);
        const start = performance.now();
        for (const job of ["was", "host", "agent"]) await eventually(job, 90, async () => (await series(`__name__="up", job="${job}"`)) === 1 || undefined);
        world.figures["pushed metrics after an up"] = (performance.now() - start) / 1000;
        assert.deepEqual(await grafana.scraped("dev"), []);
        await eventually("the application's series", 60, async () => (await series(`job="was", application="${APPLICATION}", __name__=~"jvm_.*|http_server_.*"`)) > 50 || undefined);
        assert.ok((await series('job="host", __name__=~"node_.*"')) > 50);
        const names = await grafana.metrics(`count by (__name__) ({environment="dev", job="agent"})`);
        assert.ok(names.some(({ labels }) => labels.__name__ === "otelcol_exporter_sent_log_records_total"));
        const preview = world.keep(await world.stacks.dev.preview());
        assert.deepEqual([preview.ok, Object.keys(preview.changes).filter((kind) => kind !== "same")], [true, []], preview.output);
    });

    it("samples come without a gap", async () => {
        const begun = Date.now() / 1000;
        const times = await eventually("a minute of samples", 120, async () => {
            const found = (await grafana.sampleTimes(`jvm_threads_live_threads{instance="${world.hosts.dev.name}"}`, 70)).filter((at) => at > begun - 20);
            return found.length >= 4 ? found : undefined;
        }, 3000);
        const gaps = times.slice(1).map((at, i) => at - times[i]);
        assert.ok(Math.max(...gaps) < 20, JSON.stringify(gaps));
    });

    it("what says that it is prod's is dev's; prod's own token is told that there is no relay", async () => {
        const labels = { __name__: "forged_total", environment: "prod", job: "was", application: "forged", instance: "forged-1" };
        const send = async (environment: "prod" | "dev") => (await Ingest.of(world, environment)).samples([labels]);
        assert.equal(await send("dev"), 204);
        const found = await eventually("the series", 60, async () => { const all = await grafana.metrics("forged_total"); return all.length > 0 ? all : undefined; });
        assert.deepEqual(found.map((each) => each.labels.environment), ["dev"]);
        assert.equal(await send("prod"), 404);
    });

    it("a host that nobody lists, by user data, sends them by the token of its boot", async () => {
        const { gateway } = (await world.stacks.prod.outputs()).connection_dev as Connection;
        const name = "i-0fedcba9876543210";
        const host = await world.lab.host("dev-scaled-push", 19);
        try {
            const userData = await new Promise<string>((resolve) => LogAgent.userData({
                environment: "dev", application: "shop", gateway, logs: { files: ["/var/log/was/*.log"] }, hostCommand: `echo ${name}`, tokenCommand: "cat /root/token",
                external: { metrics: pushEndpoint("the host", gateway) }, push: { applications: [{ address: "127.0.0.1:8080" }] }, artifact: world.lab.artifacts.agent(),
            }).apply(resolve));
            const script = gunzipSync(Buffer.from(userData, "base64")).toString();
            assert.ok(!script.includes(gateway.token) && !script.includes(Buffer.from(gateway.token).toString("base64")), "the token is in the user data");
            await host.must(`mkdir -p /var/log/was && printf %s ${gateway.token} > /root/token && cat > /root/user-data && sh /root/user-data`, script);
            // There is no application on it.
            for (const [job, up] of [["host", 1], ["agent", 1], ["was", 0]]) await eventually(String(job), 90, async () => (await grafana.metrics(`up{environment="dev", application="shop", instance="${name}", job="${job}"} == ${up}`))[0]);
        } finally {
            await host.remove();
        }
    });

    it("and back: the relay goes, the host is scraped again, and nothing of it is left", async () => {
        await firewall("-D");
        for (const environment of ["dev", "prod"] as const) {
            await up(environment, false);
        }
        assert.equal((await world.containers())["monitoring-relay-dev"], undefined);
        assert.deepEqual(await grafana.scraped("dev"), [world.hosts.dev.name]);
        await eventually("the host's samples", 60, async () => (await grafana.metrics(`up{instance="${world.hosts.dev.name}", job="was"} == 1`)).length === 1 || undefined);
    });
});
