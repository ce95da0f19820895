import assert from "node:assert/strict";
import { OfflineRun } from "../../tools/offline";
import { checkPolicies } from "../../tools/plan/policies";
import { PLACEHOLDER_KEY } from "../../tools/plan/world";
import { connection, runStack, Sections, shared } from "../support/offline-stack";

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
    { option: "metrics that are pushed", monitoring: { stack: "prod" }, was: { metrics: "push" }, makes: ["dev-was-1-log-agent-files"] },
    {
        option: "external beside the shared deployment", was: {}, makes: ["dev-was-1-log-agent-files"],
        monitoring: { stack: "prod", external: { logs: { url: "https://loki.example.com/otlp", token: "offline-placeholder-for-external" } } },
    },
    {
        option: "external alone", was: {}, makes: ["dev-was-1-log-agent-files"],
        monitoring: { external: { logs: { url: "https://loki.example.com/otlp" }, metrics: { url: "https://mimir.example.com/api/v1/push", username: "u", password: "offline-placeholder-for-external" }, traces: { url: "https://tempo.example.com:4318" } } },
    },
    { option: "in Docker", monitoring: { stack: "prod" }, was: { runtime: "docker", logs: { containers: ["app"] }, tracing: { container: "app" } }, makes: ["dev-was-1-log-agent"] },
];

const OWNER_OUTPUTS = { monitoring: { ...shared, environments: { dev: { ...shared.environments.dev, pushedMetrics: true } } }, connection_dev: connection };

function check({ registrations }: OfflineRun, makes: string[]): void {
    const names = registrations.map(({ name }) => name);
    for (const name of makes) assert.ok(names.includes(name), `${name} is not among ${names.join(", ")}`);
    assert.deepEqual(checkPolicies(registrations, { world: false, worldSsh: false, unprotected: false }), []);
}

describe("policies hold on what the shipped stacks do not use:", () => {
    for (const { option, change, makes } of OWNERS) {
        it(`an owner with ${option}`, async () => check(await runStack("prod", { change: ({ monitoring, was }) => change(monitoring as Section, was) }), makes));
    }
    for (const { option, monitoring, was, makes } of MEMBERS) {
        it(`a member with ${option}`, async () => {
            const change = (sections: Sections) => { Object.assign(sections, { monitoring }); Object.assign(sections.was[0], was); };
            check(await runStack("dev", { change, ownerOutputs: OWNER_OUTPUTS }), makes);
        });
    }
});
