import assert from "node:assert/strict";
import * as fs from "node:fs";
import { isBuiltin } from "node:module";
import * as os from "node:os";
import * as path from "node:path";
import type { Context } from "mocha";
import { parse, stringify } from "yaml";
import { dependencies } from "../../package.json";
import { Manifest } from "../../tools/pack";
import { exec, tryExec } from "../e2e/support/exec";
import { blocksOf } from "../support/pages";
import { findPart, lack, part } from "../support/parts";

const ROOT = path.join(__dirname, "..", "..");
/** All that `npm pack` needs of the checkout, beside node_modules. */
const SOURCES = [
    "package.json", "tsconfig.json", "PulumiPlugin.yaml", "README.md", "README.ko.md", "LICENSE", "CHANGELOG.md", "components", "dashboards", "templates", "tools",
];
const HOST_KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIG9mZmxpbmUtcGxhbi1wbGFjZWhvbGRlci1ub3QtYS1rZXk=";
const KEY = "-----BEGIN OPENSSH PRIVATE KEY-----\nc2VjcmV0LW9mLXRoZS10ZXN0\n-----END OPENSSH PRIVATE KEY-----\n";
const TOKEN = "token-of-the-test-0123456789";

/** What each example makes, whatever its language. */
const RESOURCES = [
    "command:remote:Command metrics-targets", "command:remote:Command orders-1-files", "photogather-monitoring:index:LogAgent orders-1", "photogather-monitoring:index:MetricsTarget metrics",
];

