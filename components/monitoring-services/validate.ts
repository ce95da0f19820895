import { validateSsh } from "../machine";
import { validateRegistration } from "../metrics-target/registration";
import { quote, validateAbsolutePath, validateAddress, validateOneOf, validatePort, validateToken } from "../names";
import { Problem, under } from "../problems";
import { EnvironmentArgs, GatewayTlsArgs, MonitoringServicesArgs } from "./args";
import { SMALL_HOST_MIB, validateMemory } from "./budget";
import { validateDuration, validateLogRetention, validateRetention } from "./retention";
import { validateLogin } from "./login";
import { validateDiscovery } from "./discovery";
import { validateLongTerm } from "./long-term";
import { validateOrganizations } from "./organizations";
import { planQuotas, Quota, validateQuotas } from "./quotas";
import { EVERY_SERVICE } from "./services";
import { validateAlerting } from "./validate-alerting";
import { validateAcceptIrreversible } from "./upgrade";
import { validateGrafana } from "./validate-grafana";

export const TLS_MODES = ["ca", "provided", "acme", "off"];
export const SEVERITIES = ["page", "notify", "none"];
const FILE_NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/;
const IMAGE = /^[a-z0-9][A-Za-z0-9._:/@-]*$/;
/** What each mode needs. */
const TLS_NEEDS: Record<string, (keyof GatewayTlsArgs)[]> = {
    ca: ["caCertificate", "caPrivateKey"],
    provided: ["certificate", "privateKey"],
    acme: ["domain"],
    off: [],
};

/** Everything that is wrong with what is known of the arguments. What is still an Output is checked again when its files are rendered. */
export function validateMonitoringServices(args: MonitoringServicesArgs): Problem[] {
    return [
        ...(args.machine.ssh ? under("machine.ssh", validateSsh(args.machine.ssh)) : []),
        ...known(args.address, (address) => validateAddress("address", address)),
        ...knownList(args.names).flatMap((name, i) => known(name, (value) => validateAddress(`names[${i}]`, value))),
        ...(args.port === undefined ? [] : validatePort("port", args.port)),
        ...under("tls", validateTls(args.tls ?? {})),
        ...validateEnvironments(args),
        ...under("retention", validateRetention(args.retention ?? {})),
        ...validateLongTerm(args),
        ...validateDuration("agentBuffer", args.agentBuffer ?? "24h"),
        ...validateMemory("memoryMiB", args.memoryMiB ?? SMALL_HOST_MIB),
        ...(args.cores === undefined || args.cores > 0 ? [] : [{ path: "cores", message: `expected a number above 0, got ${quote(args.cores)}` }]),
        ...validateFileNames("dashboards", args.dashboards, /\.json$/, 2),
        ...validateFileNames("dataSources", args.dataSources, /\.ya?ml$/, 1),
        ...validateGrafana(args, Object.keys(args.environments)),
        ...validateFileNames("rules", args.rules, /\.ya?ml$/, 1),
        ...validateFileNames("logRules", args.logRules, /\.ya?ml$/, 2),
        ...(args.dataDirectory === undefined ? [] : validateAbsolutePath("dataDirectory", args.dataDirectory)),
        ...validateImages(args.images ?? {}),
        ...under("acceptIrreversible", validateAcceptIrreversible(args.acceptIrreversible ?? {})),
        ...(args.registry && !IMAGE.test(args.registry) ? [{ path: "registry", message: `expected HOST[:PORT][/PATH], got ${quote(args.registry)}` }] : []),
        ...(args.keysDirectory === undefined ? [] : validateKeysDirectory(args.keysDirectory)),
        ...known(args.grafanaAdminPassword, validatePassword),
        ...under("login", validateLogin(args.login ?? {}, args.tls?.mode ?? "ca")),
        ...under("organizations", validateOrganizations(args.organizations ?? {}, Object.keys(args.environments), args.login)),
        ...validateAlerting(args),
    ];
}

function validateTls(tls: GatewayTlsArgs): Problem[] {
    const mode = tls.mode ?? "ca";
    const unknown = validateOneOf("mode", mode, TLS_MODES);
    if (unknown.length > 0) return unknown;
    return [
        ...TLS_NEEDS[mode].filter((key) => !tls[key]).map((key) => ({ path: key, message: `needed with mode ${quote(mode)}` })),
        ...(tls.domain === undefined ? [] : validateAddress("domain", tls.domain)),
        ...(tls.email && !/^[^\s@"{}]+@[^\s@"{}]+$/.test(tls.email) ? [{ path: "email", message: `expected an e-mail address, got ${quote(tls.email)}` }] : []),
    ];
}

