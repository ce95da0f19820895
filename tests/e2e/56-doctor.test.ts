import assert from "node:assert/strict";
import { doctor } from "./support/doctor";
import { GrafanaClient } from "./support/grafana";
import { eventually } from "../support/wait";
import { ENVIRONMENTS, Environment, World } from "./support/world";

describe("doctor", () => {
    let world: World;
    let grafana: GrafanaClient;

    before(async () => {
        world = await (await World.get()).deployed();
        grafana = await world.grafana();
        for (const environment of ENVIRONMENTS) {
            await world.apps[environment].get("/api/photos/1");
            const id = await eventually("a trace id in the log", 20, () => world.apps[environment].traceIdOf("uri=/api/photos/1"));
            await eventually("the trace", 60, () => grafana.trace(id));
            await eventually("a sample", 60, async () => (await grafana.metrics(`up{job="was", environment="${environment}"} == 1`))[0]);
        }
    });

    for (const environment of ENVIRONMENTS) {
        it(`${environment}: everything works, and the table shows it`, async () => {
            // On a machine this busy one scrape or one check may be late.
            const stdout = await eventually("a doctor that finds nothing", 60, async () => {
                const { code, stdout: said, stderr } = await doctor(world, environment);
                assert.equal(code, 0, said + stderr);
                return said;
            });
            const [head, ...lines] = stdout.split("\n");
            for (const column of ["ssh", "clock", "disk", "agent", "samples", "lines", "spans"]) assert.ok(head.split(/ {2,}/).includes(column), head);
            assert.match(lines.find((line) => line.startsWith(world.hosts[environment].name)) ?? "", / ok .*\d+ s/, stdout);
            if (environment === "prod") assert.match(lines.find((line) => line.startsWith("monitoring host")) ?? "", /ok/, stdout);
        });
    }

    /** What is broken is named, with its mend; then it is put back. */
    const finds = (what: string, environment: Environment, expected: RegExp, spoil: () => Promise<unknown>, mend: () => Promise<unknown>) => it(`finds ${what}`, async () => {
        await spoil();
        try {
            const { code, stdout } = await doctor(world, environment);
            assert.equal(code, 1, stdout);
            assert.match(stdout, expected);
        } finally {
            await mend();
        }
    });

    const host = (environment: Environment) => world.hosts[environment];
    finds("an agent that was stopped", "prod", /^X prod-was-1, agent: the log agent is inactive: .*repair=/m,
        () => host("prod").must("systemctl stop photogather-log-agent"), () => host("prod").must("systemctl start photogather-log-agent"));
    finds("a host that refuses SSH", "dev", /^X dev-was-1, ssh: cannot be asked: .*[Cc]onnection refused/m, () => host("dev").closeSsh(), () => host("dev").openSsh());
    finds("a gateway that a host cannot reach", "loadtest", /^X loadtest-was-1, gateway: the gateway cannot be reached from this host: curl: /m,
        () => host("loadtest").must(`iptables -I OUTPUT -p tcp -d ${world.monitor.address} --dport 8080 -j REJECT`), () => host("loadtest").must(`iptables -D OUTPUT -p tcp -d ${world.monitor.address} --dport 8080 -j REJECT`));
    finds("a service that is not healthy", "prod", /^X monitoring host, alertmanager: is paused/m,
        () => world.monitor.must("docker pause monitoring-alertmanager"), () => world.monitor.must("docker unpause monitoring-alertmanager"));

    it("a stack that does not exist is one clear error", async () => {
        const { code, stderr } = await doctor(world, "nowhere");
        assert.equal(code, 1);
        assert.match(stderr, /no stack named 'nowhere'/);
        assert.doesNotMatch(stderr, /\n {4}at /);
    });
});
