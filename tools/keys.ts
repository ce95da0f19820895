/**
 * `npm run keys -- --stack prod`: writes the files that the Docker provider's `ssh` reads, from the stack's own state. `pulumi destroy` and
 * `pulumi refresh` do not run the program that writes them, so a fresh clone needs this once before either.
 */
import * as path from "node:path";
import { parseArgs } from "node:util";
import { writeSshFiles } from "../components/monitoring-services/ssh-files";
import { requireStack, runTool, stackOutputs } from "./cli";

runTool(() => {
    const { values } = parseArgs({ options: { stack: { type: "string" } } });
    const stack = requireStack(values.stack, "keys");
    const { sshFiles: files = {} } = stackOutputs(stack) as { sshFiles?: Record<string, string> };
    if (Object.keys(files).length === 0) {
        console.log(`Stack ${stack} needs no files: it reaches no Docker over SSH. Go on with \`pulumi destroy -s ${stack}\` or \`pulumi refresh -s ${stack}\`.`);
        return;
    }
    writeSshFiles(files, path.posix.join(".keys", stack));
    console.log(`Wrote ${Object.keys(files).length} files to .keys/${stack}/. Next: \`pulumi destroy -s ${stack}\` or \`pulumi refresh -s ${stack}\`.`);
});
