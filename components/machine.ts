import * as pulumi from "@pulumi/pulumi";
import { local, remote, types } from "@pulumi/command";
import { asideScript, Bundle, encodeBundle, ownedScript, removeScript, unpackScript } from "./bundle";
import { shell } from "./encode";
import { loginKeysScript, validateLoginKeys } from "./login-keys";
import { validateAddress, validatePort } from "./names";
import { Problem, under } from "./problems";

/** How to reach a machine by SSH. The host key is required: without it, a connection to anybody would be taken for the host. */
export interface SshConnection {
    /** Host name or IP address. */
    address: pulumi.Input<string>;
    /** @default 22 */
    port?: pulumi.Input<number>;
    /** A user who is root, or who may run `sudo -n` (and, for the monitoring host, Docker). @default "ubuntu" */
    user?: pulumi.Input<string>;
    /** The private key's text (OpenSSH or PEM), a secret. */
    privateKey: pulumi.Input<string>;
    /** The host's public key as `ssh-keyscan -t ed25519 ADDRESS` prints it, without the address: `ssh-ed25519 AAAA…`. */
    hostKey: pulumi.Input<string>;
    /**
     * Public keys that may log in as the user, in place of earlier ones of this list: two while the key is rotated. Keys that others put on the machine stay.
     *
     * @default who may log in is not our business
     */
    authorizedKeys?: pulumi.Input<string>[];
    /** The host to go through, where the machine cannot be reached directly. */
    jump?: SshJump;
}

/** A jump host (bastion). It may be the monitoring host itself. */
export interface SshJump {
    /** Host name or IP address. */
    address: pulumi.Input<string>;
    /** @default 22 */
    port?: pulumi.Input<number>;
    /** @default "ubuntu" */
    user?: pulumi.Input<string>;
    /** The private key's text, a secret. */
    privateKey: pulumi.Input<string>;
    /** The jump host's public key: `ssh-ed25519 AAAA…`. */
    hostKey: pulumi.Input<string>;
}

/** A machine that commands run on. */
export interface Machine {
    /** How to reach it. Absent: the machine that Pulumi runs on. */
    ssh?: SshConnection;
    /** Any new value installs our files anew, which puts right what somebody changed by hand. @default "" */
    repair?: string;
}

/** How long to wait for a host's SSH port. */
export interface DialPatience {
    /** Failed attempts before giving up; -1 waits until the resource's own timeout, as for an instance that is still booting. @default 4 */
    attempts?: number;
}

/** A public key in the form that a known_hosts file has after the address. */
const HOST_KEY = /^(ssh-ed25519|ssh-rsa|ecdsa-sha2-nistp(256|384|521)) [A-Za-z0-9+/]+=*( .*)?$/;

/** Problems of a connection whose values are known; what is still an Output is left to the engine. */
export function validateSsh(ssh: pulumi.Input<SshConnection>): Problem[] {
    if (!isSection(ssh)) return [];
    return [
        ...validateHop(ssh),
        ...(ssh.authorizedKeys ? validateLoginKeys("authorizedKeys", ssh.authorizedKeys, ssh.privateKey) : []),
        ...(ssh.jump ? under("jump", validateHop(ssh.jump)) : []),
    ];
}

function validateHop(hop: SshJump): Problem[] {
    const problems: Problem[] = [];
    if (typeof hop.address === "string") problems.push(...validateAddress("address", hop.address));
    if (typeof hop.port === "number") problems.push(...validatePort("port", hop.port));
    if (typeof hop.hostKey === "string") problems.push(...validateHostKey("hostKey", hop.hostKey));
    if (typeof hop.privateKey === "string" && !hop.privateKey.includes("PRIVATE KEY-----")) {
        problems.push({ path: "privateKey", message: "expected the text of a private key (-----BEGIN … PRIVATE KEY-----), not a path" });
    }
    return problems;
}

/** Problems with a host's public key. */
export function validateHostKey(path: string, hostKey: string): Problem[] {
    return HOST_KEY.test(hostKey) ? [] : [{ path, message: 'expected a public key such as "ssh-ed25519 AAAA…"; ask the host with: ssh-keyscan -t ed25519 ADDRESS' }];
}

/** False where all of it is an Output, as programs in other languages may give it. An Output answers to any name, so it must not be taken for a section. */
export function isSection<T extends object>(value: pulumi.Input<T>): value is T {
    return !pulumi.Output.isInstance(value) && !(value instanceof Promise);
}

