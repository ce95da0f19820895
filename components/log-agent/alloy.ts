import { hostPort } from "../names";
import { renderTemplate } from "../render";
import { CONFIG_DIRECTORY, DATA_DIRECTORY, LogAgentPlan } from "./plan";

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
    password: `${CONFIG_DIRECTORY}/http-password`,
    certificate: `${CONFIG_DIRECTORY}/http-certificate.pem`,
    key: `${CONFIG_DIRECTORY}/http-key.pem`,
};

/** Alloy's configuration. Holds no secret: those are in files that it names. */
export function renderAlloyConfig(plan: LogAgentPlan, gateway: GatewayView): string {
    const sampled = plan.sampling.percentage < 100;
    return renderTemplate("log-agent/config.alloy", {
        ...plan, paths: PATHS, ca: gateway.hasCa, docker: plan.runtime === "docker",
        exporters: [
            // A full queue stops the reading of files, which keep the lines.
            // One request at a time: of two that come to a stream at once, Loki may write the later one to its log first, and then takes the other for a duplicate at its next start.
            exporter("logs", plan.logsMiB, true, 1, gateway),
            // A full queue refuses spans, so that no request of an application hangs: the exporters there try again.
            ...(plan.otlp.enabled ? [exporter("traces", plan.tracesMiB, false, 4, gateway)] : []),
        ],
        hasFiles: plan.files.length > 0,
        units: plan.units.map((unit) => ({ ...unit, match: `_SYSTEMD_UNIT=${unitName(unit.value)}` })),
        hasContainers: plan.containers.length > 0,
        containers: plan.containers.map((container) => ({ ...container, regex: `/(?:${container.value})` })),
        redactions: plan.redactions.map(({ name, expression }) => ({ expression, replacement: `[redacted:${name}]` })),
        staticLabels: entries({ environment: plan.environment, instance: plan.host, ...plan.labels }),
        metadata: metadataNames(plan),
        indexLabels: INDEX_LABELS,
        otlp: { ...plan.otlp, endpoint: hostPort(plan.otlp.address, plan.otlp.port) },
        sampling: sampled ? { ...plan.sampling, wait: `${plan.sampling.waitSeconds}s` } : undefined,
        tracesTo: sampled ? "otelcol.processor.tail_sampling.traces.input" : "otelcol.processor.transform.spans.input",
        hasDropped: plan.otlp.droppedPaths.length > 0,
        droppedSpans: plan.otlp.droppedPaths.map((path) => `kind == SPAN_KIND_SERVER and IsMatch(attributes["url.path"], ${JSON.stringify(path)})`),
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

function exporter(name: string, mib: number, blocking: boolean, consumers: number, gateway: GatewayView) {
    return {
        name, block: name, endpoint: `${gateway.url}/otlp`, bytes: mib * MIB, block_on_overflow: blocking, consumers,
        directory: `${DATA_DIRECTORY}/otelcol.storage.file.${name}`,
    };
}

function entries(record: Record<string, string>) {
    return Object.entries(record).map(([key, value]) => ({ key, value }));
}
