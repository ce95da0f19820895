import { Bundle, BundleFile } from "../bundle";
import { GatewayConnection } from "../connection";
import { NOTHING_EXTERNAL, PATHS, renderAlloyConfig } from "./alloy";
import { externalFiles } from "./external";
import { dataOwner, fileOwner, promtailConfigPath, renderStartPromtail, renderUnit, RUNNING_DIRECTORY, startScriptPath, unitPath } from "./install";
import { CONFIG_DIRECTORY, DATA_DIRECTORY } from "./paths";
import { LogAgentPlan } from "./plan";
import { renderPromtailConfig } from "./promtail";

/** Names the manifest on the host. */
export const BUNDLE_NAME = "log-agent";

/** The secrets of Alloy's HTTP port, as they are when everything is known. */
export interface MetricsSecrets {
    password: string;
    certificate: string;
    privateKey: string;
}

/** All files of the agent on its host. Secrets stand alone in files that only root and the agent can read. */
export function planBundle(plan: LogAgentPlan, gateway: GatewayConnection | undefined, metrics?: MetricsSecrets, external = NOTHING_EXTERNAL): Bundle {
    const owner = fileOwner(plan);
    const secret = (path: string, content: string): BundleFile => ({ path, content, mode: "0640", owner });
    const view = gateway && { url: gateway.url, hasCa: gateway.ca !== "" };
    return {
        machine: plan.host, name: BUNDLE_NAME,
        directories: [
            { path: CONFIG_DIRECTORY, mode: "0750", owner },
            ...(plan.agent === "alloy" ? [{ path: RUNNING_DIRECTORY, mode: "0750", owner }] : []),
            { path: DATA_DIRECTORY, mode: "0750", owner: dataOwner(plan) },
        ],
        files: [
            // What the gateway gave goes first: the configuration names it.
            ...(gateway ? [secret(PATHS.token, gateway.token), ...(gateway.ca ? [secret(PATHS.ca, gateway.ca)] : [])] : []),
            ...externalFiles(plan, external, secret),
            ...(metrics ? [
                secret(PATHS.password, metrics.password), secret(PATHS.certificate, metrics.certificate), secret(PATHS.key, metrics.privateKey),
            ] : []),
            ...(plan.agent === "promtail" ? [
                { path: promtailConfigPath(plan), content: renderPromtailConfig(plan, view!) },
                { path: startScriptPath(plan), content: renderStartPromtail(plan), mode: "0755" },
            ] : [{ path: PATHS.config, content: renderAlloyConfig(plan, view, external) }]),
            ...(plan.runtime === "systemd" ? [{ path: unitPath(plan), content: renderUnit(plan) }] : []),
        ],
    };
}
