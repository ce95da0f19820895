import assert from "node:assert/strict";
import { DATA } from "../../../components/monitoring-services/services";
import { Engine } from "./engine";
import { ENVIRONMENTS, World } from "./world";

/** Words of base64 that are long enough to hold a secret. */
const ENCODED = /[A-Za-z0-9+/]{24,}={0,2}/g;

/** The secrets that a text holds, as they are or in base64 (as files travel), by their first characters. */
export function secretsIn(text: string, secrets: string[]): string[] {
    const decoded = (text.match(ENCODED) ?? []).map((word) => Buffer.from(word, "base64").toString("latin1")).join("\n");
    return secrets.filter((secret) => text.includes(secret) || decoded.includes(secret)).map((secret) => `${secret.slice(0, 4)}…`);
}

/** Every secret of the stacks: what was generated, and what the config gave. Keys line by line, as a part would do harm too. */
export async function knownSecrets(world: World): Promise<string[]> {
    const found = new Set<string>(Object.values(world.settings("prod").secrets).flatMap(lines));
    for (const environment of ENVIRONMENTS) for (const secret of await generatedSecrets(world.engine, environment)) found.add(secret);
    // Grafana's, with which it encrypts what it keeps: made on the host, so in no state.
    for (const line of lines(await world.monitor.must(`cat ${DATA}/grafana/.secret-key 2>/dev/null || :`))) found.add(line);
    return [...found];
}

interface Exported { deployment: { resources: { type: string; outputs?: Record<string, unknown> }[] } }

/** The private keys that a stack has made, whole. */
export async function privateKeys(engine: Engine, stack: string): Promise<string[]> {
    const { deployment } = await exported(engine, stack);
    return deployment.resources.filter(({ type }) => type === "tls:index/privateKey:PrivateKey").map(({ outputs = {} }) => plaintext(outputs.privateKeyOpenssh));
}

/** Every password and key that a stack has made. */
export async function generatedSecrets(engine: Engine, stack: string): Promise<string[]> {
    const { deployment } = await exported(engine, stack);
    return deployment.resources.flatMap(({ type, outputs = {} }) => {
        const names = { "random:index/randomPassword:RandomPassword": ["result"], "tls:index/privateKey:PrivateKey": ["privateKeyOpenssh", "privateKeyPem"] }[type] ?? [];
        // A private key's text holds the public one too, which is no secret.
        const open = `${String(outputs.publicKeyOpenssh)}${String(outputs.publicKeyPem)}`;
        return names.flatMap((name) => lines(plaintext(outputs[name])).filter((text) => !open.includes(text)));
    });
}

async function exported(engine: Engine, stack: string): Promise<Exported> {
    return JSON.parse(await engine.run("pulumi", ["stack", "export", "--stack", stack, "--show-secrets"])) as Exported;
}

/** Fails where the journal or a container's output, on any host, holds one of them. */
export async function noneInLogs(world: World, secrets: string[]): Promise<void> {
    for (const host of [world.monitor, ...Object.values(world.hosts)]) {
        const logs = await host.must("journalctl --no-pager --output cat; for id in $(docker ps -aq); do docker logs $id 2>&1; done");
        assert.ok(logs.length > 1000, host.name);
        assert.deepEqual(secretsIn(logs, secrets), [], `the logs of ${host.name} hold secrets that begin so`);
    }
}

function plaintext(value: unknown): string {
    const secret = value as { plaintext?: string };
    return typeof value === "string" ? value : JSON.parse(secret.plaintext ?? '""') as string;
}

/** Lines that are long enough to tell, and no frame. The first line of a key's body is the same in every key. */
function lines(text: string): string[] {
    const all = text.split("\n").map((line) => line.trim()).filter((line) => line.length >= 12 && !line.startsWith("-----"));
    return all.length > 1 ? all.slice(1) : all;
}
