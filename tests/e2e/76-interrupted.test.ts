import assert from "node:assert/strict";
import { IMAGES } from "../../components/versions";
import { gaps } from "./support/counted/count";
import { CountedTraffic } from "./support/counted/traffic";
import { changed } from "./support/engine";
import { GrafanaClient } from "./support/grafana";
import { Host } from "./support/hosts";
import { interruptUp } from "./support/interrupt";
import { leftovers } from "./support/leftovers";
import { lengthy } from "./support/lengthy";
import { readRules } from "./support/rules";
import { eventually } from "../support/wait";
import { APPLICATION, StackSettings, World } from "./support/world";
import { Was } from "./support/was";

const INTERVAL_SECONDS = 15;

describe("two at the same moment, and one that is interrupted", () => {
    let world: World;
    let grafana: GrafanaClient;
    let added: Host;
    let traffic: CountedTraffic;
    let rules: string[];
    let begun: number;

    before(async () => {
        world = await (await World.get()).deployed();
        grafana = await world.grafana();
        added = await world.lab.host("dev-was-7", 17);
        await Was.install(added, { application: APPLICATION });
        rules = await readRules(world.monitor, grafana);
        traffic = await CountedTraffic.start(world);
        begun = Date.now() / 1000;
    });
    afterEach("no line, no span and no rule is lost; Prometheus goes on scraping", async () => {
        await traffic.allThere(grafana, 120);
        assert.deepEqual(await readRules(world.monitor, grafana), rules);
        // What does not change is scraped at every interval; a target whose labels change is a new one, with its own moment within the interval.
        const targets: [string, number][] = [['up{job="prometheus"}', 1], ['up{instance="prod-was-1", job="was"}', 2], ['up{instance="dev-was-1", job="was"}', 2]];
        for (const [selector, intervals] of targets) {
            const now = Date.now() / 1000;
            // A sample is there when its scrape has ended.
            const times = await eventually(`a sample of now of ${selector}`, intervals * INTERVAL_SECONDS, async () => {
                const found = await grafana.sampleTimes(selector, Date.now() / 1000 - begun);
                return Math.max(...found) > now ? found : undefined;
            });
            assert.deepEqual(gaps([begun, ...times], INTERVAL_SECONDS, intervals), [], selector);
        }
    });
    after(async () => {
        await traffic?.stop();
        await traffic?.remove();
        for (const environment of ["prod", "dev"] as const) {
            await world.configure(environment);
            await world.up(environment);
        }
        assert.equal(await leftovers(added), "");
    });

    /** dev with a host more. */
    const withAdded = ({ config }: StackSettings): void => {
        const log = { files: ["/var/log/was/*.log"], containers: [] };
        (config.was as object[]).push({ name: added.name, address: added.address, runtime: "systemd", logs: log, tracing: { service: "was.service", listenAddress: "127.0.0.1" }, ssh: { hostKey: added.hostKey } });
    };
    const withTeam = (team: string) => ({ config }: StackSettings): void => { Object.assign((config.was as object[])[0], { labels: { team } }); };
    const withMetricsKept = (metrics: string) => ({ config }: StackSettings): void => { Object.assign(config.monitoring as object, { retention: { metrics } }); };

    it("owner and members at the same moment: each does its own, and none disturbs another", async () => {
        await world.configure("prod", (settings) => { withTeam("a")(settings); withMetricsKept("11d")(settings); });
        await world.configure("dev", withTeam("b"));
        await world.configure("loadtest", withTeam("c"));
        await world.upTogether(["prod", "dev", "loadtest"]);
        for (const [environment, team] of [["prod", "a"], ["dev", "b"], ["loadtest", "c"]]) {
            await eventually(`${environment}'s label`, 40, async () => (await grafana.metrics(`up{environment="${environment}", team="${team}", job="was"}`))[0]);
        }
        for (const name of ["prod", "dev", "loadtest"] as const) {
            const again = await world.up(name);
            assert.equal(changed(again), 0, again.output);
        }
        await world.configure("loadtest");
        await world.up("loadtest");
    });

    /** Repeated, all is as if nothing had been: nothing is left to change, and the host sends. */
    const finish = async () => {
        await world.up("dev");
        const again = await world.up("dev");
        assert.equal(changed(again), 0, again.output);
        await eventually("the added host's samples", 40, async () => (await grafana.metrics(`up{environment="dev", instance="${added.name}", job="was"} == 1`))[0]);
        await eventually("the added host's logs", 60, async () => (await grafana.logs(`{instance="${added.name}"}`))[0]);
    };
    const without = async () => {
        await world.configure("dev");
        await world.up("dev");
        assert.equal(await leftovers(added), "");
    };

    const killUp = async (stack: string, when: RegExp, later = 0) => {
        const { signal } = await interruptUp(world, stack, when, "SIGKILL", later);
        assert.equal(signal, "SIGKILL");
        // As docs/reliability.md has it: where the engine was writing a state in files, the attributes beside it may be empty.
        await world.engine.run("find", [world.engine.state, "-name", `${stack}.json.attrs`, "-empty", "-delete"]);
    };

    it("SIGINT half-way, as by Ctrl-C: the engine ends in order, and the same `up` finishes the job", async () => {
        await world.configure("dev", withAdded);
        const { output } = await interruptUp(world, "dev", /dev-was-7-log-agent-files creating/, "SIGINT");
        assert.match(output, /cancel/i);
        await finish();
        await without();
    });

    it("SIGKILL half-way, as when the machine dies: the lock stays, `pulumi cancel` takes it away, and the same `up` finishes the job", async () => {
        await world.configure("dev", withAdded);
        await killUp("dev", /dev-was-7-log-agent-files creating/);
        const locked = await world.tryUp("dev");
        assert.equal(locked.ok, false);
        assert.match(locked.output, /locked by 1 lock/);
        await world.engine.run("pulumi", ["cancel", "--yes", "--stack", "dev"]);
        await finish();
        await without();
    });

    for (const service of ["node-exporter", "loki"]) lengthy.it(`SIGKILL while the owner makes ${service} anew: the next up finishes the job, or says which one is in the way; removed by hand, as documented, the one after it does`, async () => {
        const image = `${IMAGES[service]}-interrupted`;
        await world.lab.docker.run(["build", "--quiet", "--tag", image, "-"], { input: `FROM ${IMAGES[service]}\nLABEL interrupted=yes\n` });
        await world.lab.registry.serve(image);
        await world.configure("prod", ({ config }) => { Object.assign(config.monitoring as object, { images: { [service]: image } }); });
        // It is there at once, and "being created" until it has been found well.
        await killUp("prod", new RegExp(`Container \\S*${service} creating`), 5000);
        await world.engine.run("pulumi", ["cancel", "--yes", "--stack", "prod"]);
        // Which of the two depends on the moment: the engine knows of the container, or it was killed before it was told.
        const next = await world.tryUp("prod");
        world.figures[`interrupted owner, ${service}: the next up went through (1) or not (0)`] = Number(next.ok);
        if (!next.ok) {
            assert.match(next.output, new RegExp(`monitoring-${service}\\W+ is already in use`));
            await world.monitor.must(`docker rm --force monitoring-${service}`);
            await world.up("prod");
        }
        const images = await world.monitor.must(`docker inspect --format '{{.Config.Labels.interrupted}}' monitoring-${service}`);
        assert.equal(images, "yes");
        const again = await world.up("prod");
        assert.equal(changed(again), 0, again.output);
    });
});