/** The package as users get it, in programs as users have them. Nothing is deployed. */
describe("the package", function () {
    this.timeout(900_000);
    const work = fs.mkdtempSync(path.join(os.tmpdir(), "package-"));
    const at = (...names: string[]) => path.join(work, ...names);
    const env = {
        PULUMI_HOME: at("pulumi"), PULUMI_BACKEND_URL: `file://${at("state")}`, PULUMI_CONFIG_PASSPHRASE: "correct horse", PULUMI_SKIP_UPDATE_CHECK: "true",
        npm_config_audit: "false", npm_config_fund: "false", npm_config_prefer_offline: "true", npm_config_update_notifier: "false", PIP_PREFER_BINARY: "1",
    };
    const pulumi = (cwd: string, ...args: string[]) => exec("pulumi", [...args, "--non-interactive"], { cwd, env });
    let files: string[] = [];

    before(async () => {
        for (const directory of ["source", "state", "pulumi", "monitoring", "bin"]) fs.mkdirSync(at(directory));
        for (const name of SOURCES) fs.cpSync(path.join(ROOT, name), at("source", name), { recursive: true });
        fs.symlinkSync(path.join(ROOT, "node_modules"), at("source", "node_modules"));
        const kept = () => ["package.json", "README.md", "README.ko.md"].map((name) => fs.readFileSync(at("source", name), "utf8"));
        const before = kept();
        const [packed] = JSON.parse(await exec("npm", ["pack", "--json", "--silent"], { cwd: at("source"), env })) as { filename: string; files: { path: string }[] }[];
        assert.deepEqual(kept(), before, "npm pack left changed what it changes");
        const archive = at("source", packed.filename);
        files = packed.files.map(({ path }) => path).sort();
        await exec("tar", ["-xzf", archive, "-C", at("monitoring"), "--strip-components=1"]);
        // What the examples' commands find beside them: the archive of the checkout, a key, and a host that says its own.
        fs.renameSync(archive, at(packed.filename));
        fs.writeFileSync(at("id_ed25519"), KEY, { mode: 0o600 });
        fs.writeFileSync(at("bin", "ssh-keyscan"), `#!/bin/sh\necho "10.0.2.11 ${HOST_KEY}"\n`, { mode: 0o755 });
    });
    after(() => fs.rmSync(work, { recursive: true, force: true }));

    it("holds what is built of components, dashboards and templates, and nothing else", () => {
        const built = ["components", "dashboards"].flatMap((directory) => listFiles(directory).filter((file) => file.endsWith(".ts")))
            .flatMap((file) => [`dist/${file.replace(/ts$/, "d.ts")}`, `dist/${file.replace(/ts$/, "js")}`]);
        const templates = listFiles("templates").map((file) => `dist/${file}`);
        assert.deepEqual(files, [
            "CHANGELOG.md", "LICENSE", "PulumiPlugin.yaml", "README.md", "package.json", "dist/components/schema.json", ...built, ...templates,
        ].sort());
    });

    it("has a README of its own, which leads to nothing that is not in it", () => {
        const readme = fs.readFileSync(at("monitoring", "README.md"), "utf8");
        assert.equal(readme, fs.readFileSync(path.join(ROOT, "components", "README.md"), "utf8"));
        assert.deepEqual([...readme.matchAll(/\]\((?!https:)[^)]*\)|npm run /g)].map(([link]) => link), []);
        for (const [, file] of readme.matchAll(/`(dist\/[\w./]+)`/g)) assert.ok(files.includes(file), file);
    });

    it("depends on what its code asks for, no more and no less", () => {
        const manifest = JSON.parse(fs.readFileSync(at("monitoring", "package.json"), "utf8")) as Manifest;
        assert.equal(manifest.devDependencies, undefined);
        const asked = files.filter((file) => /\.(js|d\.ts)$/.test(file)).flatMap((file) =>
            [...fs.readFileSync(at("monitoring", file), "utf8").matchAll(/(?:require\(|from |import\()"((?:@[^/"]+\/)?[^./"][^/"]*)/g)].map(([, name]) => name));
        assert.deepEqual([...new Set(asked)].filter((name) => !isBuiltin(name)).sort(), Object.keys(manifest.dependencies).sort());
    });

    /** Makes the owner stack's outputs, so that the examples read them as they would. */
    const owner = async (test: Context) => {
        for (const name of ["pulumi", "pulumi-language-yaml", "pulumi-language-nodejs", "pulumi-resource-command"]) part(test, name);
        if (fs.existsSync(at("owner"))) return;
        providePlugins(at("pulumi", "plugins"));
        fs.mkdirSync(at("owner"));
        const connection = {
            format: 1, environment: "dev", gateway: { url: "https://10.0.0.5:8080", ca: "", token: TOKEN },
            registration: { address: "10.0.0.5", port: 22, user: "monitoring-targets", privateKey: KEY, hostKey: HOST_KEY },
        };
        // JSON is YAML too.
        fs.writeFileSync(at("owner", "Pulumi.yaml"), JSON.stringify({ name: "photogather-monitoring", runtime: "yaml", outputs: { connection_dev: { "fn::secret": connection } } }));
        await pulumi(at("owner"), "stack", "init", "prod");
        await pulumi(at("owner"), "up", "--yes", "--skip-preview");
    };

    /** Does what an example's README says, as it is written there (the key is another one), and gives what the program would make. */
    const follow = async (test: Context, name: string, registry: string): Promise<string[]> => {
        await owner(test);
        const directory = at("examples", name);
        fs.cpSync(path.join(ROOT, "examples", name), directory, { recursive: true, filter: (file) => !/[/\\](node_modules|venv|sdks|monitoring)$/.test(file) });
        // The examples are one project in four languages, and the stack is `dev` in each.
        fs.cpSync(at("state"), at(`state-${name}`), { recursive: true });
        const own = environmentOf(name);
        const [commands] = blocksOf(fs.readFileSync(path.join(directory, "README.md"), "utf8"), "sh");
        await installed(test, registry, "bash", ["-euo", "pipefail", "-c", commands.replace("~/.ssh/id_ed25519", at("id_ed25519"))], { cwd: directory, env: own });
        return preview(directory, own);
    };

    const environmentOf = (name: string) => ({ ...env, PULUMI_BACKEND_URL: `file://${at(`state-${name}`)}`, PATH: `${at("bin")}:${process.env.PATH}` });

    /** What a program would make. Fails where the preview shows a secret. */
    const preview = async (cwd: string, own: Record<string, string>): Promise<string[]> => {
        const text = await exec("pulumi", ["preview", "--json", "--non-interactive"], { cwd, env: own });
        for (const secret of [TOKEN, "c2VjcmV0LW9mLXRoZS10ZXN0"]) assert.ok(!text.includes(secret), "the preview shows a secret");
        const { steps } = JSON.parse(text) as { steps: { op: string; urn: string }[] };
        return steps.filter(({ op }) => op === "create").map(({ urn }) => `${urn.split("::")[2].split("$").pop()!} ${urn.split("::")[3]}`)
            .filter((line) => !line.startsWith("pulumi:")).sort();
    };

    it("type-checks in a TypeScript program that has nothing else, and previews", async function () {
        assert.deepEqual(await follow(this, "typescript", "npm registry"), RESOURCES);
        const directory = at("examples", "typescript");
        fs.writeFileSync(path.join(directory, "wrong.ts"), 'import { LogAgent } from "photogather-monitoring";\nnew LogAgent("x", { host: 1 });\n');
        assert.match((await tryExec("npx", ["tsc", "--noEmit", "--module", "node16", "--moduleResolution", "node16", "wrong.ts"], { cwd: directory, env })).stdout, /wrong\.ts\(2,\d+\): error TS2322/);
    });

    for (const [language, name, registry, parts] of [
        ["YAML program", "yaml", "npm registry", []],
        ["Python program, by the SDK that Pulumi makes of its schema", "python", "PyPI", ["python3", "pulumi-language-python", "pulumi-language-python-exec"]],
        ["Go program, by the SDK that Pulumi makes of its schema", "go", "Go module proxy", ["go", "pulumi-language-go"]],
    ] as const) {
        it(`previews in a ${language}`, async function () {
            for (const each of parts) part(this, each);
            assert.deepEqual(await follow(this, name, registry), RESOURCES);
        });
    }

    it("hands what one component gives to another one as a whole, in YAML too: where the agent of a host that cannot be reached sends its metrics", async function () {
        const directory = at("examples", "yaml");
        if (!fs.existsSync(directory)) await follow(this, "yaml", "npm registry");
        const file = path.join(directory, "Pulumi.yaml");
        const program = parse(fs.readFileSync(file, "utf8")) as { resources: Record<string, { type: string; properties: Record<string, unknown> }> };
        const { "orders-1": agent } = program.resources;
        program.resources.pushed = { type: "photogather-monitoring:MetricsTarget", properties: { environment: "dev", mode: "push", gateway: agent.properties.gateway } };
        program.resources["orders-2"] = { ...agent, properties: { ...agent.properties, host: "orders-2", external: { metrics: "${pushed.endpoint}" }, push: { applications: [{ address: "127.0.0.1:8080" }] } } };
        fs.writeFileSync(file, stringify(program, { aliasDuplicateObjects: false }));
        assert.deepEqual(await preview(directory, environmentOf("yaml")), [
            ...RESOURCES, "command:remote:Command orders-2-files", "photogather-monitoring:index:LogAgent orders-2", "photogather-monitoring:index:MetricsTarget pushed",
        ].sort());
    });
});

