import * as net from "node:net";
import { spawnSync } from "node:child_process";
import { ourMachines, Standing, tryDocker } from "./docker";
import { LocalHost, SSH_PORT } from "./plan";

/** Four machines, seven services and three Java programs. */
const NEEDED_MIB = 4096;

/** What keeps the demo from running, each with its mend; empty where nothing does. */
export async function missingThings(hosts: LocalHost[]): Promise<string[]> {
    if (process.platform === "win32") return ["Windows itself cannot run it: use WSL 2 with Docker Desktop, and run this there"];
    const info = await tryDocker(["info", "--format", "{{.MemTotal}} {{.OSType}}"]);
    if (info.code === null) return ["Docker is not installed: https://docs.docker.com/get-docker/"];
    if (info.code !== 0) return [`Docker does not answer; start it (Docker Desktop, or: sudo systemctl start docker), or let your user in (sudo usermod -aG docker $USER, then log in anew). It said: ${lastLine(info.stderr)}`];
    const standing = await ourMachines();
    const running = standing.filter(({ runs }) => runs).map(({ name }) => name);
    const moved = judgeStanding(standing, hosts);
    if (moved.length > 0) return moved;
    const taken = await Promise.all(hosts.filter(({ name }) => !running.includes(name)).flatMap(portsOf).map(async (port) => (await isFree(port) ? [] : [port])));
    return [...judgeDocker(info.stdout), ...judgePorts(taken.flat(), hosts, standing.length > 0), ...(spawnSync("ssh", ["-V"]).error ? ["ssh is not installed: install OpenSSH's client"] : [])];
}

/** Problems with what `docker info` says: memory in bytes, and the system. */
export function judgeDocker(info: string): string[] {
    const [bytes, system] = info.trim().split(" ");
    const mib = Math.floor(Number(bytes) / 1024 / 1024);
    return [
        ...(system === "linux" ? [] : [`Docker runs ${system} containers: switch it to Linux containers`]),
        // What Docker reports is what its machine has left of what was given to it.
        ...(mib >= NEEDED_MIB * 0.9 ? [] : [`Docker has ${mib} MiB of memory, and ${NEEDED_MIB} are needed: give it more (Docker Desktop, Settings, Resources)`]),
    ];
}

/** What runs took: 1,812 MiB of memory and 1,060 of disk, after a minute, without Grafana, which takes some 250 and 600 (2026-12-01, x86). */
const FREE_MIB = { memory: 2200, disk: 2048 };

/** What Docker lacks at the moment for machines that do not run yet, as an image of ours sees it. Machines that stand have their disk already. */
export async function lackingRoom(image: string): Promise<string[]> {
    const standing = await ourMachines();
    if (standing.some(({ runs }) => runs)) return [];
    const seen = await tryDocker(["run", "--rm", "--network", "none", "--entrypoint", "sh", image, "-c", "grep MemAvailable: /proc/meminfo; df -Pm / | tail -n 1"]);
    // Where it cannot be asked, the machines' start says what is wrong.
    return seen.code === 0 ? judgeRoom(seen.stdout, standing.length > 0) : [];
}

/** Problems with a line of /proc/meminfo and one of `df -Pm`, for machines that stand already or are to be made. */
export function judgeRoom(seen: string, stand: boolean): string[] {
    const memory = Math.floor(Number(/^MemAvailable:\s+(\d+) kB/m.exec(seen)?.[1]) / 1024);
    const disk = Number(/\s(\d+)\s+\d+% \/$/m.exec(seen)?.[1]);
    return [
        ...(memory < FREE_MIB.memory ? [`Docker has ${memory} MiB of memory free, and the demo takes ${FREE_MIB.memory}: end what else runs there (docker stats shows what takes it), or give Docker more (Docker Desktop, Settings, Resources)`] : []),
        ...(!stand && disk < FREE_MIB.disk ? [`Docker has ${disk} MiB of disk free, and the demo takes ${FREE_MIB.disk}: make room there (docker system df shows what takes it; Docker Desktop: Settings, Resources)`] : []),
    ];
}

/** Problems with machines that were made for other ports or addresses than are asked for now. */
export function judgeStanding(standing: Standing[], hosts: LocalHost[]): string[] {
    const wanted = new Map(hosts.map((host) => [host.name, host]));
    const differs = ({ name, ports, address }: Standing) => {
        const host = wanted.get(name);
        return host !== undefined && (host.address !== address || portsOf(host).some((port) => !ports.includes(port)));
    };
    const [monitoring] = standing.filter(({ name }) => name === hosts[0].name);
    if (!standing.some(differs)) return [];
    const gateway = monitoring?.ports.filter((port) => port !== monitoring.sshPort).join(", ");
    const subnet = standing.map(({ address }) => address.replace(/\.\d+$/, "")).find(Boolean);
    const ssh = monitoring && monitoring.sshPort !== SSH_PORT ? ` --ssh-port ${monitoring.sshPort}` : "";
    return [`the demo stands already, by --port ${gateway || "?"} --subnet ${subnet ?? "?"}${ssh}: go on with these, or begin anew: npm run local -- down`];
}

/**
 * Problems with ports that others have.
 *
 * @param stand the machines are made, so that their ports cannot be changed
 */
export function judgePorts(taken: number[], hosts: LocalHost[], stand = false): string[] {
    const gateway = Object.keys(hosts[0].published).map(Number)[0];
    return taken.map((port) => (port === gateway
        ? `port ${port} is taken by another program: ${stand ? "end it, or begin anew elsewhere: npm run local -- down, then " : ""}npm run local -- --port ${port + 10000}`
        : `port ${port}, for SSH to one of the demo's machines, is taken by another program: ${stand ? "end it, or begin anew elsewhere: npm run local -- down, then " : ""}npm run local -- --ssh-port ${hosts[0].sshPort + 1000}`));
}

function portsOf({ sshPort, published }: LocalHost): number[] {
    return [sshPort, ...Object.keys(published).map(Number)];
}

function isFree(port: number): Promise<boolean> {
    return new Promise((resolve) => {
        const server = net.createServer();
        server.once("error", () => resolve(false));
        server.listen(port, "127.0.0.1", () => server.close(() => resolve(true)));
    });
}

function lastLine(text: string): string {
    return text.trim().split("\n").pop() ?? "";
}
