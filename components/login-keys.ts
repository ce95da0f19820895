import * as pulumi from "@pulumi/pulumi";
import { shell } from "./encode";
import { Problem } from "./problems";

/** The comment that our lines in `authorized_keys` end with: what has it and is no longer wanted goes; what has it not is none of our business. */
const OURS = "photogather-monitoring";
const PUBLIC_KEY = /^(ssh-ed25519|ssh-rsa|ecdsa-sha2-nistp(?:256|384|521)) ([A-Za-z0-9+/]+=*)( .*)?$/;

/**
 * Shell text, for root, that lets these keys log in as the user that Pulumi comes as, and earlier ones of ours no longer. Keys that others put there stay; a line
 * of theirs with one of these keys becomes ours, with its options. Runs any number of times, and twice at once.
 */
export function loginKeysScript(keys: string[]): string {
    const wanted = keys.map((key) => key.trim().split(/\s+/).slice(0, 2).join(":")).join(" ");
    return `(
user=\${SUDO_USER:-$(id -un)}
home=$(getent passwd "$user" | cut -d : -f 6)
file=$home/.ssh/authorized_keys
[ -d "$home/.ssh" ] || install -d -m 0700 -o "$user" -g "$(id -gn "$user")" "$home/.ssh"
[ -e "$file" ] || ( umask 077; : > "$file" )
next=$(mktemp "$file.XXXXXX")
awk -v wanted=${shell(wanted)} '
BEGIN { count = split(wanted, all, " "); for (i = 1; i <= count; i++) { split(all[i], part, ":"); kind[i] = part[1]; blob[i] = part[2]; want[part[2]] = 1 } }
/^[ \\t]*(#|$)/ { print; next }
{
  ours = ($NF == "${OURS}"); found = ""
  for (i = 1; i <= NF; i++) if ($i in want) found = $i
  if (found != "") { seen[found] = 1; print (ours ? $0 : $0 " ${OURS}") } else if (!ours) print
}
END { for (i = 1; i <= count; i++) if (!(blob[i] in seen)) print kind[i] " " blob[i] " ${OURS}" }
' "$file" > "$next"
if cmp -s "$next" "$file"; then rm -f "$next"; else chown --reference="$file" "$next"; chmod 0600 "$next"; mv -f "$next" "$file"; fi
)
`;
}

/** Problems with a list of keys that may log in. Pulumi itself must be among them. */
export function validateLoginKeys(path: string, keys: pulumi.Input<string>[], privateKey: unknown): Problem[] {
    const wrong = keys.flatMap((key, i) => (typeof key !== "string" || PUBLIC_KEY.test(key.trim()) ? [] : [{ path: `${path}[${i}]`, message: 'expected a public key such as "ssh-ed25519 AAAA…"' }]));
    if (wrong.length > 0) return wrong;
    if (keys.length === 0) return [{ path, message: "expected at least one public key: nobody could log in" }];
    const own = typeof privateKey === "string" ? publicBlob(privateKey) : undefined;
    if (own === undefined || keys.some((key) => typeof key !== "string" || key.trim().split(/\s+/)[1] === own)) return [];
    return [{ path, message: "expected the public half of privateKey among them: Pulumi itself could no longer log in" }];
}

/** The public half that stands unencrypted in a private key of OpenSSH's format; undefined for other formats. */
export function publicBlob(privateKey: string): string | undefined {
    const body = /-----BEGIN OPENSSH PRIVATE KEY-----([A-Za-z0-9+/=\s]+)-----END/.exec(privateKey)?.[1];
    if (body === undefined) return undefined;
    const bytes = Buffer.from(body, "base64");
    let at = "openssh-key-v1\0".length;
    if (bytes.subarray(0, at).toString("latin1") !== "openssh-key-v1\0") return undefined;
    const next = (): Buffer => {
        const length = at + 4 <= bytes.length ? bytes.readUInt32BE(at) : 0;
        at += 4 + length;
        return bytes.subarray(at - length, at);
    };
    // Cipher, key derivation and its options; then how many keys.
    for (let i = 0; i < 3; i++) next();
    at += 4;
    const blob = next();
    return blob.length > 0 ? blob.toString("base64") : undefined;
}
