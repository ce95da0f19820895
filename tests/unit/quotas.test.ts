import assert from "node:assert/strict";
import * as fc from "fast-check";
import { planBudget, usableMiB } from "../../components/monitoring-services/budget";
import { HOST_SERIES, HOST_TYPES } from "../../components/monitoring-services/capacity-model";
import { explainCaps, planCapacity, planCaps } from "../../components/monitoring-services/caps";
import { bySharesUpward, planQuotas, planShares, QuotaArgs, validateQuotas } from "../../components/monitoring-services/quotas";
import { planRetention } from "../../components/monitoring-services/retention";
import { planNeeds, validateWorkload } from "../../components/monitoring-services/workload";
import { scrapeJobs } from "../../components/metrics-target/scrape-jobs";
import { renderLoki, renderPrometheus, renderTempo } from "../../components/monitoring-services/backends";
import { parseWorkload } from "../../tools/plan/workload";
import { sampleServices } from "../support/services";

const SHIPPED: Record<string, QuotaArgs> = { prod: { severity: "page" }, dev: { severity: "notify" }, loadtest: { severity: "none" } };

describe("quotas of the environments", () => {
    it("are shares of the host, prod's the largest", () => {
        assert.deepEqual(planShares(SHIPPED), { prod: 0.6, dev: 0.25, loadtest: 0.15 });
        assert.deepEqual(bySharesUpward(planQuotas(SHIPPED)), ["loadtest", "dev", "prod"]);
        const { prod, loadtest } = planQuotas(SHIPPED);
        assert.deepEqual([prod.logRateMiB, loadtest.logRateMiB, prod.maxLogStreams, loadtest.maxLogStreams], [2.4, 0.6, 3600, 900]);
        assert.deepEqual([loadtest.logBurstMiB, prod.maxTargets, loadtest.maxTargets, loadtest.samplesPerTarget], [17.2, 228, 57, 1780]);
    });

    it("split what the given shares leave", () => {
        assert.deepEqual(planShares({ ...SHIPPED, prod: { severity: "page", share: 80 } }), { prod: 0.8, dev: 0.125, loadtest: 0.075 });
        assert.deepEqual(planShares({ a: {}, b: {} }), { a: 0.5, b: 0.5 });
        assert.deepEqual(planShares({ a: {} }), { a: 1 });
    });

    it("never add up to more than the host, whatever is given", () => {
        const environment = fc.record({ severity: fc.constantFrom("page", "notify", "none"), share: fc.option(fc.integer({ min: 1, max: 30 }), { nil: undefined }) });
        fc.assert(fc.property(fc.array(environment, { minLength: 1, maxLength: 3 }), fc.integer({ min: 1840, max: 64000 }), fc.integer({ min: 1, max: 16 }), (list, memoryMiB, cores) => {
            const environments = Object.fromEntries(list.map((each, i) => [`e${i}`, each]));
            assert.deepEqual(validateQuotas(environments), []);
            const quotas = Object.values(planQuotas(environments, { memoryMiB, cores }));
            const capacity = planCapacity(memoryMiB, cores);
            const sum = (key: "share" | "series" | "logRateMiB") => quotas.reduce((total, quota) => total + quota[key], 0);
            assert.ok(sum("share") <= 1.000001 && sum("series") <= capacity.series && sum("logRateMiB") <= capacity.logRateMiB + 0.02);
            for (const quota of quotas) for (const value of Object.values(quota)) assert.ok(typeof value === "string" || (Number.isFinite(value) && value > 0));
        }));
    });

    it("take a given number before the share", () => {
        const { dev } = planQuotas({ ...SHIPPED, dev: { logRateMiB: 7, maxTargets: 9, maxSpanMetricSeries: 11, logBurstMiB: 8 } });
        assert.deepEqual([dev.logRateMiB, dev.logBurstMiB, dev.maxTargets, dev.maxSpanMetricSeries, dev.traceRateMiB], [7, 8, 9, 11, 0.38]);
    });

    const REFUSED: [string, Record<string, QuotaArgs>, string, RegExp][] = [
        ["a share of nothing", { a: { share: 0 } }, "a.share", /above 0 and up to 100, got 0/],
        ["shares of more than all", { a: { share: 60 }, b: { share: 50 } }, "b.share", /add up to 110 \(a 60, b 50\): expected at most 100/],
        ["shares that leave nothing", { a: { share: 100 }, b: {} }, "a.share", /leave nothing for b/],
        ["a rate below 0", { a: { logRateMiB: -1 } }, "a.logRateMiB", /number above 0, got -1/],
        ["half a stream", { a: { maxLogStreams: 0.5 } }, "a.maxLogStreams", /whole number above 0/],
        ["a burst below a second of its rate", { a: { traceRateMiB: 4, traceBurstMiB: 1 } }, "a.traceBurstMiB", /at least a second of the rate, 4 MiB, got 1/],
        ["a query range that is none", { a: { maxQueryRange: "3 days" } }, "a.maxQueryRange", /expected a duration such as/],
        ["a metric's name that Prometheus could not read", { a: { allowedMetrics: ["jvm_.*", "http_(server"] } }, "a.allowedMetrics[1]", /regular expression of whole metric names/],
        ["a metric's name with a line break", { a: { allowedMetrics: ["a\nb"] } }, "a.allowedMetrics[0]", /regular expression/],
    ];
    for (const [what, environments, path, message] of REFUSED) {
        it(`refuse ${what}, with one sentence`, () => {
            const problems = validateQuotas(environments);
            assert.deepEqual(problems.map((problem) => problem.path), [path]);
            assert.match(problems[0].message, message);
        });
    }

    it("reach what Loki, Tempo and Prometheus read anew by themselves", () => {
        const base = sampleServices();
        const args = sampleServices({ environments: { ...base.environments, dev: { ...base.environments.dev, maxQueryRange: "3d", allowedMetrics: ["jvm_.*", "up"] } } });
        const content = (files: { path: string; content: string }[], end: string) => files.find(({ path }) => path.endsWith(end))!.content;
        assert.match(content(renderLoki(args), "runtime.yml"), /\n {2}"dev":\n {4}ingestion_rate_mb: 1\n {4}ingestion_burst_size_mb: 18\n {4}max_global_streams_per_user: 1500\n[^]*? {4}max_query_length: "3d"\n/);
        assert.equal(content(renderLoki(args), "runtime.yml").match(/max_query_length/g)!.length, 1);
        assert.match(content(renderTempo(args), "overrides.yml"), /\n {2}"dev":\n {4}ingestion:\n {6}rate_limit_bytes: 398459\n[^]*?max_search_duration: "72h"\n {6}max_metrics_duration: "72h"\n[^]*?\n {6}max_active_series: 6000\n/);
        assert.match(content(renderPrometheus(args), "scrape/dev.yml"), /"sample_limit": 2966,\n {6}"target_limit": 95,[^]*"regex": "jvm_\.\*\|up"/);
    });
});

