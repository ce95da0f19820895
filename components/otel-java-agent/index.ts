import * as pulumi from "@pulumi/pulumi";
import { machineFiles } from "../machine";
import { failOn } from "../problems";
import { OtelJavaAgentArgs } from "./args";
import { javaAgentBundle, planJavaAgent, validateJavaAgent } from "./plan";

export * from "./args";

/**
 * The OpenTelemetry Java agent for one application: spans of controllers, services' database calls and outgoing HTTP, with no code in the application.
 * Puts the jar and an environment file on the host; the application takes them at its next start, and is restarted only where that was asked for.
 *
 * Where the host has a `LogAgent`, give that one `javaAgents` rather than making this beside it: one command, and one connection, does both.
 *
 * Cost: about 100 MiB more memory in the JVM and a few percent of its CPU time.
 *
 * @example
 * new OtelJavaAgent("was-1", { machine: { ssh }, application: "shop", instance: "was-1", environment: "prod", systemdService: "shop.service" });
 */
export class OtelJavaAgent extends pulumi.ComponentResource {
    /** The environment file's path on the host, for `EnvironmentFile=` or `docker run --env-file`. */
    public readonly envFile: pulumi.Output<string>;
    /** The jar's path on the host, which a container must mount. */
    public readonly jar: pulumi.Output<string>;

    constructor(name: string, args: OtelJavaAgentArgs, opts?: pulumi.ComponentResourceOptions) {
        super("photogather-monitoring:index:OtelJavaAgent", name, {}, opts);
        failOn(`OtelJavaAgent ${name}`, validateJavaAgent(args));
        const plan = planJavaAgent(args);
        machineFiles(`${name}-files`, {
            machine: args.machine, ...javaAgentBundle(plan),
            // Its files bear the application's name: under another one they are other files, and the old ones must go.
            triggers: [plan.application],
        }, { parent: this, dependsOn: opts?.dependsOn, deleteBeforeReplace: true });
        this.envFile = pulumi.output(plan.envFile);
        this.jar = pulumi.output(plan.jar);
        this.registerOutputs({ envFile: this.envFile, jar: this.jar });
    }
}
