import assert from "node:assert/strict";
import { gunzipSync } from "node:zlib";
import { LogAgent } from "../../components/log-agent";
import type { Connection } from "../../components/connection";
import { CountedStream } from "./support/counted/stream";
import { GrafanaClient } from "./support/grafana";
import { Host } from "./support/hosts";
import { eventually, sleep } from "../support/wait";
import { World } from "./support/world";

const NAME = "i-0a1b2c3d4e5f60718";

/** A machine that is in nobody's list, as of a launch template: it boots with user data of `LogAgent.userData`, here run as cloud-init runs it. */
describe("a host that comes with user data", () => {
    let world: World;
    let grafana: GrafanaClient;
    let host: Host;
    let gateway: Connection["gateway"];
    let script: string;

    before(async () => {
        world = await (await World.get()).deployed();
        grafana = await world.grafana();
        gateway = ((await world.stacks.prod.outputs()).connection_dev as Connection).gateway;
        host = await world.lab.host("dev-scaled", 18);
        await host.must(`mkdir -p /var/log/was && printf %s ${gateway.token} > /root/token`);
        const javaAgent = world.lab.artifacts.get("opentelemetry-javaagent");
        const userData = await new Promise<string>((resolve) => LogAgent.userData({
            environment: "dev", application: "shop", gateway, logs: { files: ["/var/log/was/*.log"] }, hostCommand: `echo ${NAME}`, tokenCommand: "cat /root/token",
            artifact: world.lab.artifacts.agent(),
            javaAgents: [{ application: "shop", instance: "", environment: "dev", version: "2.30.0", url: javaAgent.url, sha256: javaAgent.sha256 }],
        }).apply(resolve));
        script = gunzipSync(Buffer.from(userData, "base64")).toString();
    });
    after(() => host?.remove());

    it("brings the agent, with a name and a token of the first boot; lines and spans arrive, and none is lost", async () => {
        assert.ok(!script.includes(gateway.token), "the token is in the user data");
        await host.must("cat > /root/user-data && chmod 0700 /root/user-data && /root/user-data", script);
        assert.equal(await host.must("systemctl is-active photogather-log-agent.service"), "active");
        assert.match(await host.must("cat /etc/photogather-monitoring/java-agent/shop.env"), new RegExp(`service\\.instance\\.id=${NAME}`));
        const stream = await CountedStream.start({ host, instance: NAME, file: "/var/log/was/counted.log", otlp: "http://127.0.0.1:4318" });
        await sleep(10_000);
        await stream.allThere(grafana, await stream.mark(), 60);
        await stream.stop();
        const [{ labels }] = await grafana.logs(`{instance="${NAME}"}`, "loki", 1);
        assert.deepEqual([labels.environment, labels.application, labels.source], ["dev", "shop", "file"]);
    });

    it("comes back by itself after a reboot; run again, user data changes nothing", async () => {
        await host.reboot();
        await eventually("the agent", 60, async () => (await host.exec("systemctl is-active photogather-log-agent.service")).stdout.trim() === "active" || undefined);
        const started = () => host.must("systemctl show --property ActiveEnterTimestampMonotonic --value photogather-log-agent.service");
        const before = await started();
        await host.must("/root/user-data");
        assert.equal(await started(), before);
    });
});
