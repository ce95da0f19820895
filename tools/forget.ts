/**
 * `npm run forget -- --stack dev`: takes what stands on the monitoring host out of a stack's state, for when that host is gone for good or another one takes its
 * place. Of a member these are its registered targets, which nobody is left to take back: then `pulumi destroy -s dev` removes the agents. Of the
 * owner it is the whole deployment: then `pulumi up -s prod` makes it on the host that the config names.
 */
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { parseArgs } from "node:util";
import { pulumiCli, requireStack, runTool } from "./cli";
import { Deployment, forgetHost } from "./upkeep/forget";

runTool(() => {
    const { values } = parseArgs({ options: { stack: { type: "string" } } });
    const stack = requireStack(values.stack, "forget");
    const { state, forgotten } = forgetHost(JSON.parse(pulumiCli("stack", "export", "--stack", stack)) as Deployment);
    const owner = forgotten.some((urn) => urn.includes(":MonitoringServices$"));
    const next = owner ? `\`pulumi up -s ${stack}\`` : `\`pulumi destroy -s ${stack}\`, or \`pulumi up -s ${stack}\` where there is another monitoring host`;
    if (forgotten.length === 0) {
        console.log(`Stack ${stack} has nothing on a monitoring host. Go on with ${next}.`);
        return;
    }
    importState(stack, state);
    console.log(`Forgot ${owner ? "the deployment on the monitoring host" : "the targets"} of stack ${stack}. Next: ${next}.`);
});

/** Secrets stay encrypted in an export, and so in this file. */
function importState(stack: string, state: Deployment): void {
    const directory = fs.mkdtempSync(path.join(os.tmpdir(), "photogather-"));
    try {
        const file = path.join(directory, "state.json");
        fs.writeFileSync(file, JSON.stringify(state), { mode: 0o600 });
        pulumiCli("stack", "import", "--stack", stack, "--file", file);
    } finally {
        fs.rmSync(directory, { recursive: true, force: true });
    }
}
