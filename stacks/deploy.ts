import * as pulumi from "@pulumi/pulumi";
import { readConfig } from "./config";
import { wireEnvironment, withKey } from "./environment";
import { readConnection } from "./member";
import { deployShared } from "./owner";

/** What differs between a deployment and the offline plan. */
export interface DeployOptions {
    /** Directory, relative to the project's, for the files that the Docker provider's `ssh` reads. */
    keysDirectory: string;
}

/** One stack: the owner makes the shared deployment, a member reads it, a third kind has neither; all then wire their own hosts. Gives the stack's outputs. */
export async function deploy({ keysDirectory }: DeployOptions): Promise<Record<string, unknown>> {
    const config = readConfig();
    const { environment, external, was, deployKeyGenerations, repair } = config;
    const own = { environment, external, was, deployKeyGenerations, repair };
    if (config.owner) {
        const { outputs, connections, jump, monitoring, ready, guard } = deployShared(config.owner, config, keysDirectory);
        const wired = await wireEnvironment({ ...own, jump, monitoring, connection: connections[environment], dependsOn: [ready] });
        guard(wired.resources);
        return { ...outputs, ...wired.outputs };
    }
    if (!config.member) return (await wireEnvironment({ ...own, dependsOn: [] })).outputs;
    const connection = pulumi.secret(await readConnection(config));
    const { jump } = config.member;
    return (await wireEnvironment({ ...own, jump: jump && withKey(jump, jump.privateKey), connection, dependsOn: [] })).outputs;
}
