import { Bundle, ownerLine, sweepScript } from "../bundle";
import type { MachineBundle } from "../machine";
import { quote, validateEnvironment, validateName } from "../names";
import { Problem } from "../problems";
import { renderTemplate } from "../render";
import { VERSIONS } from "../versions";
import { JavaAgentSettings } from "./args";

const JAR_DIRECTORY = "/usr/local/lib/photogather-monitoring";
const ENV_DIRECTORY = "/etc/photogather-monitoring/java-agent";
const STATE_DIRECTORY = "/var/lib/photogather-monitoring/java-agent";
const SERVICE = /^[A-Za-z0-9:_.@-]+$/;
const CONTAINER = /^[A-Za-z0-9][A-Za-z0-9_.-]*$/;

/** `JavaAgentSettings` with every default in its place. */
export interface JavaAgentPlan {
    application: string;
    instance: string;
    jar: string;
    url: string;
    sha256: string;
    envFile: string;
    /** The environment file's lines, in order. */
    variables: Record<string, string>;
    /** The drop-in's path; "" where none is wanted. */
    dropIn: string;
    restartService: string;
    restartContainer: string;
}

/** Names the manifest on the host: one per application. */
function bundleName(application: string): string {
    return `${BUNDLE_PREFIX}${application}`;
}

const BUNDLE_PREFIX = "java-agent-";

/** Fills in every default. Call `validateJavaAgent` first. */
export function planJavaAgent(args: JavaAgentSettings): JavaAgentPlan {
    const pinned = VERSIONS.javaAgent;
    const jar = `${JAR_DIRECTORY}/opentelemetry-javaagent-${args.version ?? pinned.version}.jar`;
    return {
        application: args.application, instance: args.instance, jar, url: args.url ?? pinned.url, sha256: args.sha256 ?? pinned.sha256,
        envFile: `${ENV_DIRECTORY}/${args.application}.env`, variables: planVariables(args, jar),
        dropIn: args.systemdService ? `/etc/systemd/system/${serviceName(args.systemdService)}.d/photogather-otel.conf` : "",
        restartService: args.restartService ? serviceName(args.restartService) : "", restartContainer: args.restartContainer ?? "",
    };
}

function planVariables(args: JavaAgentSettings, jar: string): Record<string, string> {
    const ratio = args.samplingRatio ?? 1;
    return {
        JAVA_TOOL_OPTIONS: `-javaagent:${jar}`,
        OTEL_SERVICE_NAME: args.application,
        OTEL_RESOURCE_ATTRIBUTES: `deployment.environment.name=${args.environment},service.instance.id=${args.instance}`,
        OTEL_EXPORTER_OTLP_ENDPOINT: args.otlpEndpoint ?? "http://127.0.0.1:4318",
        OTEL_EXPORTER_OTLP_PROTOCOL: "http/protobuf",
        OTEL_PROPAGATORS: "tracecontext,baggage",
        // Metrics come from Actuator and logs from the log agent: the Java agent would send both a second time.
        OTEL_METRICS_EXPORTER: "none",
        OTEL_LOGS_EXPORTER: "none",
        // Puts trace_id and span_id where the log pattern finds them.
        OTEL_INSTRUMENTATION_LOGBACK_MDC_ENABLED: "true",
        // A span for each controller method, between the server's and the database's.
        OTEL_INSTRUMENTATION_COMMON_EXPERIMENTAL_CONTROLLER_TELEMETRY_ENABLED: "true",
        // The stable names (db.query.text, code.function.name), which searches and dashboards go by.
        OTEL_SEMCONV_STABILITY_OPT_IN: "database,code",
        // It would put the whole command line on every span, and with it passwords that stand there.
        OTEL_JAVA_DISABLED_RESOURCE_PROVIDERS: "io.opentelemetry.instrumentation.resources.ProcessResourceProvider",
        ...(args.methods ? { OTEL_INSTRUMENTATION_METHODS_INCLUDE: renderMethods(args.methods) } : {}),
        ...(ratio < 1 ? { OTEL_TRACES_SAMPLER: "parentbased_traceidratio", OTEL_TRACES_SAMPLER_ARG: String(ratio) } : {}),
        ...args.properties,
    };
}

/** `a.B[c,d];e.F[g]`, as the Java agent takes it. */
function renderMethods(methods: Record<string, string[]>): string {
    return Object.entries(methods).map(([className, names]) => `${className}[${names.join(",")}]`).join(";");
}

