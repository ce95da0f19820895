import { z } from "zod";
import { Problem } from "../components/problems";
import * as names from "../components/names";
import { validateHostKey } from "../components/machine";
import { DEFAULT_THRESHOLDS } from "../dashboards/alerts/thresholds";

/** A string that one of the `validate*` functions of the components accepts: rules are written once, there. */
const checked = (validate: (path: string, value: string) => Problem[]) =>
    z.string().superRefine((value, context) => { for (const { message } of validate("", value)) context.addIssue({ code: "custom", message }); });

/** A value that belongs encrypted: the configuration's reference says so. */
const secret = <T extends z.ZodType>(type: T): T => type.meta({ ...type.meta(), secret: true });
/** A value whose kind has a word of its own in the configuration's reference. */
const kind = <T extends z.ZodType>(word: string, type: T): T => type.meta({ ...type.meta(), kind: word });

const environmentName = checked(names.validateEnvironment);
const name = checked(names.validateName);
const address = checked(names.validateAddress);
const token = secret(checked(names.validateToken));
const absolutePath = kind("path", checked(names.validateAbsolutePath));
const port = z.int().min(1).max(65535);
const hostKey = checked(validateHostKey);
const duration = kind("duration", z.string().regex(/^[1-9][0-9]*[hdwy]$/, 'expected hours, days, weeks or years such as "36h" or "15d"'));
const labels = z.record(z.string().regex(/^[a-z][a-z0-9_]{0,62}$/, "expected a label name of lower-case letters, digits and underscores"), z.string().max(128));
const cidr = z.union([z.cidrv4(), z.cidrv6()], { error: 'expected an address range such as "10.0.0.0/16"' });

const privateKey = secret(z.string().refine((text) => text.includes("PRIVATE KEY-----"),
    "expected the text of a private key (-----BEGIN … PRIVATE KEY-----); set it with: pulumi config set --secret --path … < FILE"));

const jump = z.strictObject({ address, port: port.optional(), user: z.string().optional(), privateKey: privateKey.optional(), hostKey });

const ssh = z.strictObject({
    address: address.optional(), port: port.optional(), user: z.string().optional(), privateKey: privateKey.optional(), hostKey: hostKey.optional(), jump: jump.optional(),
    authorizedKeys: z.array(hostKey).min(1).optional(), throughMonitoring: z.boolean().optional(),
});

const slashed = z.string().startsWith("/", "expected a path that begins with /; ~ and relative paths are not known on the host");

const actuator = z.strictObject({
    enabled: z.boolean().optional(), port: port.optional(), path: slashed.optional(), scheme: z.enum(["http", "https"]).optional(),
    intervalSeconds: z.int().min(1).optional(), username: z.string().optional(), password: secret(z.string()).optional(), ca: z.string().optional(), serverName: z.string().optional(),
});

const logs = z.strictObject({
    files: z.array(slashed).optional(), units: z.array(z.string()).optional(), containers: z.array(z.string()).optional(),
    applications: z.record(z.string(), name).optional(),
});

const tracing = z.strictObject({
    enabled: z.boolean().optional(), javaAgent: z.boolean().optional(), service: z.string().optional(), container: z.string().optional(), restart: z.boolean().optional(),
    listenAddress: address.optional(), properties: z.record(z.string(), z.string()).optional(), methods: z.record(z.string(), z.array(z.string())).optional(),
    droppedPaths: z.array(z.string()).optional(), percentage: z.number().min(0).max(100).optional(), slowMs: z.int().min(1).optional(),
});

/** An application beside the host's first one. */
const application = z.strictObject({
    name, actuator: actuator.optional(), logs: logs.omit({ applications: true }).optional(),
    tracing: tracing.pick({ javaAgent: true, service: true, container: true, restart: true, properties: true, methods: true }).optional(),
});

const hostMetrics = z.strictObject({ enabled: z.boolean().optional(), port: port.optional() });

/** Where a host without the internet has its programs from. */
const artifacts = z.strictObject({
    agent: z.strictObject({ version: z.string(), url: z.string(), sha256: z.record(z.string(), z.string()).optional() }).optional(),
    agentImage: z.string().optional(),
    javaAgent: z.strictObject({ version: z.string().optional(), url: z.string(), sha256: z.string().optional() }).optional(),
});

const wasDefaults = z.strictObject({
    ssh: ssh.optional(), application: name.optional(), applications: z.array(application).optional(), promtailDirectory: absolutePath.optional(), actuator: actuator.optional(),
    logs: logs.optional(), tracing: tracing.optional(), hostMetrics: hostMetrics.optional(),
    runtime: z.enum(["systemd", "docker"]).optional(), metrics: z.enum(["pull", "push"]).optional(), agent: z.enum(["alloy", "promtail"]).optional(), labels: labels.optional(),
    patterns: z.record(z.string(), z.string()).optional(), redactions: z.record(z.string(), z.string()).optional(), artifacts: artifacts.optional(),
});

