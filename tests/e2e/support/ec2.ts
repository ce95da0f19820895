import * as fs from "node:fs";
import * as path from "node:path";
import { generatedSecrets, privateKeys } from "./secrets";
import { Disks } from "./stand-in-aws/disks";
import { Account } from "./stand-in-aws/account";
import { instanceImage } from "./stand-in-aws/image";
import { Machines, serialOf } from "./stand-in-aws/machines";
import { changed, Engine, EngineStack, Run } from "./engine";
import { Result } from "./exec";
import { GrafanaClient } from "./grafana";
import { Host } from "./hosts";
import { Lab } from "./lab";
import { stateDirectory } from "./state";

/** What an account on the stand-in for AWS is for. */
export interface Ec2Options {
    name: string;
    /** Of forty that are its own in the lab's network. */
    firstAddress: number;
    /** Volumes never reach their instance. @default false */
    attachesNothing?: boolean;
    /** WAS hosts of the stack. @default [] */
    hosts?: Host[];
}

/** An owner stack with `monitoring.host.ec2`, on an account of its own whose instances are booted. */
export class Ec2Deployment {
    /** What all runs of `up` have printed. */
    printed = "";

    private constructor(private readonly lab: Lab, readonly account: Account, private engine: Engine, public stack: EngineStack, private readonly hosts: Host[]) {}

    static async make(lab: Lab, { name, firstAddress, attachesNothing = false, hosts = [] }: Ec2Options): Promise<Ec2Deployment> {
        const directory = stateDirectory("ec2", name);
        await Disks.forgetAll(directory);
        const { docker, network, registry } = lab;
        const account = new Account(directory, [], {
            docker: docker.host, image: await instanceImage(docker), network: network.name, subnet: network.gateway.replace(/\.1$/, ""), firstAddress, mirror: registry.mirror, attachesNothing,
        });
        const engine = Engine.create({ env: account.env });
        return new Ec2Deployment(lab, account, engine, await engine.open("prod"), hosts);
    }

    /** The same account with a stack of which nothing is deployed, as where a state is lost. What still runs is ended, volumes stay. */
    async startAnew(): Promise<void> {
        await this.endInstances();
        this.engine.remove();
        this.engine.removeState();
        this.engine = Engine.create({ env: this.account.env });
        this.stack = await this.engine.open("prod");
    }

    private async endInstances(): Promise<void> {
        const { lab, instances } = this.account.world;
        for (const id of Object.keys(instances)) await new Machines(lab!, this.account.directory).terminate(id);
        this.account.change((world) => Object.assign(world, { instances: {}, attachments: {}, addresses: {} }));
    }

    /** Sets the stack's config, with this in its `ec2` section and these sections beside it, and runs `pulumi up`. */
    async up(ec2: object = {}, more: object = {}): Promise<Run> {
        const { network: { cidr }, artifacts, keys } = this.lab;
        const { url, sha256 } = artifacts.get("alloy");
        await this.stack.configure({
            monitoring: { host: { ec2: { gatewayFrom: [cidr], sshFrom: [cidr], ...ec2 } }, environments: { prod: { cidrs: [cidr] } } },
            defaults: {
                application: "shop", ssh: { user: "ubuntu" }, logs: { files: ["/var/log/was/*.log"] }, actuator: { enabled: false }, tracing: { javaAgent: false },
                artifacts: { agent: { version: "1.19.0", url, sha256: { amd64: sha256, arm64: sha256 } } },
            },
            was: this.hosts.map(({ name, address, hostKey }) => ({ name, address, ssh: { hostKey } })),
            ...more,
        }, { "defaults.ssh.privateKey": keys.privateKey });
        const run = await this.stack.up();
        this.printed += run.output;
        return run;
    }

    /** How many resources an `up` changes. */
    async changes(ec2: object): Promise<number> {
        return changed(await this.up(ec2));
    }

    /** The id of the one instance that there is. */
    get id(): string {
        const ids = Object.keys(this.account.world.instances);
        if (ids.length !== 1) throw new Error(`expected one instance, there are: ${ids.join(", ")}`);
        return ids[0];
    }

    /** The id of the volume that the instance waits for. */
    get volume(): string {
        return this.account.world.instances[this.id].expects;
    }

    /** Runs shell text on the instance as root, past SSH. */
    exec(script: string, id = this.id): Promise<Result> {
        return this.lab.docker.try(["exec", "-i", id, "sh", "-c", script]);
    }

    async must(script: string): Promise<string> {
        const { code, stdout, stderr } = await this.exec(script);
        if (code !== 0) throw new Error(`${script.slice(0, 200)}: exit ${code}\n${stdout}${stderr}`);
        return stdout.trim();
    }

    /** Switches the instance off and on. */
    async reboot(): Promise<void> {
        const { docker } = this.lab;
        await docker.run(["stop", "--time", "180", this.id]);
        await docker.run(["start", this.id]);
    }

    /** Takes a snapshot, as AWS does of a volume in use: all at one moment. */
    async snapshot(id: string): Promise<void> {
        const { docker } = this.lab;
        await docker.run(["pause", this.id]);
        try {
            await this.disks.keep(this.volume, id);
        } finally {
            await docker.run(["unpause", this.id]);
        }
    }

    /** The volume is not there any more at the next boot; undone, it is at the one after. */
    loseVolume(): () => void {
        const file = path.join(this.account.directory, "instances", this.id, "disks", serialOf(this.volume));
        const content = fs.readFileSync(file);
        fs.rmSync(file);
        return () => fs.writeFileSync(file, content);
    }

    /** Outputs as anybody sees them who may read the stack and has no passphrase. */
    outputsAsShown(): Promise<string> {
        return this.engine.run("pulumi", ["stack", "output", "--json", "--stack", "prod"]);
    }

    /** Runs one of the project's tools on the stack. */
    tool(name: string, ...args: string[]): Promise<string> {
        return this.engine.run("npm", ["run", "--silent", name, "--", "--stack", "prod", ...args]);
    }

    /** Passwords and keys that the stack has made. */
    secrets(): Promise<string[]> {
        return generatedSecrets(this.engine, "prod");
    }

    /** Private keys among them, whole. */
    keys(): Promise<string[]> {
        return privateKeys(this.engine, "prod");
    }

    get disks(): Disks {
        return new Disks(this.account.directory);
    }

    /** The volume's name below `/dev/disk/by-id`. */
    get link(): string {
        return `nvme-Amazon_Elastic_Block_Store_${serialOf(this.volume)}`;
    }

    async grafana(): Promise<GrafanaClient> {
        const outputs = await this.stack.outputs();
        return new GrafanaClient((outputs.monitoring as { url: string }).url, outputs.ca as string, outputs.grafanaPassword as string);
    }

    /** Ends what runs in the account, and the account. */
    async close(): Promise<void> {
        await this.endInstances();
        await Disks.forgetAll(this.account.directory);
        this.engine.remove();
        this.engine.removeState();
    }
}

