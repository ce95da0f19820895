import { shell } from "./encode";
import { validateAbsolutePath } from "./names";
import { failOn } from "./problems";

/** A file as it shall stand on a machine. */
export interface BundleFile {
    /** Absolute path on the machine. */
    path: string;
    /** The file's text. */
    content: string;
    /** Permission bits in octal. @default "0644" */
    mode?: string;
    /** `user:group`, by name or number; must exist when the bundle is unpacked. @default "root:root" */
    owner?: string;
}

/** A directory as it shall stand on a machine. Its contents are not touched, and it is removed only when empty. */
export interface BundleDirectory {
    path: string;
    /** @default "0755" */
    mode?: string;
    /** @default "root:root" */
    owner?: string;
}

/** Everything of ours on one machine that is a file. */
export interface Bundle {
    /** The machine's name, for messages and for `out/<stack>/<machine>/…` of the offline plan. */
    machine: string;
    /** Names the manifest, so that several bundles can live on one machine, e.g. `log-agent`. */
    name: string;
    directories: BundleDirectory[];
    files: BundleFile[];
}

const MAGIC = "photogather-bundle/1";
/** Each bundle's list of files, so that a file which a later bundle lacks is removed, and `destroy` finds all of them. */
const MANIFESTS = "/var/lib/photogather-monitoring/manifests";
/** Shell text of the function by which a script of ours ends: with one sentence for the user. */
export const FAIL = `fail() { echo "photogather-monitoring: $*" >&2; exit 1; }`;
/** Two bundles of one host are unpacked one after the other. The lock is on a directory that is always there, so that no file is left of it. */
const LOCK = "exec 9</var/lib; ! command -v flock >/dev/null || flock 9";

/**
 * The bundle as text for a command's stdin: one line per directory or file, contents in base64. Deterministic, so that an unchanged
 * bundle shows no diff. Sent on stdin because that alone reaches a host without showing in `ps` or in a failing command's message.
 *
 * @throws pulumi.RunError where a path has characters that a line of the format cannot carry.
 */
export function encodeBundle(bundle: Bundle): string {
    failOn(`the file bundle ${bundle.name}`, [...bundle.directories, ...bundle.files].flatMap(({ path }) => validateAbsolutePath(path, path)));
    const directories = bundle.directories.map((d) => `d ${d.mode ?? "0755"} ${d.owner ?? "root:root"} ${d.path}`);
    const files = bundle.files.map((f) => `f ${f.mode ?? "0644"} ${f.owner ?? "root:root"} ${f.path} ${Buffer.from(f.content, "utf8").toString("base64")}`);
    return [`${MAGIC} ${bundle.machine} ${bundle.name}`, ...directories, ...files, "end", ""].join("\n");
}

/** Reads what `encodeBundle` wrote, one bundle or several after each other; none where the text is no bundle. The offline plan uses it to write the files out. */
export function decodeBundles(text: string): Bundle[] {
    const bundles: Bundle[] = [];
    for (const line of text.startsWith(`${MAGIC} `) ? text.split("\n") : []) {
        const [kind, mode, owner, path, data] = line.split(" ");
        if (kind === MAGIC) bundles.push({ machine: mode, name: owner, directories: [], files: [] });
        const bundle = bundles[bundles.length - 1];
        if (kind === "d") bundle.directories.push({ path, mode, owner });
        if (kind === "f") bundle.files.push({ path, mode, owner, content: Buffer.from(data ?? "", "base64").toString("utf8") });
    }
    return bundles;
}

/** The bundle, where the text is one. */
export function decodeBundle(text: string): Bundle | undefined {
    return decodeBundles(text)[0];
}

/**
 * Shell text (POSIX sh, as root) that unpacks a bundle from stdin: only files whose bytes differ are written, each as a dot-named
 * temporary in its own directory and then renamed, so no reader sees half a file; files of the bundle before that are no longer in this one
 * are put aside, until `asideScript` removes them or puts them back. Runs any number of times. Leaves `$CHANGED`, the changed or removed paths one per line, and
 * defines `fail`. Reads no further than the bundle, so that another may follow.
 *
 * @param keeper who else keeps it than a resource of its own, see `ownerLine`
 */
