import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import type { Context } from "mocha";

/** Parts that a run may lack although REQUIRE_PARTS=all, e.g. `ALLOW_MISSING=grafana`. */
const allowed = new Set((process.env.ALLOW_MISSING ?? "").split(/[\s,]+/).filter(Boolean));
/** Where missing parts are written down: tests may run in several processes, and the first one tells at the end. It makes the file, and the others have its path from it. */
const missing = process.env.MISSING_PARTS_FILE ??= firstOne();

function firstOne(): string {
    const directory = fs.mkdtempSync(path.join(os.tmpdir(), "missing-parts-"));
    process.once("exit", () => fs.rmSync(directory, { recursive: true, force: true }));
    const file = path.join(directory, "names");
    fs.writeFileSync(file, "");
    return file;
}

/** The program's path, or undefined where it is not on PATH. */
export function findPart(name: string): string | undefined {
    // sshd is not on an ordinary user's PATH.
    return [...(process.env.PATH ?? "").split(path.delimiter), "/usr/sbin"].map((dir) => path.join(dir, name)).find((file) => {
        try { fs.accessSync(file, fs.constants.X_OK); return fs.statSync(file).isFile(); } catch { return false; }
    });
}

/**
 * The program's path. Where it is missing, the test is skipped and the part named at the end of the run;
 * with `REQUIRE_PARTS=all` the test fails instead, unless `ALLOW_MISSING` names the part.
 */
export function part(test: Context, name: string): string {
    const found = findPart(name);
    if (found) return found;
    return lack(test, name);
}

/** Skips or fails the test for want of a part that is no program on PATH, e.g. an image. */
export function lack(test: Context, name: string): never {
    standIn(name);
    test.skip();
}

/** Names a part at the end of the run that another real one takes the place of: no failure, whatever is required. */
export function without(name: string): void {
    fs.appendFileSync(missing, `${name}\n`);
}

/** Counts a part as missing without skipping: for a test that goes on with a stand-in. */
export function standIn(name: string): void {
    without(name);
    if (process.env.REQUIRE_PARTS === "all" && !allowed.has(name)) throw new Error(`the part "${name}" is missing and REQUIRE_PARTS=all`);
}

/** Every part that some test asked for and did not find. */
export function missingParts(): string[] {
    return [...new Set(fs.readFileSync(missing, "utf8").split("\n").filter(Boolean))].sort();
}
