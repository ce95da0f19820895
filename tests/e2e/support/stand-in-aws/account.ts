import * as fs from "node:fs";
import * as path from "node:path";
import { changeWorld, EMPTY, Lab, readWorld, World, WORLD_VARIABLE, writeWorld } from "./world";

/** An account of AWS that is a file, and what puts it in the place of AWS where the engine looks for its plugins. */
export class Account {
    private readonly file: string;

    /**
     * @param directory empty; of the account alone
     * @param plugins providers that the stand-in takes the place of, beside `aws`
     */
    constructor(readonly directory: string, plugins: string[] = [], lab?: Lab) {
        this.file = path.join(directory, "account.json");
        fs.mkdirSync(path.join(directory, "bin"), { recursive: true });
        for (const plugin of ["aws", ...plugins]) {
            const script = `#!/bin/sh\nexec node --require ${require.resolve("tsx/cjs")} ${path.join(__dirname, "plugin.ts")} "$@"\n`;
            fs.writeFileSync(path.join(directory, "bin", `pulumi-resource-${plugin}`), script, { mode: 0o755 });
        }
        // Ids are unique beyond the account, as they are names of containers.
        writeWorld(this.file, lab ? { ...EMPTY, lab, made: lab.firstAddress * 1000 } : EMPTY);
    }

    /** For a run of the engine. */
    get env(): Record<string, string> {
        return { PATH: `${path.join(this.directory, "bin")}:${process.env.PATH}`, [WORLD_VARIABLE]: this.file };
    }

    get world(): World {
        return readWorld(this.file);
    }

    /** Changes the account from outside the stack. */
    change(act: (world: World) => void): void {
        changeWorld(this.file, act);
    }

    remove(): void {
        fs.rmSync(this.directory, { recursive: true, force: true });
    }
}
