import assert from "node:assert/strict";
import { REGISTRATION } from "../../components/metrics-target/registration";
import { backendAttacks } from "./attacks/backends";
import { gatewayAttacks } from "./attacks/gateway";
import { grafanaAttacks, prepareGrafana } from "./attacks/grafana";
import { Answer, Attack, bearer, Ground, groundOf, markedSpan, raw, request, taken } from "./attacks/kit";
import { Evidence } from "./attacks/evidence";
import { networkAttacks, startMetadata } from "./attacks/network";
import { patientAttacks, registrationAttacks } from "./attacks/registration";
import { Traffic } from "./attacks/traffic";
import { knownSecrets, noneInLogs, secretsIn } from "./support/secrets";
import { eventually } from "../support/wait";
import { ENVIRONMENTS, World } from "./support/world";

const DOORS: Record<string, Attack[]> = {
    "the gateway": gatewayAttacks,
    "the backends' own ports": backendAttacks,
    "an environment's SSH identity": [...registrationAttacks, ...patientAttacks],
    "the containers' network": networkAttacks,
    Grafana: grafanaAttacks,
};
/** At a time. */
const PARALLEL = 8;

describe("attacks", () => {
    let world: World;
    let ground: Ground;
    let evidence: Evidence;
    let untouched: Awaited<ReturnType<typeof stateOf>>;
    let traffic: Traffic;
    const answers = new Map<Attack, Answer>();

    /** What no attack may change. */
    const stateOf = async () => ({
        containers: await world.containers(),
        killed: await world.monitor.must("docker inspect -f '{{.Name}} {{.RestartCount}} {{.State.OOMKilled}}' $(docker ps -aq)"),
        files: await world.monitor.must(`find ${REGISTRATION.root} ${REGISTRATION.home} ${REGISTRATION.policies} -type f ! -name '.*.lock' -exec sha256sum {} + | sort -k 2`),
        links: await world.monitor.must(`find ${REGISTRATION.root} -type l -o -type f -links +1`),
    });

    const run = async (attacks: Attack[], parallel: number) => {
        const queue = [...attacks];
        await Promise.all(Array.from({ length: parallel }, async () => {
            for (let attack = queue.shift(); attack; attack = queue.shift()) answers.set(attack, await evidence.send(attack, ground));
        }));
    };

    before("all attacks, with traffic on", async () => {
        world = await (await World.get()).deployed();
        const began = Date.now();
        ground = await groundOf(world);
        traffic = await Traffic.start(world, ground);
        await prepareGrafana(ground);
        const stopMetadata = await startMetadata(ground);
        untouched = await stateOf();
        evidence = await Evidence.begin(world);
        try {
            await Promise.all([
                run(gatewayAttacks, PARALLEL), run(registrationAttacks, 1), run(grafanaAttacks, 1),
                (async () => { await run(backendAttacks, 1); await run(networkAttacks, 1); })(),
            ]);
            await run(patientAttacks, 1);
        } finally {
            await traffic.stop();
            await stopMetadata();
        }
        await evidence.end();
        world.figures["attacks: prod's slowest"] = traffic.slowest / 1000;
        world.figures["attacks"] = (Date.now() - began) / 1000;
        print(DOORS, answers, evidence);
    });

    it("there are more than 60 of them", () => {
        assert.ok(Object.values(DOORS).flat().length >= 60);
    });

    for (const [door, attacks] of Object.entries(DOORS)) {
        describe(door, () => {
            for (const attack of attacks) {
                it(attack.what, () => {
                    const answer = answers.get(attack);
                    assert.ok(answer, "was not sent");
                    assert.match(answer.text, attack.answer);
                    assert.equal(evidence.lacks(attack, answer), "");
                    assert.ok(!answer.body.includes(ground.canary), "what prod had written came back");
                });
            }
        });
    }

    describe("after all of them", () => {
        it("what prod wrote before can be found, so its absence from answers means something", async () => {
            await eventually("prod's canary", 60, async () => (await traffic.found("prod", ground.canary)) > 0 || undefined);
        });

        it("nothing was written: no line, span or series but what dev's token may write, in dev", async () => {
            const grafana = await world.grafana();
            // Positive control: what dev's own token wrote.
            await eventually("dev's own lines", 60, async () => (await traffic.found("dev", ground.marker)) > 0 || undefined);
            for (const environment of ENVIRONMENTS.filter((name) => name !== "dev")) assert.equal(await traffic.found(environment, ground.marker), 0, environment);
            await eventually("dev's own span to be taken", 30, async () => (await raw(ground, request(ground, "POST", "/otlp/v1/traces", [bearer(ground.tokens.dev)], markedSpan(ground, taken(ground))))).text === "200" || undefined);
            await eventually("dev's own span", 60, async () => (await grafana.searchTraces(`{ name = "${taken(ground)}" }`, "tempo-dev"))[0]);
            for (const environment of ENVIRONMENTS) {
                assert.deepEqual(await grafana.searchTraces(`{ name = "${ground.marker}" }`, `tempo-${environment}`), [], environment);
                if (environment !== "dev") assert.deepEqual(await grafana.searchTraces(`{ name = "${taken(ground)}" }`, `tempo-${environment}`), [], environment);
            }
            assert.deepEqual(await grafana.metrics('{application="attack", environment!="dev"}'), []);
        });

        it("prod's lines all arrived meanwhile, and none waited long", async () => {
            assert.deepEqual(traffic.failures, []);
            assert.ok(traffic.slowest < 20_000, `one took ${traffic.slowest} ms`);
            await eventually("all of prod's lines", 60, async () => (await traffic.found("prod", ground.canary)) === traffic.sent || undefined);
        });

        it("no secret is in what the containers and the hosts logged, nor in the stacks' outputs", async () => {
            const secrets = await knownSecrets(world);
            assert.ok(secrets.length >= 12, String(secrets.length));
            await noneInLogs(world, secrets);
            for (const environment of ENVIRONMENTS) {
                const outputs = await world.engine.run("pulumi", ["stack", "output", "--json", "--stack", environment]);
                assert.deepEqual(secretsIn(outputs, secrets), [], `the outputs of ${environment} hold secrets that begin so`);
            }
        });

        it("no container was restarted, replaced, or killed for its memory, and no file was changed", async () => {
            assert.deepEqual(await stateOf(), untouched);
        });
    });
});

function print(doors: Record<string, Attack[]>, answers: Map<Attack, Answer>, evidence: Evidence): void {
    console.log("\n    door | attack | answer | logged");
    for (const [door, attacks] of Object.entries(doors)) {
        for (const attack of attacks) {
            const answer = answers.get(attack);
            console.log(`    ${door} | ${attack.what} | ${answer?.text.slice(0, 70)} | ${evidence.place(attack, answer)}`);
        }
    }
}