const was = wasDefaults.extend({ name, address, local: z.boolean().optional(), canary: z.boolean().optional() });

/** One number, or two while something is rotated. */
const generations = z.array(z.int().min(1)).refine((list) => list.length === 1 || (list.length === 2 && list[1] === list[0] + 1),
    "expected one generation such as [1], or two that follow each other while both are to be accepted: [1, 2]");

/** EC2 instances that are scraped without being listed. */
const discovery = z.strictObject({
    tags: z.record(z.string(), z.string()), application: z.string().optional(), applicationTag: z.string().optional(), port: port.optional(), path: slashed.optional(),
    scheme: z.enum(["http", "https"]).optional(), region: z.string().optional(), endpoint: z.string().optional(),
});

const environment = z.strictObject({
    cidrs: z.array(cidr).min(1, 'expected the address ranges of this environment\'s WAS hosts, e.g. ["10.0.1.0/24"]'),
    hosts: z.array(z.string()).optional(), labels: z.array(z.string()).optional(), discovery: discovery.optional(), pushedMetrics: z.boolean().optional(), severity: z.enum(["page", "notify", "none"]).optional(),
    share: z.number().optional(), maxTargets: z.int().min(1).optional(), samplesPerTarget: z.int().min(1).optional(), allowedMetrics: z.array(z.string()).min(1).optional(),
    logRateMiB: z.number().optional(), logBurstMiB: z.number().optional(), maxLogStreams: z.int().optional(), maxQueryRange: duration.optional(),
    traceRateMiB: z.number().optional(), traceBurstMiB: z.number().optional(), maxSpanMetricSeries: z.int().optional(),
    token: token.optional(), previousToken: token.optional(),
    tokenGenerations: generations.optional(), registrationKeyGenerations: generations.optional(),
    retention: z.strictObject({ logs: duration.optional(), traces: duration.optional() }).optional(),
});

const dataVolume = z.strictObject({
    sizeGiB: z.int().optional(), snapshotId: z.string().optional(), protect: z.boolean().optional(), retain: z.boolean().optional(),
    snapshots: z.int().optional(), snapshotTime: z.string().optional(),
});

const ec2 = z.strictObject({
    instanceType: z.string().optional(), ami: z.string().optional(), imageRelease: z.string().optional(), subnetId: z.string().optional(),
    gatewayFrom: z.array(z.string()), sshFrom: z.array(z.string()), allowWorld: z.boolean().optional(), allowWorldSsh: z.boolean().optional(), rootVolumeGiB: z.int().optional(),
    dataVolume: dataVolume.optional(), sessionManager: z.boolean().optional(), rebootTime: z.string().optional(),
    recoveryAlarm: z.boolean().optional(), alarmTopic: z.string().optional(), dns: z.strictObject({ zoneId: z.string(), name: z.string() }).optional(),
    scrapes: z.array(z.strictObject({ securityGroupId: z.string(), ports: z.array(port).optional() })).optional(),
    swapMiB: z.int().min(0).optional(), cpuCredits: z.enum(["standard", "unlimited"]).optional(), staticAddress: z.boolean().optional(), memoryMiB: z.int().optional(), sshKeyGenerations: generations.optional(),
    tags: z.record(z.string(), z.string()).optional(),
});

const machine = z.strictObject({ local: z.boolean().optional(), ssh: ssh.omit({ throughMonitoring: true }).extend({ address }).optional(), memoryMiB: z.int().min(1500).optional(), cores: z.int().min(1).optional() });

/** What the hosts of all environments will bring. */
const workload = z.strictObject({
    hosts: z.int().min(1), series: z.number().min(0).optional(), lines: z.number().min(0).optional(), spans: z.number().min(0).optional(),
});

const url = z.url("expected a URL: http(s)://HOST/PATH");

const receiver = z.strictObject({ kind: z.enum(["slack", "discord", "webhook"]), url: secret(url) });

/** Where alerts are sent. */
const alerting = z.strictObject({ page: z.array(receiver).optional(), notify: z.array(receiver).optional(), heartbeatUrl: secret(url).optional(), runbookUrl: url.optional() });

/** Logins to Grafana with accounts from elsewhere. */
const login = z.strictObject({
    github: z.strictObject({ clientId: z.string(), clientSecret: secret(z.string()), allowedOrganizations: z.array(z.string()), adminTeams: z.array(z.string()).optional(), editorTeams: z.array(z.string()).optional() }).optional(),
    google: z.strictObject({ clientId: z.string(), clientSecret: secret(z.string()), allowedDomains: z.array(z.string()), admins: z.array(z.string()).optional(), editors: z.array(z.string()).optional() }).optional(),
});