describe("a metric allow-list", () => {
    it("is for applications; hosts and agents have their own", () => {
        const jobs = scrapeJobs("dev", { allowedMetrics: ["jvm_.*", "http_.*"] });
        assert.deepEqual(jobs.application.metric_relabel_configs, [{ action: "keep", source_labels: ["__name__"], regex: "jvm_.*|http_.*" }]);
        assert.equal(jobs.host.metric_relabel_configs, undefined);
        assert.equal(scrapeJobs("dev", {}).application.metric_relabel_configs, undefined);
    });
});

describe("caps inside the services", () => {
    it("grow with the host, and stay below the memory of their service", () => {
        for (const memory of [1500, 1840, 3680, 16000]) {
            const [caps, budget, larger] = [planCaps(memory), planBudget(memory), planCaps(memory + 1000)];
            assert.ok((caps.prometheusMaxSamples * 16) / 2 ** 20 < budget.prometheus.limitMiB / 2);
            assert.ok(caps.lokiReplayMiB + caps.lokiCacheMiB < budget.loki.goMemLimitMiB && caps.tempoBlockMiB + 3 * caps.tempoLiveTracesMiB < budget.tempo.goMemLimitMiB / 4);
            // A row of a million values for each block, and what is read of all of them, twice where reads overlap.
            assert.ok(caps.tempoMergedBlocks * 23 + 2 * caps.tempoMergedMiB < budget.tempo.goMemLimitMiB / 2);
            for (const [name, value] of Object.entries(caps)) assert.ok(larger[name as keyof typeof caps] >= value, name);
            for (const row of explainCaps(memory)) for (const cell of row) assert.ok(cell);
        }
    });
});

