import * as fs from "node:fs";
import * as path from "node:path";
import { decodeBundles } from "../../components/bundle";
import { decodeScripts, runScript } from "../../components/machine";
import { Registration, reveal } from "../offline";

/** A file that a deployment would write, as `<machine>/<path as on the machine>`. */
export interface PlannedFile {
    path: string;
    content: string;
}

/** Every file that the stack would write on some machine, read back from what the engine is given. */
export function plannedFiles(registrations: Registration[]): PlannedFile[] {
    return registrations.flatMap(({ type, name, inputs }) => {
        if (type === "aws:ec2/instance:Instance") return [{ path: `${name}/user-data`, content: reveal<string>(inputs.userData) }];
        if (!type.startsWith("command:")) return [];
        const stdin = reveal<unknown>(inputs.stdin);
        if (typeof stdin !== "string" || stdin === "") return [];
        const bundles = decodeBundles(decodeScripts(stdin).input);
        if (bundles.length > 0) return bundles.flatMap(({ machine, files }) => files.map((file) => ({ path: path.posix.join(machine, file.path), content: file.content })));
        // A script without files writes none.
        return inputs.create === runScript(1) ? [] : [{ path: `stdin/${name}.txt`, content: stdin }];
    });
}

/** Writes the files under `directory`. */
export function writeFiles(directory: string, files: PlannedFile[]): void {
    const made = new Set<string>();
    for (const file of files) {
        const target = path.join(directory, file.path);
        const parent = path.dirname(target);
        // Once each: with thousands of hosts the calls are a tenth of the plan's time.
        if (!made.has(parent)) fs.mkdirSync(parent, { recursive: true });
        made.add(parent);
        fs.writeFileSync(target, file.content);
    }
}
