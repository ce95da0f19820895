import { SERVICES } from "../../components/monitoring-services/services";
import { stackOutputs } from "../cli";

/** What an owner stack's state tells of its monitoring host. */
export interface OwnerState {
    /** Data directory on the host. */
    directory: string;
    /** Images by service. */
    images: Record<string, string>;
    sshFiles: Record<string, string>;
}

/** Names of the services, the gateway first. */
export const SERVICE_NAMES = SERVICES.map(({ name }) => name);

/**
 * The owner's outputs.
 *
 * @throws Error in one sentence where the stack is none, or no owner
 */
export function readOwner(stack: string): OwnerState {
    return parseOwner(stack, stackOutputs(stack));
}

/** Checks outputs, which may be those of any stack. */
export function parseOwner(stack: string, outputs: Record<string, unknown>): OwnerState {
    const { monitoring, sshFiles } = outputs as { monitoring?: { versions?: Record<string, string>; directory?: string }; sshFiles?: Record<string, string> };
    // A member may have no outputs at all, as an owner has none before its first `up`.
    if (!monitoring?.versions) throw new Error(`stack ${stack} has no monitoring host: name the owner, whose config has monitoring.host, and run \`pulumi up\` on it first`);
    if (!monitoring.directory) throw new Error(`the state of stack ${stack} was written by an earlier version of this program: run \`pulumi up -s ${stack}\` first`);
    return { directory: monitoring.directory, images: monitoring.versions, sshFiles: sshFiles ?? {} };
}