/** The connection that `@pulumi/command` takes: always with the host key, which it would otherwise not check at all. */
export function remoteConnection(ssh: pulumi.Input<SshConnection>, patience: DialPatience = {}): pulumi.Input<types.input.remote.ConnectionArgs> {
    if (!isSection(ssh)) return pulumi.output(ssh).apply((known) => remoteConnection(known as SshConnection, patience)) as pulumi.Output<types.input.remote.ConnectionArgs>;
    const hop = (to: SshJump) => ({
        host: to.address, port: to.port ?? 22, user: to.user ?? "ubuntu", privateKey: pulumi.secret(to.privateKey), hostKey: to.hostKey,
        dialErrorLimit: patience.attempts ?? 4, perDialTimeout: 15,
    });
    return { ...hop(ssh), ...(ssh.jump ? { proxy: hop(ssh.jump) } : {}) };
}

/** One bundle of files on a machine, and what is to be done about it there. */
export interface MachineBundle {
    /** The files. May hold secrets: they travel on stdin only. */
    bundle: pulumi.Input<Bundle>;
    /** The bundle's name again, plain: scripts are made before the bundle is known. */
    bundleName: string;
    /** Shell text that runs as root before the files are unpacked; stdin must be left alone (`</dev/null`). Holds no secret. */
    before?: string;
    /** Shell text that runs as root when the files are in place; `$CHANGED` lists those that changed. Holds no secret. */
    after?: string;
    /** Shell text that runs as root on removal, before the files go. Holds no secret. */
    remove?: string;
}

/** What `machineFiles` does on a machine. */
export interface MachineFilesArgs extends MachineBundle {
    machine: Machine;
    /** Bundles that the same command puts there after the first one, each once the one before stands: one connection for all of them. @default [] */
    more?: MachineBundle[];
    /** Values whose change removes and installs anew, rather than updating in place. */
    triggers?: pulumi.Input<string>[];
    patience?: DialPatience;
}

/**
 * The one command that owns our files on a machine: creates, updates in place and removes them. Nothing is printed by it but what `after` and
 * `fail` say.
 */
export function machineFiles(name: string, args: MachineFilesArgs, opts: pulumi.CustomResourceOptions): remote.Command | local.Command {
    return scriptCommand(name, { machine: args.machine, patience: args.patience, triggers: args.triggers }, machineFilesScripts(args), opts);
}

/** The scripts of `machineFiles` and what they read, a secret: for a machine that runs them itself. */
export function machineFilesScripts(args: MachineFilesArgs): pulumi.Output<Scripts> {
    const repair = args.machine.repair ? `# repair ${shell(args.machine.repair)}\n` : "";
    const parts = [args, ...(args.more ?? [])];
    const { authorizedKeys = [] } = args.machine.ssh ?? {};
    // One step for all of it: with a thousand hosts each step of each host counts.
    return pulumi.secret(pulumi.all([pulumi.all(parts.map(({ bundle }) => bundle)), pulumi.all(authorizedKeys)]).apply(([bundles, keys]) => {
        const known = parts.map((part, i): KnownBundle => ({ ...part, bundle: bundles[i] as Bundle, by: i === 0 ? "" : args.bundleName }));
        const loginKeys = keys.length > 0 ? loginKeysScript(keys) : "";
        return {
            create: repair + oneAfterAnother(known.map((part, i) => installScript(part, i === 0 ? loginKeys : ""))),
            delete: oneAfterAnother(known.map(uninstallScript).reverse()),
            input: known.map(({ bundle }) => encodeBundle(bundle)).join(""),
        };
    }));
}

/** A `MachineBundle` when everything is known. */
interface KnownBundle extends MachineBundle {
    bundle: Bundle;
    /** The bundle that it came beside, "" where it is the first. */
    by: string;
}

function installScript({ bundle, before, after, by }: KnownBundle, loginKeys: string): string {
    return `${before ? `set -eu\n{\n${before}\n} </dev/null\n` : ""}${unpackScript(bundle.name, by)}${loginKeys || after ? `set +e\n(\nset -e\n${loginKeys}${after || ":"}\n) </dev/null\n` : ""}status=$?\nset -e\n${asideScript()}`;
}

