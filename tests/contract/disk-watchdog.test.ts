import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { planWatchdog, WatchdogPolicy } from "../../components/monitoring-services/disk-watchdog";
import { part } from "../support/parts";
import { sampleServices } from "../support/services";
import { SmallVolume } from "../support/small-volume";

const PROGRAM = path.join(__dirname, "..", "..", "templates", "disk-watchdog", "disk-watchdog");
const MIB = 2 ** 20;

interface State {
    level: number;
    refusing: boolean;
    full: boolean;
    changed: number;
}

/** The program's own decision for a row of uses, a minute apart. */
function decide(python: string, policy: WatchdogPolicy, minutes: number[], from: State = { level: 0, refusing: false, full: false, changed: 0 }): State[] {
    const code = `import importlib.machinery, importlib.util, json, sys
loader = importlib.machinery.SourceFileLoader("watchdog", sys.argv[1])
module = importlib.util.module_from_spec(importlib.util.spec_from_loader("watchdog", loader)); loader.exec_module(module)
given = json.load(sys.stdin); state = given["from"]; states = []
for minute, used in enumerate(given["used"]):
    state = module.decide(state, used, 1e9 + 60 * minute, given["policy"]); states.append(state)
print(json.dumps(states))`;
    return JSON.parse(execFileSync(python, ["-B", "-c", code, PROGRAM], { input: JSON.stringify({ policy, used: minutes, from }), encoding: "utf8" })) as State[];
}

