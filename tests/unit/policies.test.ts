import assert from "node:assert/strict";
import { Registration, RegistrationOptions } from "../../tools/offline";
import { Allowed, checkPolicies } from "../../tools/plan/policies";

const NONE: Allowed = { world: false, worldSsh: false, unprotected: false };
const OPTIONS: RegistrationOptions = {
    protect: false, retainOnDelete: false, deleteBeforeReplace: false, deletedWith: "", dependsOn: [], ignoreChanges: [], replaceOnChanges: [], additionalSecretOutputs: [], provider: "", customTimeouts: { create: "", update: "", delete: "" },
};
const KEY = "-----BEGIN OPENSSH PRIVATE KEY-----";
const HOST_KEY = "ssh-ed25519 AAAA";
const secret = (value: unknown) => ({ "4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270", value });

/** What a stack registers when all is well, one of each kind that a policy looks at. The shipped stacks themselves are held to them by `npm run plan`. */
const SOUND: Record<string, Partial<Registration> & { inputs: Record<string, unknown> }> = {
    "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule": { inputs: { cidrIpv4: "10.0.0.0/8" } },
    "aws:ec2/securityGroup:SecurityGroup": { inputs: {} },
    "aws:ec2/instance:Instance": { inputs: { rootBlockDevice: { encrypted: true }, metadataOptions: { httpTokens: "required", httpPutResponseHopLimit: 1 }, userData: secret(KEY) } },
    "aws:ebs/volume:Volume": { inputs: { encrypted: true }, options: { ...OPTIONS, protect: true, retainOnDelete: true } },
    "docker:index/remoteImage:RemoteImage": { inputs: { name: "grafana/loki:3.7.8" } },
    "docker:index/container:Container": {
        inputs: { privileged: false, networkMode: "bridge", readOnly: true, capabilities: { drops: ["ALL"] }, securityOpts: ["no-new-privileges:true"], memory: 64, volumes: [{ hostPath: "/", readOnly: true }] },
    },
    "command:remote:Command": { inputs: { logging: "none", create: "set", stdin: secret(KEY), connection: { hostKey: HOST_KEY, privateKey: secret(KEY), proxy: { hostKey: HOST_KEY } } } },
    "command:local:Command": { inputs: { logging: "none", create: "set" } },
};

/** The violations of a resource that is sound but for what is given. */
function check(type: string, inputs: Record<string, unknown>, { allowed = NONE, options }: { allowed?: Allowed; options?: Partial<RegistrationOptions> } = {}): string[] {
    const sound = SOUND[type];
    const resource: Registration = { type, name: "it", custom: true, parent: "", inputs: { ...sound.inputs, ...inputs }, options: { ...OPTIONS, ...sound.options, ...options } };
    return checkPolicies([resource], allowed).map((line) => line.replace(`${type} it `, ""));
}

const INGRESS = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule";
const INSTANCE = "aws:ec2/instance:Instance";
const VOLUME = "aws:ebs/volume:Volume";
const CONTAINER = "docker:index/container:Container";
const COMMAND = "command:remote:Command";

