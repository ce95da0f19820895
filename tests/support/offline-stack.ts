import * as path from "node:path";
import * as pulumi from "@pulumi/pulumi";
import { Connection, CONNECTION_FORMAT } from "../../components/connection";
import { deploy } from "../../stacks/deploy";
import { Computed, OfflineRun, runOffline } from "../../tools/offline";
import { loadConfig } from "../../tools/plan/config";
import { ANSWERS, COMPUTED, PLACEHOLDER_KEY } from "../../tools/plan/world";

const ROOT = path.join(__dirname, "..", "..");

const PREFIX = "photogather-monitoring:";

/** Sections of a stack's config, by their names without the project's. */
export interface Sections extends Record<string, unknown> {
    monitoring: Record<string, unknown>;
    was: Record<string, unknown>[];
}

/** How a run differs from the shipped stack's. */
export interface OfflineStack {
    /** Changes the shipped config. @default as it is */
    change?(sections: Sections): void;
    /** Outputs of the owner's. @default {} */
    ownerOutputs?: Record<string, unknown>;
    /** Values that a provider would compute, by type of resource. @default those of `npm run plan` */
    computed?: Computed;
}

/** What an owner says to the environment `dev`: its outputs `connection_dev` and `monitoring`. */
export const connection: Connection = {
    format: CONNECTION_FORMAT, environment: "dev", gateway: { url: "https://10.0.0.5:8080", ca: "", token: "0123456789abcdef" },
    registration: { address: "10.0.0.5", port: 22, user: "monitoring-targets", privateKey: PLACEHOLDER_KEY, hostKey: "ssh-ed25519 AAAA" },
};
export const shared = { url: "https://10.0.0.5:8080", versions: {}, environments: { dev: { cidrs: ["10.0.2.0/24"], hosts: [], labels: [] } } };

/** Runs a stack of the program on mocks, as it is shipped or changed. */
export function runStack(stack: string, { change = () => undefined, ownerOutputs = {}, computed = {} }: OfflineStack = {}): Promise<OfflineRun> {
    const config = loadConfig(ROOT, stack);
    const own = Object.entries(config).filter(([key]) => key.startsWith(PREFIX));
    const sections = Object.fromEntries(own.map(([key, text]) => [key.slice(PREFIX.length), JSON.parse(text)])) as Sections;
    change(sections);
    pulumi.runtime.setAllConfig({ ...config, ...Object.fromEntries(Object.entries(sections).map(([key, value]) => [PREFIX + key, JSON.stringify(value)])) });
    return runOffline(() => deploy({ keysDirectory: "out/test/.keys" }), {
        stack, answers: ANSWERS, computed: { ...COMPUTED, "pulumi:pulumi:StackReference": (name: string) => ({ name, outputs: ownerOutputs, secretOutputNames: [] }), ...computed },
    });
}