export function unpackScript(name: string, keeper = ""): string {
    return `set -eu
umask 077
LC_ALL=C; export LC_ALL
${FAIL}
NL='
'
CHANGED=
manifests=${shell(MANIFESTS)}
manifest=$manifests/${name}
( umask 022; mkdir -p "$manifests" )
# Directories that we made, for this bundle or another one, are ours to remove; those that were there are not.
make() {
  if [ -d "$1" ]; then cat "$manifests"/* | grep -qxF "d $1" || return 0; fi
  [ -z "\${1%/*}" ] || make "\${1%/*}"
  if [ ! -d "$1" ]; then mkdir "$1"; chmod 0755 "$1"; fi
  echo "d $1" >> "$manifest.new"
}
read -r magic machine bundle || fail "no file bundle came on stdin"
[ "$magic" = ${shell(MAGIC)} ] || fail "stdin is no file bundle"
${LOCK}
{ [ ! -f "$manifest" ] || grep '^d ' "$manifest" || :; } > "$manifest.new"
rm -f "$manifest.kept"
echo "m $machine"${keeper ? shell(` ${keeper}`) : ""} >> "$manifest.new"
complete=
while IFS=' ' read -r kind mode owner path data; do
  case $kind in
    d) make "$path"; echo "$path" >> "$manifest.kept"; chmod "$mode" "$path"; chown "$owner" "$path" ;;
    f) dir=\${path%/*}; make "$dir"
       tmp=$dir/.\${path##*/}.new
       printf %s "$data" | base64 -d > "$tmp"
       chmod "$mode" "$tmp"; chown "$owner" "$tmp"
       if cmp -s "$tmp" "$path"; then rm -f "$tmp"; chmod "$mode" "$path"; chown "$owner" "$path"
       else mv -f "$tmp" "$path"; CHANGED="$CHANGED$path$NL"; fi
       echo "f $path" >> "$manifest.new" ;;
    end) complete=1; break ;;
    *) fail "unknown line in the file bundle" ;;
  esac
done
[ -n "$complete" ] || fail "the file bundle is cut off"
aside=
put=0
if [ -f "$manifest" ]; then
  while read -r kind path; do
    if [ "$kind" = f ] && ! grep -qxF "f $path" "$manifest.new"; then
      CHANGED="$CHANGED$path$NL"
      [ -e "$path" ] || continue
      [ -n "$aside" ] || aside=$(mktemp -d "\${manifests%/*}/.aside.XXXXXX")
      put=$((put + 1))
      printf '%s\n' "$path" > "$aside/$put.path"
      mv -f "$path" "$aside/$put"
    fi
  done < "$manifest"
fi
# Directories of ours that hold nothing any more, and that this bundle does not ask for.
sort -u -o "$manifest.new" "$manifest.new"
sort -r "$manifest.new" | while read -r kind path; do
  [ "$kind" != d ] || [ ! -d "$path" ] || grep -qsxF "$path" "$manifest.kept" || rmdir --ignore-fail-on-non-empty "$path"
done
rm -f "$manifest.kept"
mv -f "$manifest.new" "$manifest"
exec 9<&-
`;
}

/**
 * Shell text that runs after what `unpackScript` was followed by, with its status in `$status`. Where that failed, files that were put aside are back, and the next
 * run finds them again: what ran before, and goes on running, may need them at its next start.
 */
export function asideScript(): string {
    return `if [ "$status" != 0 ] && [ -n "$aside" ]; then
  for file in "$aside"/*.path; do
    path=$(cat "$file")
    mkdir -p "\${path%/*}"
    mv -f "\${file%.path}" "$path"
    echo "f $path" >> "$manifest"
  done
fi
[ -z "$aside" ] || rm -rf "$aside"
[ "$status" = 0 ] || exit "$status"
`;
}

/**
 * Shell text that ends here with success where the bundle is another's by now: a host that was renamed in the config is installed anew under its new
 * name, before the old one is removed.
 */
export function ownedScript(name: string, machine: string, keeper = ""): string {
    const manifest = shell(`${MANIFESTS}/${name}`);
    return `if [ -f ${manifest} ] && ! grep -qxF ${shell(ownerLine(machine, keeper))} ${manifest}; then exit 0; fi\n`;
}

/**
 * A manifest's line that says whose it is: the machine by its name in the config, and the bundle beside which it came, if any. A bundle that passes
 * from a resource of its own to another one's command bears another line, so that the removal of the former leaves it alone.
 */
export function ownerLine(machine: string, keeper = ""): string {
    return `m ${machine}${keeper ? ` ${keeper}` : ""}`;
}

/** Shell text that removes every file of the bundle, and every directory that a bundle made and that is now empty. Runs any number of times. */
export function removeScript(name: string): string {
    return `manifest=${shell(`${MANIFESTS}/${name}`)}
${REMOVE}`;
}

/** As `removeScript`, for each manifest `<prefix>…` with this owner line but some: bundles that a command has put there before and does not any more. */
export function sweepScript(prefix: string, owner: string, kept: string[]): string {
    const stays = kept.length > 0 ? `  case "$manifest" in ${kept.map((name) => shell(`${MANIFESTS}/${name}`)).join(" | ")}) continue ;; esac\n` : "";
    return `for manifest in ${shell(MANIFESTS)}/${prefix}*; do
${stays}  grep -qsxF ${shell(owner)} "$manifest" || continue
  SWEPT=1
${REMOVE}done
`;
}

/** Removes the files that `$manifest` lists, and directories that are then empty. */
const REMOVE = `${LOCK}
if [ -f "$manifest" ]; then
  while read -r kind path; do [ "$kind" != f ] || rm -f "$path"; done < "$manifest"
  sort -r "$manifest" | while read -r kind path; do
    [ "$kind" != d ] || [ ! -d "$path" ] || rmdir --ignore-fail-on-non-empty "$path"
  done
  rm -f "$manifest"
  rmdir --ignore-fail-on-non-empty "\${manifest%/*}" "\${manifest%/*/*}" 2>/dev/null || :
fi
`;
