/**
 * `npm run restore -- --stack prod --from FILE [--replace]`: puts a backup onto the monitoring host that the config names, which may be a fresh one where
 * nothing runs yet. What the host has already is replaced only where that is said.
 */
import * as fs from "node:fs";
import { parseArgs } from "node:util";
import { DATA, planImages } from "../components/monitoring-services/services";
import { readVersions, STORAGE_LINES } from "../components/monitoring-services/upgrade";
import { parseConfig } from "../stacks/config";
import type { OwnerConfig } from "../stacks/schema";
import { checkReadable, readBackup } from "./upkeep/archive";
import { requireStack, runTool, stackConfig } from "./cli";
import { Reach, reachBySsh, reachByState, runOnHost } from "./upkeep/host";
import { readOwner, SERVICE_NAMES } from "./upkeep/owner";

/** A large log takes minutes to read back. */
const WAIT_SECONDS = 300;

runTool(async () => {
    const { values } = parseArgs({ options: { stack: { type: "string" }, from: { type: "string" }, replace: { type: "boolean", default: false } } });
    const stack = requireStack(values.stack, "restore");
    if (!values.from) throw new Error("which backup? npm run restore -- --stack NAME --from FILE");
    const owner = readConfigOf(stack);
    const header = await readBackup(values.from);
    const images = planImages(owner.images, owner.registry);
    const unreadable = checkReadable(header, images);
    if (unreadable.length > 0) throw new Error(unreadable.join("\n"));
    const { reach, remove } = reachOf(owner, stack);
    try {
        const request = {
            do: "restore", directory: owner.directory ?? DATA, services: SERVICE_NAMES, replace: values.replace, bytes: header.bytes,
            versions: readVersions(header.images), running: readVersions(images), stores: Object.keys(STORAGE_LINES), waitSeconds: WAIT_SECONDS,
        };
        const answer = JSON.parse(await runOnHost(reach, request, { input: fs.createReadStream(values.from) })) as { restored: number; stopped: string[] };
        console.log(`Restored ${header.files} files and directories of ${new Date(header.time * 1000).toISOString()} on ${reach.address}.`);
        console.log(explain(answer, stack));
    } finally {
        remove();
    }
});

/** What runs now, and what is next. */
function explain({ restored, stopped }: { restored: number; stopped: string[] }, stack: string): string {
    const next = `Next: \`pulumi up -s ${stack}\``;
    if (stopped.length > 0) return `${stopped.join(", ")} ran a version that stores its data in another way than the config's, and ${stopped.length > 1 ? "stay" : "stays"} stopped. ${next}, which replaces ${stopped.length > 1 ? "them" : "it"}.`;
    return restored > 0 ? "The services run on them." : `Nothing runs there yet. ${next}.`;
}

/** The owner's config as it is now: the host that it names is the one to restore on. */
function readConfigOf(stack: string): OwnerConfig {
    const config = stackConfig(stack);
    const project = Object.keys(config).find((key) => key.endsWith(":monitoring"))?.split(":")[0];
    if (!project) throw new Error(`the config of stack ${stack} has no section monitoring`);
    const { owner } = parseConfig(config, project, stack.split("/").pop()!);
    if (!owner) throw new Error(`stack ${stack} is no owner: name the stack whose config has monitoring.host`);
    return owner;
}

/** By the config; an EC2 instance, which the config does not tell the address of, by the state. */
function reachOf({ host }: OwnerConfig, stack: string): { reach: Reach; remove: () => void } {
    const ssh = host.machine?.ssh;
    if (host.machine && !ssh) return { reach: { address: "this machine" }, remove: () => undefined };
    if (!ssh) return { reach: reachByState(readOwner(stack).sshFiles, stack), remove: () => undefined };
    const { jump, ...own } = ssh;
    const privateKey = own.privateKey!;
    return reachBySsh({ ...own, privateKey, hostKey: own.hostKey!, ...(jump ? { jump: { ...jump, privateKey: jump.privateKey ?? privateKey } } : {}) });
}
