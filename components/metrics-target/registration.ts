import * as fs from "fs";
import * as path from "path";
import { BundleDirectory, BundleFile } from "../bundle";
import { shell } from "../encode";
import { validateEnvironment, validateName } from "../names";
import { Problem, under } from "../problems";
import { DEFAULT_MAX_TARGETS, scrapeJobs, ScrapeLimits, timeoutSeconds } from "./scrape-jobs";

/**
 * The monitoring host's side of target registration. MonitoringServices puts it on the host; this file is the one source of the paths.
 *
 * Who writes what below `/etc/photogather-monitoring/prometheus` (read-only in the container as `/etc/prometheus`):
 *
 * | path | written by | holds |
 * |---|---|---|
 * | `scrape/<environment>.yml` | the owner | the environment's base jobs, from `scrapeJobs` |
 * | `registered/targets/<environment>.<kind>.json` | register-targets | targets without a profile; what the base jobs read (file_sd) |
 * | `registered/targets/<environment>.<kind>.<profile>.json` | register-targets | targets with a profile |
 * | `registered/scrape/<environment>.profiles.json` | register-targets | jobs of the profiles: the base job plus credentials |
 * | `registered/credentials/<environment>/<profile>.{password,ca.pem}` | register-targets | 0640, group of Prometheus |
 *
 * `<dataDirectory>/registration/<environment>.json` (0600) is the list as it was taken last. From it, `registrationApplyScript` makes the files
 * above again: when the owner has changed a policy, and when a new machine got the data volume of the one before. So members need not know.
 *
 * So `prometheus.yml` needs `scrape_config_files: [/etc/prometheus/scrape/*.yml, /etc/prometheus/registered/scrape/*.json]`.
 */
export const REGISTRATION = {
    /** The system user that members log in as; it may write below `root` only. */
    user: "monitoring-targets",
    /** The forced command. */
    program: "/usr/local/lib/photogather-monitoring/register-targets",
    /** Home of the user: root's, so the user cannot add a key. */
    home: "/etc/photogather-monitoring/registration-home",
    /** `<environment>.json` each: what the environment may register. */
    policies: "/etc/photogather-monitoring/registration",
    /** What the program writes to, on the host. */
    root: "/etc/photogather-monitoring/prometheus/registered",
    /** The same directory as Prometheus sees it in its container. */
    mounted: "/etc/prometheus/registered",
    /** The pattern for `scrape_config_files` beside the owner's own. */
    scrapeConfigFiles: "/etc/prometheus/registered/scrape/*.json",
    /** uid and gid that the Prometheus image runs as (`nobody`). */
    prometheusId: 65534,
};

/** Everything that may register. */
export interface RegistrationHostArgs {
    /** By environment name. */
    environments: Record<string, RegistrationPolicyArgs>;
    /** The services' data directory. @default "/var/lib/photogather-monitoring/data" */
    dataDirectory?: string;
}

/** What one environment may register. */
export interface RegistrationPolicyArgs {
    /** Public keys that may register for it; two while a key is rotated. */
    publicKeys: string[];
    /** Where its targets may be, e.g. `["10.1.0.0/16", "fd00:1::/64"]`. Loopback, link-local (instance metadata) and multicast need a CIDR of their own. */
    cidrs: string[];
    /** Host names that it may use beside IP addresses, each in full. @default [] */
    hosts?: string[];
    /** Labels that its targets may carry beside `application` and `instance`. @default [] */
    labels?: string[];
    /** Targets in all; a host has one, two or three. @default 150 */
    maxTargets?: number;
    /** Least scrape interval a target may ask for, in seconds; not below the scrape timeout. @default 10 */
    minIntervalSeconds?: number;
    /** Greatest scrape interval, in seconds: a series is stale after 5 minutes, so stay well below. @default 120 */
    maxIntervalSeconds?: number;
    /** Limits of its scrape jobs. */
    limits?: ScrapeLimits;
}

/** Directories and files for MonitoringServices' bundle. */
export interface RegistrationFiles {
    directories: BundleDirectory[];
    files: BundleFile[];
}

