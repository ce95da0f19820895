import * as pulumi from "@pulumi/pulumi";
import { deploy } from "./deploy";

/** The stack's outputs; Pulumi waits for them. */
export const outputs = deploy({ keysDirectory: `.keys/${pulumi.getStack()}` });