/** Every file below a directory of the checkout, as a path from its root. */
function listFiles(directory: string): string[] {
    return fs.readdirSync(path.join(ROOT, directory), { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile())
        .map((entry) => path.relative(ROOT, path.join(entry.parentPath, entry.name)));
}

/** Runs a program that fetches from a registry. Where that cannot be reached, the registry is the part that is missing. */
async function installed(test: Context, registry: string, program: string, args: string[], options: { cwd: string; env: Record<string, string> }): Promise<void> {
    const { code, stdout, stderr } = await tryExec(program, args, options);
    if (code === 0) return;
    if (/ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ETIMEDOUT|ENOTCACHED|ECONNRESET|socket hang up|i\/o timeout|Temporary failure in name resolution|No matching distribution found for/.test(stdout + stderr)) lack(test, registry);
    assert.fail(`${program} ${args.join(" ")} failed:\n${stdout}${stderr}`);
}

/**
 * The provider plugins that Pulumi would else download, as `pulumi package add` wants all that the package depends on: those of PATH. No example uses
 * AWS, whose plugin is the largest by far, so its place is taken by a program that fails when it is started.
 */
function providePlugins(plugins: string): void {
    for (const [name, version] of Object.entries(dependencies).flatMap(([name, version]) => name.startsWith("@pulumi/") && name !== "@pulumi/pulumi" ? [[name.slice("@pulumi/".length), version]] : [])) {
        const found = findPart(`pulumi-resource-${name}`);
        if (!found && name !== "aws") continue;
        const directory = path.join(plugins, `resource-${name}-v${version}`);
        fs.mkdirSync(directory, { recursive: true });
        if (name === "aws") fs.writeFileSync(path.join(directory, "pulumi-resource-aws"), "#!/bin/sh\nexit 1\n", { mode: 0o755 });
        else fs.symlinkSync(found!, path.join(directory, `pulumi-resource-${name}`));
    }
}