const DEFAULT_DATA_DIRECTORY = "/var/lib/photogather-monitoring/data";
const DEFAULT_INTERVALS = { min: 10, max: 120 };
const PUBLIC_KEY = /^(ssh-ed25519|ssh-rsa|ecdsa-sha2-nistp(256|384|521)) [A-Za-z0-9+/]+=*( [A-Za-z0-9@._-]+)?$/;
const CIDR = /^(\d{1,3}(\.\d{1,3}){3}\/\d{1,2}|[0-9a-fA-F:]*:[0-9a-fA-F:]*\/\d{1,3})$/;
/** A host name; nothing that could be taken for a number, as `0x7f.1` and `2130706433` reach loopback through some resolvers. */
const HOST = /^(?=.{1,253}$)([a-zA-Z0-9-]{1,63}\.)*[a-zA-Z][a-zA-Z0-9-]{0,62}$/;
const LABEL = /^[a-zA-Z_][a-zA-Z0-9_]{0,62}$/;
/** Set by the owner's relabelling or by Prometheus. */
const RESERVED_LABELS = ["environment", "job", "application", "instance"];

/** Problems with the policies, paths relative to `environments`. */
export function validateRegistration(args: RegistrationHostArgs): Problem[] {
    return Object.entries(args.environments).flatMap(([environment, policy]) => [
        ...validateEnvironment(environment, environment), ...under(environment, validatePolicy(policy)),
    ]);
}

function validatePolicy(policy: RegistrationPolicyArgs): Problem[] {
    const { min, max } = intervals(policy);
    const maxTargets = policy.maxTargets ?? DEFAULT_MAX_TARGETS;
    return [
        ...eachMatches("publicKeys", policy.publicKeys, PUBLIC_KEY, 'a public key such as "ssh-ed25519 AAAA…"'),
        ...eachMatches("cidrs", policy.cidrs, CIDR, 'a CIDR such as "10.1.0.0/16"'),
        ...eachMatches("hosts", policy.hosts ?? [], HOST, "a host name"),
        ...eachMatches("labels", policy.labels ?? [], LABEL, "a label name of letters, digits and underscores"),
        ...(policy.labels ?? []).flatMap((label, i) => label.startsWith("__") || RESERVED_LABELS.includes(label)
            ? [{ path: `labels[${i}]`, message: `"${label}" is set by the monitoring host or is always allowed` }] : []),
        ...(Number.isInteger(maxTargets) && maxTargets > 0 ? [] : [{ path: "maxTargets", message: "expected a whole number above 0" }]),
        ...(min >= timeoutSeconds(policy.limits)
            ? [] : [{ path: "minIntervalSeconds", message: "expected at least the scrape timeout: Prometheus drops a target whose interval is shorter" }]),
        ...(max >= min && max <= 240
            ? [] : [{ path: "maxIntervalSeconds", message: "expected at least minIntervalSeconds and at most 240: a series is stale after 300 seconds" }]),
    ];
}

function eachMatches(at: string, values: string[], pattern: RegExp, expected: string): Problem[] {
    return values.flatMap((value, i) => pattern.test(value) ? [] : [{ path: `${at}[${i}]`, message: `expected ${expected}, got ${JSON.stringify(value)}` }]);
}

function intervals(policy: RegistrationPolicyArgs): { min: number; max: number } {
    return { min: policy.minIntervalSeconds ?? DEFAULT_INTERVALS.min, max: policy.maxIntervalSeconds ?? DEFAULT_INTERVALS.max };
}

/**
 * Program, policies and authorized keys, and the directories that the program writes to.
 * Run `registrationSetupScript` before the files are put there, and `registrationApplyScript` after.
 */
export function registrationFiles(args: RegistrationHostArgs): RegistrationFiles {
    const environments = Object.entries(args.environments).sort(([a], [b]) => (a < b ? -1 : 1));
    return {
        directories: registrationDirectories(args.dataDirectory),
        files: [
            { path: REGISTRATION.program, mode: "0755", content: registrationProgram() },
            { path: `${REGISTRATION.home}/.ssh/authorized_keys`, content: renderAuthorizedKeys(args.environments, registrationCommand(args.dataDirectory)) },
            ...environments.map(([environment, policy]) => (
                { path: `${REGISTRATION.policies}/${environment}.json`, content: renderPolicy(environment, policy) })),
        ],
    };
}

function registrationDirectories(dataDirectory?: string): BundleDirectory[] {
    // setgid: what the user writes belongs to Prometheus' group, which it cannot give by chown.
    const shared = { mode: "2750", owner: `${REGISTRATION.user}:${REGISTRATION.prometheusId}` };
    return [
        { path: REGISTRATION.policies }, { path: REGISTRATION.home }, { path: `${REGISTRATION.home}/.ssh` }, { path: REGISTRATION.root },
        ...["targets", "scrape", "credentials"].map((name) => ({ path: `${REGISTRATION.root}/${name}`, ...shared })),
        { path: requestsDirectory(dataDirectory), mode: "0700", owner: `${REGISTRATION.user}:${REGISTRATION.user}` },
    ];
}

