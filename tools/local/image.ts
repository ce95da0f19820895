import * as fs from "node:fs";
import * as path from "node:path";
import { tryDocker } from "./docker";
import { IMAGE, LABEL } from "./names";
import { explainOffline } from "./network";
import { INIT, INIT_PATH, MASKED, PACKAGES } from "./systemd-container";

/** What the machines' image is built from. */
export const BASES = { builder: "maven:3.9-eclipse-temurin-17", machine: "debian:12-slim" };

/** The Dockerfile of the hosts: Debian that boots, with SSH, Docker and Java, and the demo application. */
export function renderDockerfile(): string {
    // A label on each stage: what is left of them goes with the rest.
    return `FROM ${BASES.builder} AS was
LABEL ${LABEL}=build
COPY pom.xml /was/
COPY src /was/src
RUN mvn --batch-mode --quiet --file /was/pom.xml -DskipTests package

FROM ${BASES.machine}
LABEL ${LABEL}=host
ENV container=docker
RUN apt-get update && DEBIAN_FRONTEND=noninteractive apt-get install --yes --no-install-recommends ${PACKAGES.join(" ")} && rm -rf /var/lib/apt/lists/* /etc/ssh/ssh_host_*
RUN useradd --create-home --groups docker --shell /bin/bash ubuntu && echo 'ubuntu ALL=(ALL) NOPASSWD:ALL' > /etc/sudoers.d/ubuntu && ${MASKED.map((unit) => `ln -sf /dev/null /etc/systemd/system/${unit}`).join(" && ")} && : > /etc/machine-id
RUN printf %s ${Buffer.from(INIT).toString("base64")} | base64 -d > ${INIT_PATH} && chmod 0755 ${INIT_PATH}
COPY --from=was /was/target/was.jar /opt/was/was.jar
CMD ["${INIT_PATH}"]
`;
}

/** Builds the image; Docker keeps what has not changed. Minutes at the first time. */
export async function buildImage(root: string, directory: string): Promise<string> {
    const file = path.join(directory, "Dockerfile");
    fs.writeFileSync(file, renderDockerfile());
    const { code, stdout, stderr } = await tryDocker(["build", "--force-rm", "--tag", IMAGE, "--file", file, path.join(root, "examples", "was")]);
    if (code !== 0) throw new Error(explainBuild(stdout, stderr));
    return IMAGE;
}

/**
 * Why the image could not be built: one sentence where it is the network's fault, else what Docker said last. Its older builder gives the steps' own output on
 * stdout, with what became of them on stderr; BuildKit has all of it on stderr.
 */
export function explainBuild(stdout: string, stderr: string): string {
    const [steps, ends] = [stdout, stderr].map((text) => text.trim().split("\n"));
    const lines = stdout.trim() ? [...steps, ends[ends.length - 1]] : ends;
    const what = "the image of the demo's machines could not be built";
    return explainOffline(what, lines.join("\n")) ?? `${what}. Docker said:\n${lines.slice(-12).join("\n")}`;
}

/** Whether Docker has the image. */
export async function hasImage(image: string): Promise<boolean> {
    return (await tryDocker(["image", "inspect", image])).code === 0;
}
