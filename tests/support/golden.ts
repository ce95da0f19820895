import assert from "node:assert/strict";
import * as fs from "node:fs";
import * as path from "node:path";

const GOLDEN = path.join(__dirname, "..", "golden");

/**
 * Compares a rendered file with the one kept under `tests/golden/`; a difference shows as a diff of lines.
 * `UPDATE_GOLDEN=1 npm test` writes what is rendered now: read the diff that git then shows before you commit it.
 *
 * @param file path below `tests/golden/`, laid out as on the machine
 */
export function matchesGolden(file: string, actual: string): void {
    const golden = path.join(GOLDEN, file);
    if (process.env.UPDATE_GOLDEN) {
        fs.mkdirSync(path.dirname(golden), { recursive: true });
        fs.writeFileSync(golden, actual);
        return;
    }
    assert.ok(fs.existsSync(golden), `tests/golden/${file} is missing; write it with: UPDATE_GOLDEN=1 npm test`);
    assert.deepEqual(actual.split("\n"), fs.readFileSync(golden, "utf8").split("\n"), `tests/golden/${file} differs from what is rendered`);
}