function uninstallScript({ bundle, remove, by }: KnownBundle): string {
    return `${ownedScript(bundle.name, bundle.machine, by)}{\n${remove || ":"}\n} </dev/null\n${removeScript(bundle.name)}`;
}

/** Each in a shell of its own, as each may define what it likes, and end early; what follows a failure is left undone. */
function oneAfterAnother(scripts: string[]): string {
    return scripts.length === 1 ? scripts[0] : scripts.map((script) => `(\n${script})\nstatus=$?\n[ "$status" = 0 ] || exit "$status"\n`).join("");
}

/** A script on a machine. */
export interface MachineScriptArgs {
    machine: Machine;
    /** Shell text (POSIX sh) that runs as root on creation, and on any change (so it must bear repetition). */
    create: pulumi.Input<string>;
    /** Shell text that runs as root on removal. @default nothing */
    delete?: pulumi.Input<string>;
    /** What the script reads on stdin. */
    input?: pulumi.Input<string>;
    triggers?: pulumi.Input<string>[];
    patience?: DialPatience;
}

/**
 * Runs scripts as root on a machine. Their text travels on stdin, before the input: a command that fails is shown with its text, and so the user
 * reads one short line and what the script said, rather than a page of shell.
 */
export function machineScript(name: string, { create, delete: remove, input, ...rest }: MachineScriptArgs, opts: pulumi.CustomResourceOptions): remote.Command | local.Command {
    const scripts = pulumi.all([create, remove ?? "", input ?? ""]).apply(([onCreate, onDelete, text]) => ({ create: onCreate, delete: onDelete, input: text }));
    return scriptCommand(name, rest, scripts, opts);
}

function scriptCommand(name: string, args: Omit<MachineCommandArgs, "create" | "delete" | "stdin">, scripts: pulumi.Output<Scripts>, opts: pulumi.CustomResourceOptions) {
    return machineCommand(name, { ...args, create: runScript(1), delete: runScript(2), stdin: scripts.apply(encodeScripts) }, opts);
}

/** What `machineScript` sends. */
export interface Scripts {
    create: string;
    delete: string;
    input: string;
}

/** Two lines of base64, and the input as it is. */
export function encodeScripts(scripts: Scripts): string {
    const line = (text: string) => Buffer.from(text, "utf8").toString("base64");
    return `${line(scripts.create)}\n${line(scripts.delete)}\n${scripts.input}`;
}

/** Reads what `encodeScripts` wrote. */
export function decodeScripts(stdin: string): Scripts {
    const [create, remove, ...input] = stdin.split("\n");
    const text = (line: string | undefined) => Buffer.from(line ?? "", "base64").toString("utf8");
    return { create: text(create), delete: text(remove), input: input.join("\n") };
}

/** Runs one of the scripts on stdin as root, whoever the user is; the other one is read over. sh reads single bytes, so the input stays unread. */
export function runScript(line: number): string {
    const other = "read -r other; ";
    const text = `${line === 2 ? other : ""}read -r script; ${line === 1 ? other : ""}eval "$(printf %s "$script" | base64 -d)"`;
    return `exec $([ "$(id -u)" = 0 ] || echo sudo -n) sh -c ${shell(text)}`;
}

/** A command on a machine. */
export interface MachineCommandArgs {
    machine: { ssh?: pulumi.Input<SshConnection> };
    /** Runs on creation, and on any change (so it must bear repetition). Printed when it fails: no secret in it. */
    create: pulumi.Input<string>;
    /** Runs on removal. Printed when it fails: no secret in it. */
    delete?: pulumi.Input<string>;
    /** Where secrets go. */
    stdin?: pulumi.Input<string>;
    triggers?: pulumi.Input<string>[];
    patience?: DialPatience;
}

/** `remote.Command` or `local.Command`, as the machine is reached. The one place that knows the difference. */
export function machineCommand(name: string, args: MachineCommandArgs, opts: pulumi.CustomResourceOptions): remote.Command | local.Command {
    const { machine, patience, ...common } = args;
    // Without this the output of the run before is sent as SSH environment variables, which sshd refuses by default.
    const shared = { ...common, addPreviousOutputInEnv: false };
    return machine.ssh
        ? new remote.Command(name, { ...shared, connection: remoteConnection(machine.ssh, patience), logging: remote.Logging.None }, opts)
        : new local.Command(name, { ...shared, logging: local.Logging.None }, opts);
}
