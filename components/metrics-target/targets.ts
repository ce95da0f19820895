import { quote, validateAddress, validateEnvironment, validateMetricsPath, validateOneOf, validatePort } from "../names";
import { Problem, under } from "../problems";
import { MetricsTargetArgs, TargetArgs } from "./args";
import { validateProfileName } from "./registration";
import { TARGET_KINDS } from "./scrape-jobs";

/** The version of the list's form; `register-targets` refuses another. */
export const TARGETS_FORMAT = 1;

/** What `renderTargets` needs, all values known. */
export interface TargetList {
    environment: string;
    targets: KnownTarget[];
    profiles: Record<string, KnownProfile>;
    repair?: string;
}

/** A target whose address is known. */
export interface KnownTarget extends TargetArgs {
    address: string;
}

/** A profile whose values are known. */
export interface KnownProfile {
    username?: string;
    password?: string;
    ca?: string;
    serverName?: string;
}

const HOST_AND_PORT = /^(?:\[([0-9a-fA-F:.]+)\]|([^\s:[\]/]+)):(\d+)$/;
const LABEL = /^[a-zA-Z_][a-zA-Z0-9_]*$/;
// eslint-disable-next-line no-control-regex
const CONTROL = /[\u0000-\u001f\u007f-\u009f\u2028\u2029\ufeff]/;
const OWN_LABELS = ["environment", "job", "application", "instance"];

/**
 * The list as `register-targets` reads it on stdin. Ordered by what identifies a target, so that the order in a config file makes no diff;
 * profiles that no target names are left out, as the program refuses them.
 */
export function renderTargets(list: TargetList): string {
    const keyed = list.targets.map(renderTarget).map((target) => ({ target, key: JSON.stringify(target) }));
    const targets = keyed.sort((a, b) => (a.key < b.key ? -1 : 1)).map(({ target }) => target);
    const used = new Set(targets.map(({ profile }) => profile));
    const profiles = Object.entries(list.profiles).filter(([name]) => used.has(name)).sort(([a], [b]) => (a < b ? -1 : 1))
        .map(([name, { username = "", password = "", ca = "", serverName = "" }]) => [name, { username, password, ca, serverName }]);
    const repair = list.repair ? { repair: list.repair } : {};
    return JSON.stringify({ format: TARGETS_FORMAT, environment: list.environment, ...repair, profiles: Object.fromEntries(profiles), targets }) + "\n";
}

function renderTarget(target: KnownTarget) {
    const { kind, address, application, instance, profile = "", path, scheme, intervalSeconds } = target;
    const extra = Object.entries(target.labels ?? {}).filter(([, value]) => value !== "").sort(([a], [b]) => (a < b ? -1 : 1));
    return {
        kind, profile, address,
        labels: {
            application, instance, ...Object.fromEntries(extra),
            ...(path === undefined ? {} : { __metrics_path__: path }),
            ...(scheme === undefined ? {} : { __scheme__: scheme }),
            ...(intervalSeconds === undefined ? {} : { __scrape_interval__: `${intervalSeconds}s` }),
        },
    };
}

/** Problems that can be seen without the monitoring host; what its policy says (CIDRs, allowed labels, bounds) is checked there. */
export function validateTargets(args: MetricsTargetArgs): Problem[] {
    const profiles = Object.keys(args.profiles ?? {});
    return [
        ...validateEnvironment("environment", args.environment),
        ...validateMode(args),
        ...profiles.flatMap((name) => [...validateProfileName(`profiles.${name}`, name), ...under(`profiles.${name}`, validateProfile(args.profiles![name]))]),
        ...(args.targets ?? []).flatMap((target, i) => under(`targets[${i}]`, validateTarget(target, profiles))),
        ...validateUnique(args.targets ?? []),
    ];
}

/** What each mode needs; what is for another one would be left without a word. */
const OF_MODE = { pull: ["registration", "targets"], push: ["gateway"] } as const;

