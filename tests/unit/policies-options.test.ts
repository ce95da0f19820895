import assert from "node:assert/strict";
import * as path from "node:path";
import * as pulumi from "@pulumi/pulumi";
import { Connection, CONNECTION_FORMAT } from "../../components/connection";
import { deploy } from "../../stacks/deploy";
import { runOffline } from "../../tools/offline";
import { loadConfig } from "../../tools/plan/config";
import { checkPolicies } from "../../tools/plan/policies";
import { ANSWERS, COMPUTED, PLACEHOLDER_KEY } from "../../tools/plan/world";

const ROOT = path.join(__dirname, "..", "..");
const HOST_KEY = "ssh-ed25519 AAAA";
const SSH = { address: "10.0.0.5", hostKey: HOST_KEY, privateKey: PLACEHOLDER_KEY };

type Section = Record<string, object> & { host: { ec2?: object; machine?: object }; environments: Record<string, object> };
type Was = Record<string, unknown>[];

/** What a config may say beyond the shipped ones, and resources of it that tell that it was taken. */
const OWNERS: { option: string; change(section: Section, was: Was): void; makes: string[] }[] = [
    { option: "host.machine by SSH, through a jump host", makes: ["monitoring-loki"], change: (section) => { section.host = { machine: { ssh: { ...SSH, jump: { ...SSH, address: "10.0.0.9" } } } }; } },
    { option: "host.machine.local", makes: ["monitoring-loki"], change: (section) => { Object.assign(section, { host: { machine: { local: true } }, address: "10.0.0.5", hostKey: HOST_KEY }); } },
    {
        option: "organizations and their members", makes: ["monitoring-label-proxy"],
        change: (section) => { Object.assign(section, { organizations: { developers: { environments: ["dev"], members: { "alice@example.com": "Viewer" } } } }); },
    },
    {
        option: "logins with GitHub", makes: ["monitoring-grafana"],
        change: (section) => { Object.assign(section, { login: { github: { clientId: "Iv1.0123456789abcdef", clientSecret: "offline-placeholder-for-github", allowedOrganizations: ["example"] } } }); },
    },
    { option: "pushedMetrics", makes: ["monitoring-relay-dev"], change: (section) => { Object.assign(section.environments.dev, { pushedMetrics: true }); } },
    {
        option: "blocks and remoteWrite", makes: ["monitoring-tempo"], change: (section) => {
            Object.assign(section, {
                blocks: { bucket: "shop-monitoring", region: "ap-northeast-2", accessKeyId: "AKIAEXAMPLE", secretAccessKey: "offline-placeholder-for-blocks", since: "2099-01-01" },
                remoteWrite: [{ url: "https://mimir.example.com/api/v1/push", username: "u", password: "offline-placeholder-for-remote-write" }],
            });
        },
    },
    { option: "discovery by tags", makes: ["monitoring-host-ec2-discovery"], change: (section) => { Object.assign(section.environments.dev, { discovery: { tags: { role: "was" }, application: "shop" } }); } },
    {
        option: "rotations", makes: ["dev-token-2"], change: (section) => {
            Object.assign(section.environments.dev, { tokenGenerations: [1, 2], registrationKeyGenerations: [1, 2] });
        },
    },
    { option: "a canary among its hosts, and one with Promtail", makes: ["prod-was-1-log-agent"], change: (_, was) => { Object.assign(was[0], { canary: true }); Object.assign(was[1], { agent: "promtail" }); } },
];

/** The same of members. */
const MEMBERS: { option: string; monitoring: object; was: object; makes: string[] }[] = [
    { option: "metrics that are pushed", monitoring: { stack: "prod" }, was: { metrics: "push" }, makes: ["dev-was-1-log-agent"] },
    {
        option: "external beside the shared deployment", was: {}, makes: ["dev-was-1-log-agent"],
        monitoring: { stack: "prod", external: { logs: { url: "https://loki.example.com/otlp", token: "offline-placeholder-for-external" } } },
    },
    {
        option: "external alone", was: {}, makes: ["dev-was-1-log-agent"],
        monitoring: { external: { logs: { url: "https://loki.example.com/otlp" }, metrics: { url: "https://mimir.example.com/api/v1/push", username: "u", password: "offline-placeholder-for-external" }, traces: { url: "https://tempo.example.com:4318" } } },
    },
    { option: "in Docker", monitoring: { stack: "prod" }, was: { runtime: "docker", logs: { containers: ["app"] }, tracing: { container: "app" } }, makes: ["dev-was-1-log-agent"] },
];

const connection: Connection = {
    format: CONNECTION_FORMAT, environment: "dev", gateway: { url: "https://10.0.0.5:8080", ca: "", token: "0123456789abcdef" },
    registration: { address: "10.0.0.5", port: 22, user: "monitoring-targets", privateKey: PLACEHOLDER_KEY, hostKey: HOST_KEY },
};
const OUTPUTS = { monitoring: { url: "https://10.0.0.5:8080", versions: {}, environments: { dev: { cidrs: ["10.0.2.0/24"], hosts: [], labels: [], pushedMetrics: true } } }, connection_dev: connection };

/** Names of what a stack registers with another config, and what breaks policies among it. */
async function planned(stack: string, change: (config: Record<string, string>) => Record<string, string>): Promise<{ names: string[]; violations: string[] }> {
    pulumi.runtime.setAllConfig(change(loadConfig(ROOT, stack)));
    const computed = { ...COMPUTED, "pulumi:pulumi:StackReference": (name: string) => ({ name, outputs: OUTPUTS, secretOutputNames: [] }) };
    const { registrations } = await runOffline(() => deploy({ keysDirectory: "out/test/.keys" }), { stack, computed, answers: ANSWERS });
    return { names: registrations.map(({ name }) => name), violations: checkPolicies(registrations, { world: false, worldSsh: false, unprotected: false }) };
}

const KEY = (name: string) => `photogather-monitoring:${name}`;

function changed(config: Record<string, string>, key: string, change: (value: never) => void): Record<string, string> {
    const value = JSON.parse(config[KEY(key)]) as never;
    change(value);
    return { ...config, [KEY(key)]: JSON.stringify(value) };
}

describe("policies hold on what the shipped stacks do not use:", () => {
    for (const { option, change, makes } of OWNERS) {
        it(`an owner with ${option}`, async () => {
            const { names, violations } = await planned("prod", (config) => {
                const was = JSON.parse(config[KEY("was")]) as Was;
                return { ...changed(config, "monitoring", (section: Section) => change(section, was)), [KEY("was")]: JSON.stringify(was) };
            });
            for (const name of makes) assert.ok(names.includes(name), `${name} is not among ${names.join(", ")}`);
            assert.deepEqual(violations, []);
        });
    }
    for (const { option, monitoring, was, makes } of MEMBERS) {
        it(`a member with ${option}`, async () => {
            const { names, violations } = await planned("dev", (config) => ({ ...changed(config, "was", (hosts: Was) => Object.assign(hosts[0], was)), [KEY("monitoring")]: JSON.stringify(monitoring) }));
            for (const name of makes) assert.ok(names.includes(name), `${name} is not among ${names.join(", ")}`);
            assert.deepEqual(violations, []);
        });
    }
});