describe("what a workload needs", () => {
    const retention = planRetention();

    it("is within a t4g.small's memory for 100 hosts, and grows with each number", () => {
        const needs = planNeeds({ hosts: 100 }, retention);
        assert.equal(needs.smallestType, "t4g.small");
        assert.ok(needs.memoryMiB <= usableMiB(2048) && needs.cores < 0.4);
        // 100 hosts took 0.244 of a core, and the gateway 0.045 (docs/capacity.md).
        const backends = needs.signals.reduce((sum, { cores }) => sum + cores, 0);
        assert.deepEqual([backends.toFixed(2), (needs.cores - backends).toFixed(3)], ["0.25", "0.045"]);
        for (const more of [{ hosts: 101 }, { hosts: 100, series: 700 }, { hosts: 100, lines: 11 }, { hosts: 100, spans: 21 }]) {
            const { signals } = planNeeds(more, retention);
            const sum = (list: typeof signals) => list.reduce((total, { memoryMiB, diskGiB }) => total + memoryMiB + diskGiB, 0);
            assert.ok(sum(signals) > sum(needs.signals), JSON.stringify(more));
        }
    });

    it("names the smallest type that has the memory and the cores, and none where none has", () => {
        assert.equal(planNeeds({ hosts: 300 }, retention).smallestType, "t4g.xlarge");
        assert.equal(planNeeds({ hosts: 100000 }, retention).smallestType, "");
        for (let i = 1; i < HOST_TYPES.length; i++) assert.ok(HOST_TYPES[i].memoryMiB >= HOST_TYPES[i - 1].memoryMiB);
    });

    it("has as much of Prometheus' memory as the quotas let its series have: what fits by the model is not refused as a target", () => {
        for (const memory of [1500, 1840, 3680, 7360]) {
            const most = planCapacity(memory).series / (600 + HOST_SERIES);
            const fits = (hosts: number) => planNeeds({ hosts, lines: 1, spans: 1 }, retention).signals[0].memoryMiB <= planBudget(memory).prometheus.limitMiB;
            assert.deepEqual([fits(Math.floor(most * 0.98)), fits(Math.ceil(most * 1.02))], [true, false], `${memory}: ${most}`);
        }
    });

    it("is refused by a host that lacks memory, with the smallest type that does", () => {
        const [problem, ...others] = validateWorkload("monitoring.workload", { hosts: 200, spans: 20 }, retention, { memoryMiB: 1840 });
        assert.deepEqual([problem.path, others], ["monitoring.workload", []]);
        assert.match(problem.message, /^needs \d+ MiB, and this host has 1840 \(prometheus 455 of 320, loki 349 of 338, tempo 624 of 400\): t4g\.large is the smallest EC2 type that does$/);
        assert.deepEqual(validateWorkload("w", { hosts: 100 }, retention, { memoryMiB: 1840 }), []);
    });

    it("is refused where more arrives than the environments may send; the type that is named lets it in", () => {
        const rates = { logs: 4, traces: 1.5 };
        assert.deepEqual(validateWorkload("w", { hosts: 100 }, retention, { memoryMiB: 1840, rates }), []);
        const [problem, ...others] = validateWorkload("w", { hosts: 200 }, retention, { memoryMiB: 16000, rates });
        assert.deepEqual(others, []);
        assert.match(problem.message, /^brings 1\.72 MiB\/s of spans, and all environments together may send 1\.50: t4g\.large is the smallest EC2 type that does, or raise their traceRateMiB$/);
        for (const hosts of [100, 200, 300, 1000]) {
            const { smallestType, arrivingMiB } = planNeeds({ hosts }, retention);
            const { memoryMiB, cores } = HOST_TYPES.find(({ type }) => type === smallestType)!;
            const { logRateMiB, traceRateMiB } = planCapacity(usableMiB(memoryMiB), cores);
            assert.ok(arrivingMiB.logs <= logRateMiB && arrivingMiB.traces <= traceRateMiB, String(hosts));
        }
    });

    it("is refused by a disk that will not hold the retention", () => {
        const [problem] = validateWorkload("w", { hosts: 100 }, retention, { memoryMiB: 1840, diskGiB: 50 });
        assert.match(problem.message, /^needs \d+ GiB of disk \(metrics \d+, logs \d+, traces \d+\), and the data volume has 50: shorten monitoring\.retention/);
        assert.deepEqual(validateWorkload("w", { hosts: 20, lines: 1, spans: 1 }, retention, { memoryMiB: 1840, diskGiB: 50 }), []);
    });

    it("counts metrics up to their size bound at most", () => {
        assert.equal(planNeeds({ hosts: 5000 }, { ...retention, metricsSize: "20GB" }).signals[0].diskGiB, 21);
    });

    it("comes from the command line", () => {
        assert.equal(parseWorkload({}), undefined);
        assert.deepEqual(parseWorkload({ hosts: "100", lines: "0.5" }), { hosts: 100, lines: 0.5 });
        assert.throws(() => parseWorkload({ lines: "5" }), /--hosts is missing/);
        assert.throws(() => parseWorkload({ hosts: "1.5" }), /--hosts: expected a whole number above 0, got "1.5"/);
        assert.throws(() => parseWorkload({ hosts: "5", spans: "-1" }), /--spans: expected a number, got "-1"/);
    });
});
