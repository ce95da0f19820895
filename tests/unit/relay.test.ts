import assert from "node:assert/strict";
import * as pulumi from "@pulumi/pulumi";
import { PUSH_PATH } from "../../components/connection";
import type { ExternalEndpoint } from "../../components/endpoint";
import { AgentGateway, LogAgent } from "../../components/log-agent";
import { MetricsTarget } from "../../components/metrics-target";
import { planBudget, servicesMemoryMiB } from "../../components/monitoring-services/budget";
import { planContainers } from "../../components/monitoring-services/containers";
import { renderPrometheus } from "../../components/monitoring-services/backends";
import { renderCaddyfile } from "../../components/monitoring-services/gateway";
import { renderRelays } from "../../components/monitoring-services/relay";
import { readyScript } from "../../components/monitoring-services/scripts";
import { planImages, planServices, SERVICES } from "../../components/monitoring-services/services";
import { IMAGES } from "../../components/versions";
import { sampleAgent } from "../support/log-agent-samples";
import { record, reveal } from "../../tools/offline";
import { CERTIFICATE, sampleServices } from "../support/services";

const args = sampleServices({ tls: { mode: "ca", caCertificate: CERTIFICATE, caPrivateKey: "k" } });
const pushing = { ...args.environments, dev: { ...args.environments.dev, pushedMetrics: true }, prod: { ...args.environments.prod, pushedMetrics: false } };