function validateMode({ mode = "pull", ...args }: MetricsTargetArgs): Problem[] {
    if (mode !== "pull" && mode !== "push") return validateOneOf("mode", mode, Object.keys(OF_MODE));
    const other = mode === "pull" ? "push" : "pull";
    return [
        ...OF_MODE[mode].filter((path) => args[path] === undefined).map((path) => ({ path, message: `is needed with mode ${quote(mode)}` })),
        ...[...OF_MODE[other], ...(mode === "push" ? ["profiles", "repair"] as const : [])].filter((path) => args[path] !== undefined).map((path) => ({
            path, message: `is for mode ${quote(other)}${mode === "push" ? ": a host that pushes is no target, and its agent scrapes push.applications of LogAgent" : ""}`,
        })),
    ];
}

function validateProfile(profile: object): Problem[] {
    const problems: Problem[] = [];
    const { username, password, ca, serverName } = profile as KnownProfile;
    if (typeof username === "string" && !/^[!-9;-~ ]*$/.test(username)) {
        problems.push({ path: "username", message: "expected printable ASCII without a colon" });
    }
    if (typeof password === "string" && (CONTROL.test(password) || password !== password.trim())) {
        problems.push({ path: "password", message: "expected one line without blanks at either end: Prometheus trims them" });
    }
    if (password !== undefined && password !== "" && !username) problems.push({ path: "username", message: "is needed beside a password" });
    if (typeof ca === "string" && ca && !/^-----BEGIN CERTIFICATE-----\r?\n/.test(ca)) {
        problems.push({ path: "ca", message: "expected PEM that begins with -----BEGIN CERTIFICATE-----" });
    }
    if (typeof serverName === "string" && serverName) problems.push(...validateAddress("serverName", serverName));
    return problems;
}

function validateTarget(target: TargetArgs, profiles: string[]): Problem[] {
    const { kind, profile = "", path, scheme, intervalSeconds } = target;
    return [
        ...validateOneOf("kind", kind, TARGET_KINDS),
        ...(typeof target.address === "string" ? validateHostAndPort("address", target.address) : []),
        ...validateLabelValue("application", target.application),
        ...validateLabelValue("instance", target.instance),
        ...(profile === "" || profiles.includes(profile)
            ? [] : [{ path: "profile", message: `no profile is named ${quote(profile)}; profiles: ${profiles.join(", ") || "none"}` }]),
        ...(path === undefined ? [] : validateMetricsPath("path", path)),
        ...(scheme === undefined ? [] : validateOneOf("scheme", scheme, ["http", "https"])),
        ...(intervalSeconds === undefined || (Number.isInteger(intervalSeconds) && intervalSeconds > 0)
            ? [] : [{ path: "intervalSeconds", message: `expected a whole number of seconds, got ${quote(intervalSeconds)}` }]),
        ...Object.entries(target.labels ?? {}).flatMap(([name, value]) => validateLabel(name, value)),
    ];
}

function validateHostAndPort(path: string, value: string): Problem[] {
    const match = HOST_AND_PORT.exec(value);
    if (!match) return [{ path, message: `expected HOST:PORT, or [IPv6]:PORT, got ${quote(value)}` }];
    return [...validateAddress(path, match[1] ?? match[2]), ...validatePort(path, Number(match[3]))];
}

function validateLabel(name: string, value: string): Problem[] {
    const path = `labels.${name}`;
    if (!LABEL.test(name) || name.startsWith("__")) {
        return [{ path, message: "expected a label name of letters, digits and underscores that does not begin with __" }];
    }
    if (OWN_LABELS.includes(name)) return [{ path, message: `"${name}" is set by other arguments or by the monitoring host` }];
    return value === "" ? [] : validateLabelValue(path, value);
}

function validateLabelValue(path: string, value: string): Problem[] {
    const good = value !== "" && value === value.trim() && !CONTROL.test(value) && Buffer.byteLength(value) <= 256;
    return good ? [] : [{ path, message: `expected one line of at most 256 bytes without blanks at either end, got ${quote(value)}` }];
}

/** Two targets of a kind with the same application and instance would write the same series. */
function validateUnique(targets: TargetArgs[]): Problem[] {
    const seen = new Map<string, number>();
    return targets.flatMap(({ kind, application, instance }, i) => {
        const key = JSON.stringify([kind, application, instance]);
        const first = seen.get(key);
        if (first === undefined) { seen.set(key, i); return []; }
        return [{ path: `targets[${i}].instance`, message: `is the same as that of targets[${first}]: ${quote(instance)}` }];
    });
}