function validateEnvironments(args: MonitoringServicesArgs): Problem[] {
    const names = Object.keys(args.environments);
    return [
        ...(names.length > 0 ? [] : [{ path: "environments", message: "expected at least one environment" }]),
        ...Object.entries(args.environments).flatMap(([name, environment]) => under(`environments.${name}`, validateOne(environment))),
        ...under(
            "environments",
            // Without a host of a size that can be planned for, memory is the problem to tell.
            validateRegistration({ environments: registrationPolicies(validateMemory("", args.memoryMiB ?? SMALL_HOST_MIB).length > 0 ? { environments: args.environments } : args) }),
        ),
        ...under("environments", validateQuotas(args.environments)),
        ...validateTokensDiffer(args.environments),
    ];
}

function validateOne(environment: EnvironmentArgs): Problem[] {
    return [
        ...known(environment.token, (token) => validateToken("token", token)),
        ...(environment.previousToken === undefined ? [] : known(environment.previousToken, (token) => validateToken("previousToken", token))),
        ...validateOneOf("severity", environment.severity ?? "notify", SEVERITIES),
        ...(environment.logRetention === undefined ? [] : validateLogRetention("logRetention", environment.logRetention)),
        ...(environment.traceRetention === undefined ? [] : validateDuration("traceRetention", environment.traceRetention)),
        ...(environment.discovery === undefined ? [] : under("discovery", validateDiscovery(environment.discovery))),
    ];
}

/** The parts of the environments that the registration program reads, their quotas included. */
export function registrationPolicies(args: Pick<MonitoringServicesArgs, "environments" | "memoryMiB" | "cores">) {
    const quotas = planQuotas(args.environments, args);
    return Object.fromEntries(Object.entries(args.environments).map(([name, environment]) => [name, registrationPolicy(environment, quotas[name])]));
}

/** Keys that are not known yet are left out. */
function registrationPolicy(environment: EnvironmentArgs, quota: Quota) {
    return {
        publicKeys: knownList(environment.registrationKeys).filter((key): key is string => typeof key === "string"),
        cidrs: environment.cidrs,
        hosts: environment.hosts,
        labels: environment.labels,
        maxTargets: quota.maxTargets,
        limits: {
            sampleLimit: quota.samplesPerTarget,
            targetLimit: quota.maxTargets,
            ...environment.scrape,
            ...(environment.samplesPerTarget === undefined ? {} : { sampleLimit: environment.samplesPerTarget }),
            ...(environment.maxTargets === undefined ? {} : { targetLimit: environment.maxTargets }),
            ...(environment.allowedMetrics === undefined ? {} : { allowedMetrics: environment.allowedMetrics }),
        },
    };
}

/** The same token twice would give one environment's data to the other. */
export function validateTokensDiffer(environments: Record<string, EnvironmentArgs>): Problem[] {
    const seen = new Map<string, string>();
    return Object.entries(environments).flatMap(([name, { token, previousToken }]) =>
        [token, previousToken].flatMap((value) => {
            if (typeof value !== "string") return [];
            const other = seen.get(value);
            seen.set(value, name);
            return other === undefined || other === name
                ? []
                : [{ path: `environments.${name}.token`, message: `is the token of ${other} too: each environment needs its own` }];
        }),
    );
}

function validatePassword(password: string): Problem[] {
    // Grafana reads the password from a file and strips blanks at its ends.
    return password.length >= 8 && !/[\r\n\0]/.test(password) && password.trim() === password
        ? []
        : [{ path: "grafanaAdminPassword", message: "expected at least 8 characters on one line without blanks at the ends" }];
}

function validateFileNames(path: string, files: unknown, ending: RegExp, depth: number): Problem[] {
    if (typeof files !== "object" || files === null) return [];
    return Object.keys(files).flatMap((file) => {
        const parts = file.split("/");
        return parts.length <= depth && parts.every((name) => FILE_NAME.test(name)) && ending.test(file)
            ? []
            : [
                {
                    path: `${path}[${quote(file)}]`,
                    message: `expected a file name of letters, digits, dots, hyphens and underscores that ends in ${ending.source.replace(/[\\$?]/g, "")}`,
                },
            ];
    });
}

function validateImages(images: Record<string, string>): Problem[] {
    return Object.entries(images).flatMap(([service, image]) => [
        ...validateOneOf(
            `images.${service}`,
            service,
            EVERY_SERVICE.map(({ name }) => name),
        ),
        ...(IMAGE.test(image) && /[:@]/.test(image.split("/").pop() ?? "")
            ? []
            : [{ path: `images.${service}`, message: `expected an image with a tag or a digest, got ${quote(image)}` }]),
    ]);
}

function validateKeysDirectory(directory: string): Problem[] {
    return /^[A-Za-z0-9._-]+(\/[A-Za-z0-9._-]+)*$/.test(directory) && !directory.split("/").includes("..")
        ? []
        : [{ path: "keysDirectory", message: `expected a path relative to the project without blanks, e.g. ".keys/prod", got ${quote(directory)}` }];
}

/** Runs a check on what is known already; an Output's turn comes later. */
function known(value: unknown, check: (value: string) => Problem[]): Problem[] {
    return typeof value === "string" ? check(value) : [];
}

function knownList(value: unknown): unknown[] {
    return Array.isArray(value) ? value : [];
}
