import { spawnSync } from "node:child_process";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { RegistrationPolicyArgs, registrationProgram, renderPolicy } from "../../components/metrics-target/registration";

/** A monitoring host's registration in a directory of its own: program, policies, and the directories that the program writes to. */
export interface RegistrationRoot {
    directory: string;
    /** The forced command without the environment's name. */
    command: string[];
}

/** Lays out a root with the policies given. */
export function registrationRoot(environments: Record<string, RegistrationPolicyArgs>): RegistrationRoot {
    const directory = fs.mkdtempSync(path.join(os.tmpdir(), "registration-"));
    for (const name of ["targets", "scrape", "credentials", "requests", "policies"]) fs.mkdirSync(path.join(directory, name));
    const program = path.join(directory, "register-targets");
    fs.writeFileSync(program, registrationProgram(), { mode: 0o755 });
    for (const [name, policy] of Object.entries(environments)) writePolicy(directory, name, policy);
    const at = (name: string) => path.join(directory, name);
    return { directory, command: [program, "--root", directory, "--policies", at("policies"), "--requests", at("requests")] };
}

/** Writes or replaces an environment's policy. */
export function writePolicy(directory: string, environment: string, policy: RegistrationPolicyArgs): void {
    fs.writeFileSync(path.join(directory, "policies", `${environment}.json`), renderPolicy(environment, policy, directory));
}

/** What one call of the program gave. */
export interface Call {
    status: number | null;
    stdout: string;
    /** Lines of stderr. */
    refusals: string[];
}

/** Runs the program as sshd would for the word and stdin given; `--refresh` as the owner does. */
export function register(root: RegistrationRoot, environment: string, word: string, stdin: string | Buffer = ""): Call {
    const [program, ...options] = root.command;
    const refresh = word === "--refresh";
    const { status, stdout, stderr } = spawnSync(program, [...options, ...(refresh ? [word] : []), environment], {
        input: stdin, encoding: "utf8", env: refresh ? {} : { SSH_ORIGINAL_COMMAND: word, SSH_CONNECTION: "192.0.2.1 1 192.0.2.2 22" },
    });
    return { status, stdout, refusals: stderr.split("\n").filter(Boolean) };
}

/** Every file below the root but program and policies, by path, with its text. */
export function tree(root: RegistrationRoot): Record<string, string> {
    const files = fs.readdirSync(root.directory, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile())
        .map((entry) => path.relative(root.directory, path.join(entry.parentPath, entry.name)))
        .filter((file) => file !== "register-targets" && !file.startsWith("policies/") && !file.endsWith(".lock")).sort();
    return Object.fromEntries(files.map((file) => [file, fs.readFileSync(path.join(root.directory, file), "utf8")]));
}
