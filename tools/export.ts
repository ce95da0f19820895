/**
 * `npm run export -- --environments prod,dev --grafana https://grafana.example.com DIRECTORY`: writes what a Grafana, a Prometheus or Mimir and a Loki of one's own
 * need to show and tell the same as the shared deployment (docs/external.md): dashboards, data sources with their links, recording and alert rules.
 */
import * as fs from "node:fs";
import * as path from "node:path";
import { parseArgs } from "node:util";
import { failOn } from "../components/problems";
import { renderDatasources } from "../components/monitoring-services/grafana";
import { validateEnvironment } from "../components/names";
import { DASHBOARD_UIDS, renderDashboards, UIDS } from "../dashboards";
import { renderLogRules, renderMetricRules } from "../dashboards/alerts";
import { runTool } from "./cli";

const USAGE = "npm run export -- --environments prod,dev [--grafana URL] [--runbook URL] DIRECTORY";
/** Rules about the services of the shared deployment, and about its quotas. */
const SHARED_ONLY = /^builtin-(monitoring|capacity)\.yml$/;

/** Grafana's provisioning reads them from its environment. */
const URLS = { metrics: "$PROMETHEUS_URL", logs: "$LOKI_URL", traces: "$TEMPO_URL" };
const DATASOURCES_HEAD = `# For provisioning/datasources of a Grafana of your own, whose environment has ${Object.values(URLS).join(", ")}. Logins are for you to add (basicAuth, secureJsonData).\n`;

runTool(() => {
    const { values, positionals: [directory, ...rest] } = parseArgs({
        allowPositionals: true, options: { environments: { type: "string" }, grafana: { type: "string", default: "" }, runbook: { type: "string" } },
    });
    const environments = (values.environments ?? "").split(",").filter(Boolean);
    if (!directory || rest.length > 0 || environments.length === 0) throw new Error(`expected environments and a directory: ${USAGE}`);
    failOn("--environments", environments.flatMap((name) => validateEnvironment(name, name)));
    if (fs.existsSync(directory) && fs.readdirSync(directory).length > 0) throw new Error(`${directory} is not empty: name a new directory, or empty it`);
    const files = exported(environments, { grafana: values.grafana, runbook: values.runbook });
    for (const [file, text] of Object.entries(files)) {
        fs.mkdirSync(path.dirname(path.join(directory, file)), { recursive: true });
        fs.writeFileSync(path.join(directory, file), text);
    }
    console.log(`Wrote ${Object.keys(files).length} files to ${directory}/: dashboards/ and datasources.yml for Grafana, rules/ for Prometheus or Mimir, log-rules/<environment>/ for Loki. Next: docs/external.md.`);
});

/** The files, by their path below the directory. */
function exported(environments: string[], links: { grafana: string; runbook?: string }): Record<string, string> {
    const dashboards = renderDashboards(DASHBOARD_UIDS.filter((uid) => uid === UIDS.monitoring));
    const rules = Object.entries(renderMetricRules({ links, facts: { memoryLimits: {}, certificateEnds: {} } })).filter(([file]) => !SHARED_ONLY.test(file));
    const logRules = environments.flatMap((environment) => Object.entries(renderLogRules(environment, { links })).map(([file, text]) => [`${environment}/${file}`, text]));
    const datasources = renderDatasources(environments, [], [], false, URLS).replace(/^#.*\n/, DATASOURCES_HEAD).replace(/^# By the gateway.*\n/m, "");
    const below = (folder: string, entries: string[][]) => entries.map(([file, text]) => [`${folder}/${file}`, text]);
    return Object.fromEntries([...below("dashboards", Object.entries(dashboards)), ...below("rules", rules), ...below("log-rules", logRules), ["datasources.yml", datasources]]) as Record<string, string>;
}
