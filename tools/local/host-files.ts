import { KeyPair } from "./keys";
import { TarEntry } from "./tar";

/** The user that Pulumi logs in as, the first that the image has made. */
const UBUNTU = 1000;

/**
 * What a machine in a container is given before its first start: who it is, who may log in, and where its Docker gets images.
 *
 * @param mirror a registry that its Docker asks before Docker Hub
 */
export function hostFiles(login: KeyPair, host: KeyPair, mirror?: string): TarEntry[] {
    return [
        { path: "/etc/ssh/ssh_host_ed25519_key", content: host.privateKey, mode: "0600", uid: 0 },
        { path: "/etc/ssh/ssh_host_ed25519_key.pub", content: `${host.publicKey}\n`, mode: "0644", uid: 0 },
        { path: "/home/ubuntu/.ssh", mode: "0700", uid: UBUNTU },
        { path: "/home/ubuntu/.ssh/authorized_keys", content: `${login.publicKey}\n`, mode: "0600", uid: UBUNTU },
        ...(mirror ? [{
            path: "/etc/docker/daemon.json", mode: "0644", uid: 0, content: JSON.stringify({ "registry-mirrors": [mirror], "insecure-registries": [new URL(mirror).host] }),
        }] : []),
    ];
}
