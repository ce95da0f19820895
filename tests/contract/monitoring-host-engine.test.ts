import assert from "node:assert/strict";
import { HostStack } from "../support/host-stack";
import { part } from "../support/parts";

const GiB = { sizeGiB: 50 };

/** The engine's own doing: what it replaces, in which order, and what it refuses. AWS is a stand-in that knows AWS's own refusals, and boots nothing. */
describe("MonitoringHost, by Pulumi's engine", function () {
    this.timeout(600_000);
    let stack: HostStack;
    const one = () => {
        const { instances, attachments, addresses, volumes } = stack.account.world;
        assert.equal(Object.keys(instances).length, 1, "one machine");
        const [[id, instance]] = Object.entries(instances);
        assert.deepEqual([attachments[instance.expects], Object.values(addresses)], [id, [id]], "the volume that it waits for, and the address, are its own");
        return { id, ...instance, volumes: Object.keys(volumes) };
    };

    before(async function () {
        for (const name of ["pulumi", "pulumi-language-nodejs"]) part(this, name);
        stack = new HostStack({ gatewayFrom: ["10.0.0.0/16"], sshFrom: ["203.0.113.0/24"] });
        await stack.init();
    });
    after(() => stack?.remove());

    it("makes a machine with its volume and address; a second up changes nothing", async () => {
        await stack.up();
        assert.deepEqual([one().ami, one().type], ["ami-arm64-1", "t4g.small"]);
        await stack.up({}, "--expect-no-changes");
    });

    it("makes what there is on request besides, and takes it away again; the machine stays", async () => {
        const before = one();
        const asked = {
            dns: { zoneId: "Z0123456789ABCDEFGHIJ", name: "monitoring.example.com" }, scrapes: [{ securityGroupId: "sg-0123456789abcdef0", ports: [8080, 9090] }], recoveryAlarm: true, sessionManager: true,
            alarmTopic: "arn:aws:sns:eu-west-1:123456789012:alarms",
        };
        await stack.up(asked);
        await stack.up(asked, "--expect-no-changes");
        await stack.up();
        assert.deepEqual(one(), before);
    });

    it("rotates the key that it made in two phases, and the machine stays", async () => {
        const before = one();
        assert.deepEqual(await stack.up({ sshKeyGenerations: [1, 2] }), []);
        assert.deepEqual(await stack.up({ sshKeyGenerations: [2] }), []);
        assert.deepEqual(one(), before);
        assert.deepEqual(await stack.up(), []);
    });

    it("keeps the machine when Canonical publishes an image", async () => {
        stack.account.change(({ images }) => { images.arm64 = "ami-arm64-2"; });
        await stack.up({}, "--expect-no-changes");
        assert.equal(one().ami, "ami-arm64-1");
    });

    it("replaces it for a new imageRelease: the old one stops, lets go of the volume and ends before the new one starts and takes it", async () => {
        const { id: old, expects } = one();
        const calls = await stack.up({ imageRelease: "2026-11" });
        const { id, ami } = one();
        assert.deepEqual(calls, [`stop ${old}`, `detach ${expects} from ${old}`, `terminate ${old}`, `run ${id}`, `attach ${expects} to ${id}`]);
        assert.equal(ami, "ami-arm64-2");
        stack.account.change(({ images }) => { images.arm64 = "ami-arm64-3"; });
        await stack.up({ imageRelease: "2026-11" }, "--expect-no-changes");
    });

    it("replaces it for another type, of another architecture too, with the same volume", async () => {
        const before = one();
        const calls = await stack.up({ imageRelease: "2026-11", instanceType: "t4g.medium" });
        assert.ok(calls.includes(`terminate ${before.id}`) && !calls.some((call) => call.startsWith("modify")), calls.join(", "));
        assert.deepEqual([one().type, one().ami, one().expects], ["t4g.medium", "ami-arm64-2", before.expects]);
        await stack.up({ imageRelease: "2026-11", instanceType: "t3.medium" });
        assert.deepEqual([one().type, one().ami, one().expects], ["t3.medium", "ami-amd64-1", before.expects]);
        assert.deepEqual(one().volumes, before.volumes);
    });

    it("refuses a snapshot in place of a protected volume, and touches nothing", async () => {
        const before = one();
        const { code, stdout, stderr, calls } = await stack.tryUp({ imageRelease: "2026-11", instanceType: "t3.medium", dataVolume: { ...GiB, snapshotId: "snap-0123456789abcdef0" } });
        assert.notEqual(code, 0);
        assert.match(stdout + stderr, /host-data.*protect/s);
        assert.deepEqual([calls, one()], [[], before]);
    });

    it("restores a snapshot into a new volume for a new machine once the protection is off; the old volume stays in the account", async () => {
        const { expects: old } = one();
        const args = { imageRelease: "2026-11", instanceType: "t3.medium" };
        assert.deepEqual(await stack.up({ ...args, dataVolume: { protect: false } }), []);
        await stack.up({ ...args, dataVolume: { protect: false, snapshotId: "snap-0123456789abcdef0" } });
        const { expects, volumes } = one();
        assert.equal(stack.account.world.volumes[expects], "snap-0123456789abcdef0");
        assert.deepEqual(volumes.sort(), [old, expects].sort());
        assert.deepEqual(await stack.up({ ...args, dataVolume: { snapshotId: "snap-0123456789abcdef0" } }), []);
    });

    it("refuses to destroy a protected volume; without it the machine goes as a whole, and comes back to the same volume", async () => {
        const { id, expects } = one();
        const refused = await stack.destroy();
        assert.notEqual(refused.code, 0);
        assert.match(refused.stdout + refused.stderr, /protect/);
        const { code, calls } = await stack.destroy("--exclude-protected");
        assert.equal(code, 0);
        assert.deepEqual([...refused.calls, ...calls], [`terminate ${id}`], "neither volume nor address is taken off first: they go with it");
        assert.deepEqual([Object.keys(stack.account.world.instances), stack.account.world.volumes[expects]], [[], "snap-0123456789abcdef0"]);
        await stack.up({ instanceType: "t3.medium", dataVolume: { snapshotId: "snap-0123456789abcdef0" } });
        assert.equal(one().expects, expects);
    });

    it("leaves the volume in the account when all else goes", async () => {
        const { expects } = one();
        await stack.up({ instanceType: "t3.medium", dataVolume: { protect: false, snapshotId: "snap-0123456789abcdef0" } });
        const { code, stdout } = await stack.destroy();
        assert.equal(code, 0, stdout);
        const { instances, addresses, keyPairs, volumes } = stack.account.world;
        assert.deepEqual([instances, addresses, keyPairs], [{}, {}, {}]);
        assert.ok(expects in volumes);
    });
});
