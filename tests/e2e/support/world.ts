import { standIn } from "../../support/parts";
import { Engine, EngineStack, Run, succeeded } from "./engine";
import { GrafanaClient } from "./grafana";
import { Host } from "./hosts";
import { Lab } from "./lab";
import { Was } from "./was";

/** The environments of the tests, as shipped. */
export const ENVIRONMENTS = ["prod", "dev", "loadtest"] as const;
export type Environment = (typeof ENVIRONMENTS)[number];
export const APPLICATION = "shop";
/** Basic auth of prod's Actuator, as is usual there. */
const ACTUATOR_PASSWORD = "actuator-Passw0rd";

/** Sections of a stack's config, and the secrets in it by path. */
export interface StackSettings {
    config: Record<string, unknown>;
    secrets: Record<string, string>;
}

/**
 * The four hosts, the applications on three of them, and the three stacks. One for the whole run: the files of this directory are read in the
 * order of their names, and each goes on where the one before ended.
 */
export class World {
    readonly runs: Run[] = [];
    /** Every secret of the stacks, once they were looked for. */
    secrets: string[] = [];
    /** Seconds by what they are of; printed at the end. */
    readonly figures: Record<string, number> = {};
    readonly stacks = {} as Record<Environment, EngineStack>;
    /** What was rotated stays so: the generations of now, for the owner's section and for each environment in it. */
    readonly rotated: { owner: object; environments: Partial<Record<Environment, object>> } = { owner: {}, environments: {} };

    private constructor(readonly lab: Lab, readonly engine: Engine, readonly monitor: Host, readonly hosts: Record<Environment, Host>, readonly apps: Record<Environment, Was>) {}

    static current?: Promise<World>;

    /** The world; made at the first call. */
    static get(): Promise<World> {
        return World.current ??= World.make();
    }

    private static ended = false;

    /** Ends the world, if there is one that has not ended yet. Its figures stay. */
    static async end(): Promise<void> {
        const world = await World.current?.catch(() => undefined);
        if (!world || World.ended) return;
        World.ended = true;
        await world.lab.stop();
        world.engine.remove();
        world.engine.removeState();
    }

    private static async make(): Promise<World> {
        const lab = await Lab.start((text) => console.log(`    ${text}`));
        for (const name of lab.missing) standIn(name);
        const monitor = await lab.host("monitor", 10);
        const hosts = {
            prod: await lab.host("prod-was-1", 11),
            dev: await lab.host("dev-was-1", 12),
            // Behind a jump host: its SSH answers the monitoring host only.
            loadtest: await lab.host("loadtest-was-1", 13, { sshOnlyFrom: [lab.address(10)] }),
        };
        const apps = {
            prod: await Was.install(hosts.prod, { application: APPLICATION, actuatorPassword: ACTUATOR_PASSWORD }),
            dev: await Was.install(hosts.dev, { application: APPLICATION, runtime: "docker" }),
            loadtest: await Was.install(hosts.loadtest, { application: APPLICATION }),
        };
        for (const host of [monitor, ...Object.values(hosts)]) await watchProcesses(host);
        const world = new World(lab, Engine.create(), monitor, hosts, apps);
        console.log("    hosts and applications are up");
        return world;
    }

    /** What a user would write for the environment's stack. */
    settings(environment: Environment): StackSettings {
        const { privateKey } = this.lab.keys;
        const owner = environment === "prod";
        return {
            config: {
                monitoring: owner ? this.ownerSection() : { stack: "prod" },
                defaults: this.defaults(environment),
                was: [this.wasSection(environment)],
            },
            secrets: {
                "defaults.ssh.privateKey": privateKey,
                ...(owner ? { "monitoring.host.machine.ssh.privateKey": privateKey, "was[0].actuator.password": ACTUATOR_PASSWORD } : {}),
            },
        };
    }

    private ownerSection(): Record<string, unknown> {
        const environment = { cidrs: [this.lab.network.cidr], labels: ["team"] };
        return {
            host: { machine: { ssh: { address: this.monitor.address, hostKey: this.monitor.hostKey } } },
            environments: Object.fromEntries(ENVIRONMENTS.map((name) => [name, { ...environment, ...this.rotated.environments[name] }])),
            ...this.rotated.owner,
        };
    }

