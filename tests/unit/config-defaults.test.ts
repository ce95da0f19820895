import assert from "node:assert/strict";
import * as fs from "node:fs";
import * as pulumi from "@pulumi/pulumi";
import { deploy } from "../../stacks/deploy";
import { keyDefaults, PAGE } from "../../tools/config-reference";
import { runOffline } from "../../tools/offline";
import { ANSWERS, COMPUTED, PLACEHOLDER_KEY, PLACEHOLDER_PUBLIC_KEY, placeholderConnection } from "../../tools/plan/world";

type Section = Record<string, unknown>;

const NEXT = { address: "203.0.113.9", hostKey: PLACEHOLDER_PUBLIC_KEY };
const HOST = { name: "was-1", address: "10.0.1.11", application: "shop", ssh: { hostKey: PLACEHOLDER_PUBLIC_KEY, privateKey: PLACEHOLDER_KEY } };
const ENVIRONMENTS = { prod: { cidrs: ["10.0.1.0/24"] } };
const EC2 = {
    gatewayFrom: ["10.0.0.0/16"], sshFrom: ["203.0.113.0/24"], dataVolume: {}, dns: { zoneId: "Z1", name: "monitoring.example.com" }, scrapes: [{ securityGroupId: "sg-0123456789abcdef0" }],
};

/** Configs that say as little as they may, with every section that has defaults of its own. */
const BASES: Record<string, Section> = {
    "an owner on EC2": {
        monitoring: {
            host: { ec2: EC2 }, retention: {}, workload: { hosts: 2 }, thresholds: {}, alerting: {},
            environments: { prod: { ...ENVIRONMENTS.prod, discovery: { tags: { role: "was" }, application: "shop" } } },
            blocks: { bucket: "example-blocks", region: "eu-west-1", accessKeyId: "AKIAEXAMPLE", secretAccessKey: "a-secret-access-key-of-nobody", since: "2026-12-01" },
            login: {
                github: { clientId: "Ov23liExample", clientSecret: "client-secret-0123456789", allowedOrganizations: ["example"] },
                google: { clientId: "1-example.apps.googleusercontent.com", clientSecret: "client-secret-0123456789", allowedDomains: ["example.com"] },
            },
        },
        was: [{ ...HOST, ssh: { ...HOST.ssh, jump: NEXT }, actuator: {}, hostMetrics: {}, logs: { units: ["shop.service"] }, tracing: {}, applications: [{ name: "pay", actuator: { port: 8081 }, logs: {}, tracing: {} }] }],
    },
    "an owner on a machine": { monitoring: { host: { machine: { ssh: { ...NEXT, privateKey: PLACEHOLDER_KEY, jump: NEXT } } }, environments: ENVIRONMENTS } },
    "a member": { environment: "dev", monitoring: { connection: JSON.stringify(placeholderConnection("dev")), jump: { ...NEXT, privateKey: PLACEHOLDER_KEY } } },
    "a host with Promtail": { monitoring: { host: { machine: { ssh: { ...NEXT, privateKey: PLACEHOLDER_KEY } } }, environments: ENVIRONMENTS }, was: [{ ...HOST, agent: "promtail", logs: { files: ["/var/log/shop/*.log"] } }] },
};

/** All that the program registers with a config, as text. */
async function plan(config: Section): Promise<string> {
    pulumi.runtime.setAllConfig(Object.fromEntries(Object.entries(config).map(([key, value]) => [`photogather-monitoring:${key}`, typeof value === "string" ? value : JSON.stringify(value)])));
    const stack = (config.environment as string | undefined) ?? "prod";
    const { registrations, outputs } = await runOffline(() => deploy({ keysDirectory: "out/test/.keys" }), { stack, computed: COMPUTED, answers: ANSWERS });
    return JSON.stringify([registrations, outputs]);
}

/** The section that a key stands in, and its name there; undefined where the config has no such section, or says the key. */
function placeOf(config: Section, key: string): [Section, string] | undefined {
    const path = key.replace(/\[\]/g, ".0").split(".");
    const name = path.pop()!;
    let at: unknown = config;
    for (const step of path) {
        if (typeof at !== "object" || at === null) return undefined;
        at = (at as Section)[step === "<name>" ? Object.keys(at)[0] : step];
    }
    return typeof at === "object" && at !== null && !(name in at) ? [at as Section, name] : undefined;
}

/** The config with each of these keys set. */
function withAll(config: Section, values: [string, unknown][]): Section {
    const changed = structuredClone(config);
    for (const [key, value] of values) {
        const [section, name] = placeOf(changed, key)!;
        section[name] = value;
    }
    return changed;
}

describe("the defaults that docs/configuration.md names", () => {
    const defaults = [...keyDefaults(fs.readFileSync(PAGE, "utf8"))];
    const member = ([key]: [string, unknown]) => /^(?!monitoring\.)|^monitoring\.jump\./.test(key);
    const placed = Object.entries(BASES).map(([what, base]): [string, Section, [string, unknown][]] => [
        what, base, defaults.filter(([key]) => placeOf(base, key)).filter((each) => what !== "a member" || member(each)),
    ]);

    it("are all looked at below", () => {
        assert.ok(defaults.length > 80, String(defaults.length));
        const seen = new Set(placed.flatMap(([, , values]) => values.map(([key]) => key)));
        assert.deepEqual(defaults.map(([key]) => key).filter((key) => !seen.has(key)), []);
    });

    for (const [what, base, values] of placed) {
        it(`of ${what} change nothing where they are written out (${values.length} keys)`, async () => {
            const expected = await plan(base);
            if (await plan(withAll(base, values)) === expected) return;
            const wrong = [];
            for (const value of values) if (await plan(withAll(base, [value])) !== expected) wrong.push(value);
            assert.deepEqual(wrong, []);
        }).timeout(60_000);
    }

    it("would be noticed where they were others", async () => {
        const base = BASES["an owner on EC2"];
        const expected = await plan(base);
        const others: [string, unknown][] = [
            ["monitoring.thresholds.heapUsed", 0.5], ["was[].tracing.percentage", 99], ["monitoring.environments.<name>.discovery.port", 8081], ["monitoring.retention.logs", "15d"],
            ...Object.entries({ swapMiB: 512, "dataVolume.protect": false, "dataVolume.retain": false, staticAddress: false }).map(([key, value]): [string, unknown] => [`monitoring.host.ec2.${key}`, value]),
        ];
        for (const [key, value] of others) {
            assert.notEqual(await plan(withAll(base, [[key, value]])), expected, key);
        }
    }).timeout(60_000);
});
