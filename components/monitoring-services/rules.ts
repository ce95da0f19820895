import * as crypto from "crypto";
import { AlertOptions, renderLogRules, renderMetricRules } from "../../dashboards/alerts";
import { KnownServicesArgs } from "./args";
import { planBudget } from "./budget";
import { planGatewayUrl, sorted } from "./gateway";
import { planQuotas } from "./quotas";

const MIB = 1024 * 1024;
/** The label `application` of a service's own metrics, where it is another word than the service. */
const APPLICATIONS: Record<string, string> = { "node-exporter": "monitoring" };

/** Prometheus' rules: the built-in ones, and a user's own beside them. File name to text. */
export function planRules(args: KnownServicesArgs): Record<string, string> {
    return { ...renderMetricRules(alertOptions(args)), ...args.rules };
}

/** Loki's rules: the built-in ones for every environment, and a user's own. `<environment>/<file>` to text. */
export function planLogRules(args: KnownServicesArgs): Record<string, string> {
    const builtIn = Object.keys(args.environments).flatMap((environment) =>
        Object.entries(renderLogRules(environment, alertOptions(args))).map(([file, text]): [string, string] => [`${environment}/${file}`, text]));
    return { ...Object.fromEntries(builtIn), ...args.logRules };
}

function alertOptions(args: KnownServicesArgs): AlertOptions {
    return {
        thresholds: args.thresholds, without: args.withoutAlerts,
        links: { grafana: planGatewayUrl(args), runbook: args.alerting?.runbookUrl },
        facts: {
            memoryLimits: Object.fromEntries(Object.entries(planBudget(args.memoryMiB)).map(([service, { limitMiB }]) => [APPLICATIONS[service] ?? service, limitMiB * MIB])),
            certificateEnds: certificateEnds(args.tls),
            seriesQuotas: Object.fromEntries(sorted(planQuotas(args.environments, args)).map(([name, { series }]) => [name, series])),
        },
    };
}

/**
 * When the certificates end that nothing renews by itself. Neither Caddy nor Prometheus has a metric for it, so it is read from what was given. What the
 * gateway makes by its CA, or gets by ACME, it renews by itself.
 */
function certificateEnds({ mode = "ca", caCertificate, certificate }: NonNullable<KnownServicesArgs["tls"]> = {}): Record<string, number> {
    const given: Record<string, [string, string | undefined][]> = { ca: [["CA", caCertificate]], provided: [["gateway", certificate]] };
    const ends = (given[mode] ?? []).map(([name, pem]): [string, number] => [name, certificateEnd(pem)]);
    return Object.fromEntries(ends.filter(([, end]) => !Number.isNaN(end)));
}

/** Seconds since 1970 at the end of a PEM's first certificate; NaN where it is none, as the offline plan's placeholder. */
function certificateEnd(pem = ""): number {
    try {
        return Date.parse(new crypto.X509Certificate(pem).validTo) / 1000;
    } catch {
        return NaN;
    }
}