/** Every problem with the arguments. */
export function validateJavaAgent(args: JavaAgentSettings): Problem[] {
    const { version, url, sha256, samplingRatio = 1, restartContainer } = args;
    return [
        ...validateName("application", args.application), ...validateName("instance", args.instance), ...validateEnvironment("environment", args.environment),
        ...expect("otlpEndpoint", args.otlpEndpoint, /^https?:\/\/[A-Za-z0-9.[\]:-]+$/, 'an address such as "http://127.0.0.1:4318"'),
        ...(samplingRatio >= 0 && samplingRatio <= 1 ? [] : [{ path: "samplingRatio", message: `expected 0 to 1, got ${quote(samplingRatio)}` }]),
        ...Object.entries(args.properties ?? {}).flatMap(([key, value]) => [
            ...expect(`properties.${key}`, key, /^OTEL_[A-Z0-9_]+$/, "a name OTEL_…"),
            ...expect(`properties.${key}`, value, /^[A-Za-z0-9_@%+=:,./-]*$/, "letters, digits and _@%+=:,./- only, which all readers take alike"),
        ]),
        ...Object.entries(args.methods ?? {}).flatMap(([className, names]) => [
            ...expect(`methods.${className}`, className, /^[A-Za-z_$][\w$]*(\.[A-Za-z_$][\w$]*)*$/, "a class with its package"),
            ...names.flatMap((name, i) => expect(`methods.${className}[${i}]`, name, /^[A-Za-z_][\w]*$/, "a method's name")),
        ]),
        ...expect("systemdService", args.systemdService, SERVICE, 'a service such as "shop.service"'),
        ...expect("restartService", args.restartService, SERVICE, 'a service such as "shop.service"'),
        ...expect("restartContainer", restartContainer, CONTAINER, "a container's name"),
        ...(version === undefined ? [] : validateName("version", version)),
        ...expect("url", url, /^(https?|file):\/\/[^\s"'\\]+$/, "an https://, http:// or file:// address"),
        ...expect("sha256", sha256, /^[0-9a-f]{64}$/, "64 lower-case hex digits"),
        // The pinned checksum is of the pinned version alone.
        ...(version !== undefined && version !== VERSIONS.javaAgent.version && (url === undefined || sha256 === undefined)
            ? [{ path: "version", message: `expected url and sha256 as well with a version other than ${VERSIONS.javaAgent.version}` }] : []),
    ];
}

/** All that a host gets for the Java agent. */
export function javaAgentBundle(plan: JavaAgentPlan): MachineBundle & { bundleName: string } {
    return {
        bundleName: bundleName(plan.application), bundle: planJavaAgentBundle(plan),
        before: renderJavaAgentDownload(plan), after: renderJavaAgentInstall(plan), remove: renderJavaAgentRemove(plan),
    };
}

/**
 * Shell text that removes what an earlier run of the same command has put there for other applications, or for those that have no Java agent any more.
 *
 * @param keeper the bundle beside which they came
 */
export function renderJavaAgentSweep(host: string, keeper: string, current: JavaAgentPlan[]): string {
    const left = sweepScript(BUNDLE_PREFIX, ownerLine(host, keeper), current.map(({ application }) => bundleName(application)));
    return `SWEPT=\n${left}${renderTemplate("otel-java-agent/sweep.sh", DIRECTORIES)}`;
}

/** The files on the host. */
export function planJavaAgentBundle(plan: JavaAgentPlan): Bundle {
    const variables = Object.entries(plan.variables).map(([name, value]) => ({ name, value }));
    return {
        machine: plan.instance, name: bundleName(plan.application),
        directories: [{ path: ENV_DIRECTORY }],
        files: [
            { path: plan.envFile, content: renderTemplate("otel-java-agent/application.env", { application: plan.application, variables }) },
            ...(plan.dropIn ? [{ path: plan.dropIn, content: renderTemplate("otel-java-agent/photogather-otel.service", plan) }] : []),
        ],
    };
}

/** Shell text that runs before the files are unpacked: puts the jar in place, its checksum verified. */
export function renderJavaAgentDownload(plan: JavaAgentPlan): string {
    return renderTemplate("otel-java-agent/download.sh", { ...plan, pending: pendingFile(plan) });
}

/** Shell text that runs when the files are in place: restarts what it was told to when something changed. */
export function renderJavaAgentInstall(plan: JavaAgentPlan): string {
    return renderTemplate("otel-java-agent/install.sh", {
        ...plan, pending: pendingFile(plan), hasDropIn: plan.dropIn !== "",
        hint: plan.dropIn || plan.restartService || plan.restartContainer
            ? "" : `the application ${plan.application} takes the agent when its service or container includes ${plan.envFile}: ` +
                `EnvironmentFile=${plan.envFile} in a unit, or docker run --env-file ${plan.envFile} -v ${plan.jar}:${plan.jar}:ro`,
    });
}

/** Shell text for removal: the jar goes with the last application that uses it. */
export function renderJavaAgentRemove(plan: JavaAgentPlan): string {
    return renderTemplate("otel-java-agent/remove.sh", {
        ...plan, ...DIRECTORIES, pending: pendingFile(plan), hasDropIn: plan.dropIn !== "",
    });
}

const DIRECTORIES = { envDirectory: ENV_DIRECTORY, jarDirectory: JAR_DIRECTORY, stateDirectory: STATE_DIRECTORY };

/** Stands while a restart is owed, so that one that failed is made up for by the next run. */
function pendingFile(plan: JavaAgentPlan): string {
    return `${STATE_DIRECTORY}/${plan.application}.restart`;
}

function serviceName(service: string): string {
    return service.endsWith(".service") ? service : `${service}.service`;
}

function expect(path: string, value: string | undefined, pattern: RegExp, what: string): Problem[] {
    return value === undefined || pattern.test(value) ? [] : [{ path, message: `expected ${what}, got ${quote(value)}` }];
}
