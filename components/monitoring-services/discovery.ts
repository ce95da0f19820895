import * as fs from "fs";
import * as path from "path";
import { BundleDirectory, BundleFile } from "../bundle";
import { quote, validateMetricsPath, validateOneOf, validatePort, validateRegion } from "../names";
import { Problem } from "../problems";
import { renderTemplate } from "../render";
import { EnvironmentArgs } from "./args";
import { DiscoveryArgs } from "./discovery-args";
import { CONFIG } from "./services";

/** The program on the monitoring host that finds them; this file is the one source of its paths. */
export const DISCOVERY = {
    program: "/usr/local/lib/photogather-monitoring/ec2-discovery",
    policy: `${CONFIG}/ec2-discovery/policy.json`,
    /** `<environment>.json` each: what it found, as Prometheus reads it (file_sd). */
    targets: `${CONFIG}/prometheus/discovered`,
    /** The same directory as Prometheus sees it in its container. */
    mounted: "/etc/prometheus/discovered",
    /** What node exporter shows of it. */
    metrics: "/run/photogather-monitoring/ec2-discovery.prom",
    unit: "photogather-monitoring-ec2-discovery",
};

/** Problems with one environment's, paths relative to it. */
export function validateDiscovery({ tags, application, applicationTag, port, path: at, scheme, region, endpoint }: DiscoveryArgs): Problem[] {
    const entries = Object.entries(tags);
    return [
        ...(entries.length > 0 ? [] : [{ path: "tags", message: "expected at least one tag: without, every instance of the account would be scraped" }]),
        ...entries.flatMap(([key, value]) => (/^[^*?\\]{1,128}$/.test(key) && /^[^*?\\]{1,256}$/.test(value)
            ? [] : [{ path: `tags[${quote(key)}]`, message: `expected a tag and its whole value, without * and ?, got ${quote(value)}` }])),
        ...((application === undefined) === (applicationTag === undefined)
            ? [{ path: "application", message: "expected one of application (a name) and applicationTag (the tag that holds it)" }] : []),
        ...[application, applicationTag].flatMap((value) => (value === undefined || /^[^\s\p{Cc}]([^\p{Cc}]{0,126}[^\s\p{Cc}])?$/u.test(value)
            ? [] : [{ path: value === application ? "application" : "applicationTag", message: `expected one line of at most 128 characters without blanks at either end, got ${quote(value)}` }])),
        ...(port === undefined ? [] : validatePort("port", port)),
        ...(at === undefined ? [] : validateMetricsPath("path", at)),
        ...(scheme === undefined ? [] : validateOneOf("scheme", scheme, ["http", "https"])),
        ...(region === undefined ? [] : validateRegion("region", region)),
        ...(endpoint === undefined || /^https?:\/\/[A-Za-z0-9.:[\]-]+$/.test(endpoint)
            ? [] : [{ path: "endpoint", message: `expected a URL without a path, such as "https://vpce-0123.ec2.eu-west-1.vpce.amazonaws.com", got ${quote(endpoint)}` }]),
    ];
}

/** The environments that have one. */
function finders(environments: Record<string, Pick<EnvironmentArgs, "discovery">>): [string, DiscoveryArgs][] {
    return Object.entries(environments).flatMap(([name, { discovery }]): [string, DiscoveryArgs][] => (discovery ? [[name, discovery]] : [])).sort(([a], [b]) => (a < b ? -1 : 1));
}

/** Program, policy and units; nothing where no environment has one. */
export function renderDiscovery(environments: Record<string, Pick<EnvironmentArgs, "discovery">>): { directories: BundleDirectory[]; files: BundleFile[] } {
    const found = finders(environments);
    if (found.length === 0) return { directories: [], files: [] };
    const policy = Object.fromEntries(found.map(([name, { port = 8080, path: at = "/actuator/prometheus", scheme = "http", region = "", endpoint = "", ...rest }]) => (
        [name, { ...rest, port, path: at, scheme, region, endpoint }])));
    return {
        directories: [{ path: path.posix.dirname(DISCOVERY.policy) }, { path: DISCOVERY.targets }],
        files: [
            { path: DISCOVERY.program, mode: "0755", content: discoveryProgram() },
            { path: DISCOVERY.policy, content: `${JSON.stringify({ environments: policy }, undefined, 1)}\n` },
            { path: `/etc/systemd/system/${DISCOVERY.unit}.service`, content: renderTemplate("ec2-discovery/ec2-discovery.service", { program: DISCOVERY.program }) },
            { path: `/etc/systemd/system/${DISCOVERY.unit}.timer`, content: renderTemplate("ec2-discovery/ec2-discovery.timer", {}) },
        ],
    };
}

/** The program's text: Python 3 of the standard library, and curl. */
export function discoveryProgram(): string {
    return fs.readFileSync(path.join(__dirname, "..", "..", "templates", "ec2-discovery", "ec2-discovery"), "utf8");
}

/**
 * Shell text that runs when the files are in place, and looks at once. An EC2 that does not answer keeps no deployment from going on: the journal and the alert
 * HostDiscoveryFails tell.
 */
export function discoveryInstallScript(environments: Record<string, Pick<EnvironmentArgs, "discovery">>): string {
    const names = finders(environments).map(([name]) => name);
    if (names.length === 0) return discoveryRemoveScript();
    return `for file in ${DISCOVERY.targets}/*.json; do
  name=\${file##*/}
  case " ${names.join(" ")} " in *" \${name%.json} "*) ;; *) rm -f "$file" ;; esac
done
if [ -d /run/systemd/system ]; then
  systemctl daemon-reload
  systemctl --quiet enable ${DISCOVERY.unit}.timer
  systemctl restart ${DISCOVERY.unit}.timer
  systemctl start --no-block ${DISCOVERY.unit}.service
fi
`;
}

/** Shell text that ends it, if it is there; its unit's file may have gone before, so that systemd could not disable it. */
export function discoveryRemoveScript(): string {
    const link = `/etc/systemd/system/timers.target.wants/${DISCOVERY.unit}.timer`;
    return `if [ -L ${link} ]; then
  systemctl stop ${DISCOVERY.unit}.timer ${DISCOVERY.unit}.service 2>/dev/null || :
  rm -f ${link}
  systemctl daemon-reload || :
  # Of a timer whose service vanished: the whole machine would be called degraded.
  systemctl reset-failed ${DISCOVERY.unit}.timer ${DISCOVERY.unit}.service 2>/dev/null || :
fi
rm -rf ${DISCOVERY.targets} ${DISCOVERY.metrics}
`;
}
