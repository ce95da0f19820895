import { renderTemplate } from "../render";
import { GatewayView, INDEX_LABELS, metadataNames, PATHS, unitName } from "./alloy";
import { DATA_DIRECTORY, PROMTAIL_PORT } from "./paths";
import { redacted } from "./patterns";
import { LogAgentPlan, PlannedSource } from "./plan";

/** Promtail's configuration: the same labels, fields and redactions as Alloy's. Holds no secret. */
export function renderPromtailConfig(plan: LogAgentPlan, gateway: GatewayView): string {
    const shared = {
        firstLine: plan.firstLine, fields: plan.fields, metadata: metadataNames(plan), indexLabels: INDEX_LABELS,
        redactions: plan.redactions.map(({ name, expression }) => ({ expression, replacement: redacted(name) })),
        staticLabels: Object.entries({ environment: plan.environment, instance: plan.host, ...plan.labels }).map(([key, value]) => ({ key, value })),
    };
    const job = (kind: string) => (source: PlannedSource) => ({
        ...shared, ...source, label: `${kind}_${source.label}`,
        isFile: kind === "file", isUnit: kind === "journal", isContainer: kind === "docker",
        match: `_SYSTEMD_UNIT=${unitName(source.value)}`, regex: `/(?:${source.value})`,
    });
    return renderTemplate("promtail/promtail-config.yml", {
        port: PROMTAIL_PORT, positions: `${DATA_DIRECTORY}/positions.yml`,
        url: `${gateway.url}/loki/api/v1/push`, tokenFile: PATHS.token, hasCa: gateway.hasCa, caFile: PATHS.ca,
        jobs: [...plan.files.map(job("file")), ...plan.units.map(job("journal")), ...plan.containers.map(job("docker"))],
    });
}