/** The program's text: Python 3 of the standard library. */
export function registrationProgram(): string {
    return fs.readFileSync(path.join(__dirname, "..", "..", "templates", "registration", "register-targets"), "utf8");
}

/** One line per environment and key. `restrict` takes away terminal, forwardings and rc file; the forced command takes away shell and SFTP. */
export function renderAuthorizedKeys(environments: Record<string, RegistrationPolicyArgs>, command: string): string {
    const lines = Object.entries(environments).sort(([a], [b]) => (a < b ? -1 : 1))
        .flatMap(([environment, { publicKeys }]) => publicKeys.map((key) => `restrict,command="${command} ${environment}" ${key.trim()}`));
    return ["# Written by photogather-monitoring: one line per environment and key.", ...lines, ""].join("\n");
}

/** The program with its options; the environment's name, or `--refresh` and the name, comes after it. */
function registrationCommand(dataDirectory?: string): string {
    return `${REGISTRATION.program} --requests ${requestsDirectory(dataDirectory)}`;
}

function requestsDirectory(dataDirectory = DEFAULT_DATA_DIRECTORY): string {
    return `${dataDirectory}/registration`;
}

/** What the program checks a list against. Read-only for the user that runs it. */
export function renderPolicy(environment: string, policy: RegistrationPolicyArgs, mounted = REGISTRATION.mounted): string {
    return JSON.stringify({
        environment,
        directory: mounted,
        cidrs: policy.cidrs,
        hosts: policy.hosts ?? [],
        labels: policy.labels ?? [],
        maxTargets: policy.maxTargets ?? DEFAULT_MAX_TARGETS,
        intervalSeconds: intervals(policy),
        jobs: scrapeJobs(environment, policy.limits, mounted),
    }, undefined, 2) + "\n";
}

/** Shell text for `before`: the system user must exist when the bundle's owners are set. Runs any number of times. */
export function registrationSetupScript(): string {
    const { user, home } = REGISTRATION;
    // A password of "*" can never be typed and, unlike "!", does not lock the account for key logins where sshd runs without PAM.
    return `command -v python3 >/dev/null || { echo "photogather-monitoring: python3 is missing on this host; install it" >&2; exit 1; }
if ! id ${user} >/dev/null 2>&1; then
  useradd --system --user-group --no-create-home --home-dir ${shell(home)} --shell /bin/sh --password '*' ${user}
fi
`;
}

/**
 * Shell text for `after`: applies the policies of now to what is registered (targets that are no longer allowed are left out) and removes what
 * environments that are gone had registered. Runs any number of times.
 */
export function registrationApplyScript(dataDirectory?: string): string {
    const { user, root, policies } = REGISTRATION;
    const requests = requestsDirectory(dataDirectory);
    // Jobs go before the files that they name. A data volume that comes from another machine has that machine's user id on it.
    return `for dir in ${root}/scrape ${root}/targets ${root}/credentials ${requests}; do
  for file in $dir/[a-z0-9]* $dir/.[a-z0-9]*; do
    name=\${file##*/}; name=\${name#.}; name=\${name%%.*}
    [ ! -e "$file" ] || [ -f "${policies}/$name.json" ] || rm -rf "$file"
  done
done
chown -R ${user}:${user} ${requests}
for policy in ${policies}/*.json; do
  name=\${policy##*/}; name=\${name%.json}
  [ ! -f "$policy" ] || runuser -u ${user} -- ${registrationCommand(dataDirectory)} --refresh "$name"
done
`;
}

/** Shell text for `remove`: ends what the user runs, and removes the user and what it wrote, the data directory aside. Runs any number of times. */
export function registrationRemoveScript(dataDirectory?: string): string {
    const { user, root } = REGISTRATION;
    const requests = requestsDirectory(dataDirectory);
    // The lists stay with the data, but not as files of a user id that another user may get.
    return `if id ${user} >/dev/null 2>&1; then
  pkill -KILL -u ${user} || :
  tries=0
  until userdel ${user}; do tries=$((tries + 1)); [ "$tries" -lt 5 ] || exit 1; sleep 1; done
fi
[ ! -d ${requests} ] || chown -R root:root ${requests}
rm -rf ${root}/targets ${root}/scrape ${root}/credentials
`;
}

/** Problems with a profile's name: it becomes part of file names and job names, where dots divide. */
export function validateProfileName(at: string, name: string): Problem[] {
    return name.includes(".") ? [{ path: at, message: "expected a profile name without dots" }] : validateName(at, name);
}
