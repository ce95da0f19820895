import { shell } from "../encode";
import { Problem } from "../problems";

/** What of a service's version says how its data is stored. */
export interface StorageLine {
    /** Leading numbers of the version that must stay: 2 means that 12.4 to 12.5 cannot be undone, 1 that 2.x to 3.0 cannot. */
    numbers: number;
    /** Why a step out of the line cannot be undone. Ends up in an error. */
    reason: string;
}

/**
 * Services that keep data in a form of their own, and where a step between versions cannot be undone. What is not here keeps nothing that a version
 * before could not read: the gateway certificates, which it makes anew, Alertmanager silences, the node exporter nothing.
 */
export const STORAGE_LINES: Record<string, StorageLine> = {
    // https://prometheus.io/docs/prometheus/latest/migration/: after 3.0 only 2.55 can read the blocks.
    prometheus: { numbers: 1, reason: "a Prometheus of an earlier major version cannot read its blocks" },
    // https://grafana.com/docs/loki/latest/setup/upgrade/: 2.2, a minor version, brought chunks that those before cannot read.
    loki: { numbers: 2, reason: "a minor version of Loki may write chunks and an index that those before cannot read" },
    // https://grafana.com/docs/tempo/latest/setup/upgrade/: minor versions bring block formats (2.3 vParquet3), 3.0 takes two away.
    tempo: { numbers: 2, reason: "a minor version of Tempo may write blocks that those before cannot read, and a major one may no longer read the blocks of before" },
    // https://grafana.com/docs/grafana/latest/upgrade-guide/: the database is migrated at the start, and never back.
    grafana: { numbers: 2, reason: "Grafana changes its database at the start, and never back" },
};

/** One service's image, and what is known of its version. */
export interface ServiceVersion {
    /** As Docker gets it, e.g. `grafana/grafana:12.4.10`. */
    image: string;
    /** From the tag, e.g. `12.4.10`; the tag itself, or the digest, where it is no version. */
    version: string;
    /** The part of the version that says how data is stored, as numbers: `[12, 4]`. Empty where it cannot be told, or where nothing is stored. */
    line: number[];
}

/** The version that an image's name says it has: `repo/name:v1.2.3-suffix@sha256:…` has 1.2.3. */
export function readVersion(service: string, image: string): ServiceVersion {
    const [name, digest = ""] = image.split("@");
    const tag = /:([^/:]+)$/.exec(name)?.[1] ?? "";
    const found = /^v?(\d+(?:\.\d+)*)(?![\d.])/.exec(tag)?.[1] ?? "";
    const numbers = found.split(".").filter(Boolean).map(Number);
    const wanted = STORAGE_LINES[service]?.numbers ?? 0;
    return { image, version: tag.replace(/^v(?=\d)/, "") || digest, line: numbers.length >= wanted ? numbers.slice(0, wanted) : [] };
}

/** The versions of all services, by name. */
export function readVersions(images: Record<string, string>): Record<string, ServiceVersion> {
    return Object.fromEntries(Object.entries(images).map(([service, image]) => [service, readVersion(service, image)]));
}

/** A step of one service between two storage lines. */
export interface UpgradeStep {
    service: string;
    from: ServiceVersion;
    to: ServiceVersion;
    /** `up` to a newer line, `down` to an older one, `unknown` where a tag does not tell. */
    direction: string;
}

/** The steps that cannot be undone on the way from one set of images to another. */
export function planUpgrade(from: Record<string, string>, to: Record<string, string>): UpgradeStep[] {
    return Object.keys(STORAGE_LINES).flatMap((service) => {
        if (from[service] === undefined || to[service] === undefined || from[service] === to[service]) return [];
        const [before, after] = [readVersion(service, from[service]), readVersion(service, to[service])];
        if (before.line.length === 0 || after.line.length === 0) return [{ service, from: before, to: after, direction: "unknown" }];
        const order = compareLines(before.line, after.line);
        return order === 0 ? [] : [{ service, from: before, to: after, direction: order < 0 ? "up" : "down" }];
    });
}

function compareLines(a: number[], b: number[]): number {
    const index = a.findIndex((number, i) => number !== b[i]);
    return index < 0 ? 0 : a[index] - b[index];
}

/** Problems of `acceptIrreversible`, paths relative to it. */
export function validateAcceptIrreversible(accepted: Record<string, string>): Problem[] {
    return Object.keys(accepted).filter((service) => !STORAGE_LINES[service]).map((service) => (
        { path: service, message: `expected one of ${Object.keys(STORAGE_LINES).join(", ")}: what another service keeps can be read by any version of it` }));
}

/** What the scripts on the host must know. */
export interface UpgradeArgs {
    dataDirectory: string;
    images: Record<string, string>;
    /** Version by service. */
    acceptIrreversible?: Record<string, string>;
}

/** Which versions last ran on the data, beside it: so that it goes where the data goes. */
export const VERSIONS_FILE = "versions.json";
/** Which backup was made last, and of what. */
export const BACKUP_FILE = "last-backup.json";
/** How long a backup counts as one made for an upgrade. */
export const BACKUP_HOURS = 24;

