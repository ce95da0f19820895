import * as pulumi from "@pulumi/pulumi";
import { MonitoringHostArgs } from "./args";

/** What every resource says of itself in the account: its name, and the project and stack that it belongs to. The user's own tags win. */
export function tags(name: string, args: MonitoringHostArgs): Record<string, string> {
    return { Name: name, "pulumi:project": pulumi.getProject(), "pulumi:stack": pulumi.getStack(), ...args.tags };
}

/** Names a thing once in an account and region: other stacks may have a component of the same name. */
export function globalName(name: string): string {
    return `${pulumi.getProject()}-${pulumi.getStack()}-${name}`;
}