describe("policies on the plan", () => {
    it("let pass what is sound", () => assert.deepEqual(Object.keys(SOUND).flatMap((type) => check(type, {})), []));

    it("no open ingress, unless allowWorld says so", () => {
        for (const rule of [{ cidrIpv4: "0.0.0.0/0" }, { cidrIpv4: "128.0.0.0/1" }, { cidrIpv6: "::/0" }]) {
            assert.match(check(INGRESS, rule).join(), /^no open ingress: lets in .*allowWorld/);
            assert.deepEqual(check(INGRESS, rule, { allowed: { ...NONE, world: true } }), []);
            assert.match(check(INGRESS, { ...rule, fromPort: 22 }, { allowed: { ...NONE, world: true } }).join(), /allowWorldSsh/);
            assert.deepEqual(check(INGRESS, { ...rule, fromPort: 22 }, { allowed: { ...NONE, worldSsh: true } }), []);
        }
        assert.match(check("aws:ec2/securityGroup:SecurityGroup", { ingress: [] }).join(), /^no open ingress: /);
    });

    it("encrypted volumes", () => {
        assert.deepEqual(check(VOLUME, { encrypted: undefined }), ["encrypted volumes: is not encrypted"]);
        assert.match(check(INSTANCE, { rootBlockDevice: { encrypted: false } }).join(), /^encrypted volumes: .*rootBlockDevice$/);
        assert.match(check(INSTANCE, { ebsBlockDevices: [{}] }).join(), /^encrypted volumes: .*ebsBlockDevices\[0\]$/);
    });

    it("protected data, unless the config lets it go", () => {
        assert.match(check(VOLUME, {}, { options: { protect: false } }).join(), /^protected data: may be deleted/);
        assert.match(check(VOLUME, {}, { options: { retainOnDelete: false } }).join(), /^protected data: goes with the stack/);
        assert.deepEqual(check(VOLUME, {}, { options: { protect: false }, allowed: { ...NONE, unprotected: true } }), []);
    });

    it("guarded instance metadata", () => {
        assert.match(check(INSTANCE, { metadataOptions: { httpTokens: "optional", httpPutResponseHopLimit: 1 } }).join(), /^guarded instance metadata: /);
        assert.match(check(INSTANCE, { metadataOptions: undefined }).join(), /^guarded instance metadata: /);
    });

    it("secrets are secret, however deep", () => {
        assert.deepEqual(check(INSTANCE, { userData: KEY }), ["secrets are secret: holds a secret in plain sight: userData"]);
        assert.deepEqual(check(CONTAINER, { envs: ["A=offline-placeholder-for-prod-token"] }), ["secrets are secret: holds a secret in plain sight: envs.0"]);
        assert.match(check(COMMAND, { connection: { hostKey: HOST_KEY, privateKey: KEY } }).join(), /connection\.privateKey$/);
    });

    it("quiet commands to known hosts", () => {
        assert.match(check(COMMAND, { logging: undefined }).join(), /prints what it reads and writes$/);
        assert.match(check("command:local:Command", { logging: "stdout" }).join(), /prints/);
        assert.match(check(COMMAND, { create: secret("echo x") }).join(), /has a secret in its text/);
        assert.match(check(COMMAND, { connection: {} }).join(), /does not check the host's key$/);
        assert.match(check(COMMAND, { connection: secret({ hostKey: HOST_KEY, proxy: { hostKey: "" } }) }).join(), /does not check the host's key$/);
    });

    it("pinned images", () => {
        for (const name of ["grafana/loki", "grafana/loki:latest", "grafana/loki:3.7", "registry.example.com:5000/grafana/loki"]) {
            assert.deepEqual(check("docker:index/remoteImage:RemoteImage", { name }), [`pinned images: is not pinned: ${name}`]);
        }
        for (const name of ["prom/prometheus:v3.16.0", "registry.example.com:5000/caddy:2.11.9", `caddy@sha256:${"a".repeat(64)}`]) {
            assert.deepEqual(check("docker:index/remoteImage:RemoteImage", { name }), []);
        }
        assert.match(check(COMMAND, { create: "cat", stdin: "docker run grafana/alloy:latest\n" }).join(), /names an image without a version: stdin\/it\.txt$/);
    });

    it("contained containers", () => {
        const broken: Record<string, unknown>[] = [
            { privileged: true }, { networkMode: "host" }, { readOnly: false }, { capabilities: undefined }, { securityOpts: [] }, { memory: undefined },
            { volumes: [{ hostPath: "/var/run/docker.sock", readOnly: true }] }, { volumes: [{ hostPath: "/", readOnly: false }] },
        ];
        for (const inputs of broken) assert.match(check(CONTAINER, inputs).join(), /^contained containers: [^,]*(, and with it the host)?$/, JSON.stringify(inputs));
    });
});
