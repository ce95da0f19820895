import { REGISTRATION } from "../../../components/metrics-target/registration";
import { ExecOptions } from "../support/exec";
import { ssh } from "../support/ssh";
import { Attack, Ground, Logged, said } from "./kit";

const TARGETS = `${REGISTRATION.root}/targets`;
/** What the registration program writes in the journal about a refusal. */
const program = (what: RegExp | string): Logged => ({ where: "journal", what: what instanceof RegExp ? new RegExp(`dev .* from [0-9.]+ .*refused: .*${what.source}`) : what });
const WORDS = program(/only say "set" or "remove"/);
/** Not a word of its own: that the key was used is in sshd's log. */
const LOGIN: Logged = { where: "journal", what: /Accepted publickey for monitoring-targets/ };

interface Target { [key: string]: unknown }

/** A list as `MetricsTarget` sends it, with one target; changed. */
function list({ world }: Ground, change: Target = {}, target: Target = {}, labels: Target = {}): string {
    return JSON.stringify({
        format: 1, environment: "dev", profiles: {},
        targets: [{ kind: "application", profile: "", address: `${world.hosts.dev.address}:8080`, labels: { application: "attack", instance: "attack", ...labels }, ...target }], ...change,
    });
}

async function run(ground: Ground, command: string[], options: string[] = [], input: string | Buffer = "", more: ExecOptions = {}) {
    const from = Date.now();
    const { code, stdout, stderr } = await ssh(ground.identities.dev, command, options, input, more);
    return said(from, code, stdout + stderr);
}

const commands: Attack[] = ([
    ["a shell", []], ["another program", ["id"]], ["a program after the word", ["set; id"]], ["a program in the word", ["set", "$(id)"]], ["a program behind a bar", ["set|id"]], ["a line break", ["set\nid"]],
    ["options", ["set --root /tmp"]], ["another environment's name", ["set prod"]], ["the owner's word", ["refresh"]], ["the program by its path", [`${REGISTRATION.program} prod`]],
    ["rsync", ["rsync --server --sender . /etc/photogather-monitoring"]], ["scp", ["scp -f /etc/photogather-monitoring/gateway/ca.key"]], ["git", ["git-upload-pack '/etc'"]], ["a NUL's worth of blanks", ["set ".padEnd(5000)]],
] as [string, string[]][]).map(([what, command]) => ({ what: `${what}: ${command.join(" ").slice(0, 40) || "ssh HOST"}`, send: (ground) => run(ground, command, ["-T"]), answer: /^exit 1: refused: this identity may only say/, logged: WORDS }));

const channels: Attack[] = [
    { what: "a terminal", send: (g) => run(g, ["sh"], ["-tt"], "id\n"), answer: /^exit (1|255): .*PTY allocation request failed/, logged: LOGIN },
    { what: "SFTP", send: (g) => run(g, ["sftp"], ["-s"]), answer: /^exit 1: /, logged: WORDS },
    { what: "a forwarded connection, to SSH", send: (g) => run(g, [], ["-W", "127.0.0.1:22"]), answer: /^exit 255: .*prohibited/, logged: { where: "journal", what: /refused local port forward.*target 127\.0\.0\.1 port 22/ } },
    { what: "a forwarded connection, to Prometheus", send: (g) => run(g, [], ["-W", "prometheus:9090"]), answer: /^exit 255: .*prohibited/, logged: { where: "journal", what: /refused local port forward.*target prometheus port 9090/ } },
    { what: "a socket on the host", send: (g) => run(g, [], ["-N", "-o", "ExitOnForwardFailure=yes", "-R", "/tmp/attack.sock:127.0.0.1:22"]), answer: /^exit 255: .*remote port forwarding failed/, logged: LOGIN },
    { what: "a port on the host", send: (g) => run(g, [], ["-N", "-o", "ExitOnForwardFailure=yes", "-R", "18080:127.0.0.1:22"]), answer: /^exit 255: .*remote port forwarding failed/, logged: LOGIN },
    { what: "a tunnel", send: (g) => run(g, [], ["-o", "ExitOnForwardFailure=yes", "-w", "0:0", "-T"]), answer: /^exit (1|255): /, logged: LOGIN },
    { what: "an agent and X11", send: (g) => run(g, ["env"], ["-A", "-X", "-T"]), answer: /^exit 1: .*refused: this identity/, logged: WORDS },
];

const environment: Attack[] = [
    { what: "variables that change programs", send: (g) => run(g, ["env"], ["-T", "-o", "SetEnv=LD_PRELOAD=/tmp/x.so PYTHONPATH=/tmp LC_ALL=xx ENVIRONMENT=prod"]), answer: /^exit 1: refused: this identity/, logged: WORDS },
    { what: "a command by variable", send: (g) => run(g, ["id"], ["-T", "-o", "SetEnv=SSH_ORIGINAL_COMMAND=set"]), answer: /^exit 1: refused: this identity/, logged: WORDS },
    { what: "another user with the key", send: async (g) => { const from = Date.now(); const { code, stderr } = await ssh({ ...g.identities.dev, user: "ubuntu" }, ["id"], ["-T"]); return said(from, code, stderr); }, answer: /^exit 255: .*Permission denied/, logged: { where: "journal", what: /Connection (closed|reset) by authenticating user ubuntu/ } },
    { what: "root with the key", send: async (g) => { const from = Date.now(); const { code, stderr } = await ssh({ ...g.identities.dev, user: "root" }, ["id"], ["-T"]); return said(from, code, stderr); }, answer: /^exit 255: .*Permission denied/, logged: { where: "journal", what: /Connection (closed|reset) by authenticating user root/ } },
    { what: "the user with a password", send: (g) => run(g, ["set"], ["-o", "PubkeyAuthentication=no", "-o", "PreferredAuthentications=password,keyboard-interactive"]), answer: /^exit 255: .*Permission denied/, logged: { where: "journal", what: /Connection (closed|reset) by authenticating user monitoring-targets/ } },
];

