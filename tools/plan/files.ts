import * as fs from "node:fs";
import * as path from "node:path";
import { decodeBundle } from "../../components/bundle";
import { Registration, reveal } from "../offline";

/** A file that a deployment would write, as `<machine>/<path as on the machine>`. */
export interface PlannedFile {
    path: string;
    content: string;
}

/** Every file that the stack's commands would write on some machine, read back from the commands themselves. */
export function plannedFiles(registrations: Registration[]): PlannedFile[] {
    return registrations.filter(({ type }) => type.startsWith("command:")).flatMap(({ name, inputs }) => {
        const stdin = reveal<unknown>(inputs.stdin);
        if (typeof stdin !== "string" || stdin === "") return [];
        const bundle = decodeBundle(stdin);
        if (bundle) return bundle.files.map((file) => ({ path: path.posix.join(bundle.machine, file.path), content: file.content }));
        return [{ path: `stdin/${name}.txt`, content: stdin }];
    });
}

/** Writes the files under `directory`, which is emptied first, so that nothing of an earlier plan is taken for today's. */
export function writeFiles(directory: string, files: PlannedFile[]): void {
    fs.rmSync(directory, { recursive: true, force: true });
    for (const file of files) {
        const target = path.join(directory, file.path);
        fs.mkdirSync(path.dirname(target), { recursive: true });
        fs.writeFileSync(target, file.content);
    }
}
