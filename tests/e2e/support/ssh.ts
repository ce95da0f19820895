import * as fs from "node:fs";
import * as path from "node:path";
import { ExecOptions, Result, tryExec } from "./exec";
import { temporaryDirectory } from "./state";

/** Where an SSH command goes. */
export interface SshTarget {
    address: string;
    user: string;
    privateKey: string;
    hostKey: string;
    jump?: SshTarget;
}

/**
 * Runs a command over SSH as any client would, with the host's key checked and no config or agent of this machine's.
 *
 * @param options further ssh options, e.g. `["-L", "1234:127.0.0.1:9090", "-N"]`
 */
export async function ssh(target: SshTarget, command: string[], options: string[] = [], input: string | Buffer = "", more: ExecOptions = {}): Promise<Result> {
    const directory = temporaryDirectory("ssh");
    try {
        return await tryExec("ssh", ["-F", writeConfig(directory, target), ...options, "target", ...command], {
            input,
            seconds: 120,
            ...more,
            env: { SSH_AUTH_SOCK: "", ...more.env },
        });
    } finally {
        fs.rmSync(directory, { recursive: true, force: true });
    }
}

function writeConfig(directory: string, target: SshTarget): string {
    const hops: [string, SshTarget][] = [["target", target], ...(target.jump ? [["jump", target.jump] as [string, SshTarget]] : [])];
    const sections = hops.map(([name, hop]) => {
        const key = path.join(directory, `${name}.key`);
        const known = path.join(directory, `${name}.known`);
        fs.writeFileSync(key, hop.privateKey, { mode: 0o600 });
        fs.writeFileSync(known, `${hop.address} ${hop.hostKey}\n`);
        return [
            `Host ${name}`,
            `HostName ${hop.address}`,
            `User ${hop.user}`,
            `IdentityFile ${key}`,
            `UserKnownHostsFile ${known}`,
            `HostKeyAlias ${hop.address}`,
            ...(hop.jump ? ["ProxyJump jump"] : []),
        ];
    });
    const file = path.join(directory, "config");
    fs.writeFileSync(
        file,
        [...sections.flat(), "Host *", "IdentitiesOnly yes", "BatchMode yes", "StrictHostKeyChecking yes", "ConnectTimeout 10", ""].join("\n"),
    );
    return file;
}
