import * as fs from "node:fs";
import { IMAGES, VERSIONS } from "../../../components/versions";
import { findPart, standIn, without } from "../../support/parts";
import { Docker, LABEL } from "./docker";
import { exec } from "./exec";
import { grafanaStandIn } from "./grafana-image";
import { findBusybox, ImageRecipe, layOut } from "./image-root";
import { MIMIR } from "./outside-metrics";
import { Registry } from "./registry";
import { digest, temporaryDirectory } from "./state";

/** How the test gets an image: its pinned name, and what it is made of where the real one cannot be had. */
interface WantedImage {
    reference: string;
    /** The programs that go into it, by the names that they have on PATH. */
    programs: string[];
    recipe: (program: (name: string) => string) => ImageRecipe;
}

const nobody = { uid: 65534, gid: 65534 };
const loki = { uid: 10001, gid: 10001 };

/** As bare as the real ones: where the real one has no shell, a healthcheck that needs one must fail here too. */
const WANTED: Record<string, WantedImage> = {
    gateway: {
        reference: IMAGES.gateway,
        programs: ["caddy"],
        recipe: (program) =>
            withShell(
                { [program("caddy")]: "/usr/bin/caddy" },
                [
                    "ENV XDG_CONFIG_HOME=/config XDG_DATA_HOME=/data",
                    "WORKDIR /srv",
                    "EXPOSE 80 443 2019",
                    'CMD ["caddy","run","--config","/etc/caddy/Caddyfile","--adapter","caddyfile"]',
                ],
                {
                    directories: ["/config/caddy", "/data/caddy", "/etc/caddy", "/srv"].map((path) => ({ path, uid: 0, gid: 0 })),
                    capabilities: { "/usr/bin/caddy": "cap_net_bind_service=+ep" },
                },
            ),
    },
    prometheus: {
        reference: IMAGES.prometheus,
        programs: ["prometheus", "promtool"],
        recipe: (program) =>
            withShell(
                { [program("prometheus")]: "/bin/prometheus", [program("promtool")]: "/bin/promtool" },
                [
                    "USER nobody",
                    "EXPOSE 9090",
                    "VOLUME /prometheus",
                    "WORKDIR /prometheus",
                    'ENTRYPOINT ["/bin/prometheus"]',
                    'CMD ["--config.file=/etc/prometheus/prometheus.yml","--storage.tsdb.path=/prometheus"]',
                ],
                {
                    directories: [
                        { path: "/prometheus", ...nobody },
                        { path: "/etc/prometheus", ...nobody },
                    ],
                },
            ),
    },
    alertmanager: {
        reference: IMAGES.alertmanager,
        programs: ["alertmanager", "amtool"],
        recipe: (program) =>
            withShell(
                { [program("alertmanager")]: "/bin/alertmanager", [program("amtool")]: "/bin/amtool" },
                [
                    "USER nobody",
                    "EXPOSE 9093",
                    "VOLUME /alertmanager",
                    "WORKDIR /alertmanager",
                    'ENTRYPOINT ["/bin/alertmanager"]',
                    'CMD ["--config.file=/etc/alertmanager/alertmanager.yml","--storage.path=/alertmanager"]',
                ],
                {
                    directories: [
                        { path: "/alertmanager", ...nobody },
                        { path: "/etc/alertmanager", ...nobody },
                    ],
                },
            ),
    },
    "node-exporter": {
        reference: IMAGES["node-exporter"],
        programs: ["node_exporter"],
        recipe: (program) =>
            withShell({ [program("node_exporter")]: "/bin/node_exporter" }, ["USER nobody", "EXPOSE 9100", 'ENTRYPOINT ["/bin/node_exporter"]'], {}),
    },
    "label-proxy": {
        reference: IMAGES["label-proxy"],
        programs: ["prom-label-proxy"],
        recipe: (program) => withShell({ [program("prom-label-proxy")]: "/bin/prom-label-proxy" }, ["USER nobody", 'ENTRYPOINT ["/bin/prom-label-proxy"]'], {}),
    },
    loki: {
        reference: IMAGES.loki,
        programs: ["loki"],
        recipe: (program) =>
            distroless(
                { [program("loki")]: "/usr/bin/loki" },
                ["USER 10001", "WORKDIR /", "EXPOSE 3100", 'ENTRYPOINT ["/usr/bin/loki"]', 'CMD ["-config.file=/etc/loki/local-config.yaml"]'],
                [
                    { path: "/etc/loki", ...loki },
                    { path: "/loki", ...loki },
                ],
            ),
    },
    tempo: {
        reference: IMAGES.tempo,
        programs: ["tempo"],
        recipe: (program) => distroless({ [program("tempo")]: "/tempo" }, ["USER 10001:10001", 'ENTRYPOINT ["/tempo"]'], [{ path: "/var/tempo", ...loki }]),
    },
    alloy: {
        reference: VERSIONS.alloy.image,
        programs: ["alloy"],
        recipe: (program) =>
            withShell(
                { [program("alloy")]: "/bin/alloy" },
                ["ENV ALLOY_DEPLOY_MODE=docker", 'ENTRYPOINT ["/bin/alloy"]', 'CMD ["run","/etc/alloy/config.alloy","--storage.path=/var/lib/alloy/data"]'],
                {
                    glibc: true,
                    directories: [
                        { path: "/var/lib/alloy/data", uid: 473, gid: 473 },
                        { path: "/etc/alloy", uid: 0, gid: 0 },
                    ],
                },
            ),
    },
    promtail: {
        reference: VERSIONS.promtail.image,
        programs: ["promtail"],
        recipe: (program) =>
            withShell({ [program("promtail")]: "/usr/bin/promtail" }, ['ENTRYPOINT ["/usr/bin/promtail"]', 'CMD ["-config.file=/etc/promtail/config.yml"]'], {
                glibc: true,
            }),
    },
};

