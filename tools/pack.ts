/**
 * What `npm pack` changes in package.json while it packs (`prepack`), and puts back (`postpack`):
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

function main(): void {
    const file = path.join(__dirname, "..", "package.json");
    const whole = `${file}.whole`;
    // Also where a run before this one was ended half way.
    if (fs.existsSync(whole)) fs.renameSync(whole, file);
    if (process.argv[2] !== "strip") return;
    const text = fs.readFileSync(file, "utf8");
    fs.writeFileSync(whole, text);
    fs.writeFileSync(file, `${JSON.stringify(publishedManifest(JSON.parse(text) as Manifest), null, 2)}\n`);
}

if (require.main === module) main();