/**
 * Shell text that refuses a step which cannot be undone, before any container is replaced. What last ran on the data stands beside it; a version that was
 * begun and never got well counts as well, if the host has its image: it may have changed the data.
 */
export function upgradeCheckScript({ dataDirectory, images, acceptIrreversible = {} }: UpgradeArgs): string {
    const given = {
        directory: dataDirectory, wanted: readVersions(images), accepted: acceptIrreversible, hours: BACKUP_HOURS,
        reasons: Object.fromEntries(Object.entries(STORAGE_LINES).map(([service, { reason }]) => [service, reason])),
    };
    return `python3 - ${shell(JSON.stringify(given))} <<'END_OF_UPGRADE_CHECK' || exit 1
${UPGRADE_CHECK}END_OF_UPGRADE_CHECK
`;
}

/** Python 3. Decides as `planUpgrade` does, on what the host knows. */
const UPGRADE_CHECK = `import json, os, subprocess, sys, time
given = json.loads(sys.argv[1])
directory, wanted, accepted = given["directory"], given["wanted"], given["accepted"]
file = os.path.join(directory, "${VERSIONS_FILE}")

def load(name):
    try:
        with open(os.path.join(directory, name)) as text:
            return json.load(text)
    except FileNotFoundError:
        return {}
    except ValueError:
        sys.exit("photogather-monitoring: %s/%s cannot be read; mend it, or remove it to go on without the check of versions" % (directory, name))

known, backup = load("${VERSIONS_FILE}"), load("${BACKUP_FILE}")

def on_host(image):
    return subprocess.run(["docker", "image", "inspect", image], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode == 0

def saved(service, was):
    fresh = time.time() - backup.get("time", 0) < given["hours"] * 3600
    return fresh and backup.get("images", {}).get(service) == was["image"]

def problem(service, was, to):
    if was["image"] == to["image"] or was["line"] == to["line"] != [] or accepted.get(service) == to["version"]:
        return None
    step = "%s: from %s to %s" % (service, was["version"] or was["image"], to["version"] or to["image"])
    accept = 'monitoring.acceptIrreversible: { %s: "%s" }' % (service, to["version"])
    stay = 'To stay, set monitoring.images.%s to "%s"' % (service, was["image"])
    if was["line"] == [] or to["line"] == []:
        return "%s: a tag does not tell the version, so it cannot be told whether the one reads what the other wrote. If it does, say so: %s. %s" % (step, accept, stay)
    if to["line"] > was["line"]:
        if saved(service, was):
            return None
        return ("%s cannot be undone: %s. Make a backup first (npm run backup), which counts for %d hours; or, with a snapshot of your own, say so: %s. %s"
                % (step, given["reasons"][service], given["hours"], accept, stay))
    return ("%s: the older one cannot be relied on to read what the newer one wrote: %s. Restore a backup that was made with %s (npm run restore, with --replace), or say "
            "that it can: %s. %s" % (step, given["reasons"][service], to["version"], accept, stay))

before = known.get("services", {})
pending = {service: was for service, was in known.get("pending", {}).items() if on_host(was["image"])}
found = [problem(service, was, wanted[service])
         for each in (before, pending) for service, was in sorted(each.items()) if service in wanted and service in given["reasons"]]
found = [text for text in found if text]
if found:
    sys.exit("photogather-monitoring: nothing was changed. " + "\\n".join(found))
begun = {service: to for service, to in wanted.items() if service in before and before[service]["image"] != to["image"]}
if before and begun != known.get("pending", {}):
    with open(file + ".new", "w") as text:
        json.dump({**known, "services": before, "pending": {**pending, **begun}}, text, indent=2)
    os.rename(file + ".new", file)
`;

/** Shell text after the wait for all services: these versions run on the data from now on. */
export function versionsScript({ dataDirectory, images }: UpgradeArgs): string {
    const file = shell(`${dataDirectory}/${VERSIONS_FILE}`);
    return `printf '%s\\n' ${shell(JSON.stringify({ services: readVersions(images) }, undefined, 2))} > ${file}.new
mv -f ${file}.new ${file}
`;
}

/** Shell text that defines `back SERVICE`, which says how to go back to the image that ran before; nothing where none did. */
export function wayBackScript({ dataDirectory, images }: UpgradeArgs): string {
    const python = `import json, sys
try:
    with open(sys.argv[1] + "/${VERSIONS_FILE}") as text:
        was = json.load(text).get("services", {}).get(sys.argv[2])
except (OSError, ValueError):
    was = None
to = json.loads(sys.argv[3]).get(sys.argv[2])
if was and to and was["image"] != to["image"]:
    restore = ", restore the backup made before (npm run restore, with --replace), as %s may have changed its data," % to["version"] if was["line"] != to["line"] else ""
    print('. It ran %s before: to go back, set monitoring.images.%s to "%s"%s and run pulumi up' % (was["image"], sys.argv[2], was["image"], restore))
`;
    return `back() { python3 -c ${shell(python)} ${shell(dataDirectory)} "$1" ${shell(JSON.stringify(readVersions(images)))} | tr -d '\\n'; }
`;
}
