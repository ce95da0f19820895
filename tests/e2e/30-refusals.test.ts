import assert from "node:assert/strict";
import type { Connection } from "../../components/connection";
import { Engine, EngineStack } from "./support/engine";
import { ssh, SshTarget } from "./support/ssh";
import { Environment, World } from "./support/world";

const TARGETS = "/etc/photogather-monitoring/prometheus/registered/targets";

describe("refusals", () => {
    let world: World;

    before(async () => { world = await (await World.get()).deployed(); });

    describe("members that cannot join", () => {
        /** Only the stack itself, and what was read, may be in its state. */
        const createsNothing = async (engine: Engine, { name }: EngineStack) => {
            const exported = await engine.run("pulumi", ["stack", "export", "--stack", name]);
            const { deployment } = JSON.parse(exported) as { deployment: { resources?: { type: string }[] } };
            const types = (deployment.resources ?? []).map(({ type }) => type).filter((type) => !/^pulumi:(pulumi:Stack(Reference)?|providers:pulumi)$/.test(type));
            assert.deepEqual(types, []);
        };

        it("the wrong passphrase is one clear error before any resource exists", async () => {
            const engine = Engine.create({ stateDirectory: world.engine.state, passphrase: "wrong" });
            const { config, secrets } = world.settings("dev");
            const stack = await engine.stack("intruder", { ...config, environment: "dev" }, secrets);
            const run = world.keep(await stack.up());
            assert.equal(run.ok, false);
            assert.match(run.output, /connection_dev: .*could not be decrypted: use the owner stack's passphrase or key/);
            await createsNothing(engine, stack);
            engine.remove();
        });

        it("an environment that the owner does not list is one clear error before any resource exists", async () => {
            const { config, secrets } = world.settings("dev");
            const stack = await world.engine.stack("qa", config, secrets);
            const run = world.keep(await stack.up());
            assert.equal(run.ok, false);
            assert.match(run.output, /environment: the owner does not list "qa" \(it lists .*prod.*\): add it to monitoring\.environments there/);
            await createsNothing(world.engine, stack);
        });

        after(() => world.engine.run("pulumi", ["stack", "rm", "qa", "--yes", "--force"]));

        it("several mistakes in the config are told at once, with their paths", async () => {
            const { config, secrets } = world.settings("dev");
            const [was] = config.was as Record<string, unknown>[];
            // Those of single values come first, those between values when there are none.
            for (const [hosts, expected] of [
                [[{ ...was, address: "no address!" }, { ...was, labels: { trace_id: "a" } }], [/was\[0\]\.address: /, /was\[1\]\.labels\.trace_id: /]],
                [[{ ...was, address: "10.0.0.1" }, { ...was, labels: { zone: "a" } }], [/was\[1\]\.name: /]],
            ] as [object[], RegExp[]][]) {
                const stack = await world.engine.stack("qa", { ...config, environment: "dev", was: hosts }, secrets);
                const { ok, output } = world.keep(await stack.up());
                assert.equal(ok, false);
                for (const each of expected) assert.match(output, each);
                await createsNothing(world.engine, stack);
            }
        });
    });

    describe("a member's registration identity", () => {
        const identity = async (environment: Environment): Promise<SshTarget> => {
            const { registration } = (await world.stacks.prod.outputs())[`connection_${environment}`] as Connection;
            return registration;
        };
        const list = (changes: object = {}, target: object = {}) => JSON.stringify({
            format: 1, environment: "dev", profiles: {},
            targets: [{ kind: "application", profile: "", address: `${world.hosts.dev.address}:8080`, labels: { application: "shop", instance: "x", ...target } }], ...changes,
        });
        const files = () => world.monitor.must(`cd ${TARGETS} && sha256sum *`);

        const refused: [string, () => string | Buffer, RegExp][] = [
            ["another environment's name", () => list({ environment: "prod" }), /environment/],
            ["an address outside its CIDRs", () => list().replace(world.hosts.dev.address, "169.254.169.254"), /address/],
            ["a label that it may not set", () => list({}, { zone: "a" }), /zone/],
            ["a label that is Prometheus' own", () => list({}, { __param_target: "x" }), /__param_target/],
            ["the environment as a label", () => list({}, { environment: "prod" }), /environment/],
            ["malformed JSON", () => "{", /JSON/],
            ["an empty list", () => "", /JSON|empty/],
            ["100 MB", () => Buffer.alloc(100_000_000, " "), /MiB|bytes|large|long/],
        ];
        for (const [what, input, reason] of refused) {
            it(`${what} is refused with the reason, and the old files stay`, async () => {
                const before = await files();
                const { code, stderr } = await ssh(await identity("dev"), ["set"], [], input());
                assert.notEqual(code, 0);
                assert.match(stderr, reason);
                assert.equal(await files(), before);
            });
        }

        it("opens no shell, whatever is asked for", async () => {
            for (const command of [["id"], ["sh", "-c", "id"], ["set; id"], ["set", "$(id)"], []]) {
                const { stdout, code } = await ssh(await identity("dev"), command, ["-T"]);
                assert.doesNotMatch(stdout, /uid=/);
                assert.notEqual(code, 0);
            }
        });

        it("gets no terminal, no file transfer and no forwarding", async () => {
            const target = await identity("dev");
            assert.doesNotMatch((await ssh(target, ["sh"], ["-tt"], "id\n")).stdout, /uid=/);
            assert.notEqual((await ssh(target, ["sftp"], ["-s"])).code, 0);
            const forward = await ssh(target, [], ["-W", "127.0.0.1:22"]);
            assert.doesNotMatch(forward.stdout, /SSH-2\.0/);
            assert.match(forward.stderr, /prohibited|refused|failed/);
        });

        it("cannot pass variables, nor use another environment's key by name", async () => {
            const before = await files();
            const { code } = await ssh(await identity("loadtest"), ["set"], ["-o", "SetEnv=ENVIRONMENT=dev"], list());
            assert.notEqual(code, 0);
            assert.equal(await files(), before);
        });
    });
});