function withShell(files: Record<string, string>, config: string[], more: Partial<ImageRecipe>): ImageRecipe {
    return { files, shell: true, glibc: false, capabilities: {}, directories: [], config, ...more };
}

function distroless(files: Record<string, string>, config: string[], directories: ImageRecipe["directories"]): ImageRecipe {
    return { files, shell: false, glibc: false, capabilities: {}, directories, config };
}

/**
 * Sees that the registry serves every image that the program pins: the real one where the daemon has it, else one made from programs on PATH, else
 * pulled. Gives the names of what cannot be had. Grafana's is replaced by the stand-in, and then counted as missing.
 */
export async function provideImages(docker: Docker, registry: Registry): Promise<string[]> {
    const missing: string[] = [];
    for (const [name, { reference, programs, recipe }] of Object.entries(WANTED)) {
        const lacking = programs.filter((program) => !findPart(program));
        if (await isReal(docker, reference)) await registry.serve(reference);
        else if (lacking.length === 0 && findBusybox()) {
            await makeImage(
                docker,
                reference,
                recipe((program) => findPart(program)!),
            );
            await registry.serve(reference);
        } else if (await pulls(docker, reference)) await registry.serve(reference);
        else missing.push(...(lacking.length > 0 ? lacking : [name]));
    }
    return [...missing, ...(await provideGrafana(docker, registry))];
}

/** The same for an image in whose place there is another: gives whether it can be had. */
export async function provideMimir(docker: Docker, registry: Registry): Promise<boolean> {
    const program = findPart("mimir");
    if (!(await isReal(docker, MIMIR)) && program && findBusybox()) await makeImage(docker, MIMIR, distroless({ [program]: "/bin/mimir" }, ['ENTRYPOINT ["/bin/mimir"]'], []));
    else if (!(await isReal(docker, MIMIR)) && !(await pulls(docker, MIMIR))) {
        without("mimir");
        return false;
    }
    await registry.serve(MIMIR);
    return true;
}

async function provideGrafana(docker: Docker, registry: Registry): Promise<string[]> {
    const reference = IMAGES.grafana;
    if (!(await isReal(docker, reference)) && !(await pulls(docker, reference))) {
        if (!findPart("go") || !findBusybox()) return ["grafana"];
        standIn("grafana");
        await makeImage(docker, reference, await grafanaStandIn(reference.split(":")[1]));
    }
    await registry.serve(reference);
    return [];
}

/** True where the daemon has the image, and it is none that we made. */
async function isReal(docker: Docker, reference: string): Promise<boolean> {
    const { code, stdout } = await docker.try(["image", "inspect", "--format", `{{index .Config.Labels "${LABEL}"}}`, reference]);
    return code === 0 && stdout.trim() === "";
}

async function pulls(docker: Docker, reference: string): Promise<boolean> {
    return (await docker.try(["pull", "--quiet", reference], { seconds: 300 })).code === 0;
}

/** Makes an image unless the daemon has it, made of the same things. */
export async function makeImage(docker: Docker, reference: string, recipe: ImageRecipe): Promise<void> {
    const files = Object.keys(recipe.files);
    const hash = digest([JSON.stringify({ ...recipe, files: Object.values(recipe.files) }), fs.readFileSync(require.resolve("./image-root"), "utf8")], files);
    const { stdout } = await docker.try(["image", "inspect", "--format", `{{index .Config.Labels "${LABEL}"}}`, reference]);
    if (stdout.trim() === hash) return;
    const root = temporaryDirectory("image");
    try {
        await layOut(root, recipe);
        await importRoot(docker, reference, root, [...recipe.config, `LABEL ${LABEL}=${hash}`]);
    } finally {
        fs.rmSync(root, { recursive: true, force: true });
    }
}

/** A directory as an image, with its owners and file capabilities. */
export async function importRoot(docker: Docker, reference: string, root: string, config: string[]): Promise<void> {
    const changes = config.flatMap((line) => ["--change", line]);
    await exec(
        "sh",
        [
            "-c",
            'root=$1; shift; tar -C "$root" --numeric-owner --xattrs --xattrs-include="security.capability" -c . | docker import "$@"',
            "sh",
            root,
            ...changes,
            "-",
            reference,
        ],
        { env: { DOCKER_HOST: docker.host } },
    );
}
