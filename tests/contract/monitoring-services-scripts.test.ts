import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { REGISTRATION } from "../../components/metrics-target/registration";
import { membersGuardScript, preflightScript, readyScript } from "../../components/monitoring-services/scripts";
import { CONFIG } from "../../components/monitoring-services/services";
import { UpgradeArgs } from "../../components/monitoring-services/upgrade";
import { IMAGES } from "../../components/versions";
import { part } from "../support/parts";

/** A directory of its own with stand-ins for programs; scripts run in it with nothing else of ours. */
class Host {
    readonly directory = fs.mkdtempSync(path.join(os.tmpdir(), "host-"));

    /** The data directory, where versions are noted. */
    get upgrade(): UpgradeArgs {
        return { dataDirectory: this.directory, images: IMAGES };
    }

    /** Puts a shell script in the place of a program. */
    program(name: string, text: string): void {
        const file = path.join(this.directory, "bin", name);
        fs.mkdirSync(path.dirname(file), { recursive: true });
        fs.writeFileSync(file, `#!/bin/sh\n${text}\n`, { mode: 0o755 });
    }

    file(name: string, text: string, secondsAgo = 60): void {
        const file = path.join(this.directory, name);
        fs.mkdirSync(path.dirname(file), { recursive: true });
        fs.writeFileSync(file, text);
        const time = Date.now() / 1000 - secondsAgo;
        fs.utimesSync(file, time, time);
    }

    run(sh: string, script: string): { status: number | null; said: string } {
        const text = script.replaceAll(REGISTRATION.root, path.join(this.directory, "registered")).replaceAll(CONFIG, path.join(this.directory, "etc"));
        const { status, stderr } = spawnSync(sh, ["-c", text], {
            env: { PATH: `${path.join(this.directory, "bin")}:/usr/bin:/bin` },
            encoding: "utf8",
            timeout: 60000,
        });
        return { status, said: stderr };
    }

    remove(): void {
        fs.rmSync(this.directory, { recursive: true });
    }
}

const FILES = ["prometheus/prometheus.yml", "gateway/Caddyfile", "alertmanager/alertmanager.yml", "loki/runtime.yml", "tempo/overrides.yml"];

/** Answers as the services do when all is well; `change` rewrites one metric of one service. */
function metrics(now: number, change: (text: string) => string = (text) => text): string {
    const text = [
        ...["prometheus", "caddy", "alertmanager"].flatMap((name) => [
            `${name}_config_last_reload_successful 1`,
            `${name}_config_last_reload_success_timestamp_seconds ${now.toExponential(9)}`,
        ]),
        ...["loki", "tempo"].map((name) => `${name}_runtime_config_last_reload_successful{config="x"} 1`),
    ].join("\n");
    return change(text);
}

function dockerThatSays(text: string, health = "healthy"): string {
    return `case "$*" in
  inspect*) echo ${health} ;;
  logs*) echo "the reason" ;;
  *api/health*) echo '{"database": "ok"}' ;;
  *metrics*) cat <<'END'
${text}
END
  ;;
esac`;
}