describe("the disk watchdog", function () {
    this.timeout(120000);
    const policy = planWatchdog(sampleServices());
    const levels = (states: State[]) => states.map(({ level }) => level);
    const steady = (used: number, minutes: number) => Array.from({ length: minutes }, () => used);

    it("does nothing below the mark", function () {
        assert.deepEqual(levels(decide(part(this, "python3"), policy, [10, 74.9, 0])), [0, 0, 0]);
    });

    it("takes a step at the mark, and the next one when that has had its time", function () {
        const states = decide(part(this, "python3"), policy, steady(76, 140));
        assert.deepEqual([0, 30, 31, 61, 62, 92, 93, 139].map((minute) => states[minute].level), [1, 1, 2, 2, 3, 3, 4, 4], "and none of prod's");
        assert.ok(states.every(({ refusing }) => !refusing));
    });

    it("cuts all lower environments at once at the higher mark, and prod only when that did not help", function () {
        const states = decide(part(this, "python3"), policy, steady(86, 70));
        assert.deepEqual([0, 30, 31, 61, 62].map((minute) => states[minute].level), [4, 4, 5, 5, 6]);
        assert.deepEqual(levels(decide(part(this, "python3"), policy, [76, 86, ...steady(84, 40)])).slice(0, 3), [1, 4, 4]);
        assert.equal(decide(part(this, "python3"), policy, [76, 86, ...steady(84, 40)]).pop()!.level, 4, "prod is left alone below it");
    });

    it("refuses the lower environments when it is nearly full, until there is space", function () {
        assert.deepEqual(decide(part(this, "python3"), policy, [91, 92, 90, 85, 84.9, 91]).map(({ refusing }) => refusing), [false, true, true, true, false, false]);
    });

    it("takes steps back one by one, with a margin, prod's first", function () {
        const from = { level: 6, refusing: false, full: false, changed: 0 };
        const states = decide(part(this, "python3"), policy, steady(60, 63), from);
        assert.deepEqual([0, 30, 31, 61, 62].map((minute) => states[minute].level), [5, 5, 4, 4, 3]);
        assert.deepEqual(levels(decide(part(this, "python3"), policy, [81, 80], from)), [6, 6]);
        assert.equal(decide(part(this, "python3"), policy, steady(71, 200), { ...from, level: 4 }).pop()!.level, 4);
        assert.equal(decide(part(this, "python3"), policy, steady(69, 200), { ...from, level: 4 }).pop()!.level, 0);
    });

    it("knows that it was full until there is room for all", function () {
        assert.deepEqual(decide(part(this, "python3"), policy, [98.9, 99, 100, 92, 91.9, 98.9]).map(({ full }) => full), [false, true, true, true, false, false]);
    });

    it("goes on with a ladder that has become shorter", function () {
        assert.deepEqual(levels(decide(part(this, "python3"), { ...policy, levels: policy.levels.slice(0, 3), lowers: 2 }, [76], { level: 6, refusing: false, full: false, changed: 0 })), [2]);
    });

    it("restarts Tempo where it runs, starts none that was stopped, and fails where Docker does not answer", () => {
        const directory = fs.mkdtempSync(path.join(os.tmpdir(), "watchdog-"));
        const [[program, ...args]] = policy.afterFull;
        // The name is Docker's to match: e2e's 72-disk has the real one.
        const runs = (answer: string) => {
            fs.writeFileSync(path.join(directory, "docker"), `#!/bin/sh\necho "$@" >> ${directory}/said\n[ "$1" != ps ] || ${answer}\n`, { mode: 0o755 });
            const { status } = spawnSync(program, args, { env: { PATH: `${directory}:${process.env.PATH}` } });
            const said = fs.readFileSync(path.join(directory, "said"), "utf8").split("\n").filter((line) => line.startsWith("restart"));
            fs.rmSync(path.join(directory, "said"));
            return { status, said };
        };
        try {
            assert.deepEqual([runs("echo 0123456789ab"), runs("true"), runs("exit 1")], [{ status: 0, said: ["restart 0123456789ab"] }, { status: 0, said: [] }, { status: 1, said: [] }]);
        } finally {
            fs.rmSync(directory, { recursive: true, force: true });
        }
    });

    it("acts on a real volume: fills, shortens, refuses, frees, restores; and says so", function () {
        const python = part(this, "python3");
        const directory = fs.mkdtempSync(path.join(os.tmpdir(), "watchdog-"));
        const below = (name: string) => path.join(directory, name);
        const volume = SmallVolume.mount(this, directory, 64);
        try {
            for (const name of ["etc/disk-watchdog", "etc/loki", "etc/tempo"]) fs.mkdirSync(below(name), { recursive: true });
            const allow = (seconds: number, afterFull: string[]) => fs.writeFileSync(below("etc/disk-watchdog/policy.json"), JSON.stringify({ ...policy, directory: below("data"), effectSeconds: 0, afterFull: [afterFull], afterFullSeconds: seconds }));
            allow(30, ["mkdir", below("restarted/tempo")]);
            const run = () => execFileSync(python, ["-I", PROGRAM, "--config", below("etc"), "--state", below("state.json"), "--metrics", below("run/disk-watchdog.prom")], { encoding: "utf8" });
            const kept = (environment: string) => new RegExp(`"${environment}":[^]*?retention_period: "(\\w+)"`).exec(fs.readFileSync(below("etc/loki/runtime.yml"), "utf8"))![1];
            const rate = (environment: string) => Number(new RegExp(`"${environment}":[^]*?rate_limit_bytes: (\\d+)`).exec(fs.readFileSync(below("etc/tempo/overrides.yml"), "utf8"))![1]);
            const fill = (percent: number) => volume.fill(percent);
            assert.equal(run(), "");
            assert.deepEqual([kept("loadtest"), kept("prod")], ["2d", "14d"]);
            fill(77);
            assert.match(run(), /^7\d\.\d % of the data volume in use: retention is shortened to level 1 of 6: loadtest keeps 24 h of logs and 12 h of traces\n$/);
            assert.deepEqual([kept("loadtest"), kept("dev"), kept("prod")], ["24h", "14d", "14d"]);
            fill(88);
            run();
            assert.deepEqual([kept("loadtest"), kept("dev"), kept("prod")], ["6h", "6h", "14d"]);
            fill(94);
            assert.match(run(), /level 5 of 6: prod keeps 168 h[^]*environments that give way first are refused\n$/);
            assert.deepEqual([kept("prod"), rate("loadtest"), rate("dev"), rate("prod")], ["168h", 1, 1, 943718]);
            assert.match(fs.readFileSync(below("run/disk-watchdog.prom"), "utf8"), /\nphotogather_disk_watchdog_level 5\n[^]*\nphotogather_disk_watchdog_refusing 1\n/);
            fill(10);
            assert.match(run(), /restored to level 4 of 6[^]*taken again\n$/);
            for (let i = 0; i < 4; i++) run();
            assert.deepEqual([kept("loadtest"), kept("dev"), kept("prod"), rate("loadtest")], ["2d", "14d", "14d", 524288]);
            assert.equal(run(), "", "and then it is quiet");
            assert.ok(fs.statfsSync(below("data")).blocks < 128 * MIB);
            fill(100);
            run();
            fill(10);
            assert.match(run(), /the data volume was full, and has room again: mkdir .*\nthat failed, and is tried again: mkdir: /);
            allow(1, ["sleep", "30"]);
            assert.match(run(), /has room again: sleep 30\nthat failed, and is tried again: .*timed out after 1 seconds\n/);
            allow(30, ["mkdir", below("restarted/tempo")]);
            fs.mkdirSync(below("restarted"));
            assert.match(run(), /the data volume was full, and has room again: mkdir [^\n]*\n(?!that failed)/);
            assert.ok(fs.existsSync(below("restarted/tempo")));
            for (let i = 0; i < 8; i++) run();
            assert.equal(run(), "", "and no second time");
        } finally {
            volume.unmount();
            fs.rmSync(directory, { recursive: true, force: true });
        }
    });
});