/** People who see some environments only. */
const organization = z.strictObject({ environments: z.array(environmentName), members: z.record(z.string(), z.string()).optional() });

/** When alerts fire: any of the built-in thresholds. */
const thresholds = z.strictObject(Object.fromEntries(Object.keys(DEFAULT_THRESHOLDS).map((name) => [name, z.number().min(0).optional()])) as
    Record<keyof typeof DEFAULT_THRESHOLDS, z.ZodOptional<z.ZodNumber>>);

const externalUrl = z.string().regex(/^https?:\/\//, "expected a URL: http(s)://HOST/PATH");

const externalEndpoint = z.strictObject({
    url: externalUrl, username: z.string().optional(), password: secret(z.string()).optional(), token: secret(z.string()).optional(), headers: z.record(z.string(), z.string()).optional(), ca: z.string().optional(),
});

/** Endpoints outside of the shared deployment, in place of it or beside it. */
const external = z.strictObject({
    logs: externalEndpoint.optional(), traces: externalEndpoint.optional(),
    metrics: externalEndpoint.extend({ sigv4: z.strictObject({ region: z.string(), roleArn: z.string().optional() }).optional() }).optional(),
});

/** A bucket for the blocks of Loki and Tempo. */
const blocks = z.strictObject({
    bucket: z.string(), region: z.string(), endpoint: z.string().optional(), tls: z.boolean().optional(), accessKeyId: z.string(), secretAccessKey: secret(z.string()), since: kind("day", z.string()),
});

const owner = z.strictObject({
    host: z.strictObject({ ec2: ec2.optional(), machine: machine.optional() }),
    address: address.optional(), registrationAddress: address.optional(), hostKey: hostKey.optional(),
    environments: z.record(environmentName, environment),
    port: port.optional(), tls: z.enum(["ca", "provided", "acme", "off"]).optional(), certificate: z.string().optional(), privateKey: secret(z.string()).optional(), domain: z.string().optional(),
    trustedCa: z.string().optional(), email: z.string().optional(),
    names: z.array(address).optional(), adminPassword: secret(z.string().min(12, "expected at least 12 characters")).optional(), adminPasswordGeneration: z.int().min(1).optional(), login: login.optional(), organizations: z.record(z.string(), organization).optional(), directory: absolutePath.optional(),
    retention: z.strictObject({ metrics: duration.optional(), metricsSize: z.string().optional(), logs: duration.optional(), traces: duration.optional() }).optional(),
    workload: workload.optional(), images: z.record(z.string(), z.string()).optional(), acceptIrreversible: z.record(z.string(), z.string()).optional(),
    registry: z.string().optional(), destroyWithMembers: z.boolean().optional(),
    external: external.optional(), remoteWrite: z.array(externalEndpoint).optional(), blocks: blocks.optional(), alerting: alerting.optional(), thresholds: thresholds.optional(), withoutAlerts: z.array(z.string()).optional(),
    withoutDashboards: z.array(z.string()).optional(), withoutDataSources: z.array(z.string()).optional(),
});

const member = z.strictObject({ stack: z.string().min(1).optional(), connection: kind("JSON text", secret(z.unknown())).optional(), jump: jump.required({ privateKey: true }).optional(), external: external.optional() });

/** A stack without a shared deployment. */
const outside = z.strictObject({ external });

/** The config of one stack, as written. Nothing is filled in yet: `stacks/config.ts` does that. */
export const schema = z.strictObject({
    environment: environmentName.optional(),
    /** Owner or member is told from the keys that stand there, so that problems speak of the right one. */
    monitoring: kind("section", z.unknown()),
    defaults: wasDefaults.optional(),
    was: z.array(was).optional(),
    deployKeyGenerations: generations.optional(),
    repair: z.string().optional(),
});

export const wasSchema = was;
export const wasDefaultsSchema = wasDefaults;
export const ownerSchema = owner;
export const memberSchema = member;
export const outsideSchema = outside;

export type OwnerConfig = z.infer<typeof owner>;
export type ExternalConfig = z.infer<typeof external>;
export type MemberConfig = z.infer<typeof member>;
export type WasConfig = z.infer<typeof was>;
export type ApplicationConfig = z.infer<typeof application>;
export type WasDefaults = z.infer<typeof wasDefaults>;
export type EnvironmentConfig = z.infer<typeof environment>;
export type Ec2Config = z.infer<typeof ec2>;
export type ArtifactsConfig = z.infer<typeof artifacts>;
export type SshConfig = z.infer<typeof ssh>;
export type JumpConfig = z.infer<typeof jump>;