describe("scripts on the monitoring host", function () {
    this.timeout(60000);
    let host: Host;
    beforeEach(() => {
        host = new Host();
    });
    afterEach(() => host.remove());

    it("ready: is content when every service says that it runs the files of now", function () {
        const sh = part(this, "sh");
        for (const file of FILES) host.file(`etc/${file}`, "x");
        host.program("docker", dockerThatSays(metrics(Date.now() / 1000)));
        assert.deepEqual(host.run(sh, readyScript(host.upgrade)), { status: 0, said: "" });
        const { services } = JSON.parse(fs.readFileSync(path.join(host.directory, "versions.json"), "utf8")) as { services: Record<string, object> };
        assert.deepEqual(services.grafana, { image: IMAGES.grafana, version: "12.4.10", line: [12, 4] });
    });

    for (const [service, from] of [
        ["prometheus", "prometheus_config_last_reload_successful 1"],
        ["loki", 'loki_runtime_config_last_reload_successful{config="x"} 1'],
        ["tempo", 'tempo_runtime_config_last_reload_successful{config="x"} 1'],
    ]) {
        it(`ready: names ${service} and what it said, when it cannot use its file`, function () {
            const sh = part(this, "sh");
            for (const file of FILES) host.file(`etc/${file}`, "x");
            host.program("docker", dockerThatSays(metrics(Date.now() / 1000, (text) => text.replace(from, from.replace(/1$/, "0")))));
            const { status, said } = host.run(sh, readyScript(host.upgrade));
            assert.deepEqual([status, said], [1, `photogather-monitoring: ${service} does not run the present configuration; it said: the reason\n`]);
        });
    }

    it("ready: waits for a service that still runs the file before", function () {
        const sh = part(this, "sh");
        for (const file of FILES) host.file(`etc/${file}`, "x");
        const old = metrics(Date.now() / 1000 - 3600);
        const fresh = metrics(Date.now() / 1000);
        fs.writeFileSync(path.join(host.directory, "old"), old);
        fs.writeFileSync(path.join(host.directory, "fresh"), fresh);
        // Each look at the metrics is counted; the new time appears after some of them.
        host.program(
            "docker",
            dockerThatSays("").replace(
                /cat <<[^]*END\n/,
                `echo >> ${host.directory}/looks; [ "$(wc -l < ${host.directory}/looks)" -lt 5 ] && cat ${host.directory}/old || cat ${host.directory}/fresh\n`,
            ),
        );
        assert.deepEqual(host.run(sh, readyScript(host.upgrade)), { status: 0, said: "" });
        assert.ok(fs.readFileSync(path.join(host.directory, "looks"), "utf8").length >= 5);
    });

    for (const [what, state, reason] of [
        ["is not content with one that ended again and again", "starting restarting 9", "does not get well"],
        ["does not hold against one how often it ended in its life", "starting running 7", "does not run the present configuration"],
        ["is not content with one that stays unhealthy", "unhealthy running 7", "does not get well"],
        ["is not content with one that was stopped", "starting exited 7", "does not get well"],
    ]) {
        it(`ready: ${what}`, function () {
            const sh = part(this, "sh");
            for (const file of FILES) host.file(`etc/${file}`, "x");
            const answers = `inspect*Health*Count*) echo ${state} ;;\n  inspect*Count*) echo 7 ;;\n  inspect*) echo ${state.split(" ")[0]} ;;`;
            host.program("docker", dockerThatSays(metrics(Date.now() / 1000)).replace(/inspect\*\) .*/, answers));
            // A second of ours is a minute of the host's.
            const start = Math.floor(Date.now() / 1000);
            host.program("date", `echo $(( ${start} + ($(/bin/date +%s) - ${start}) * 60 ))`);
            const { status, said } = host.run(sh, readyScript(host.upgrade));
            assert.deepEqual([status, said], [1, `photogather-monitoring: prometheus ${reason}; it said: the reason\n`]);
        });
    }

    it("ready: waits for one that was unhealthy for a moment", function () {
        const sh = part(this, "sh");
        for (const file of FILES) host.file(`etc/${file}`, "x");
        host.program("docker", dockerThatSays(metrics(Date.now() / 1000)).replace(/inspect\*\) .*/, `inspect*Health*) echo >> ${host.directory}/looks; [ "$(wc -l < ${host.directory}/looks)" -lt 9 ] && echo unhealthy running 0 || echo healthy ;;\n  inspect*) echo 0 ;;`));
        assert.deepEqual(host.run(sh, readyScript(host.upgrade)), { status: 0, said: "" });
        assert.ok(fs.readFileSync(path.join(host.directory, "looks"), "utf8").length >= 9);
    });

    it("guard: names the environments that are still registered, and not the owner's own", function () {
        const sh = part(this, "sh");
        assert.deepEqual(host.run(sh, membersGuardScript("prod", false)), { status: 0, said: "" });
        host.file("registered/targets/prod.application.json", "[]");
        assert.deepEqual(host.run(sh, membersGuardScript("prod", false)), { status: 0, said: "" });
        for (const file of ["dev.application.json", "dev.host.json", "dev.host.log-agent.json", "loadtest.host.json"])
            host.file(`registered/targets/${file}`, "[]");
        const { status, said } = host.run(sh, membersGuardScript("prod", false));
        assert.equal(status, 1);
        assert.match(
            said,
            /^photogather-monitoring: these environments are still registered here: dev loadtest\. Destroy their stacks first, or set destroyWithMembers/,
        );
        assert.deepEqual(host.run(sh, membersGuardScript("prod", true)), { status: 0, said: "" });
    });

    it("preflight: says in one line that Docker does not answer", function () {
        const sh = part(this, "sh");
        host.program("docker", 'echo "Cannot connect to the Docker daemon" >&2; exit 1');
        const { status, said } = host.run(sh, `set -eu\n${preflightScript(0)}`);
        assert.deepEqual([status, said], [1, "photogather-monitoring: Docker does not answer on this host: Cannot connect to the Docker daemon\n"]);
    });
});
