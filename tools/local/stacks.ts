import * as fs from "node:fs";
import * as path from "node:path";
import { ConcurrentUpdateError, LocalWorkspace, PulumiCommand, Stack } from "@pulumi/pulumi/automation";
import { dump } from "js-yaml";
import { NETWORK } from "../../components/monitoring-services/services";
import { inHost } from "./docker";
import { explainCause } from "./causes";
import { LocalHost, STACKS } from "./plan";
import { LocalState } from "./state";

const PROJECT = "photogather-monitoring";
const SDK_VERSION = (JSON.parse(fs.readFileSync(require.resolve("@pulumi/pulumi/package.json"), "utf8")) as { version: string }).version;

/** The CLI on PATH, where it is not older than the SDK that the program is made with; or else one of our own in `.local/`, fetched once. */
export async function pulumiCommand(state: LocalState, say: (text: string) => void): Promise<PulumiCommand> {
    const found = await PulumiCommand.get({ skipVersionCheck: true }).catch(() => undefined);
    if (found && (found.version?.compare(SDK_VERSION) ?? 0) >= 0) return found;
    say(`${found ? `the Pulumi CLI on PATH is ${found.version!.version}, and ${SDK_VERSION} or newer is needed` : "the Pulumi CLI is not on PATH"}: it is fetched into .local/`);
    return PulumiCommand.install({ root: path.join(state.directory, "pulumi") }).catch((error: Error) => {
        throw new Error(`the Pulumi CLI could not be fetched. Is there a network? Or install it: https://www.pulumi.com/docs/install/ (${error.message.split("\n")[0]})`);
    });
}

/** What all runs of the engine have in common. */
export interface EngineContext {
    state: LocalState;
    passphrase: string;
    command: PulumiCommand;
    /** The machine whose containers the owner stack makes. */
    monitor: LocalHost;
    say: (text: string) => void;
}

/** `pulumi up` of one stack with this config. Gives how many resources it changed, and the stack's outputs. */
export async function upStack(
    name: string, { config, secrets }: { config: Record<string, unknown>; secrets: Record<string, string> }, { state, passphrase, command, monitor, say }: EngineContext,
): Promise<{ changed: number; outputs: Record<string, unknown> }> {
    const workspace = await LocalWorkspace.create({
        workDir: state.project, pulumiCommand: command, pulumiHome: state.pulumiHome,
        envVars: { PULUMI_BACKEND_URL: `file://${state.backend}`, PULUMI_CONFIG_PASSPHRASE: passphrase, PULUMI_SKIP_UPDATE_CHECK: "true" },
    });
    const stack = await Stack.createOrSelect(name, workspace);
    writeConfig(path.join(state.project, `Pulumi.${name}.yaml`), config);
    await stack.setAllConfig(Object.fromEntries(Object.entries(secrets).map(([key, value]) => [`${PROJECT}:${key}`, { value, secret: true }])), true);
    if (name === STACKS[0]) await removeStrangers(stack, monitor);
    const { summary, outputs } = await up(stack, say);
    const changes = Object.entries((summary.resourceChanges ?? {}) as Record<string, number>).filter(([kind]) => kind !== "same");
    return {
        changed: changes.reduce((sum, [, count]) => sum + count, 0), outputs: Object.fromEntries(Object.entries(outputs).map(([key, { value }]) => [key, value as unknown])),
    };
}

/** Takes away containers that a killed run has made and the engine was not told of: their names would be in the way of new ones. */
async function removeStrangers(stack: Stack, monitor: LocalHost): Promise<void> {
    const { resources = [] } = (await stack.exportStack()).deployment as { resources?: { type: string; outputs?: { name?: string } }[] };
    const known = resources.filter(({ type }) => type === "docker:index/container:Container").map(({ outputs }) => outputs?.name);
    const there = (await inHost(monitor, `docker ps --all --filter name=^/?${NETWORK}- --format '{{.Names}}'`)).split("\n").filter(Boolean);
    for (const name of there.filter((each) => !known.includes(each))) await inHost(monitor, `docker rm --force ${name}`);
}

/** A lock can only be one that a killed run left: `LocalState` lets one run in at a time. */
async function up(stack: Stack, say: (text: string) => void) {
    let output = "";
    const collect = (text: string) => { output += text; };
    const run = () => stack.up({
        continueOnError: true, onOutput: collect, onError: collect,
        onEvent: ({ resOutputsEvent }) => { if (resOutputsEvent && resOutputsEvent.metadata.op !== "same") say(`  ${stack.name}: ${resOutputsEvent.metadata.urn.split("::").pop()}`); },
    });
    try {
        return await run();
    } catch (error) {
        if (!(error instanceof ConcurrentUpdateError)) throw new Error(explainUp(stack.name, output));
        await stack.cancel();
        return run();
    }
}

/** Why a stack could not be deployed: one sentence where it is the network's fault, else what Pulumi said went wrong, without the progress. */
export function explainUp(name: string, output: string): string {
    const at = output.indexOf("Diagnostics:");
    const said = at >= 0 ? output.slice(at) : output;
    return explainCause(`${name} could not be deployed`, said) ?? `${name} could not be deployed. Run the same command again to go on. Pulumi said:\n${said.trim().split("\n").slice(0, 30).join("\n")}`;
}

/** The whole config anew; what Pulumi itself keeps in the file stays. */
function writeConfig(file: string, config: Record<string, unknown>): void {
    const salt = fs.existsSync(file) ? /^encryptionsalt:.*$/m.exec(fs.readFileSync(file, "utf8"))?.[0] : undefined;
    const values = Object.fromEntries(Object.entries(config).map(([key, value]) => [`${PROJECT}:${key}`, value]));
    fs.writeFileSync(file, `${salt ? `${salt}\n` : ""}${dump({ config: values }, { noRefs: true, lineWidth: -1 })}`);
}
