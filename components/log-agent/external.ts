import type { BundleFile } from "../bundle";
import { AGENT_METRICS } from "../metrics-target/scrape-jobs";
import { ExternalEndpoint, headerList, KnownEndpoint, validateEndpoint } from "../endpoint";
import { isSection } from "../machine";
import { hostPort, quote, validateName, validateMetricsPath, validateOneOf, validatePort } from "../names";
import { failOn, Problem, under } from "../problems";
import { renderTemplate } from "../render";
import type { LogAgentArgs } from "./args";
import type { ExternalEndpoints, PushedApplication, PushedMetrics } from "./external-args";
import type { LogAgentPlan } from "./plan";
import { CONFIG_DIRECTORY, HTTP_PASSWORD } from "./paths";

/** Endpoints and applications with every value known, as the files are made of them. */
export interface KnownExternal {
    endpoints: Partial<Record<keyof ExternalEndpoints, KnownEndpoint>>;
    /** Passwords of the applications, by their place in the list. */
    passwords: string[];
}

/** What of the external endpoints is known before anything is: all that decides what is installed. */
export interface PlannedExternal {
    logs: boolean;
    traces: boolean;
    metrics: boolean;
    /** The machine's metrics and the agent's own are sent. */
    host: boolean;
    applications: Required<Omit<PushedApplication, "password">>[];
}

/** Samples of one scrape; a scrape with more fails as a whole. As Prometheus has it on the shared host. */
const SAMPLE_LIMIT = 5000;
const LOKI_PUSH = /\/loki\/api\/v1\/push$/;

export function planExternal({ external = {}, push = {}, application }: LogAgentArgs): PlannedExternal {
    const metrics = external.metrics !== undefined;
    return {
        logs: external.logs !== undefined, traces: external.traces !== undefined, metrics, host: metrics && (push.host ?? true),
        applications: metrics ? (push.applications ?? []).map((each) => ({
            application, path: "/actuator/prometheus", scheme: "http", intervalSeconds: 15, username: "", ca: "", serverName: "", ...each,
        })) : [],
    };
}

/** A way out: what a client of the endpoint needs in Alloy's configuration. Secrets are in files. */
export interface Way {
    name: string;
    tokenPath: string;
    basic?: { username: string; passwordPath: string };
    caPath: string;
}

/** Where a secret or a CA of the endpoint of a signal stands. */
const fileOf = (signal: string, what: string) => `${CONFIG_DIRECTORY}/external-${signal}-${what}`;
const applicationFile = (index: number, what: string) => `${CONFIG_DIRECTORY}/pushed-${index}-${what}`;

export function wayOf(signal: string, { username, password, token, ca }: KnownEndpoint): Way {
    return {
        name: `external_${signal}`, tokenPath: token ? fileOf(signal, "token") : "", caPath: ca ? fileOf(signal, "ca.pem") : "",
        ...(username !== undefined && password !== undefined ? { basic: { username, passwordPath: fileOf(signal, "password") } } : {}),
    };
}

/** True for Loki's own way in. */
export function isLokiPush({ url }: KnownEndpoint): boolean {
    return LOKI_PUSH.test(url);
}

/** Files that stand beside the configuration. */
export function externalFiles({ external }: LogAgentPlan, { endpoints, passwords }: KnownExternal, secret: (path: string, content: string) => BundleFile): BundleFile[] {
    const files = Object.entries(endpoints).flatMap(([signal, { password, token, ca }]) => Object.entries({ password, token, "ca.pem": ca }).map(([what, content]) => [fileOf(signal, what), content]));
    const ofApplications = external.applications.flatMap(({ ca }, index) => [[applicationFile(index, "password"), passwords[index]], [applicationFile(index, "ca.pem"), ca]]);
    return [...files, ...ofApplications].flatMap(([path, content]) => (content ? [secret(path!, content)] : []));
}