    private defaults(environment: Environment): Record<string, unknown> {
        const container = environment === "dev";
        return {
            application: APPLICATION,
            ssh: { user: "ubuntu" },
            logs: container ? { containers: ["was"] } : { files: ["/var/log/was/*.log"] },
            runtime: container ? "docker" : "systemd",
            // A bridged container cannot reach the host's loopback: dev's listens on the bridge.
            tracing: { methods: { "com.photogather.was.PhotoService": ["find"] }, ...(container ? { listenAddress: "172.17.0.1" } : { service: "was.service", restart: true }) },
            artifacts: { agent: this.lab.artifacts.agent(), javaAgent: this.lab.artifacts.get("opentelemetry-javaagent") },
        };
    }

    private wasSection(environment: Environment): Record<string, unknown> {
        const host = this.hosts[environment];
        return {
            name: host.name, address: host.address,
            ssh: { hostKey: host.hostKey, ...(environment === "loadtest" ? { jump: { address: this.monitor.address, user: "ubuntu", hostKey: this.monitor.hostKey } } : {}) },
            ...(environment === "prod" ? { actuator: { username: "actuator" }, labels: { team: "shop" } } : {}),
        };
    }

    /** Sets the stack's config: the usual one, changed by `change`. */
    async configure(environment: Environment, change: (settings: StackSettings) => void = () => undefined): Promise<EngineStack> {
        const settings = structuredClone(this.settings(environment));
        change(settings);
        this.stacks[environment] ??= await this.engine.open(environment);
        await this.stacks[environment].configure(settings.config, settings.secrets);
        return this.stacks[environment];
    }

    /** `pulumi up`, which may fail; what it printed is kept for the search for secrets. */
    async tryUp(environment: Environment): Promise<Run> {
        return this.keep(await this.stacks[environment].up());
    }

    /** `pulumi up`. @throws Error with what it printed, where it fails */
    async up(environment: Environment): Promise<Run> {
        return succeeded(await this.tryUp(environment));
    }

    /** `pulumi up` of several at one time. @throws Error with what one printed that fails, when all have ended */
    async upTogether(environments: readonly Environment[]): Promise<Run[]> {
        return (await Promise.all(environments.map((name) => this.tryUp(name)))).map(succeeded);
    }

    /** The three stacks are up and the applications send; a file that is run alone gets there by this. 10-wiring does it step by step, and tests it. */
    async deployed(): Promise<World> {
        for (const environments of [["prod"], ["dev", "loadtest"]] as const) {
            const absent = environments.filter((name) => !this.stacks[name]);
            for (const name of absent) await this.configure(name);
            await this.upTogether(absent);
            // Docker reads an environment file when a container is made: its owner makes it anew, once.
            if (absent.includes("dev")) await this.apps.dev.restart();
        }
        return this;
    }

    keep(run: Run): Run {
        this.runs.push(run);
        return run;
    }

    /** Grafana as people reach it: by the owner stack's outputs. */
    async grafana(): Promise<GrafanaClient> {
        const outputs = await this.stacks.prod.outputs();
        return new GrafanaClient((outputs.monitoring as { url: string }).url, outputs.ca as string, outputs.grafanaPassword as string);
    }

    /** Names, ids and start times of the monitoring host's containers: equal as long as none was restarted or replaced. */
    async containers(): Promise<Record<string, string>> {
        const text = await this.monitor.must("docker ps -aq | xargs -r docker inspect --format '{{.Name}} {{.Id}} {{.State.StartedAt}}'");
        return Object.fromEntries(text.split("\n").filter(Boolean).map((line) => [line.slice(1, line.indexOf(" ")), line.slice(line.indexOf(" ") + 1)]));
    }
}

/** One process, as a `ps` ten times a second on each host took a third of a core. A command line is read anew each time: a program takes the place of another. */
const WATCH = `
import os, time
seen = set()
with open("/tmp/process-list", "w", buffering=1) as out:
    while True:
        for pid in filter(str.isdigit, os.listdir("/proc")):
            try:
                with open(f"/proc/{pid}/cmdline", "rb") as file: line = file.read()
            except OSError:
                continue
            if line and line not in seen:
                seen.add(line)
                out.write(line.replace(b"\\0", b" ").decode("utf-8", "replace") + "\\n")
        time.sleep(0.1)
`;

/** Keeps every command line that ever shows in the host's process list, for the search for secrets. */
async function watchProcesses(host: Host): Promise<void> {
    await host.must("cat > /tmp/watch.py; setsid python3 /tmp/watch.py >/dev/null 2>&1 </dev/null &", WATCH);
}
