/**
 * `npm run local`: everything on this machine's Docker. Four machines, which are containers that boot: a monitoring host, and one server for each of prod, dev and
 * loadtest with a demo application and traffic. Then `pulumi up` of the three stacks as they are shipped, over SSH. Needs no root, no cloud and no account; nothing
 * is written outside `.local/` and Docker. Run it again to go on where it was interrupted, or to bring about what was changed.
 *
 *     npm run local
 *     npm run local -- down                     removes all of it
 *     npm run local -- --port 18080             where Grafana answers, 8080 by default
 *     npm run local -- --subnet 10.99.1         of the demo's network, 10.214.78 by default
 *     npm run local -- --ssh-port 23220         of the first machine, 22220 by default; the others' follow
 *     npm run local -- --host-image IMAGE --jar FILE --registry-mirror URL --settings FILE   for machines without the internet (docs/local.md)
 */
import * as fs from "node:fs";
import * as path from "node:path";
import { parseArgs } from "node:util";
import { runTool } from "./cli";
import { lackingRoom, missingThings } from "./local/checks";
import { removeOurs, tryDocker } from "./local/docker";
import { ensureApplication, ensureHosts, prepare } from "./local/hosts";
import { buildImage, hasImage } from "./local/image";
import { LocalOptions, planHosts, planStack, renderEnd, SSH_PORT, STACKS } from "./local/plan";
import { LocalState } from "./local/state";
import { pulumiCommand, upStack } from "./local/stacks";

const ROOT = path.join(__dirname, "..");
const began = performance.now();

async function main(): Promise<void> {
    const { values, positionals } = parseArgs({
        allowPositionals: true,
        options: {
            port: { type: "string", default: "8080" }, "ssh-port": { type: "string", default: String(SSH_PORT) }, subnet: { type: "string", default: "10.214.78" }, "host-image": { type: "string" }, jar: { type: "string" },
            "registry-mirror": { type: "string" }, settings: { type: "string" },
        },
    });
    const state = new LocalState(ROOT);
    if (positionals[0] === "down") return down(state);
    if (positionals.length > 0) throw new Error(`"${positionals.join(" ")}" is not known: npm run local, or npm run local -- down`);
    const options = parseOptions(values);
    const hosts = planHosts(options);
    const missing = await missingThings(hosts);
    if (missing.length > 0) throw new Error(missing.join("\nerror: "));

    const { keys, isNew } = state.open(hosts);
    const command = await pulumiCommand(state, say);
    await prepare(options.subnet, isNew);
    const image = await imageOf(values["host-image"], state);
    const lacking = await lackingRoom(image);
    if (lacking.length > 0) throw new Error(lacking.join("\nerror: "));
    await ensureHosts(hosts, keys, { image, mirror: values["registry-mirror"] });
    say(`${hosts.length} machines run`);
    await Promise.all(STACKS.map((stack, i) => ensureApplication(hosts[i + 1], stack, values.jar)));
    say("the demo applications answer");

    const context = { state, passphrase: keys.passphrase, command, monitor: hosts[0], say };
    const deploy = async (stack: string) => {
        const { changed, outputs } = await upStack(stack, planStack(stack, options, keys), context);
        say(`${stack}: ${changed === 0 ? "nothing to change" : `${changed} resources`}`);
        return outputs;
    };
    const [owner, ...members] = STACKS;
    const { grafanaPassword } = await deploy(owner);
    await Promise.all(members.map(deploy));
    console.log(renderEnd(options, grafanaPassword as string, (performance.now() - began) / 1000));
}

function parseOptions(values: { port: string; "ssh-port": string; subnet: string; settings?: string }): LocalOptions {
    const port = parsePort("--port", values.port);
    const sshPort = parsePort("--ssh-port", values["ssh-port"], 65535 - STACKS.length);
    if (port >= sshPort && port <= sshPort + STACKS.length) throw new Error(`--port: ${port} is one of the machines' SSH ports, ${sshPort} to ${sshPort + STACKS.length}`);
    if (!/^\d{1,3}\.\d{1,3}\.\d{1,3}$/.test(values.subnet)) throw new Error(`--subnet: expected the first three numbers of an address, such as 10.99.1, got "${values.subnet}"`);
    const { defaults = {}, monitoring = {} } = (values.settings ? JSON.parse(fs.readFileSync(values.settings, "utf8")) : {}) as Partial<LocalOptions>;
    return { port, sshPort, subnet: values.subnet, defaults, monitoring };
}

function parsePort(option: string, text: string, most = 65535): number {
    const port = Number(text);
    if (!Number.isInteger(port) || port < 1 || port > most) throw new Error(`${option}: expected a number from 1 to ${most}, got "${text}"`);
    return port;
}

/** The machines' image: given, or built. */
async function imageOf(given: string | undefined, state: LocalState): Promise<string> {
    if (given && !(await hasImage(given))) throw new Error(`--host-image: Docker has no image ${given}`);
    return given ?? buildImage(ROOT, state, say);
}

async function down(state: LocalState): Promise<void> {
    if ((await tryDocker(["info"])).code !== 0) throw new Error("Docker does not answer: start it, as the demo's machines are in it");
    state.claim();
    await removeOurs();
    const kept = [];
    for (const image of state.images()) if ((await hasImage(image)) && (await tryDocker(["rmi", image])).code !== 0) kept.push(image);
    state.remove();
    say(`removed: containers, networks, volumes and images of the demo, and .local/${kept.length > 0 ? `. Kept, as other containers use them by now: ${kept.join(", ")}` : ""}`);
}

function say(text: string): void {
    console.log(`[${((performance.now() - began) / 1000).toFixed(0).padStart(4)} s] ${text}`);
}

runTool(main);
