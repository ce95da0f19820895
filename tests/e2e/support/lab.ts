import { IMAGES } from "../../../components/versions";
import { KeyPair, makeKeys } from "../../../tools/local/keys";
import { findPart, missingParts } from "../../support/parts";
import { Artifacts } from "./artifacts";
import { Docker, startDocker } from "./docker";
import { lackingEngine } from "./engine";
import { hostImage } from "./host-image";
import { createNetwork, Host, HostSpec, Network } from "./hosts";
import { provideImages } from "./images";
import { Registry } from "./registry";

/** Programs without which there are no hosts to test on. */
const PROGRAMS = ["docker", "debootstrap", "docker-registry", "ssh", "ssh-keygen", "busybox", "tar", "mvn"];
const SUBNET = process.env.E2E_SUBNET ?? "10.213";

/** The hosts' world: a network, a registry, downloads. `ubuntu` has the same keys on every host. */
export class Lab {
    private readonly hosts: Host[] = [];

    private constructor(
        readonly docker: Docker,
        readonly network: Network,
        readonly registry: Registry,
        readonly artifacts: Artifacts,
        /** The hosts'. */
        readonly image: string,
        readonly keys: KeyPair,
        /** Parts that could not be had although the lab runs. */
        readonly missing: string[],
    ) {}

    /** What must be there before `start`; empty where all is. */
    static lacking(): string[] {
        const root = process.getuid?.() === 0 ? [] : ["root"];
        return [...root, ...PROGRAMS.filter((name) => !findPart(name)), ...lackingEngine()];
    }

    /** Minutes at the first time, seconds later. Ends what it had begun where a step fails. */
    static async start(say: (text: string) => void = () => undefined): Promise<Lab> {
        const docker = await startDocker();
        const ends: (() => Promise<void>)[] = [() => docker.stop()];
        try {
            say(`Docker at ${docker.host}`);
            const network = await createNetwork(docker, "monitoring-e2e", `${SUBNET}.77`);
            const registry = await Registry.start(docker, network.gateway);
            ends.push(() => registry.stop());
            const artifacts = await Artifacts.start(network.gateway);
            ends.push(() => artifacts.stop());
            const image = await hostImage(docker);
            say(`host image ${image}`);
            const missing = [...(await provideImages(docker, registry)), ...artifacts.missing];
            say(
                `images served${missing.length > 0 ? `, missing: ${missing.join(", ")}` : ""}${missingParts().includes("grafana") ? " (Grafana by the stand-in)" : ""}`,
            );
            return new Lab(docker, network, registry, artifacts, image, makeKeys(), [...new Set(missing)]);
        } catch (error) {
            for (const stop of ends.reverse()) await stop();
            throw error;
        }
    }

    /** Starts a host with the address `<network>.<number>`. */
    async host(name: string, number: number, more: Partial<HostSpec> = {}): Promise<Host> {
        const addresses = [{ network: this.network, address: this.address(number) }];
        const host = await Host.start(this.docker, this.image, { name, addresses, mirror: this.registry.mirror, ...more }, this.keys);
        this.hosts.push(host);
        return host;
    }

    /** The pinned image of a service under another tag, changed by one line of a Dockerfile; the hosts can pull it. Gives its reference. */
    async imageLike(service: string, tag: string, line: string): Promise<string> {
        const image = `${IMAGES[service].split(":")[0]}:${tag}`;
        await this.docker.run(["build", "--quiet", "--tag", image, "-"], { input: `FROM ${IMAGES[service]}\n${line}\n` });
        await this.registry.serve(image);
        return image;
    }

    /** An address on the network. */
    address(number: number): string {
        return this.network.gateway.replace(/\.1$/, `.${number}`);
    }

    async stop(): Promise<void> {
        await this.artifacts.stop();
        await this.registry.stop();
        await this.docker.stop();
    }
}
