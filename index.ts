// Pulumi starts here rather than in stacks/, so that the program and the provider plugins run in the project's own directory (`.keys/` is relative to it).
export { outputs as default } from "./stacks";
