import { SERVICES } from "../../../components/monitoring-services/services";
import { eventually } from "../../support/wait";
import { Attack, Ground, Logged, said } from "./kit";

const METADATA = "169.254.169.254";
const GUARD: Logged = { where: "guard", what: "the guard's counter, and the kernel's log" };
const KERNEL: Logged = { where: "nowhere", what: "the kernel refuses the system call" };
const LOCAL: Logged = { where: "nowhere", what: "no such port: the kernel answers" };

/**
 * A metadata service as a cloud has one: another machine at that address, whose answers the monitoring host itself gets. It is not EC2's: answers carry the
 * usual TTL, so what keeps containers from it here is the guard alone, and EC2's hop limit comes on top.
 */
export async function startMetadata({ world, canary }: Ground): Promise<() => Promise<void>> {
    const { prod } = world.hosts;
    await prod.must(`ip addr add ${METADATA}/32 dev lo && mkdir -p /root/metadata/latest && printf %s ${canary} > /root/metadata/latest/meta-data`);
    await prod.must(`cd /root/metadata && setsid python3 -m http.server --bind ${METADATA} 80 >/dev/null 2>&1 & echo $! > /root/metadata.pid`);
    await world.monitor.must(`ip route replace ${METADATA}/32 via ${prod.address}`);
    // Without this, a refusal would say nothing.
    const url = `http://${METADATA}/latest/meta-data`;
    await eventually("the host itself to reach the metadata service", 15, async () => (await world.monitor.exec(`curl -s -m 2 ${url}`)).stdout === canary || undefined);
    return async () => {
        await world.monitor.must(`ip route del ${METADATA}/32`);
        await prod.must(`kill $(cat /root/metadata.pid); rm -rf /root/metadata /root/metadata.pid; ip addr del ${METADATA}/32 dev lo`);
    };
}

/** From inside a container's network. */
async function inside({ world }: Ground, service: string, url: string) {
    const from = Date.now();
    const { code, stdout } = await world.monitor.exec(`nsenter -t $(docker inspect -f '{{.State.Pid}}' monitoring-${service}) -n curl -s -m 5 ${url}`);
    return said(from, code, stdout);
}

const metadata: Attack[] = SERVICES.map(({ name }) => ({
    what: `the metadata service from ${name}`, send: (ground) => inside(ground, name, `http://${METADATA}/latest/meta-data`), answer: /^exit 7: $/, logged: GUARD,
}));

async function address({ world }: Ground, service: string): Promise<string> {
    return world.monitor.must(`docker inspect -f '{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}' monitoring-${service}`);
}

/** Caddy's admin port can load another configuration: it is for the gateway's own container. */
const admin: Attack[] = ["grafana", "prometheus", "loki"].map((name) => ({
    what: `the gateway's admin port from ${name}`, send: async (ground) => inside(ground, name, `http://${await address(ground, "gateway")}:2019/config/`), answer: /^exit 7: $/, logged: LOCAL,
}));

/** The node exporter sees the host's files: as nobody who may read a secret. */
const files: Attack[] = [
    "/etc/shadow", "/etc/photogather-monitoring/gateway/Caddyfile", "/etc/photogather-monitoring/gateway/ca.key", "/etc/photogather-monitoring/grafana/admin-password",
    "/etc/photogather-monitoring/prometheus/registered/credentials/prod/*.password", "/var/lib/photogather-monitoring/data/registration/prod.json", "/home/ubuntu/.ssh/authorized_keys",
    "/etc/ssh/ssh_host_ed25519_key", "/var/lib/photogather-monitoring/data/grafana/.secret-key",
].map((path) => ({
    what: `${path} from the node exporter`, send: (ground) => exporter(ground, `cat ${path}`, path), answer: /^exit 1: .*Permission denied/, logged: KERNEL,
}));

/** As the container's user, with its capabilities and its view of the host's files. */
async function exporter({ world }: Ground, command: string, exists?: string) {
    // A file that is not there would be refused as well.
    if (exists) await world.monitor.must(`ls ${exists}`);
    const from = Date.now();
    const expanded = exists?.includes("*") ? command.replace(exists, (await world.monitor.must(`ls ${exists}`)).split("\n")[0]) : command;
    const { code, stdout, stderr } = await world.monitor.exec(`docker exec monitoring-node-exporter ${expanded.replace(/ \//g, " /host/")}`);
    return said(from, code, stdout + stderr);
}

const docker: Attack[] = [
    {
        what: "the Docker socket among the host's files, from the node exporter", answer: /^exit 1: .*Permission denied/, logged: KERNEL,
        send: async ({ world }) => {
            const from = Date.now();
            const script = "import socket,sys\ns=socket.socket(socket.AF_UNIX)\ntry: s.connect(sys.argv[1])\nexcept OSError as e: sys.exit(e.strerror)";
            // The container's image has no client for it: its user, without further groups, tries from its file system.
            const { code, stdout, stderr } = await world.monitor.exec(`setpriv --reuid 65532 --regid 65532 --clear-groups python3 -c '${script}' /run/docker.sock`);
            return said(from, code, stdout + stderr);
        },
    },
    {
        what: "a Docker socket mounted into a container", answer: /^exit 0: none$/, logged: KERNEL,
        send: async ({ world }) => {
            const from = Date.now();
            const mounts = await world.monitor.must("docker inspect -f '{{range .Mounts}}{{.Source}} {{end}}' $(docker ps -q)");
            return said(from, 0, /docker\.sock|\/run( |$)/m.test(mounts) ? mounts : "none");
        },
    },
];

export const networkAttacks: Attack[] = [...metadata, ...admin, ...files, ...docker];
