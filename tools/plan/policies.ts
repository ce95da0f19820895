import { isSecret, Registration, reveal } from "../offline";
import { plannedFiles } from "./files";

/** What the stack's config knowingly allows. */
export interface Allowed {
    /** `monitoring.host.ec2.allowWorld`: sources of the gateway that are the whole internet. */
    world: boolean;
    /** `monitoring.host.ec2.allowWorldSsh`: the same of SSH. */
    worldSsh: boolean;
    /** `monitoring.host.ec2.dataVolume.protect: false`: a data volume that may be deleted, as before `pulumi destroy`. */
    unprotected: boolean;
}

/** A rule that every stack must hold, whatever its config. */
interface Policy {
    name: string;
    /** What is wrong with one resource, in words that follow its name. */
    check(resource: Registration, allowed: Allowed): string[];
}

type Inputs = Record<string, unknown>;

const INGRESS = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule";
const SECURITY_GROUP = "aws:ec2/securityGroup:SecurityGroup";
const INSTANCE = "aws:ec2/instance:Instance";
const VOLUME = "aws:ebs/volume:Volume";
const IMAGE = "docker:index/remoteImage:RemoteImage";
const CONTAINER = "docker:index/container:Container";
const REMOTE_COMMAND = "command:remote:Command";
const COMMANDS = [REMOTE_COMMAND, "command:local:Command"];

/** `v1.2.3` and the like, or a digest: what is pulled tomorrow is what was tested today. */
const PINNED = /(:v?\d+\.\d+\.\d+[\w.-]*|@sha256:[0-9a-f]{64})$/;
/** What is secret in every plan: keys, and the placeholders that stand for passwords and tokens. */
const SECRET_TEXT = /PRIVATE KEY-----|offline-placeholder-for-/;

export const POLICIES: Policy[] = [
    { name: "no open ingress", check: checkIngress },
    { name: "encrypted volumes", check: checkEncryption },
    { name: "protected data", check: checkProtection },
    { name: "guarded instance metadata", check: checkMetadata },
    { name: "secrets are secret", check: checkSecrets },
    { name: "quiet commands to known hosts", check: checkCommand },
    { name: "pinned images", check: checkImage },
    { name: "contained containers", check: checkContainer },
];

/** Every policy on every resource of a plan: one line for each that does not hold. */
export function checkPolicies(registrations: Registration[], allowed: Allowed): string[] {
    return registrations.flatMap((resource) => POLICIES.flatMap(({ name, check }) =>
        check(resource, allowed).map((message) => `${name}: ${resource.type} ${resource.name} ${message}`)));
}

function checkIngress({ type, inputs }: Registration, { world, worldSsh }: Allowed): string[] {
    if (type === SECURITY_GROUP && inputs.ingress !== undefined) return ["has rules of its own, which are not looked at: make SecurityGroupIngressRules"];
    const ssh = inputs.fromPort === 22;
    if (type !== INGRESS || (ssh ? worldSsh : world)) return [];
    return [inputs.cidrIpv4, inputs.cidrIpv6].filter((cidr) => typeof cidr === "string" && isWorld(cidr)).map((cidr) => `lets in ${String(cidr)}, and ${ssh ? "allowWorldSsh" : "allowWorld"} is not set`);
}

/** Half of the internet or more. */
function isWorld(cidr: string): boolean {
    return Number(cidr.split("/")[1]) <= 1;
}

function checkEncryption({ type, inputs }: Registration): string[] {
    if (type === VOLUME) return inputs.encrypted === true ? [] : ["is not encrypted"];
    if (type !== INSTANCE) return [];
    const disks = [["rootBlockDevice", inputs.rootBlockDevice], ...((inputs.ebsBlockDevices ?? []) as unknown[]).map((disk, index) => [`ebsBlockDevices[${index}]`, disk])];
    return disks.filter(([, disk]) => (disk as Inputs | undefined)?.encrypted !== true).map(([name]) => `has a disk that is not encrypted: ${String(name)}`);
}

function checkProtection({ type, options }: Registration, { unprotected }: Allowed): string[] {
    if (type !== VOLUME || unprotected) return [];
    return [...(options.protect ? [] : ["may be deleted, and dataVolume.protect is not false"]), ...(options.retainOnDelete ? [] : ["goes with the stack: it is not retained"])];
}

function checkMetadata({ type, inputs }: Registration): string[] {
    if (type !== INSTANCE) return [];
    const { httpTokens, httpPutResponseHopLimit } = (inputs.metadataOptions ?? {}) as Inputs;
    return httpTokens === "required" && httpPutResponseHopLimit === 1 ? [] : ["gives its metadata without a token, or to containers"];
}

function checkSecrets({ inputs }: Registration): string[] {
    return plainSecrets(inputs, "").map((path) => `holds a secret in plain sight: ${path}`);
}

/** Paths of texts that are secret and are not marked so. */
function plainSecrets(value: unknown, at: string): string[] {
    if (typeof value === "string") return SECRET_TEXT.test(value) ? [at] : [];
    if (typeof value !== "object" || value === null || isSecret(value)) return [];
    return Object.entries(value).flatMap(([key, inner]) => plainSecrets(inner, at ? `${at}.${key}` : key));
}

function checkCommand(resource: Registration): string[] {
    const { type, inputs } = resource;
    if (!COMMANDS.includes(type)) return [];
    const { connection } = inputs;
    const hops = type === REMOTE_COMMAND ? [reveal<Inputs>(connection), reveal<Inputs | undefined>(reveal<Inputs>(connection)?.proxy)].filter(Boolean) : [];
    return [
        ...(inputs.logging === "none" ? [] : ["prints what it reads and writes"]),
        ...(isSecret(inputs.create) || isSecret(inputs.delete) ? ["has a secret in its text, which a failure prints: give it on stdin"] : []),
        ...(hops.every((hop) => Boolean(reveal(hop?.hostKey))) ? [] : ["does not check the host's key"]),
        ...plannedFiles([resource]).filter(({ content }) => /[\w/-]:latest\b/.test(content)).map(({ path }) => `writes a file that names an image without a version: ${path}`),
    ];
}

function checkImage({ type, inputs }: Registration): string[] {
    return type === IMAGE && !PINNED.test(String(reveal(inputs.name))) ? [`is not pinned: ${String(reveal(inputs.name))}`] : [];
}

function checkContainer({ type, inputs }: Registration): string[] {
    if (type !== CONTAINER) return [];
    const volumes = (inputs.volumes ?? []) as Inputs[];
    const problems: [boolean, string][] = [
        [inputs.privileged === true, "is privileged"],
        [inputs.networkMode === "host", "shares the host's network"],
        [inputs.readOnly !== true, "can write to its image"],
        [!((inputs.capabilities as Inputs | undefined)?.drops as string[] | undefined)?.includes("ALL"), "keeps capabilities"],
        [!(inputs.securityOpts as string[] | undefined)?.includes("no-new-privileges:true"), "may gain privileges"],
        [!(Number(inputs.memory) > 0), "has no memory limit"],
        [volumes.some(({ hostPath }) => String(hostPath).endsWith("docker.sock")), "holds Docker's socket, and with it the host"],
        [volumes.some(({ hostPath, readOnly }) => hostPath === "/" && readOnly !== true), "can write to the host's disk"],
    ];
    return problems.filter(([broken]) => broken).map(([, message]) => message);
}
