import { ChildProcess, spawn } from "node:child_process";
import * as fs from "node:fs";
import * as http from "node:http";
import * as net from "node:net";
import * as path from "node:path";
import { findPart } from "../../support/parts";
import { Docker } from "./docker";
import { end } from "./exec";
import { stateDirectory } from "./state";
import { eventually, sleep } from "../../support/wait";

/** Debian's and Ubuntu's package of that name has it. */
const PROGRAM = "docker-registry";

/**
 * A registry that stands in for Docker Hub: a host's Docker asks it first (`registry-mirrors`), so images are pulled by their real names.
 * Two processes serve the same directory: one for the hosts, one on loopback to push to, which every daemon takes without TLS.
 */
export class Registry {
    private constructor(
        private readonly docker: Docker,
        private readonly directory: string,
        private readonly processes: ChildProcess[],
        private readonly port: number,
        /** What a host puts in `registry-mirrors`. */
        readonly mirror: string,
    ) {}

    /** @param address where the hosts reach this machine: their network's gateway */
    static async start(docker: Docker, address: string): Promise<Registry> {
        const program = findPart(PROGRAM);
        if (!program) throw new Error(`${PROGRAM} is not on PATH`);
        const directory = stateDirectory("registry");
        const port = await freePort(address);
        const processes = ["127.0.0.1", address].map((listen) => serve(program, directory, listen, port));
        const registry = new Registry(docker, directory, processes, port, `http://${address}:${port}`);
        try {
            for (const listen of ["127.0.0.1", address]) {
                await eventually(`the registry on ${listen}:${port}`, 20, async () => (await status(`http://${listen}:${port}/v2/`)) === 200 || undefined);
            }
            // Another program that holds the port may have answered.
            await sleep(500);
            if (processes.some(({ exitCode }) => exitCode !== null)) throw new Error(`the registry ended, see ${directory}/*.log: is port ${port} taken?`);
        } catch (error) {
            await registry.stop();
            throw error;
        }
        return registry;
    }

    /** Makes an image of the daemon's available to the hosts under its own name, e.g. `caddy:2.11.9` or `prom/prometheus:v3.16.0`. */
    async serve(reference: string): Promise<void> {
        const path = reference.split("/").length === 1 ? `library/${reference}` : reference;
        const id = await this.docker.run(["image", "inspect", "--format", "{{.Id}}", reference]);
        if (this.served()[path] === id) return;
        const pushed = `127.0.0.1:${this.port}/${path}`;
        await this.docker.run(["tag", reference, pushed]);
        await this.docker.run(["push", "--quiet", pushed]);
        await this.docker.run(["rmi", "--no-prune", pushed]);
        fs.writeFileSync(this.list(), JSON.stringify({ ...this.served(), [path]: id }));
    }

    private served(): Record<string, string> {
        return fs.existsSync(this.list()) ? (JSON.parse(fs.readFileSync(this.list(), "utf8")) as Record<string, string>) : {};
    }

    private list(): string {
        return path.join(this.directory, "served.json");
    }

    async stop(): Promise<void> {
        await Promise.all(this.processes.map((child) => end(child)));
    }
}

function serve(program: string, directory: string, address: string, port: number): ChildProcess {
    const config = path.join(directory, `${address}.yml`);
    // YAML takes JSON.
    fs.writeFileSync(
        config,
        JSON.stringify({
            version: 0.1,
            log: { level: "warn", accesslog: { disabled: true } },
            storage: { filesystem: { rootdirectory: path.join(directory, "data") } },
            http: { addr: `${address}:${port}` },
        }),
    );
    const log = fs.openSync(path.join(directory, `${address}.log`), "w");
    const child = spawn(program, ["serve", config], { stdio: ["ignore", log, log] });
    fs.closeSync(log);
    return child;
}

/** A port that nothing listens on: what a killed run left behind must not stop this one. */
function freePort(address: string): Promise<number> {
    return new Promise((resolve, reject) => {
        const probe = net.createServer();
        probe.on("error", reject);
        probe.listen(0, address, () => {
            const { port } = probe.address() as net.AddressInfo;
            probe.close(() => resolve(port));
        });
    });
}

function status(url: string): Promise<number> {
    return new Promise((resolve, reject) => {
        http.get(url, (response) => {
            response.resume();
            resolve(response.statusCode ?? 0);
        }).on("error", reject);
    });
}
