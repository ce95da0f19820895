import assert from "node:assert/strict";
import * as fs from "node:fs";
import * as path from "node:path";
import { parse, stringify } from "yaml";
import { Engine } from "./support/engine";
import { exec } from "./support/exec";
import { GrafanaClient } from "./support/grafana";
import { Host } from "./support/hosts";
import { lengthy } from "./support/lengthy";
import { PROJECT, temporaryDirectory } from "./support/state";
import { Was } from "./support/was";
import { ENVIRONMENTS, Environment, World } from "./support/world";
import { blocksOf, readPage } from "../support/pages";
import { eventually } from "../support/wait";

const README = readPage("README.md");

/** The code blocks of a step of "The real thing", in their order. */
function blocks(step: string, language: string): string[] {
    const section = new RegExp(`^### ${step}\\. [^]*?(?=^##)`, "m").exec(README);
    if (!section) throw new Error(`README.md has no step ${step}`);
    return blocksOf(section[0], language);
}

interface Config { config: Record<string, Record<string, unknown> & { name: string; address: string; ssh: { hostKey: string } }[]> }

/** A new user's way: what README.md says under "The real thing", command by command as it is written, to machines of their own. */
lengthy.describe("README.md, the real thing, as it is written", () => {
    let world: World;
    let monitor: Host;
    const hosts = {} as Record<Environment, Host>;
    let checkout: Engine;
    const home = temporaryDirectory("home");

    before(async () => {
        world = await World.get();
        monitor = await world.lab.host("readme-monitor", 50);
        for (const [i, name] of ENVIRONMENTS.entries()) {
            hosts[name] = await world.lab.host(`readme-${name}`, 51 + i);
            await Was.install(hosts[name], { application: "photogather" });
        }
        checkout = Engine.create();
        for (const file of ["Pulumi.prod.yaml", "Pulumi.dev.yaml", "Pulumi.loadtest.yaml"]) fs.copyFileSync(path.join(PROJECT, file), path.join(checkout.directory, file));
        fs.mkdirSync(path.join(home, ".ssh"));
        fs.writeFileSync(path.join(home, ".ssh", "id_ed25519"), world.lab.keys.privateKey, { mode: 0o600 });
    });
    after(async () => {
        for (const host of [monitor, ...Object.values(hosts)]) await host?.remove();
        checkout?.remove();
        fs.rmSync(home, { recursive: true, force: true });
    });

    /** Types a block into the shell of before. There is nobody to say yes to an `up`, and plugins come as this machine has them. */
    const type = (block: string) => exec("bash", ["-e", "-c", `[ ! -f ~/shell ] || . ~/shell\n${block}\nexport -p > ~/shell`], {
        cwd: checkout.directory, seconds: 900,
        env: { HOME: home, PULUMI_SKIP_CONFIRMATIONS: "true", ...Object.fromEntries(Object.entries(checkout.env).filter(([key]) => /UPDATE_CHECK|ACQUISITION/.test(key))) },
    });
    const edit = (name: Environment, change: (config: Config["config"]) => void) => {
        const file = path.join(checkout.directory, `Pulumi.${name}.yaml`);
        const whole = parse(fs.readFileSync(file, "utf8")) as Config;
        change(whole.config);
        fs.writeFileSync(file, stringify(whole));
    };

    it("1: a state of one's own, a passphrase, three stacks", async () => {
        const [, state, stacks] = blocks("1", "sh");
        await type(state);
        await type(stacks);
        assert.equal((JSON.parse(await type("pulumi stack ls --json")) as object[]).length, 3);
    });

    it("2: one's own addresses and host keys, by hand; the plan takes them", async () => {
        const [scan, key] = blocks("2", "sh");
        const hostKey = async ({ address }: Host) => (await type(scan.replace("10.0.1.11", address))).trim();
        const [machine] = blocks("2", "yaml").map((text) => (parse(text) as { host: { machine: { ssh: { address: string; hostKey: string } } } }).host);
        Object.assign(machine.machine.ssh, { address: monitor.address, hostKey: await hostKey(monitor) });
        for (const name of ENVIRONMENTS) {
            const ofHost = { address: hosts[name].address, ssh: { hostKey: await hostKey(hosts[name]) } };
            edit(name, (config) => {
                const [defaults, was] = ["defaults", "was"].map((each) => config[`photogather-monitoring:${each}`]);
                Object.assign(defaults, { logs: { files: ["/var/log/was/*.log"] } });
                // Without the internet (docs/configuration.md, `artifacts`).
                Object.assign(defaults, { artifacts: { agent: world.lab.artifacts.agent(), javaAgent: world.lab.artifacts.get("opentelemetry-javaagent") } });
                was.splice(0, was.length, { ...was[0], ...ofHost });
            });
        }
        edit("prod", (config) => {
            const monitoring = config["photogather-monitoring:monitoring"] as unknown as { host: object; environments: Record<string, { cidrs: string[] }> };
            monitoring.host = machine;
            for (const environment of Object.values(monitoring.environments)) environment.cidrs = [world.lab.network.cidr];
        });
        await type(key);
        assert.match(await type("npm run --silent plan"), /Nothing was deployed\./);
    });

    it("3 and 4: the hosts' key, the owner, then the members", async () => {
        await type(blocks("3", "sh")[0]);
        const [owner, members] = blocks("4", "sh");
        await type(owner);
        await type(members);
    });

    it("5: Grafana's address, login and CA; metrics and lines of all three are there", async () => {
        const printed = (await type(blocks("5", "sh")[0])).trim().split("\n");
        const { url } = JSON.parse(printed.slice(0, -1).join("\n")) as { url: string };
        const grafana = new GrafanaClient(url, fs.readFileSync(path.join(checkout.directory, "ca.pem"), "utf8"), printed[printed.length - 1]);
        for (const name of ENVIRONMENTS) {
            await eventually(`metrics of ${name}`, 60, async () => (await grafana.metrics(`up{environment="${name}", job="was"} == 1`)).length === 1 || undefined);
            await eventually(`lines of ${name}`, 60, async () => (await grafana.logs(`{environment="${name}", application="photogather"}`)).length > 0 || undefined);
        }
    });

    it("and a second `up` of each changes nothing", async () => {
        for (const name of ENVIRONMENTS) assert.match(await type(`pulumi preview -s ${name} --expect-no-changes`), /unchanged/);
    });
});
