import * as fs from "fs";
import * as path from "path";
import * as pulumi from "@pulumi/pulumi";
import { SshConnection, SshJump } from "../machine";

/** An SSH connection whose values are all known. */
export type KnownSsh = pulumi.Unwrap<SshConnection>;

/**
 * What `ssh` needs to reach a host, and its jump host, without anybody's own configuration: file name to content. Docker's provider runs `ssh`,
 * so a key cannot be handed to it in memory. Paths are relative to the project, where provider processes start.
 *
 * @param directory where the files will stand, relative to the project, e.g. `.keys/prod`
 */
export function renderSshFiles(ssh: KnownSsh, directory: string): Record<string, string> {
    const hops: [string, pulumi.Unwrap<SshJump>][] = [["host", ssh], ...(ssh.jump ? [["jump", ssh.jump] as [string, pulumi.Unwrap<SshJump>]] : [])];
    const files: Record<string, string> = {};
    for (const [name, hop] of hops) files[`${name}.key`] = `${hop.privateKey.trim()}\n`;
    files.known_hosts = hops.map(([, hop]) => `${knownHost(hop)} ${hop.hostKey.trim()}\n`).join("");
    files.ssh_config = hops.map(([name, hop]) => renderHost(name, hop, directory, name === "host" && ssh.jump ? "photogather-jump" : "none")).join("\n");
    return files;
}

/** The name by which the jump host is known inside the file: it may be the same machine as another entry. */
function renderHost(name: string, hop: pulumi.Unwrap<SshJump>, directory: string, jump: string): string {
    return [
        `Host ${name === "jump" ? "photogather-jump" : hop.address}`,
        `    HostName ${hop.address}`,
        `    Port ${hop.port ?? 22}`,
        `    User ${hop.user ?? "ubuntu"}`,
        `    ProxyJump ${jump}`,
        `    IdentityFile ${directory}/${name}.key`,
        "    IdentitiesOnly yes",
        "    IdentityAgent none",
        `    UserKnownHostsFile ${directory}/known_hosts`,
        "    GlobalKnownHostsFile /dev/null",
        "    StrictHostKeyChecking yes",
        "    UpdateHostKeys no",
        "    BatchMode yes",
        "    ControlMaster no",
        "    ControlPath none",
        "    ForwardAgent no",
        "    ConnectTimeout 15",
        "    ServerAliveInterval 15",
        "    ServerAliveCountMax 4",
        "",
    ].join("\n");
}

function knownHost({ address, port }: pulumi.Unwrap<SshJump>): string {
    return (port ?? 22) === 22 ? address : `[${address}]:${port}`;
}

/** Writes the files, for this user's eyes only. What is there already with the same content stays untouched. */
export function writeSshFiles(files: Record<string, string>, directory: string): void {
    fs.mkdirSync(directory, { recursive: true, mode: 0o700 });
    for (const [name, content] of Object.entries(files)) {
        const file = path.join(directory, name);
        if (fs.existsSync(file) && fs.readFileSync(file, "utf8") === content) {
            fs.chmodSync(file, 0o600);
            continue;
        }
        const temporary = path.join(directory, `.${name}.${process.pid}`);
        fs.writeFileSync(temporary, content, { mode: 0o600 });
        fs.renameSync(temporary, file);
    }
}

/** True where no value is still to come. */
export function isKnown(ssh: SshConnection): boolean {
    const values = [ssh, ...(ssh.jump ? [ssh.jump] : [])].flatMap((hop) => [hop.address, hop.port, hop.user, hop.privateKey, hop.hostKey]);
    return values.every((value) => !pulumi.Output.isInstance(value) && !(value instanceof Promise));
}

/**
 * Puts the files in place, before anything could need them where all is known, else as soon as it is. A run on mocks (tests, the offline plan)
 * writes nothing: made-up keys must not take the place of real ones.
 *
 * @returns the path of the `ssh_config`, known once it is written; and the files, a secret
 */
export function provideSshFiles(ssh: SshConnection, directory: string): { config: pulumi.Output<string>; files: pulumi.Output<Record<string, string>> } {
    const provide = (known: KnownSsh) => {
        const files = renderSshFiles(known, directory);
        if (pulumi.runtime.hasEngine()) writeSshFiles(files, directory);
        return files;
    };
    const files = isKnown(ssh) ? pulumi.secret(provide(ssh as KnownSsh)) : pulumi.secret(pulumi.output(ssh)).apply((known) => provide(known as KnownSsh));
    return { config: pulumi.unsecret(files.apply(() => `${directory}/ssh_config`)), files };
}
