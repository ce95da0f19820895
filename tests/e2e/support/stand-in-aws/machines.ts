import * as fs from "node:fs";
import * as path from "node:path";
import { Docker, LABEL } from "../docker";
import { SYSTEMD_IN_A_CONTAINER } from "../../../../tools/local/systemd-container";
import { tar } from "../../../../tools/local/tar";
import { Disks } from "./disks";
import { Instance, Lab } from "./world";

/** MiB of the types that the tests use: as a limit of the container, so that the instance has no more. */
const MEMORY_MIB: Record<string, number> = { small: 2048, medium: 4096 };

/**
 * The machines of an account, for real: containers that boot systemd and cloud-init. What a machine finds below itself, disks and static addresses, stands
 * in a directory of its own, which it sees as `/hypervisor`.
 */
export class Machines {
    private readonly docker: Docker;
    private readonly disks: Disks;

    constructor(private readonly lab: Lab, private readonly directory: string) {
        this.docker = new Docker(lab.docker);
        this.disks = new Disks(directory);
    }

    /** Starts a machine and does not wait for its boot, as AWS does not. */
    async run(id: string, { ami, type, privateIp }: Instance, userData: string, publicKey: string): Promise<void> {
        const { lab, docker } = this;
        for (const kind of ["disks", "addresses"]) fs.mkdirSync(path.join(this.below(id), kind), { recursive: true });
        const memory = `${MEMORY_MIB[type.split(".")[1]]}m`;
        await docker.run(["volume", "create", "--label", LABEL, `${id}-docker`]);
        await docker.run([
            "create", "--name", id, "--hostname", id, "--label", LABEL, "--network", lab.network, "--ip", privateIp, ...SYSTEMD_IN_A_CONTAINER,
            "--device-cgroup-rule", "b 7:* rwm", "--memory", memory, "--memory-swap", memory,
            "--volume", `${id}-docker:/var/lib/docker`, "--volume", `${this.below(id)}:/hypervisor:ro`, lab.image,
        ]);
        await docker.run(["cp", "--archive", "-", `${id}:/`], { input: tar([
            // In place of the metadata service: cloud-init's other way to user data, a directory.
            ...["/var/lib/cloud", "/var/lib/cloud/seed", "/var/lib/cloud/seed/nocloud"].map((path) => ({ path, mode: "0755", uid: 0 })),
            { path: "/var/lib/cloud/seed/nocloud/user-data", content: userData, mode: "0600", uid: 0 },
            { path: "/var/lib/cloud/seed/nocloud/meta-data", content: JSON.stringify({ "instance-id": id, "local-hostname": id, "public-keys": [publicKey] }), mode: "0600", uid: 0 },
            { path: "/etc/ami", content: ami, mode: "0644", uid: 0 },
            // As an image has it in a network with a mirror of Docker Hub.
            { path: "/etc/systemd/system/docker.service.d", mode: "0755", uid: 0 },
            {
                path: "/etc/systemd/system/docker.service.d/mirror.conf", mode: "0644", uid: 0,
                content: `[Service]\nEnvironment="DOCKER_OPTS=--registry-mirror=${lab.mirror} --insecure-registry=${new URL(lab.mirror).host}"\n`,
            },
        ]) });
        await docker.run(["start", id]);
    }

    /** Shuts a machine down in order. */
    async stop(id: string): Promise<void> {
        await this.docker.run(["stop", "--time", "90", id]);
    }

    /** Shuts it down and takes it away with its root disk. It lets go of its volumes. */
    async terminate(id: string): Promise<void> {
        await this.stop(id);
        await this.docker.run(["rm", "--force", "--volumes", id]);
        await this.docker.run(["volume", "rm", `${id}-docker`]);
        for (const serial of fs.readdirSync(this.slot(id, "disks"))) await this.disks.release(serial);
        fs.rmSync(this.below(id), { recursive: true });
    }

    createVolume(id: string, sizeGiB: number, snapshot: string): Promise<void> {
        return this.disks.create(id, sizeGiB, snapshot);
    }

    growVolume(id: string, sizeGiB: number): Promise<void> {
        return this.disks.grow(id, sizeGiB);
    }

    async deleteVolume(id: string): Promise<void> {
        await this.disks.remove(id);
    }

    async attach(volume: string, id: string): Promise<void> {
        if (this.lab.attachesNothing) return;
        fs.writeFileSync(this.slot(id, "disks", serialOf(volume)), await this.disks.present(volume));
    }

    async detach(volume: string, id: string): Promise<void> {
        fs.rmSync(this.slot(id, "disks", serialOf(volume)), { force: true });
        await this.disks.release(volume);
    }

    associate(allocation: string, address: string, id: string): void {
        fs.writeFileSync(this.slot(id, "addresses", allocation), address);
    }

    dissociate(allocation: string, id: string): void {
        fs.rmSync(this.slot(id, "addresses", allocation), { force: true });
    }

    private below(id: string): string {
        return path.join(this.directory, "instances", id);
    }

    private slot(id: string, ...parts: string[]): string {
        return path.join(this.below(id), ...parts);
    }
}

/** A disk's serial number is its volume's id without the hyphen. */
export function serialOf(volume: string): string {
    return volume.replace("-", "");
}
