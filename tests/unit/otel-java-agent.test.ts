import assert from "node:assert/strict";
import * as fc from "fast-check";
import { OtelJavaAgent, OtelJavaAgentArgs } from "../../components/otel-java-agent";
import { planJavaAgent, planJavaAgentBundle, renderJavaAgentDownload, renderJavaAgentInstall, renderJavaAgentRemove, validateJavaAgent } from "../../components/otel-java-agent/plan";
import { VERSIONS } from "../../components/versions";
import { record } from "../../tools/offline";
import { sentBundle } from "../support/sent";
import { matchesGolden } from "../support/golden";
import { hostileString } from "../support/hostile";

const args = (change: Partial<OtelJavaAgentArgs> = {}): OtelJavaAgentArgs => ({ machine: {}, application: "shop", instance: "was-1", environment: "prod", ...change });
const paths = (change: Partial<OtelJavaAgentArgs>) => validateJavaAgent(args(change)).map(({ path }) => path);

/** Reads an environment file as Docker does: a name, `=`, and all of the rest of the line. */
function readEnvironment(text: string): Record<string, string> {
    return Object.fromEntries(text.split("\n").filter((line) => line && !line.startsWith("#")).map((line) => [line.slice(0, line.indexOf("=")), line.slice(line.indexOf("=") + 1)]));
}

describe("Java agent", () => {
    for (const [name, change] of Object.entries<Partial<OtelJavaAgentArgs>>({
        least: {}, systemd: { systemdService: "shop", restartService: "shop.service", samplingRatio: 0.25 }, docker: { otlpEndpoint: "http://172.17.0.1:4318", restartContainer: "shop" },
    })) {
        it(`${name}: files and scripts are as kept under tests/golden`, () => {
            const plan = planJavaAgent(args(change));
            for (const { path, content } of planJavaAgentBundle(plan).files) matchesGolden(`otel-java-agent/${name}${path}`, content);
            matchesGolden(`otel-java-agent/${name}/before.sh`, renderJavaAgentDownload(plan));
            matchesGolden(`otel-java-agent/${name}/after.sh`, renderJavaAgentInstall(plan));
            matchesGolden(`otel-java-agent/${name}/remove.sh`, renderJavaAgentRemove(plan));
        });
    }
    it("under another application's name, takes the old files away before the new ones come: the removal would take the program that both share", async () => {
        const [, files] = await record(() => new OtelJavaAgent("agent", args()));
        assert.deepEqual([files.name, files.options.deleteBeforeReplace], ["agent-files", true]);
        assert.match(JSON.stringify(files.inputs.triggers), /shop/);
    });
    it("sends traces only, to the log agent on the host, under the names of the vocabulary", () => {
        const { files: [file] } = planJavaAgentBundle(planJavaAgent(args()));
        assert.deepEqual(readEnvironment(file.content), {
            JAVA_TOOL_OPTIONS: `-javaagent:/usr/local/lib/photogather-monitoring/opentelemetry-javaagent-${VERSIONS.javaAgent.version}.jar`,
            OTEL_SERVICE_NAME: "shop", OTEL_RESOURCE_ATTRIBUTES: "deployment.environment.name=prod,service.instance.id=was-1",
            OTEL_EXPORTER_OTLP_ENDPOINT: "http://127.0.0.1:4318", OTEL_EXPORTER_OTLP_PROTOCOL: "http/protobuf", OTEL_PROPAGATORS: "tracecontext,baggage",
            OTEL_METRICS_EXPORTER: "none", OTEL_LOGS_EXPORTER: "none",
            OTEL_INSTRUMENTATION_COMMON_EXPERIMENTAL_CONTROLLER_TELEMETRY_ENABLED: "true", OTEL_SEMCONV_STABILITY_OPT_IN: "database,code",
            OTEL_JAVA_DISABLED_RESOURCE_PROVIDERS: "io.opentelemetry.instrumentation.resources.ProcessResourceProvider", OTEL_INSTRUMENTATION_LOGBACK_MDC_ENABLED: "true",
        });
    });
    it("properties win over the defaults; hostile ones are refused", () => {
        assert.equal(planJavaAgent(args({ properties: { OTEL_PROPAGATORS: "b3" } })).variables.OTEL_PROPAGATORS, "b3");
        fc.assert(fc.property(hostileString(), (value) => {
            const change = { properties: { OTEL_X: value } };
            if (paths(change).length > 0) return;
            const { files: [file] } = planJavaAgentBundle(planJavaAgent(args(change)));
            assert.equal(readEnvironment(file.content).OTEL_X, value);
        }));
    });
    it("reports every problem at once", () => {
        assert.deepEqual(paths({
            application: "a b", instance: "", environment: "P", otlpEndpoint: "127.0.0.1:4318", samplingRatio: 2, properties: { PATH: "/x", OTEL_A: "a b" },
            systemdService: "a b", restartService: "x;y", restartContainer: "-x", version: "9.9.9", url: "ftp://x", sha256: "abc",
        }), ["application", "instance", "environment", "otlpEndpoint", "samplingRatio", "properties.PATH", "properties.OTEL_A", "systemdService", "restartService", "restartContainer", "url", "sha256"]);
        assert.deepEqual(paths({ version: "9.9.9" }), ["version"]);
    });
    it("is one component with one command, and tells where its files are", async () => {
        const [component, command, ...more] = await record(() => new OtelJavaAgent("was-1", args()));
        assert.deepEqual([component.type, component.name], ["photogather-monitoring:index:OtelJavaAgent", "was-1"]);
        assert.deepEqual([command.type, command.name, command.parent], ["command:local:Command", "was-1-files", "was-1"]);
        assert.equal(more.length, 0);
        assert.equal(sentBundle(command)?.name, "java-agent-shop");
    });
});
