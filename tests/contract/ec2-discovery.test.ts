import assert from "node:assert/strict";
import { DiscoveryUnderTest, TAGS } from "../support/discovery";
import { part } from "../support/parts";

/** Against a metadata service and an API that check tokens and signatures. */
describe("EC2 discovery, by the machine's own Python and curl", function () {
    this.timeout(60_000);
    let discovery: DiscoveryUnderTest;

    beforeEach(async function () {
        for (const name of ["python3", "curl"]) part(this, name);
        discovery = await DiscoveryUnderTest.start();
    });
    afterEach(() => discovery?.stop());

    it("lists what runs and has all of the tags, over all pages, by signed requests", async () => {
        discovery.api.instances = [1, 2, 3].map((number) => ({ id: `i-${number}`, address: `10.0.2.${number + 10}`, tags: TAGS }));
        discovery.api.instances.push({ id: "i-stopped", address: "10.0.2.20", state: "stopped", tags: TAGS }, { id: "i-other", address: "10.0.2.21", tags: { environment: "dev" } });
        assert.deepEqual(await discovery.run(), { code: 0, said: "" });
        assert.deepEqual(discovery.targets(), [1, 2, 3].map((number) => ({
            targets: [`10.0.2.${number + 10}:8080`], labels: { application: "shop", instance: `i-${number}`, __metrics_path__: "/actuator/prometheus", __scheme__: "http" },
        })));
        assert.equal(discovery.api.signed, 2);
        assert.match(discovery.metrics(), /^photogather_discovery_targets\{environment="dev"\} 3$/m);
        assert.match(discovery.metrics(), new RegExp(`^photogather_discovery_last_success_timestamp_seconds\\{environment="dev"\\} ${String(Date.now()).slice(0, 7)}`, "m"));
    });

    it("takes the application from a tag, and port, path and scheme from the config", async () => {
        discovery.api.instances = [{ id: "i-1", address: "10.0.2.11", tags: { ...TAGS, Service: " orders " } }, { id: "i-2", address: "10.0.2.12", tags: TAGS }];
        await discovery.run({ application: undefined, applicationTag: "Service", port: 9001, path: "/prometheus", scheme: "https" });
        assert.deepEqual(discovery.targets(), [{ targets: ["10.0.2.11:9001"], labels: { application: "orders", instance: "i-1", __metrics_path__: "/prometheus", __scheme__: "https" } }]);
        assert.match(discovery.metrics(), /^photogather_discovery_skipped\{environment="dev",reason="no tag for the application"\} 1$/m);
    });

    it("lists none outside the environment's CIDRs, and with its own list no more than it may have: the oldest", async () => {
        discovery.api.instances = [5, 4, 3, 2].map((number) => ({ id: `i-${number}`, address: `10.0.2.${number}`, launched: `2026-11-0${number}T00:00:00.000Z`, tags: TAGS }));
        discovery.api.instances.push({ id: "i-prod", address: "10.0.1.9", tags: TAGS }, { id: "i-ending", tags: TAGS });
        assert.equal((await discovery.run()).code, 0);
        assert.deepEqual(discovery.targets().map(({ labels }) => labels.instance), ["i-2", "i-3", "i-4"]);
        for (const reason of ["outside the CIDRs", "no private address", "more than maxTargets"]) assert.ok(discovery.metrics().includes(`photogather_discovery_skipped{environment="dev",reason="${reason}"} 1\n`), reason);
    });

    it("forgets what is gone", async () => {
        discovery.api.instances = [{ id: "i-1", address: "10.0.2.11", tags: TAGS }];
        await discovery.run();
        discovery.api.instances = [];
        assert.equal((await discovery.run()).code, 0);
        assert.deepEqual(discovery.targets(), []);
    });

    for (const [what, change, says] of [
        ["the machine has no role", () => { discovery.api.role = undefined; }, /dev: this machine has no role: give it one that allows ec2:DescribeInstances/],
        ["the role may not ask", () => { discovery.api.role = []; }, /dev: EC2 refuses \(403\): UnauthorizedOperation You are not authorized\./],
        ["there is no metadata service", () => { discovery.api.close(); }, /dev: no instance metadata at http:\/\/127\.0\.0\.1:\d+ \(.*Connection refused\): hosts are found from a machine on EC2 only/],
        ["EC2 does not answer", () => undefined, /dev: EC2 does not answer at http:\/\/127\.0\.0\.1:1: curl: .*/],
    ] as const) {
        it(`keeps the list of before, and fails in one sentence without a secret, where ${what}`, async () => {
            discovery.api.instances = [{ id: "i-1", address: "10.0.2.11", tags: TAGS }];
            await discovery.run();
            const [before, success] = [discovery.targets(), /last_success\S+ (\d+)/.exec(discovery.metrics())![1]];
            change();
            const { code, said } = await discovery.run(what === "EC2 does not answer" ? { endpoint: "http://127.0.0.1:1" } : {});
            assert.equal(code, 1);
            assert.match(said, new RegExp(`^photogather-monitoring: EC2 discovery: ${says.source}\n$`));
            assert.doesNotMatch(said, /ASIAEXAMPLE|secret|session/);
            assert.deepEqual(discovery.targets(), before);
            assert.equal(/last_success\S+ (\d+)/.exec(discovery.metrics())![1], success);
        });
    }
});
