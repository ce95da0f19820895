import { headerList, KnownEndpoint } from "../endpoint";
import { hostPort } from "../names";
import { isLokiPush, KnownExternal, renderExternal, Way, wayOf } from "./external";
import { renderTemplate } from "../render";
import { CONFIG_DIRECTORY, DATA_DIRECTORY, HTTP_PASSWORD } from "./paths";
import { redacted } from "./patterns";
import { LogAgentPlan } from "./plan";

/** Loki's index labels, which it makes of resource attributes of these names. All else on a line is structured metadata. */
export const INDEX_LABELS = ["environment", "application", "instance", "source"];
const MIB = 1024 * 1024;

/** What of the gateway shows in a configuration: no secret. */
export interface GatewayView {
    url: string;
    /** True where a CA file stands beside the configuration. */
    hasCa: boolean;
}

/** Files of an agent that its configuration speaks of. */
export const PATHS = {
    config: `${CONFIG_DIRECTORY}/config.alloy`,
    token: `${CONFIG_DIRECTORY}/token`,
    ca: `${CONFIG_DIRECTORY}/ca.pem`,
    password: HTTP_PASSWORD,
    certificate: `${CONFIG_DIRECTORY}/http-certificate.pem`,
    key: `${CONFIG_DIRECTORY}/http-key.pem`,
};

/** Alloy's configuration. Holds no secret: those are in files that it names. */
export function renderAlloyConfig(plan: LogAgentPlan, gateway: GatewayView | undefined, external: KnownExternal = NOTHING_EXTERNAL): string {
    const sampled = plan.sampling.percentage < 100;
    const destinations = planDestinations(gateway, external);
    const logs = destinations.filter(({ signal }) => signal === "logs");
    const traces = plan.otlp.enabled ? destinations.filter(({ signal }) => signal === "traces") : [];
    return renderTemplate("log-agent/config.alloy", {
        ...plan, paths: PATHS, docker: plan.runtime === "docker", hostExporter: plan.metrics.enabled || plan.external.host,
        ways: [...new Map([...logs, ...traces].map(({ way }) => [way.name, way])).values()],
        exporters: [
            // A full queue stops the reading of files, which keep the lines.
            // One request at a time: of two that come to a stream at once, Loki may write the later one to its log first, and then takes the other for a duplicate at its next start.
            ...logs.map((each) => exporter(each, plan.logsMiB, true, 1)),
            // A full queue refuses spans, so that no request of an application hangs: the exporters there try again.
            ...traces.map((each) => exporter(each, plan.tracesMiB, false, 4)),
        ],
        hasLogs: logs.length > 0, logsTo: inputs(logs), tracesOut: inputs(traces),
        linesTo: [...(logs.length > 0 ? ["otelcol.receiver.loki.lines.receiver"] : []), ...(external.endpoints.logs && isLokiPush(external.endpoints.logs) ? ["loki.write.external_logs.receiver"] : [])].join(", "),
        external: renderExternal(plan, external),
        hasFiles: plan.files.length > 0,
        units: plan.units.map((unit) => ({ ...unit, match: `_SYSTEMD_UNIT=${unitName(unit.value)}` })),
        hasContainers: plan.containers.length > 0,
        containers: plan.containers.map((container) => ({ ...container, regex: `/(?:${container.value})` })),
        redactions: plan.redactions.map(({ name, expression }) => ({ expression, replacement: redacted(name) })),
        staticLabels: entries({ environment: plan.environment, instance: plan.host, ...plan.labels }),
        metadata: metadataNames(plan),
        indexLabels: INDEX_LABELS,
        otlp: { ...plan.otlp, endpoint: hostPort(plan.otlp.address, plan.otlp.port) },
        sampling: sampled ? { ...plan.sampling, wait: `${plan.sampling.waitSeconds}s` } : undefined,
        tracesTo: sampled ? "otelcol.processor.tail_sampling.traces.input" : "otelcol.processor.transform.spans.input",
        droppedSpans: [
            `trace_id == TraceID(0x${"0".repeat(32)}) or span_id == SpanID(0x${"0".repeat(16)})`,
            ...plan.otlp.droppedPaths.map((path) => `kind == SPAN_KIND_SERVER and IsMatch(attributes["url.path"], ${JSON.stringify(path)})`),
        ],
        spanStatements: renderSpanStatements(plan),
    });
}

/** The names of what stands beside a line without being an index label. */
export function metadataNames(plan: LogAgentPlan): string[] {
    return [...plan.fields.map(({ name }) => name), "filename", "unit", "container", ...Object.keys(plan.labels)];
}

/** A unit as the journal has it: with its type. */
export function unitName(unit: string): string {
    return /\.(service|scope|socket|timer|mount|target|path|slice)$/.test(unit) ? unit : `${unit}.service`;
}

/** The statements, in OTTL, that give every span the vocabulary of the other signals. */
export function renderSpanStatements(plan: LogAgentPlan): string[] {
    const set = (attribute: string, value: string, condition = "") => `set(resource.attributes["${attribute}"], ${JSON.stringify(value)})${condition}`;
    const name = 'resource.attributes["service.name"]';
    return [
        set("deployment.environment.name", plan.environment),
        set("service.instance.id", plan.host),
        // An SDK that was told no name calls itself unknown_service.
        set("service.name", plan.application, ` where ${name} == nil or IsMatch(${name}, "^(unknown_service.*)?$")`),
    ];
}

export const NOTHING_EXTERNAL: KnownExternal = { endpoints: {}, passwords: [] };

/** Where one signal goes by OTLP. Its name is that of its queue on disk, and never changes. */
interface Destination {
    signal: "logs" | "traces";
    name: string;
    endpoint: string;
    way: Way;
    headers: { key: string; value: string }[];
}

function planDestinations(gateway: GatewayView | undefined, { endpoints }: KnownExternal): Destination[] {
    const way: Way = { name: "gateway", tokenPath: PATHS.token, caPath: gateway?.hasCa ? PATHS.ca : "" };
    const own = (["logs", "traces"] as const).flatMap((signal): Destination[] => (gateway ? [{ signal, name: signal, endpoint: `${gateway.url}/otlp`, way, headers: [] }] : []));
    const others = (["logs", "traces"] as const).flatMap((signal): Destination[] => {
        const endpoint: KnownEndpoint | undefined = endpoints[signal];
        if (!endpoint || isLokiPush(endpoint)) return [];
        return [{ signal, name: `external_${signal}`, endpoint: endpoint.url.replace(/\/+$/, ""), way: wayOf(signal, endpoint), headers: headerList(endpoint) }];
    });
    return [...own, ...others];
}

function inputs(destinations: Destination[]): string {
    return destinations.map(({ name }) => `otelcol.exporter.otlphttp.${name}.input`).join(", ");
}

function exporter({ name, endpoint, way, headers }: Destination, mib: number, blocking: boolean, consumers: number) {
    const auth = way.tokenPath ? `otelcol.auth.bearer.${way.name}.handler` : way.basic ? `otelcol.auth.basic.${way.name}.handler` : "";
    return {
        name, block: name, endpoint, auth, caOf: way.caPath ? way.name : "", hasHeaders: headers.length > 0, headers, bytes: mib * MIB, block_on_overflow: blocking, consumers,
        directory: `${DATA_DIRECTORY}/otelcol.storage.file.${name}`,
    };
}

function entries(record: Record<string, string>) {
    return Object.entries(record).map(([key, value]) => ({ key, value }));
}
