import assert from "node:assert/strict";
import * as fc from "fast-check";
import { parse } from "yaml";
import { renderLoki, renderTempo } from "../../components/monitoring-services/backends";
import { DELETE_DELAYS, effectMinutes, planShortenings, planWatchdog, WATCHDOG } from "../../components/monitoring-services/disk-watchdog";
import { planServiceBundle } from "../../components/monitoring-services/files";
import { planContainers } from "../../components/monitoring-services/containers";
import { settleScript } from "../../components/monitoring-services/scripts";
import { CERTIFICATE, sampleServices } from "../support/services";

const args = sampleServices();
const told = (change = {}) => planShortenings(sampleServices(change)).map(({ environment, at, logs, traces }) => [at, environment, logs, traces]);

describe("the disk watchdog's ladder", () => {
    it("takes from the smallest share first, and from the largest last and only at the higher mark", () => {
        assert.deepEqual(told(), [
            [75, "loadtest", 24, 12], [75, "loadtest", 6, 3], [75, "dev", 168, 84], [75, "dev", 6, 3], [85, "prod", 168, 84], [85, "prod", 84, 42],
        ]);
    });

    it("never lengthens what is kept, and leaves out steps that change nothing", () => {
        const { prod, dev, loadtest } = args.environments;
        assert.deepEqual(told({ environments: { prod: { ...prod, logRetention: "24h", traceRetention: "12h" }, dev, loadtest: { ...loadtest, traceRetention: "2h", logRetention: "24h" } } }).filter(([, name]) => name !== "dev"),
            [[75, "loadtest", 12, 2], [75, "loadtest", 6, 2]]);
    });

    it("keeps something of every environment, whatever is configured", () => {
        fc.assert(fc.property(fc.integer({ min: 1, max: 999 }), fc.integer({ min: 1, max: 3 }), (days, count) => {
            const environments = Object.fromEntries(Object.entries(args.environments).slice(0, count));
            for (const { environment, at, logs, traces } of planShortenings({ environments, retention: { logs: `${days}d`, traces: `${days}h` } })) {
                assert.ok(logs >= 6 && traces >= 1 && logs <= days * 24 && (at === 85) === (environment === "prod" || count === 1), `${environment} ${logs} ${traces}`);
            }
        }), { numRuns: 30 });
    });

    it("has whole files for each level, of which nothing but retention and, refusing, the lower environments' rates differs", () => {
        const { levels, lowers } = planWatchdog(args);
        assert.deepEqual([levels.length, lowers], [7, 4]);
        const [normal, deepest] = [levels[0], levels[6]].map((level) => ({ loki: parse(level.files["loki/runtime.yml"]).overrides, tempo: parse(level.files["tempo/overrides.yml"]).overrides }));
        assert.deepEqual([normal.loki.prod.retention_period, deepest.loki.prod.retention_period, deepest.loki.loadtest.retention_period], ["14d", "84h", "6h"]);
        assert.deepEqual([normal.tempo.prod.compaction.block_retention, deepest.tempo.prod.compaction.block_retention, deepest.tempo.dev.compaction.block_retention], ["168h", "42h", "3h"]);
        for (const name of ["prod", "dev", "loadtest"]) {
            const without = ({ retention_period: _, ...rest }: Record<string, unknown>) => rest;
            assert.deepEqual(without(deepest.loki[name]), without(normal.loki[name]));
        }
        const refusing = { loki: parse(levels[4].refusing["loki/runtime.yml"]).overrides, tempo: parse(levels[4].refusing["tempo/overrides.yml"]).overrides };
        assert.deepEqual(refusing.loki.prod, parse(levels[4].files["loki/runtime.yml"]).overrides.prod);
        assert.ok(refusing.loki.dev.ingestion_rate_mb < 0.00001 && refusing.loki.loadtest.ingestion_burst_size_mb < 0.00001);
        assert.deepEqual([refusing.tempo.dev.ingestion.rate_limit_bytes, refusing.tempo.prod.ingestion.rate_limit_bytes], [1, 943718]);
    });

    it("begins with what is deployed, so that it changes nothing while there is space", () => {
        const deployed = [...renderLoki(args), ...renderTempo(args)];
        for (const [file, text] of Object.entries(planWatchdog(args).levels[0].files)) assert.equal(deployed.find(({ path }) => path.endsWith(file))!.content, text);
    });

    it("waits as long as the backends need to delete, by the very settings that they have", () => {
        const loki = parse(renderLoki(args).find(({ path }) => path.endsWith("loki.yml"))!.content).compactor;
        const tempo = parse(renderTempo(args).find(({ path }) => path.endsWith("tempo.yml"))!.content);
        assert.deepEqual([loki.compaction_interval, loki.retention_delete_delay, tempo.backend_scheduler.provider.retention.interval, tempo.backend_worker.compaction.compacted_block_retention], ["10m", "15m", "5m", "15m"]);
        assert.equal(planWatchdog(args).effectSeconds, 31 * 60);
        assert.equal(effectMinutes({ ...DELETE_DELAYS, tempoCompactedBlock: 60 }), 72);
    });

    it("comes with the services: program, policy and timer in their bundle, its metrics by their node exporter", () => {
        const { files } = planServiceBundle(sampleServices({ tls: { mode: "ca", caCertificate: CERTIFICATE, caPrivateKey: "k" } }));
        for (const file of [WATCHDOG.program, WATCHDOG.policy, `/etc/systemd/system/${WATCHDOG.unit}.service`, `/etc/systemd/system/${WATCHDOG.unit}.timer`]) assert.ok(files.some(({ path }) => path === file), file);
        const { command } = planContainers({ dataDirectory: "/data", memoryMiB: 1840, port: 8080, acme: false })["node-exporter"];
        assert.ok((command as string[]).includes("--collector.textfile.directory=/host/run/photogather-monitoring"));
        assert.match(settleScript("/data", {}), /systemctl restart photogather-monitoring-disk-watchdog\.timer/);
    });
});
