/**
 * What `npm pack` changes while it packs (`prepack`), and puts back (`postpack`). The README is `components/README.md`, and in package.json there are
 *
 * - no development dependencies: where the package is Pulumi's plugin, Pulumi runs `npm install` in it, which would fetch them all;
 * - `@pulumi/pulumi` from this version on rather than this one alone: a program must not have two of them.
 */
import * as fs from "node:fs";
import * as path from "node:path";

/** What is kept of package.json here. */
export interface Manifest {
    dependencies: Record<string, string>;
    devDependencies?: Record<string, string>;
}

/** package.json as it is published. */
export function publishedManifest({ devDependencies: _, ...manifest }: Manifest): Manifest {
    const { dependencies } = manifest;
    return { ...manifest, dependencies: { ...dependencies, "@pulumi/pulumi": `^${dependencies["@pulumi/pulumi"]}` } };
}

const ROOT = path.join(__dirname, "..");
/** What is another file while it is packed. The program's READMEs lead to commands and pages that the package does not have. */
const CHANGED = ["package.json", "README.md", "README.ko.md"];

function main(): void {
    const at = (name: string) => path.join(ROOT, name);
    // Not beside it: npm packs whatever is named README.
    const kept = (name: string) => path.join(ROOT, ".packing", name);
    // Also where a run before this one was ended half way.
    for (const name of CHANGED) if (fs.existsSync(kept(name))) fs.renameSync(kept(name), at(name));
    fs.rmSync(kept(""), { recursive: true, force: true });
    if (process.argv[2] !== "strip") return;
    fs.mkdirSync(kept(""));
    for (const name of CHANGED) fs.renameSync(at(name), kept(name));
    const manifest = JSON.parse(fs.readFileSync(kept("package.json"), "utf8")) as Manifest;
    fs.writeFileSync(at("package.json"), `${JSON.stringify(publishedManifest(manifest), null, 2)}\n`);
    fs.copyFileSync(at("components/README.md"), at("README.md"));
}

if (require.main === module) main();
