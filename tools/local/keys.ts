import { spawnSync } from "node:child_process";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";

/** A pair of ed25519 keys. */
export interface KeyPair {
    /** OpenSSH's format, as `ssh-keygen` writes it. */
    privateKey: string;
    /** `ssh-ed25519 AAAA…`, without a comment. */
    publicKey: string;
}

/**
 * Makes a pair of keys.
 *
 * @throws Error where `ssh-keygen` is missing or fails
 */
export function makeKeys(): KeyPair {
    const directory = fs.mkdtempSync(path.join(os.tmpdir(), "keys-"));
    try {
        const file = path.join(directory, "key");
        const { error, status, stderr } = spawnSync("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-C", "", "-f", file], { encoding: "utf8" });
        if (error ?? status) throw new Error(`ssh-keygen is needed, and failed: ${error?.message ?? stderr}`);
        return { privateKey: fs.readFileSync(file, "utf8"), publicKey: fs.readFileSync(`${file}.pub`, "utf8").trim() };
    } finally {
        fs.rmSync(directory, { recursive: true, force: true });
    }
}