/** The part of Alloy's configuration that is there with external endpoints only: Loki's own way in, and metrics. */
export function renderExternal(plan: LogAgentPlan, { endpoints: { logs, metrics } }: KnownExternal): string {
    if (!(logs && isLokiPush(logs)) && !metrics) return "";
    const { external } = plan;
    const common = Object.entries({ instance: plan.host, environment: plan.environment, ...plan.labels });
    const labels = (own: Record<string, string>) => [...Object.entries(own), ...common].map(([key, value]) => ({ key, value }));
    return renderTemplate("log-agent/external.alloy", {
        lokiPush: logs && isLokiPush(logs) ? client("logs", logs) : undefined,
        remoteWrite: metrics ? client("metrics", metrics) : undefined,
        host: external.host, httpUsername: plan.metrics.username, httpPasswordPath: HTTP_PASSWORD, sampleLimit: SAMPLE_LIMIT,
        hostLabels: labels({ job: "host", application: plan.application }), agentLabels: labels({ job: "agent", application: plan.application }),
        agentMetrics: AGENT_METRICS.join("|"),
        applications: external.applications.map((each, index) => ({
            name: `application_${index}`, ...each, interval: `${each.intervalSeconds}s`, timeout: `${Math.min(10, each.intervalSeconds)}s`,
            labels: labels({ __address__: each.address, __metrics_path__: each.path, __scheme__: each.scheme, application: each.application }),
            passwordPath: applicationFile(index, "password"), caPath: each.ca ? applicationFile(index, "ca.pem") : "", tls: each.scheme === "https",
        })),
    });
}

function client(signal: string, endpoint: KnownEndpoint) {
    const { url, headers = {}, sigv4 } = endpoint;
    return {
        url, ...wayOf(signal, endpoint), hasHeaders: Object.keys(headers).length > 0, headers: headerList(endpoint),
        sigv4: sigv4 ? { region: sigv4.region, roleArn: sigv4.roleArn ?? "" } : undefined,
    };
}

/**
 * The endpoints that are there, once they are known: what came as an output could not be looked at before.
 *
 * @throws pulumi.RunError where one is wrong
 */
export function checkKnown(what: string, { endpoints, passwords }: KnownExternal): KnownExternal {
    const given = Object.entries(endpoints).filter(([, endpoint]) => endpoint !== undefined);
    failOn(what, given.flatMap(([signal, endpoint]) => under(`external.${signal}`, [
        ...(typeof endpoint.url === "string" ? [] : [{ path: "url", message: "expected a text" }]), ...validateEndpoint(signal, endpoint),
    ])));
    return { endpoints: Object.fromEntries(given), passwords };
}

/** Problems with the endpoints, and with what is to be sent there. */
export function validateExternal(external: ExternalEndpoints, push: PushedMetrics = {}): Problem[] {
    return [
        ...Object.entries(external).flatMap(([signal, endpoint]) => endpoint && isSection<ExternalEndpoint>(endpoint) ? under(`external.${signal}`, validateEndpoint(signal, endpoint)) : []),
        ...(push.applications?.length && !external.metrics ? [{ path: "push.applications", message: "needs external.metrics: where their metrics go" }] : []),
        ...(push.applications ?? []).flatMap((application, index) => under(`push.applications[${index}]`, validateApplication(application))),
    ];
}

function validateApplication({ address, application, path = "/", scheme = "http", intervalSeconds = 15, username, password, ca, serverName }: PushedApplication): Problem[] {
    const [, host, port] = /^(.+):(\d+)$/.exec(address) ?? [];
    return [
        ...(host ? validatePort("address", Number(port)) : [{ path: "address", message: `expected HOST:PORT such as "${hostPort("127.0.0.1", 8080)}", got ${quote(address)}` }]),
        ...(application === undefined ? [] : validateName("application", application)),
        ...validateMetricsPath("path", path),
        ...validateOneOf("scheme", scheme, ["http", "https"]),
        ...(Number.isInteger(intervalSeconds) && intervalSeconds > 0 ? [] : [{ path: "intervalSeconds", message: `expected a whole number of seconds, got ${quote(intervalSeconds)}` }]),
        ...(Boolean(username) !== Boolean(password) ? [{ path: "username", message: "expected username and password together, or neither" }] : []),
        ...(scheme !== "https" && (ca || serverName) ? [{ path: "scheme", message: "expected https, as ca and serverName are for it" }] : []),
    ];
}
