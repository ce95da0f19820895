import * as pulumi from "@pulumi/pulumi";
import { deploy } from "./deploy";

/** Deploys the stack that runs, and gives its outputs. A function: Pulumi awaits it, so that a refusal is shown once, and as nothing else. */
export const program = (): Promise<Record<string, unknown>> => deploy({ keysDirectory: `.keys/${pulumi.getStack()}` });
