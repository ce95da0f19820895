import { createHash } from "node:crypto";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";

/** The checkout. */
export const PROJECT = path.join(__dirname, "..", "..", "..");

/** What costs minutes to make and depends on its inputs only is kept here from run to run: images, the hosts' root file system, archives. */
export const STATE = process.env.E2E_STATE ?? path.join(os.homedir(), ".cache", "photogather-monitoring-e2e");

/** A directory below the state directory. */
export function stateDirectory(...parts: string[]): string {
    const directory = path.join(STATE, ...parts);
    fs.mkdirSync(directory, { recursive: true });
    return directory;
}

/** A new empty directory; the caller removes it. */
export function temporaryDirectory(purpose: string): string {
    return fs.mkdtempSync(path.join(os.tmpdir(), `e2e-${purpose}-`));
}

/** SHA-256 of texts and files, in that order. */
export function digest(texts: string[], files: string[] = []): string {
    const hash = createHash("sha256");
    for (const text of texts) hash.update(text).update("\0");
    for (const file of files) hash.update(readAll(file));
    return hash.digest("hex");
}

function readAll(file: string): Buffer {
    return fs.statSync(file).isDirectory()
        ? Buffer.concat(
            fs
                .readdirSync(file)
                .sort()
                .map((name) => Buffer.concat([Buffer.from(name), readAll(path.join(file, name))])),
        )
        : fs.readFileSync(file);
}
