import { ALERT_NAMES, BUILT_IN, DEFAULT_THRESHOLDS, SHARES } from "../../dashboards/alerts";
import { quote, validateOneOf } from "../names";
import { Problem, under } from "../problems";
import { AlertingArgs, ReceiverArgs } from "./alerting-args";
import type { MonitoringServicesArgs } from "./args";

export const RECEIVER_KINDS = ["slack", "discord", "webhook"];
const URL = /^https?:\/\/[^\s/]+(\/\S*)?$/;

/** What of the arguments says which alerts there are, and who is told. */
export type AlertChoices = Pick<MonitoringServicesArgs, "alerting" | "thresholds" | "withoutAlerts" | "rules" | "logRules">;

/** Problems with alerts, their thresholds and receivers. A URL that is still an Output is checked when it is known. */
export function validateAlerting({ alerting = {}, thresholds = {}, withoutAlerts = [], rules, logRules }: AlertChoices): Problem[] {
    return [
        ...under("alerting", validateReceivers(alerting)),
        ...Object.entries(thresholds).flatMap(([name, value]) => under(`thresholds.${name}`, validateThreshold(name, value))),
        ...withoutAlerts.flatMap((name, i) => validateOneOf(`withoutAlerts[${i}]`, name, ALERT_NAMES)),
        ...fileNames(rules).flatMap((file) => validateOwnName(`rules[${quote(file)}]`, file)),
        ...fileNames(logRules).flatMap((file) => validateOwnName(`logRules[${quote(file)}]`, file.split("/").pop() ?? "")),
    ];
}

function validateReceivers({ page = [], notify = [], heartbeatUrl, runbookUrl }: AlertingArgs): Problem[] {
    return [
        ...page.flatMap((each, i) => under(`page[${i}]`, validateReceiver(each))),
        ...notify.flatMap((each, i) => under(`notify[${i}]`, validateReceiver(each))),
        ...validateUrl("heartbeatUrl", heartbeatUrl),
        ...validateUrl("runbookUrl", runbookUrl),
        // Each alert adds its section, and Prometheus would take braces for its own.
        ...(runbookUrl && /[#{}]/.test(runbookUrl) ? [{ path: "runbookUrl", message: "expected a URL without # and braces" }] : []),
    ];
}

function validateReceiver({ kind, url }: ReceiverArgs): Problem[] {
    return [...validateOneOf("kind", kind, RECEIVER_KINDS), ...(url === undefined ? [{ path: "url", message: "expected a URL: http(s)://HOST/PATH" }] : validateUrl("url", url))];
}

/** The value is not shown: it is a secret. */
function validateUrl(path: string, url: unknown): Problem[] {
    return typeof url !== "string" || URL.test(url) ? [] : [{ path, message: "expected a URL: http(s)://HOST/PATH" }];
}

function validateThreshold(name: string, value: unknown): Problem[] {
    if (!(name in DEFAULT_THRESHOLDS)) return validateOneOf("", name, Object.keys(DEFAULT_THRESHOLDS));
    if (value === undefined) return [];
    if (typeof value !== "number" || !Number.isFinite(value) || value < 0) return [{ path: "", message: `expected a number of 0 or more, got ${quote(value)}` }];
    return SHARES.includes(name) && value > 1 ? [{ path: "", message: `expected a share from 0 to 1, such as ${value <= 100 ? value / 100 : 0.9}, got ${value}: the alert could never fire` }] : [];
}

function validateOwnName(path: string, file: string): Problem[] {
    return file.startsWith(BUILT_IN) ? [{ path, message: `expected another name: those that begin with ${quote(BUILT_IN)} are the built-in rules' (withoutAlerts leaves single ones out)` }] : [];
}

function fileNames(files: unknown): string[] {
    return typeof files === "object" && files !== null ? Object.keys(files) : [];
}