/** What is said in the list: refused with the reason, and in the journal. */
const lists: Attack[] = ([
    ["another environment", (g) => list(g, { environment: "prod" }), /this identity is for "dev"/],
    ["an address outside of its networks", (g) => list(g, {}, { address: "192.0.2.1:8080" }), /outside the environment's CIDRs/],
    ["the metadata service", (g) => list(g, {}, { address: "169.254.169.254:80" }), /outside the environment's CIDRs/],
    ["the host's loopback", (g) => list(g, {}, { address: "127.0.0.1:9090" }), /outside the environment's CIDRs/],
    ["loopback as a number", (g) => list(g, {}, { address: "2130706433:9090" }), /no IP address/],
    ["a container by name", (g) => list(g, {}, { address: "alertmanager:9093" }), /no IP address/],
    ["IPv4 in IPv6", (g) => list(g, {}, { address: "[::ffff:127.0.0.1]:9090" }), /outside the environment's CIDRs/],
    ["a user in the address", (g) => list(g, {}, { address: `x@${g.world.hosts.dev.address}:8080` }), /expected ADDRESS:PORT/],
    ["the address as a label", (g) => list(g, {}, {}, { __address__: "169.254.169.254:80" }), /unknown key/],
    ["a parameter as a label", (g) => list(g, {}, {}, { __param_target: "x" }), /unknown key/],
    ["the environment as a label", (g) => list(g, {}, {}, { environment: "prod" }), /unknown key/],
    ["a path with a query", (g) => list(g, {}, {}, { __metrics_path__: "/a?b=c" }), /expected a path/],
    ["a path upwards", (g) => list(g, {}, {}, { __metrics_path__: "/a/../b" }), /expected a path/],
    ["a scrape each second", (g) => list(g, {}, {}, { __scrape_interval__: "1s" }), /expected from/],
    ["a profile that is a path", (g) => list(g, { profiles: { "../../prod/x": { password: "y", username: "z" } } }, { profile: "../../prod/x" }), /expected a name/],
    ["a password file's line break", (g) => list(g, { profiles: { a: { username: "x", password: "a\nb" } } }, { profile: "a" }), /not what can stand there/],
    ["duplicate keys", (g) => list(g).replace('"environment":"dev"', '"environment":"prod","environment":"dev"'), /duplicate key/],
    ["a NUL", (g) => list(g).replace('"attack"', '"at\\u0000tack"'), /control characters/],
    ["bytes that are no text", () => Buffer.from([0xff, 0xfe, 0x00, 0x01]), /not UTF-8/],
    ["lists in lists, 100,000 deep", () => "[".repeat(100_000), /nested too deeply|expected JSON/],
    ["a number of 50,000 digits", (g) => list(g).replace('"format":1', `"format":${"9".repeat(50_000)}`), /expected/],
    ["10,000 targets", (g) => list(g, { targets: Array.from({ length: 10_000 }, (_, i) => ({ kind: "application", profile: "", address: `10.0.${i >> 8}.${i & 255}:1`, labels: {} })) }), /targets, and|1 MiB/],
    ["nothing", () => "", /expected JSON/],
    ["100 MB", () => Buffer.alloc(100_000_000, 0x20), /more than 1 MiB/],
] as [string, (ground: Ground) => string | Buffer, RegExp][]).map(([what, input, reason]) => ({
    what: `a list with ${what}`, send: (ground) => run(ground, ["set"], ["-T"], input(ground)), answer: new RegExp(`^exit 1: refused: .*${reason.source}`), logged: program(reason),
}));

const never: Attack[] = [{
    what: "a list that never ends, a byte and then nothing", answer: /^exit 1: refused: not done within 30 seconds/, logged: program(/not done within 30 seconds/),
    send: (ground) => run(ground, ["set"], ["-T"], "{", { openStdin: true }),
}];

/** As if somebody had put links where the program writes: it replaces them, and never writes through them. */
const links: Attack[] = [["-s", "a symbolic link"], ["", "a hard link"]].map(([option, what]) => ({
    what: `${what} to prod's list in the place of dev's`, answer: /^exit 0: registered \d+ targets for dev$/, logged: { where: "journal", what: /dev set from .*registered/ },
    send: async (ground) => {
        const { monitor } = ground.world;
        const last = await monitor.must("cat /var/lib/photogather-monitoring/data/registration/dev.json");
        await monitor.must(`cd ${TARGETS} && cp -a dev.application.json /root/dev.list && ln -f ${option} prod.application.json dev.application.json && ln -f ${option} prod.application.json .dev.application.json.tmp`);
        return run(ground, ["set"], ["-T"], last);
    },
}));

/** One after the other: each is found in the journal by its time. The one that takes 30 s runs by itself. */
export const registrationAttacks: Attack[] = [...commands, ...channels, ...environment, ...lists, ...links];
export const patientAttacks: Attack[] = never;
