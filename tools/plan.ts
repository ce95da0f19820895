/**
 * `npm run plan`: the program itself on Pulumi's own mock monitor. Needs no account, no Docker and no CLI, and deploys nothing.
 * Shows every resource of each stack, and writes every rendered file to `out/<stack>/<machine>/<path as on the machine>`.
 * Fails where a policy does not hold (tools/plan/policies.ts).
 * `npm run plan -- --project DIR` reads the stacks' config files of another directory.
 * `npm run plan -- --budget` shows instead how the monitoring host is shared out, and why; with `--hosts 100 --series 600 --lines 10 --spans 20`, what those hosts need.
 */
import "./plan/startup";
import * as fs from "node:fs";
import * as path from "node:path";
import { parseArgs } from "node:util";
import * as pulumi from "@pulumi/pulumi";
import { parseConfig, RawConfig } from "../stacks/config";
import { deploy } from "../stacks/deploy";
import { OfflineRun, Registration, reveal, runOffline } from "./offline";
import { renderBudget } from "./plan/budget";
import { parseWorkload } from "./plan/workload";
import { findStacks, loadConfig } from "./plan/config";
import { plannedFiles, writeFiles } from "./plan/files";
import { Allowed, checkPolicies } from "./plan/policies";
import { renderTree } from "./plan/tree";
import { ANSWERS, COMPUTED } from "./plan/world";

const PROJECT = "photogather-monitoring";
const ROOT = path.join(__dirname, "..");

async function main(): Promise<void> {
    const { values } = parseArgs({
        options: {
            stack: { type: "string", multiple: true }, out: { type: "string", default: "out" }, project: { type: "string", default: ROOT }, budget: { type: "boolean", default: false },
            hosts: { type: "string" }, series: { type: "string" }, lines: { type: "string" }, spans: { type: "string" },
        },
    });
    const { project } = values;
    const all = findStacks(project);
    const wanted = values.stack ?? all;
    if (values.budget) return console.log(renderBudget(parseConfig(loadConfig(project, all[0]), PROJECT, all[0]), all[0], parseWorkload(values)));
    const outputs: Record<string, Record<string, unknown>> = {};
    const violations: string[] = [];
    // The owner is always run, as members read its outputs.
    for (const stack of [...new Set([all[0], ...wanted])]) {
        const directory = path.join(values.out, stack);
        const shown = wanted.includes(stack);
        // Emptied first, so that nothing of an earlier plan is taken for today's.
        if (shown) fs.rmSync(directory, { recursive: true, force: true });
        const config = loadConfig(project, stack);
        // Not before the first resource: then the program has told all problems of the config at once.
        let allowed: Allowed | undefined;
        let files = 0;
        const run = await planStack(config, stack, outputs, directory, (registration) => {
            if (!shown) return;
            violations.push(...checkPolicies([registration], allowed ??= allowedBy(config, stack)).map((violation) => `stack ${stack}: ${violation}`));
            files += writeOut(directory, registration);
        });
        outputs[stack] = run.outputs;
        if (shown) report(stack, run, files, directory);
    }
    if (violations.length > 0) throw new Error(`the plan breaks policies (tools/plan/policies.ts):\n  ${violations.join("\n  ")}`);
    console.log(`Nothing was deployed. Next: read ${values.out}/, then deploy with \`pulumi up -s ${wanted[0]} --continue-on-error\` (README.md, "The real thing").`);
}

async function planStack(config: RawConfig, stack: string, outputs: Record<string, Record<string, unknown>>, directory: string, onRegistration: (registration: Registration) => void): Promise<OfflineRun> {
    pulumi.runtime.setAllConfig(config);
    return runOffline(() => deploy({ keysDirectory: path.relative(process.cwd(), path.join(directory, ".keys")) }), {
        stack, onRegistration, answers: ANSWERS, computed: { ...COMPUTED, "pulumi:pulumi:StackReference": (name) => ({ name, outputs: outputsOf(name, outputs), secretOutputNames: [] }) },
    });
}

/** What a StackReference would read: `prod` and `organization/project/prod` are the same stack here. */
function outputsOf(reference: string, outputs: Record<string, Record<string, unknown>>): Record<string, unknown> {
    const found = outputs[reference.split("/").pop()!] ?? {};
    return Object.fromEntries(Object.entries(found).map(([key, value]) => [key, reveal(value)]));
}

/** What the stack's config says that policies shall let pass. */
function allowedBy(config: RawConfig, stack: string): Allowed {
    const ec2 = parseConfig({ ...config, [`${PROJECT}:was`]: "[]" }, PROJECT, stack).owner?.host.ec2;
    return { world: ec2?.allowWorld ?? false, worldSsh: ec2?.allowWorldSsh ?? false, unprotected: ec2?.dataVolume?.protect === false };
}

/** Writes the resource's files, and keeps no more of it than the tree shows. */
function writeOut(directory: string, registration: Registration): number {
    const files = plannedFiles([registration]);
    writeFiles(directory, files);
    registration.inputs = {};
    return files.length;
}

function report(stack: string, run: OfflineRun, files: number, directory: string): void {
    console.log(`Plan of stack ${stack} (offline)\n\n${renderTree(`${PROJECT}-${stack}`, run.registrations)}\n`);
    console.log(`Resources: ${run.registrations.length + 1} to create. Files: ${files} written to ${directory}/\n`);
}

/** The same error reaches us more than once, as the stack's own promises fail with it too: it is told once. */
function fail(error: unknown): void {
    if (process.exitCode) return;
    console.error(`error: ${error instanceof Error ? error.message : String(error)}`);
    process.exitCode = 1;
}

process.on("unhandledRejection", fail);
main().catch(fail);
