// Pulumi starts here rather than in stacks/, so that the program and the provider plugins run in the project's own directory (`.keys/` is relative to it).
import { program } from "./stacks";

// Not `export default`: a CommonJS program's outputs would then all stand within one that is named "default".
export = program;
