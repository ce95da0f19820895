import { createHash } from "node:crypto";
import * as fs from "node:fs";
import * as path from "node:path";
import { docker, tryDocker } from "./docker";
import { hostName, IMAGE, LABEL, NETWORK } from "./names";
import { explainCause } from "./causes";
import { LocalState } from "./state";
import { INIT, INIT_PATH, MASKED, PACKAGES } from "./systemd-container";

/** What the machines' image is made from. */
export const BASES = { builder: "maven:3.9-eclipse-temurin-17", machine: "debian:12-slim" };

/** Where a step finds its files, in its container. */
const WORK = "/was";
const JAR = `${WORK}/target/was.jar`;

/** A container in which something is made: shell text, and the files that it needs. */
interface Step {
    name: string;
    base: string;
    script: string;
    files: string[];
}

/** The demo application, and the host: Debian that boots, with SSH, Docker and Java. */
export function planSteps(root: string): { application: Step; machine: Step } {
    const was = path.join(root, "examples", "was");
    return {
        application: { name: "build-application", base: BASES.builder, script: `mvn --batch-mode --quiet --file ${WORK}/pom.xml -DskipTests package`, files: [path.join(was, "pom.xml"), path.join(was, "src")] },
        machine: {
            name: "build-machine", base: BASES.machine, files: [], script: `export DEBIAN_FRONTEND=noninteractive
apt-get update
apt-get install --yes --no-install-recommends ${PACKAGES.join(" ")}
rm -rf /var/lib/apt/lists/* /etc/ssh/ssh_host_*
useradd --create-home --groups docker --shell /bin/bash ubuntu
echo 'ubuntu ALL=(ALL) NOPASSWD:ALL' > /etc/sudoers.d/ubuntu
${MASKED.map((unit) => `ln -sf /dev/null /etc/systemd/system/${unit}`).join("\n")}
: > /etc/machine-id
printf %s ${Buffer.from(INIT).toString("base64")} | base64 -d > ${INIT_PATH}
chmod 0755 ${INIT_PATH}
mkdir -p /opt/was
`,
        },
    };
}

/**
 * Makes the machines' image, or keeps the one that was made from the same. Minutes at the first time.
 * In containers of our own, not by `docker build`: a builder keeps what it has cached, and `down` could not take it away.
 */
export async function buildImage(root: string, state: LocalState, say: (text: string) => void): Promise<string> {
    const { application, machine } = planSteps(root);
    const digest = digestOf([application, machine]);
    const { stdout: made } = await tryDocker(["image", "inspect", "--format", `{{index .Config.Labels "${LABEL}"}}`, IMAGE]);
    if (made.trim() === digest) return IMAGE;
    say("the machines' image is made: minutes at the first time");
    for (const base of Object.values(BASES)) await fetchBase(base, state, say);
    const jar = path.join(state.directory, "was.jar");
    say("  the demo application is built, by Maven");
    await inContainer(application, (container) => docker(["cp", `${container}:${JAR}`, jar]));
    say("  the machine is made: systemd, SSH, Docker and Java by apt");
    await inContainer(machine, async (container) => {
        await docker(["cp", jar, `${container}:/opt/was/was.jar`]);
        const changes = [`LABEL ${LABEL}=${digest}`, "ENV container=docker", "WORKDIR /", "ENTRYPOINT []", `CMD ["${INIT_PATH}"]`];
        await docker(["commit", ...changes.flatMap((change) => ["--change", change]), container, IMAGE]);
    });
    fs.rmSync(jar);
    return IMAGE;
}

/** Tells one image's makings from another's. */
function digestOf(steps: Step[]): string {
    const hash = createHash("sha256").update(JSON.stringify(steps.map(({ base, script }) => [base, script])));
    const add = (file: string): void => {
        if (fs.statSync(file).isDirectory()) return fs.readdirSync(file).sort().forEach((name) => add(path.join(file, name)));
        hash.update(path.basename(file)).update(fs.readFileSync(file));
    };
    steps.flatMap(({ files }) => files).forEach(add);
    return hash.digest("hex").slice(0, 16);
}

/** A public image; one that was not there before goes with the rest. */
async function fetchBase(base: string, state: LocalState, say: (text: string) => void): Promise<void> {
    if (await hasImage(base)) return;
    say(`  ${base} is pulled`);
    state.addImage(base);
    const { code, stdout, stderr } = await tryDocker(["pull", "--quiet", base]);
    if (code !== 0) throw new Error(explainBuild(stdout, stderr));
}

/** Runs a step, and hands its container over when it has succeeded. */
async function inContainer({ name, base, script, files }: Step, then: (container: string) => Promise<unknown>): Promise<void> {
    const container = hostName(name);
    const remove = ["rm", "--force", "--volumes", container];
    await tryDocker(remove);
    await docker(["create", "--name", container, "--label", LABEL, "--network", NETWORK, "--workdir", WORK, "--entrypoint", "sh", base, "-ec", script]);
    for (const file of files) await docker(["cp", file, `${container}:${WORK}/`]);
    const { code, stdout, stderr } = await tryDocker(["start", "--attach", container]);
    if (code !== 0) throw new Error(explainBuild(stdout, stderr));
    await then(container);
    await docker(remove);
}

/** Why the image could not be made: one sentence where it is the network's fault, else what was said last. */
export function explainBuild(stdout: string, stderr: string): string {
    const lines = [stdout, stderr].map((text) => text.trim()).filter(Boolean).join("\n").split("\n");
    const what = "the image of the demo's machines could not be made";
    return explainCause(what, lines.join("\n")) ?? `${what}. Docker said:\n${lines.slice(-12).join("\n")}`;
}

/** Whether Docker has the image. */
export async function hasImage(image: string): Promise<boolean> {
    return (await tryDocker(["image", "inspect", image])).code === 0;
}
