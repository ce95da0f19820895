/**
 * `npm run forget -- --stack dev`: takes the registration of a member's targets out of its state, for when the monitoring host is gone for good and
 * nobody is left to take them back. Then `pulumi destroy -s dev` removes the agents.
 */
import { parseArgs } from "node:util";
import { pulumiCli, requireStack, runTool } from "./cli";

interface Deployment { deployment: { resources?: { urn: string }[] } }

runTool(() => {
    const { values } = parseArgs({ options: { stack: { type: "string" } } });
    const stack = requireStack(values.stack, "forget");
    const { deployment } = JSON.parse(pulumiCli("stack", "export", "--stack", stack)) as Deployment;
    const urns = (deployment.resources ?? []).map(({ urn }) => urn).filter((urn) => /:MetricsTarget\$command:remote:Command::/.test(urn));
    if (urns.length === 0) {
        console.log(`Stack ${stack} has registered no targets. Go on with \`pulumi destroy -s ${stack}\`.`);
        return;
    }
    for (const urn of urns) pulumiCli("state", "delete", urn, "--stack", stack, "--yes");
    console.log(`Forgot the targets of stack ${stack}. Next: \`pulumi destroy -s ${stack}\`.`);
});
