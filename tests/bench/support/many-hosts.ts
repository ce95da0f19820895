import * as fs from "node:fs";
import * as path from "node:path";
import { PLACEHOLDER_KEY, PLACEHOLDER_PUBLIC_KEY } from "../../../tools/plan/world";

/** Writes the config of an owner stack with so many WAS hosts, `Pulumi.<stack>.yaml`, in JSON, which YAML is too. */
export function writeManyHosts(directory: string, stack: string, hosts: number): string {
    const ssh = { user: "root", privateKey: PLACEHOLDER_KEY };
    const key = (name: string) => `photogather-monitoring:${name}`;
    const file = path.join(directory, `Pulumi.${stack}.yaml`);
    fs.mkdirSync(directory, { recursive: true });
    fs.writeFileSync(file, JSON.stringify({
        config: {
            [key("monitoring")]: {
                host: { machine: { ssh: { ...ssh, address: "10.255.0.1", hostKey: PLACEHOLDER_PUBLIC_KEY } } },
                environments: { [stack]: { cidrs: ["10.0.0.0/8"], maxTargets: 3 * hosts } },
            },
            [key("defaults")]: { application: "shop", ssh, logs: { files: ["/var/log/shop/*.log"] } },
            [key("was")]: Array.from({ length: hosts }, (_, i) => ({ name: `was-${i}`, address: `10.${1 + (i >> 16)}.${(i >> 8) & 255}.${i & 255}`, ssh: { hostKey: PLACEHOLDER_PUBLIC_KEY } })),
        },
    }));
    return file;
}
