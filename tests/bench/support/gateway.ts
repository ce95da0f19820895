import { KnownServicesArgs } from "../../../components/monitoring-services/args";
import { SMALL_HOST_MIB } from "../../../components/monitoring-services/budget";
import { planContainers } from "../../../components/monitoring-services/containers";
import { renderCaddyfile } from "../../../components/monitoring-services/gateway";
import { freePorts } from "../../support/running";
import { eventually } from "../../support/wait";
import { Limited, startLimited } from "./limited";
import { Destination } from "./load";
import { programs, Side } from "./sides";

/** The gateway as it is deployed, before the backends of a side; without TLS, which would be the generator's work as well. */
export async function startGateway(side: Side, args: KnownServicesArgs): Promise<{ program: Limited; destination: Destination }> {
    const [port, internal, admin, ...reading] = await freePorts(6);
    const address = (url: string) => url.replace("http://", "");
    const traces = new URL(side.destination.traces);
    const ports = {
        ":2020": `:${internal}`, ":2019": `:${admin}`, ":2021": `:${reading[0]}`, ":2022": `:${reading[1]}`, ":2023": `:${reading[2]}`,
        "loki:3100": address(side.loki), "tempo:4318": traces.host, "tempo:3200": address(side.tempo), "prometheus:9090": address(side.prometheus), "grafana:3000": "127.0.0.1:9",
    };
    const file = "/etc/photogather-monitoring/gateway/Caddyfile";
    const content = renderCaddyfile({ ...args, address: "127.0.0.1", names: [], tls: { mode: "off" } }, port);
    side.running.write([{ path: file, content }], side.running.rewriting("gateway", ports));
    const { envs, memory, cpuShares } = planContainers({ dataDirectory: "/data", memoryMiB: SMALL_HOST_MIB, port: 8080, acme: false }).gateway;
    const home = side.running.data("gateway");
    const program = startLimited(side.running, `${side.name}-gateway`, programs("caddy").caddy, ["run", "--config", `${side.running.directory}/gateway/Caddyfile`, "--adapter", "caddyfile"], {
        envs: [...(envs as string[]).filter((each) => each.startsWith("GO")), `XDG_DATA_HOME=${home}`, `XDG_CONFIG_HOME=${home}`, `HOME=${home}`], limitMiB: memory as number, cpuShares: cpuShares as number,
    });
    const url = `http://127.0.0.1:${port}`;
    await eventually("the gateway answers", 20, async () => (await fetch(`${url}/-/gateway`)).ok);
    const headers = Object.fromEntries(Object.entries(args.environments).map(([name, { token }]) => [name, { Authorization: `Bearer ${token}` }]));
    return { program, destination: { ...side.destination, logs: `${url}/otlp/v1/logs`, traces: `${url}/otlp/v1/traces`, headers } };
}
