import { isSection } from "../machine";
import { quote, validateAbsolutePath, validateAddress, validateEnvironment, validateName, validateOneOf, validatePort } from "../names";
import { validateJavaAgent } from "../otel-java-agent/plan";
import { Problem, under } from "../problems";
import { AgentArtifact, AgentBuffer, AgentGateway, HostMetrics, LogAgentArgs, LogPatterns, LogSources, OtlpReceiver, TraceSampling } from "./args";
import { validateExternal } from "./external";
import { groupStarts, validateCapture, validateExpression } from "./patterns";
import { fixedDirectory } from "./plan";

/** Names that the pipeline itself gives to labels, fields, and what the agents add. */
const RESERVED = [
    "environment", "application", "instance", "source", "job", "filename", "unit", "container", "service_name", "detected_level",
    "level", "trace_id", "request_id", "span_id", "elapsed_ms", "logger", "method", "status",
];
const UNIT = /^[A-Za-z0-9:_.@\\-]+$/;
const TEXT = /^[^\p{Cc}\p{Cs}\u2028\u2029]+$/u;

/** Every problem with the arguments that can be seen before anything is deployed. Outputs are left to the engine. */
export function validateLogAgent(args: LogAgentArgs): Problem[] {
    return [
        ...validateName("host", args.host), ...validateEnvironment("environment", args.environment), ...validateName("application", args.application),
        ...validateOneOf("runtime", args.runtime ?? "systemd", ["systemd", "docker"]), ...validateOneOf("agent", args.agent ?? "alloy", ["alloy", "promtail"]),
        ...under("gateway", validateGateway(args.gateway)),
        ...validateExternal(args.external ?? {}, args.push),
        ...under("logs", validateSources(args.logs)),
        ...under("labels", validateLabels(args.labels ?? {})),
        ...under("patterns", validatePatterns(args.patterns ?? {})),
        ...under("redactions", validateRedactions(args.redactions ?? {})),
        ...under("otlp", validateOtlp(args.otlp ?? {})),
        ...under("sampling", validateSampling(args.sampling ?? {})),
        ...(args.hostMetrics ? under("hostMetrics", validateHostMetrics(args.hostMetrics)) : []),
        ...(args.javaAgents ?? []).flatMap((each, i, all) => under(`javaAgents[${i}]`, [
            ...validateJavaAgent(each),
            ...unless(all.findIndex(({ application }) => application === each.application) === i, "application", `${quote(each.application)} has one already`),
        ])),
        ...under("buffer", validateBuffer(args.buffer ?? {})),
        ...validateRange("memoryMiB", args.memoryMiB, 128, 65536),
        ...unless(args.image === undefined || /^[\w./:@-]+$/.test(args.image), "image", `expected an image reference, got ${quote(args.image)}`),
        ...(args.artifact ? under("artifact", validateArtifact(args.artifact)) : []),
        ...validateDirectory("promtailDirectory", args.promtailDirectory ?? "/home/ubuntu/promtail"),
        ...validateCombination(args),
    ];
}

/** What one argument forbids another. */
function validateCombination(args: LogAgentArgs): Problem[] {
    const { otlp, hostMetrics } = args;
    if (args.agent === "promtail") {
        return [
            ...unless(!otlp?.enabled, "otlp.enabled", 'expected false: Promtail receives no traces; use agent "alloy"'),
            ...unless(args.gateway !== undefined, "gateway", "expected it: logs would go nowhere"),
            ...unless(!args.external, "external", 'expected nothing: Promtail sends to the gateway alone; use agent "alloy"'),
            ...unless(!hostMetrics || hostMetrics.enabled === false, "hostMetrics", 'expected nothing: Promtail has no host metrics; use agent "alloy"'),
        ];
    }
    const metricsPort = hostMetrics?.port ?? 12345;
    const to = (signal: "logs" | "traces") => args.gateway !== undefined || args.external?.[signal] !== undefined;
    return [
        ...(otlp?.enabled !== false && (otlp?.port ?? 4318) === metricsPort
            ? [{ path: "otlp.port", message: `expected another port than that of Alloy's own HTTP server, ${metricsPort}` }] : []),
        ...unless(to("logs"), "gateway", "expected it, or external.logs: logs would go nowhere"),
        ...unless(to("traces") || !otlp?.enabled, "otlp.enabled", "needs gateway or external.traces: traces would go nowhere"),
    ];
}

function validateGateway(gateway: LogAgentArgs["gateway"]): Problem[] {
    if (gateway === undefined || !isSection<AgentGateway>(gateway)) return [];
    const { url } = gateway;
    return typeof url !== "string" || /^https?:\/\/[^/\s]+$/.test(url) ? [] : [{ path: "url", message: "expected http(s)://ADDRESS:PORT without a path" }];
}

function validateSources(logs: LogSources): Problem[] {
    const { files = [], units = [], containers = [], applications = {} } = logs;
    const known = [...files, ...units, ...containers];
    return [
        ...unless(known.length > 0, "", "expected at least one of files, units and containers"),
        ...files.flatMap((glob, i) => validateGlob(`files[${i}]`, glob)),
        ...units.flatMap((unit, i) => unless(UNIT.test(unit), `units[${i}]`, `expected a systemd unit such as "shop.service", got ${quote(unit)}`)),
        ...containers.flatMap((name, i) => [...validateText(`containers[${i}]`, name), ...validateExpression(`containers[${i}]`, name)]),
        ...Object.entries(applications).flatMap(([source, application]) => [
            ...validateName(`applications[${quote(source)}]`, application),
            ...unless(known.includes(source), `applications[${quote(source)}]`, "expected an entry of files, units or containers as its key"),
        ]),
    ];
}

