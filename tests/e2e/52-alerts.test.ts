import assert from "node:assert/strict";
import { DEFAULT_THRESHOLDS } from "../../dashboards/alerts";
import { Receiver } from "../support/receiver";
import { GrafanaClient } from "./support/grafana";
import { eventually, sleep } from "../support/wait";
import { APPLICATION, Environment, World } from "./support/world";

/** Prometheus' interval of evaluation, and Alertmanager's patience with the end of an alert, both as shipped. */
const EVALUATION_SECONDS = 15;
const GROUP_INTERVAL_SECONDS = 120;

/** What Alertmanager posts to a webhook. */
interface Notification {
    status: string;
    alerts: { status: string; labels: Record<string, string>; annotations: Record<string, string> }[];
}

describe("alerts", () => {
    let world: World;
    let grafana: GrafanaClient;
    let receiver: Receiver;
    const SEVERITIES: Record<Environment, string> = { prod: "page", dev: "notify", loadtest: "none" };

    before(async () => {
        world = await (await World.get()).deployed();
        grafana = await world.grafana();
        receiver = await Receiver.start(world.lab.network.gateway);
        // Their alert takes minutes, which the tests before that one need too.
        await Promise.all([world.apps.prod.stop(), world.apps.loadtest.stop()]);
    });
    after(async () => {
        await world.configure("prod");
        await world.up("prod");
        await receiver?.stop();
    });

    /** Notifications at a path that speak of an environment's application that is down. */
    const told = (path: string, environment: Environment) => receiver.at(path).map(({ body, at }) => ({ at, ...JSON.parse(body) as Notification }))
        .filter(({ alerts }) => alerts.some(({ labels }) => labels.alertname === "ApplicationDown" && labels.environment === environment));
    const firing = async (environment: Environment) => (await grafana.metrics(`ALERTS{alertname="ApplicationDown", environment="${environment}", alertstate="firing"}`))[0];

    it("receivers and routes come without a restart of any container", async () => {
        const before = await world.containers();
        await world.configure("prod", ({ config, secrets }) => {
            const monitoring = config.monitoring as { environments: Record<string, object>; alerting?: object };
            for (const [name, severity] of Object.entries(SEVERITIES)) monitoring.environments[name] = { ...monitoring.environments[name], severity };
            monitoring.alerting = { page: [{ kind: "webhook" }], notify: [{ kind: "webhook" }] };
            secrets["monitoring.alerting.page[0].url"] = receiver.url("/page");
            secrets["monitoring.alerting.notify[0].url"] = receiver.url("/notify");
            secrets["monitoring.alerting.heartbeatUrl"] = receiver.url("/heartbeat");
        });
        await world.up("prod");
        assert.deepEqual(await world.containers(), before);
    });

    it("the heartbeat arrives again and again", async () => {
        await eventually("two beats", 180, () => receiver.at("/heartbeat").length >= 2 || undefined);
        const [first, second] = receiver.at("/heartbeat");
        assert.ok(second.at - first.at < 90_000, `${second.at - first.at} ms`);
    });

    it("an application that stops is told once, in time, with its environment and host; its return is told too; loadtest's never", async () => {
        const host = world.hosts.prod.name;
        const first = await eventually("the notification", DEFAULT_THRESHOLDS.downSeconds + 90, () => told("/page", "prod")[0]);
        const [alert] = first.alerts;
        assert.deepEqual([first.status, first.alerts.length, alert.labels.environment, alert.labels.application, alert.labels.instance, alert.labels.severity],
            ["firing", 1, "prod", APPLICATION, host, "critical"]);
        assert.equal(alert.annotations.dashboard, `${((await world.stacks.prod.outputs()).monitoring as { url: string }).url}/d/environments?var-environment=prod`);
        // Its value is the time at which Prometheus first saw it.
        const [since] = await grafana.metrics('ALERTS_FOR_STATE{alertname="ApplicationDown", environment="prod"}');
        const late = first.at / 1000 - since.value - DEFAULT_THRESHOLDS.downSeconds;
        world.figures["application down to notification, beyond its `for`"] = late;
        assert.ok(late <= EVALUATION_SECONDS, `${late} s after its for`);

        // loadtest's fires as well by now, and is sent nowhere.
        await eventually("loadtest's alert", 60, async () => await firing("loadtest"));
        await sleep(EVALUATION_SECONDS * 1000);
        await Promise.all([world.apps.prod.restart(), world.apps.loadtest.restart()]);
        const over = await eventually("the end of it", GROUP_INTERVAL_SECONDS + 60, () => told("/page", "prod").find(({ status }) => status === "resolved"));
        assert.equal(over.alerts[0].labels.instance, host);
        assert.deepEqual(told("/page", "prod").map(({ status }) => status), ["firing", "resolved"]);
        assert.deepEqual(receiver.received.filter(({ body }) => body.includes('"environment":"loadtest"')), []);
        assert.deepEqual(told("/notify", "dev"), []);
    });
});