describe("an environment whose agents send their metrics", () => {
    const services = planServices({ environments: pushing });

    it("has a relay of its own, of Prometheus' image, which nobody reaches from outside and whose user no other service has", () => {
        assert.deepEqual(services.map(({ name }) => name), [...SERVICES.map(({ name }) => name), "relay-dev"]);
        assert.equal(planImages({}, "mirror.example.com", services)["relay-dev"], `mirror.example.com/${IMAGES.prometheus}`);
        assert.equal(planImages({ prometheus: "prom/prometheus:v3.99.0" }, "", services)["relay-dev"], "prom/prometheus:v3.99.0");
        const { "relay-dev": relay } = planContainers({ dataDirectory: "/data", memoryMiB: 1728, port: 8080, acme: false, environments: pushing });
        assert.equal(relay.ports, undefined);
        assert.ok(!SERVICES.some(({ user }) => user === relay.user));
        assert.deepEqual(relay.volumes, [
            { hostPath: "/etc/photogather-monitoring/relay-dev", containerPath: "/etc/prometheus", readOnly: true },
            { hostPath: "/var/lib/photogather-monitoring/relay/dev", containerPath: "/prometheus", readOnly: false },
        ]);
    });

    it("takes its memory from what the others get", () => {
        const rest = servicesMemoryMiB(1840, { environments: pushing });
        const own = services.at(-1)!.memory.smallestMiB;
        assert.equal(rest, 1840 - own);
        assert.ok(Object.values(planBudget(rest)).reduce((sum, { limitMiB }) => sum + limitMiB, own) <= 1474);
    });

    it("is scraped as the owner says, and no other environment's jobs change", () => {
        const jobs = (environments: typeof args.environments, name: string) => (JSON.parse(String(renderPrometheus({ ...args, environments }).find(({ path }) => path.endsWith(`scrape/${name}.yml`))!.content).replace(/^#.*\n/, "")) as { scrape_configs: Record<string, unknown>[] }).scrape_configs;
        const relay = jobs(pushing, "dev")[3];
        assert.deepEqual([relay.job_name, relay.honor_labels, relay.honor_timestamps, relay.follow_redirects], ["dev/relay", true, false, false]);
        assert.deepEqual((relay.metric_relabel_configs as object[]).at(-1), { target_label: "environment", replacement: "dev" });
        assert.deepEqual(jobs(pushing, "prod"), jobs(args.environments, "prod"));
        assert.equal(jobs(args.environments, "dev").length, 3);
    });

    it("is where the gateway leads its token, and the others' nowhere", () => {
        const file = renderCaddyfile({ ...args, environments: pushing });
        const of = (name: string) => file.slice(file.indexOf(`(ingest-${name})`), file.indexOf("import forward", file.indexOf(`(ingest-${name})`)));
        assert.match(of("dev"), new RegExp(`handle ${PUSH_PATH} \\{[^]*reverse_proxy relay-dev:9090`));
        assert.match(of("prod"), /takes no pushed metrics" 404/);
        assert.doesNotMatch(of("prod"), /relay-/);
    });

    it("is waited for, and keeps no data where backups are made of", () => {
        assert.match(readyScript({ dataDirectory: "/data", images: IMAGES }, services), /for service in prometheus gateway alertmanager loki tempo grafana node-exporter relay-dev; do/);
        assert.deepEqual(renderRelays({ environments: pushing }).directories.map(({ path }) => path), ["/var/lib/photogather-monitoring/relay", "/etc/photogather-monitoring/relay-dev", "/var/lib/photogather-monitoring/relay/dev"]);
        assert.deepEqual(renderRelays(args), { directories: [], files: [] });
    });

    it("is an agent's endpoint, by a MetricsTarget that pushes, which registers nothing", async () => {
        const gateway = { url: "https://10.0.0.5:8080", ca: "CA", token: "t".repeat(20) };
        let target: MetricsTarget | undefined;
        const made = await record(() => { target = new MetricsTarget("pushed", { environment: "dev", mode: "push", gateway: pulumi.output(gateway) }); });
        assert.deepEqual(made.map(({ type }) => type), ["photogather-monitoring:index:MetricsTarget"]);
        const known = <T>(output: pulumi.Output<T>) => new Promise<T>((resolve) => { output.apply(resolve); });
        assert.deepEqual(await known(target!.endpoint!), { ...gateway, url: `https://10.0.0.5:8080${PUSH_PATH}` });
        assert.equal(await pulumi.isSecret(target!.endpoint!), true);
        assert.equal(await known(target!.targetCount), 0);
    });

    it("is refused once it is known that it is no gateway, as where the whole connection is given, or that an endpoint is none", async () => {
        const pushing = (gateway: object) => record(() => new MetricsTarget("pushed", { environment: "dev", mode: "push", gateway: pulumi.output(gateway) as pulumi.Output<AgentGateway> }));
        await assert.rejects(pushing({ format: 1, gateway: {} }), /MetricsTarget pushed has 3 problems:[^]*gateway\.url: expected a text/);
        await assert.rejects(pushing({ url: "https://10.0.0.5:8080/", ca: "", token: "t".repeat(20) }), /gateway\.url: expected http\(s\):\/\/ADDRESS:PORT without a path/);
        const sending = (metrics: object) => record(() => new LogAgent("was-1", { ...sampleAgent(), external: { metrics: pulumi.output(metrics) as pulumi.Output<ExternalEndpoint> } }));
        await assert.rejects(sending({ url: "mimir", token: "x", username: "u", password: "p" }), /LogAgent was-1 has 2 problems:[^]*external\.metrics\.url: expected a URL[^]*external\.metrics: expected one way in/);
        await assert.rejects(sending({ token: "x" }), /external\.metrics\.url: expected a text/);
    });

    it("is taken by an agent as a whole, as an output is", async () => {
        const made = await record(() => {
            const { endpoint } = new MetricsTarget("pushed", { environment: "dev", mode: "push", gateway: pulumi.output({ url: "https://10.0.0.5:8080", ca: "", token: "t".repeat(20) }) });
            new LogAgent("was-1", { ...sampleAgent(), external: { metrics: endpoint }, push: { applications: [{ address: "127.0.0.1:8080" }] } });
        });
        const [files] = made.filter(({ type }) => type.startsWith("command:"));
        const contents = [...reveal<string>(files.inputs.stdin).matchAll(/^f \S+ \S+ \S+ (\S+)$/gm)].map(([, content]) => Buffer.from(content, "base64").toString());
        assert.ok(contents.some((content) => content.includes(`https://10.0.0.5:8080${PUSH_PATH}`)));
    });
});
