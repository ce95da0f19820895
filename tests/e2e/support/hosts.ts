import { shell } from "../../../components/encode";
import { hostFiles } from "../../../tools/local/host-files";
import { KeyPair, makeKeys } from "../../../tools/local/keys";
import { SYSTEMD_IN_A_CONTAINER } from "../../../tools/local/systemd-container";
import { tar, TarEntry } from "../../../tools/local/tar";
import { Docker, LABEL } from "./docker";
import { Result } from "./exec";
import { ssh, SshTarget } from "./ssh";
import { eventually } from "../../support/wait";

/** A bridge network of the test's own. */
export interface Network {
    name: string;
    /** This machine's address on it: where the hosts find the registry and the downloads. */
    gateway: string;
    /** e.g. `10.213.77.0/24` */
    cidr: string;
}

/** A host to start: a container that boots systemd, with an address, sshd and a Docker of its own. */
export interface HostSpec {
    name: string;
    /** Networks by name and the host's address on each; the first is the one that SSH goes to. */
    addresses: { network: Network; address: string }[];
    /** Addresses that may connect to its port 22. Absent: anybody. */
    sshOnlyFrom?: string[];
    /** Networks that it reaches through another host: CIDR to that host's address. */
    routes?: Record<string, string>;
    /** Registry that its Docker asks before Docker Hub. */
    mirror: string;
    /** @default no limit */
    memory?: string;
}

/** Makes a bridge network, e.g. with `subnet` `10.213.77`. */
export async function createNetwork(docker: Docker, name: string, subnet: string): Promise<Network> {
    const network = { name, gateway: `${subnet}.1`, cidr: `${subnet}.0/24` };
    await docker.run(["network", "create", "--label", LABEL, "--subnet", network.cidr, "--gateway", network.gateway, name]);
    return network;
}

/** One running host. `ubuntu` may log in with `keys` and use sudo, as on a cloud instance. */
export class Host {
    readonly name: string;
    readonly address: string;
    private readonly volume: string;

    private constructor(
        private readonly docker: Docker,
        readonly spec: HostSpec,
        private readonly image: string,
        /** The user's keys. */
        readonly keys: KeyPair,
        private readonly hostKeys: KeyPair,
    ) {
        this.name = spec.name;
        this.address = spec.addresses[0].address;
        this.volume = `${spec.name}-docker`;
    }

    /** Starts a host and waits until it has booted. */
    static async start(docker: Docker, image: string, spec: HostSpec, keys: KeyPair): Promise<Host> {
        const host = new Host(docker, spec, image, keys, makeKeys());
        await host.create();
        await host.boot();
        return host;
    }

    /** The public host key, as the config wants it. */
    get hostKey(): string {
        return this.hostKeys.publicKey;
    }

    /** How to reach it by SSH. */
    target(jump?: Host): SshTarget {
        return { address: this.address, user: "ubuntu", privateKey: this.keys.privateKey, hostKey: this.hostKey, ...(jump ? { jump: jump.target() } : {}) };
    }

    /** Runs a command over SSH from this machine. */
    ssh(command: string, jump?: Host): Promise<Result> {
        return ssh(this.target(jump), [command]);
    }

    private async create(): Promise<void> {
        const { spec } = this;
        const [first, ...others] = spec.addresses;
        await this.docker.run(["volume", "create", "--label", LABEL, this.volume]);
        await this.docker.run([
            "create",
            "--name",
            this.name,
            "--hostname",
            this.name,
            "--label",
            LABEL,
            "--network",
            first.network.name,
            "--ip",
            first.address,
            ...SYSTEMD_IN_A_CONTAINER,
            ...(spec.memory ? ["--memory", spec.memory, "--memory-swap", spec.memory] : []),
            "--volume",
            `${this.volume}:/var/lib/docker`,
            this.image,
        ]);
        for (const { network, address } of others) await this.docker.run(["network", "connect", "--ip", address, network.name, this.name]);
        await this.write(hostFiles(this.keys, this.hostKeys, spec.mirror));
    }

    /** Starts the container and waits for systemd, sshd and Docker; sets firewall and routes, which a boot clears. */
    private async boot(): Promise<void> {
        await this.docker.run(["start", this.name]);
        await eventually(`${this.name} to boot`, 240, async () => {
            const { stdout } = await this.docker.try(["exec", this.name, "systemctl", "is-system-running"]);
            if (stdout.trim() === "degraded") throw new Error((await this.exec("systemctl --failed --plain --no-legend")).stdout);
            return stdout.trim() === "running" || undefined;
        });
        const { sshOnlyFrom, routes = {} } = this.spec;
        if (sshOnlyFrom) {
            for (const address of sshOnlyFrom) await this.must(`iptables -A INPUT -p tcp --dport 22 -s ${address} -j ACCEPT`);
            await this.must("iptables -A INPUT -p tcp --dport 22 -j DROP");
        }
        for (const [cidr, via] of Object.entries(routes)) await this.must(`ip route replace ${cidr} via ${via}`);
    }

    /** Runs shell text as root, past SSH. */
    exec(script: string, input: string | Buffer = ""): Promise<Result> {
        return this.docker.try(["exec", "-i", this.name, "sh", "-c", script], { input });
    }

    /** Runs shell text as root that must succeed; gives what it printed. */
    must(script: string, input: string | Buffer = ""): Promise<string> {
        return this.docker.run(["exec", "-i", this.name, "sh", "-c", script], { input });
    }

    /** Writes files, before the first start too. */
    async write(entries: TarEntry[]): Promise<void> {
        await this.docker.run(["cp", "--archive", "-", `${this.name}:/`], { input: tar(entries) });
    }

    /** Copies a file of this machine onto the host. */
    async copyTo(file: string, to: string, mode = "0644"): Promise<void> {
        await this.must(`mkdir -p ${shell(to.slice(0, to.lastIndexOf("/")))}`);
        await this.docker.run(["cp", "--follow-link", file, `${this.name}:${to}`]);
        await this.must(`chown root:root ${shell(to)} && chmod ${mode} ${shell(to)}`);
    }

    /** Whether a file is there. */
    async has(path: string): Promise<boolean> {
        return (await this.exec(`test -e ${shell(path)}`)).code === 0;
    }

    /** The last lines of a unit's journal. */
    journal(unit: string, lines = 100): Promise<string> {
        return this.must(`journalctl --no-pager --output cat --lines ${lines} --unit ${shell(unit)}`);
    }

    /** Refuses SSH, as a host does whose sshd is down; everything else goes on. */
    async closeSsh(): Promise<void> {
        await this.must("iptables -I INPUT -p tcp --dport 22 -j REJECT --reject-with tcp-reset");
    }

    async openSsh(): Promise<void> {
        await this.must("iptables -D INPUT -p tcp --dport 22 -j REJECT --reject-with tcp-reset");
    }

    /** Switches it off and on again. */
    async reboot(): Promise<void> {
        await this.stop();
        await this.boot();
    }

    /** Shuts it down in order. */
    async stop(): Promise<void> {
        await this.docker.run(["stop", "--time", "180", this.name]);
    }

    /** Cuts its power. */
    async kill(): Promise<void> {
        await this.docker.run(["kill", this.name]);
    }

    /** After `stop` or `kill`. */
    start(): Promise<void> {
        return this.boot();
    }

    async remove(): Promise<void> {
        await this.docker.run(["rm", "--force", "--volumes", this.name]);
        await this.docker.run(["volume", "rm", this.volume]);
    }
}