function validateGlob(path: string, glob: string): Problem[] {
    const problems = validateText(path, glob);
    if (problems.length > 0) return problems;
    if (!glob.startsWith("/") || glob.endsWith("/")) {
        return [{ path, message: `expected an absolute path or glob of files such as "/var/log/shop/*.log", got ${quote(glob)}` }];
    }
    const directory = fixedDirectory(glob);
    // The agent would have to see, and a container to mount, the whole file system.
    if (directory === "") return [{ path, message: `expected at least one directory before the first wildcard, got ${quote(glob)}` }];
    return validateAbsolutePath(path, directory);
}

function validateLabels(labels: Record<string, string>): Problem[] {
    return [
        ...unless(Object.keys(labels).length <= 10, "", "expected at most 10 labels: they are repeated on every line"),
        ...Object.entries(labels).flatMap(([key, value]) => [
            ...unless(/^[a-z][a-z0-9_]{0,62}$/.test(key), quote(key), "expected a label name of lower-case letters, digits and underscores"),
            ...(RESERVED.includes(key) ? [{ path: key, message: "expected another name: this one is given by the log agent itself" }] : []),
            ...validateText(key, value),
        ]),
    ];
}

function validatePatterns(patterns: LogPatterns): Problem[] {
    return Object.entries(patterns as Record<string, string | undefined>).flatMap(([key, expression]) => {
        if (expression === undefined || (expression === "" && key !== "firstLine")) return [];
        const text = validateText(key, expression);
        return text.length > 0 ? text : key === "firstLine" ? validateExpression(key, expression) : validateCapture(key, expression);
    });
}

function validateRedactions(redactions: Record<string, string>): Problem[] {
    return Object.entries(redactions).flatMap(([name, expression]) => [
        ...validateName(quote(name), name),
        ...(expression === "" ? [] : [...validateText(name, expression), ...validateExpression(name, expression)]),
        ...(groupStarts(expression).some((start) => /^\(\?P?</.test(expression.slice(start)))
            ? [{ path: name, message: "expected groups without a name: a named one would be taken for a field" }] : []),
    ]);
}

function validateOtlp({ address = "127.0.0.1", port = 4318, droppedPaths = [] }: OtlpReceiver): Problem[] {
    const expressions = droppedPaths.flatMap((expression, i) => [...validateText(`droppedPaths[${i}]`, expression), ...validateExpression(`droppedPaths[${i}]`, expression)]);
    return [...validateAddress("address", address), ...validatePort("port", port), ...expressions];
}

function validateSampling({ percentage = 100, slowMs = 1000, keepErrors = true, waitSeconds }: TraceSampling): Problem[] {
    return [
        ...unless(percentage >= 0 && percentage <= 100, "percentage", `expected 0 to 100, got ${quote(percentage)}`),
        ...validateRange("slowMs", slowMs, 0, 3600000), ...validateRange("waitSeconds", waitSeconds, 1, 300),
        ...unless(percentage > 0 || slowMs > 0 || keepErrors, "", "expected something to keep; to forward no traces at all use otlp: { enabled: false }"),
    ];
}

function validateHostMetrics({ enabled, port, username, password, certificate, privateKey }: HostMetrics): Problem[] {
    const portProblems = validatePort("port", port ?? 12345);
    return enabled === false ? portProblems : [
        ...portProblems,
        ...unless(username === undefined || /^[A-Za-z0-9._-]+$/.test(username), "username", "expected letters, digits, dots, hyphens and underscores"),
        ...unless(isText(password, /^[\x21-\x7e]{8,}$/), "password", "expected at least 8 printable ASCII characters"),
        ...unless(isText(certificate, /BEGIN CERTIFICATE-----/), "certificate", "expected the text of a PEM certificate"),
        ...unless(isText(privateKey, /PRIVATE KEY-----/), "privateKey", "expected the text of a PEM private key"),
    ];
}

function validateBuffer({ logsMiB, tracesMiB }: AgentBuffer): Problem[] {
    return [...validateRange("logsMiB", logsMiB, 16, 1048576), ...validateRange("tracesMiB", tracesMiB, 16, 1048576)];
}

function validateArtifact({ version, url, sha256 = {} }: AgentArtifact): Problem[] {
    return [
        ...validateName("version", version),
        ...unless(/^(https?|file):\/\/[^\s"\\]+$/.test(url), "url", `expected an https://, http:// or file:// address, got ${quote(url)}`),
        ...Object.entries(sha256).flatMap(([arch, sum]) => [
            ...validateOneOf(`sha256.${arch}`, arch, ["amd64", "arm64"]),
            ...unless(/^[0-9a-f]{64}$/.test(sum), `sha256.${arch}`, "expected 64 lower-case hex digits"),
        ]),
    ];
}

/** A directory of our own below another one: never the root or a top-level directory of the system. */
function validateDirectory(path: string, value: string): Problem[] {
    const problems = validateAbsolutePath(path, value);
    return problems.length > 0 || /^\/[^/]+\/[^/]+/.test(value) && !value.endsWith("/") ? problems
        : [{ path, message: `expected a directory at least two levels deep, got ${quote(value)}` }];
}

function validateText(path: string, value: string): Problem[] {
    return TEXT.test(value) ? [] : [{ path, message: `expected one line of text without control characters, got ${quote(value)}` }];
}

function validateRange(path: string, value: number | undefined, min: number, max: number): Problem[] {
    const ok = value === undefined || (Number.isInteger(value) && value >= min && value <= max);
    return unless(ok, path, `expected a whole number from ${min} to ${max}, got ${quote(value)}`);
}

/** True also where the value is not known yet. */
function isText(value: unknown, pattern: RegExp): boolean {
    return typeof value !== "string" || pattern.test(value);
}

function unless(ok: boolean, path: string, message: string): Problem[] {
    return ok ? [] : [{ path, message }];
}
