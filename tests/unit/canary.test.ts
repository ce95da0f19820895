import assert from "node:assert/strict";
import * as path from "node:path";
import * as pulumi from "@pulumi/pulumi";
import { deploy } from "../../stacks/deploy";
import { Registration, runOffline } from "../../tools/offline";
import { loadConfig } from "../../tools/plan/config";
import { ANSWERS, COMPUTED } from "../../tools/plan/world";
import { sentScripts } from "../support/sent";

const ROOT = path.join(__dirname, "..", "..");

/** prod as shipped, with these hosts in place of its own; each is a canary or not. */
async function wired(canaries: boolean[]): Promise<Registration[]> {
    const config = loadConfig(ROOT, "prod");
    const [first] = JSON.parse(config["photogather-monitoring:was"]) as object[];
    const was = canaries.map((canary, i) => ({ ...first, name: `was-${i}`, address: `10.0.1.${i + 1}`, ...(canary ? { canary } : {}) }));
    pulumi.runtime.setAllConfig({ ...config, "photogather-monitoring:was": JSON.stringify(was) });
    const { registrations } = await runOffline(() => deploy({ keysDirectory: "out/test/.keys" }), { stack: "prod", computed: COMPUTED, answers: ANSWERS });
    return registrations;
}

/** Hosts that the command of this one waits for. */
function waitsFor(registrations: Registration[], host: string): string[] {
    const { options } = registrations.find(({ name }) => name === `${host}-log-agent-files`)!;
    return options.dependsOn.filter((name) => /^was-\d+-log-agent-files$/.test(name)).map((name) => name.replace("-log-agent-files", ""));
}

describe("a canary", () => {
    it("is what every other host waits for, wherever it stands in the list; other canaries are not", async () => {
        const registrations = await wired([false, true, false, true]);
        assert.deepEqual(["was-0", "was-1", "was-2", "was-3"].map((host) => waitsFor(registrations, host)), [["was-1", "was-3"], [], ["was-1", "was-3"], []]);
    });
    it("is none by default: no host waits for another one", async () => {
        const registrations = await wired([false, false]);
        assert.deepEqual(["was-0", "was-1"].map((host) => waitsFor(registrations, host)), [[], []]);
    });
    it("proves itself after a change, and no other host does", async () => {
        const registrations = await wired([true, false]);
        const proves = (host: string) => /the canary is not healthy/.test(sentScripts(registrations.find(({ name }) => name === `${host}-log-agent-files`)!).create);
        assert.deepEqual([proves("was-0"), proves("was-1")], [true, false]);
    });
    it("waits for what all wait for", async () => {
        const registrations = await wired([true]);
        assert.ok(registrations.find(({ name }) => name === "was-0-log-agent-files")!.options.dependsOn.includes("monitoring-ready"));
    });
});
