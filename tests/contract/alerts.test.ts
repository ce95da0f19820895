import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import * as fs from "node:fs";
import * as path from "node:path";
import { metricGroups, renderMetricRules } from "../../dashboards/alerts";
import { isAlert } from "../../dashboards/alerts/rule";
import { DEFAULT_THRESHOLDS } from "../../dashboards/alerts/thresholds";
import { APPLICATION_CASES } from "../support/alert-cases/applications";
import { AlertCase } from "../support/alert-cases/case";
import { DEPLOYMENT_CASES, FACTS } from "../support/alert-cases/deployment";
import { HOST_CASES } from "../support/alert-cases/hosts";
import { part } from "../support/parts";
import { Running } from "../support/running";

const CASES: AlertCase[] = [...HOST_CASES, ...APPLICATION_CASES, ...DEPLOYMENT_CASES];
const ALERTS = Object.values(metricGroups(DEFAULT_THRESHOLDS, FACTS)).flatMap((groups) => groups.flatMap(({ rules }) => rules).filter(isAlert));
/** It fires always: there is nothing that it would be quiet at. */
const ALWAYS = "Watchdog";

/** Names of metrics in a case's series. */
const metricsOf = ({ series }: AlertCase) => new Set(Object.keys(series).map((name) => name.split("{")[0]));
const casesOf = (name: string, severity: string) => CASES.filter((each) => each.alert === name && (each.severity ?? severity) === severity);

describe("Prometheus' alerts, by promtool", function () {
    this.timeout(120000);

    it("each one, of each severity, has a case in which it fires, and one of the same metrics in which it does not", () => {
        const lacking = ALERTS.filter(({ name }) => name !== ALWAYS).filter(({ name, severity }) => {
            const [fires, quiet] = [true, false].map((wanted) => casesOf(name, severity).filter((each) => each.fires === wanted));
            return fires.length === 0 || quiet.length === 0 || fires.some((one) => !quiet.some((other) => [...metricsOf(one)].every((metric) => metricsOf(other).has(metric))));
        });
        assert.deepEqual(lacking.map(({ name, severity }) => `${name} ${severity}`), []);
    });

    it("each one with a `for` has a case that looks before it is over", () => {
        const lacking = ALERTS.filter((rule) => rule.for).filter(({ name, severity }) => !casesOf(name, severity).some(({ notYet }) => notYet));
        // Burn rates over hours: their `for` of a minute is no more than a rounding.
        assert.deepEqual(lacking.map(({ name, severity }) => `${name} ${severity}`), ["HttpErrors warning", "HttpLatency warning"]);
    });

    it("no case is of an alert that does not exist", () => {
        const known = new Set(ALERTS.map(({ name, severity }) => `${name} ${severity}`));
        const unknown = CASES.filter(({ alert, severity }) => !ALERTS.some(({ name }) => name === alert) || (severity !== undefined && !known.has(`${alert} ${severity}`)));
        assert.deepEqual(unknown.map(({ alert }) => alert), []);
    });

    for (const alert of [...new Set(CASES.map((each) => each.alert))]) {
        it(`${alert}: ${CASES.filter((each) => each.alert === alert).length} cases`, function () {
            const promtool = part(this, "promtool");
            const mine = CASES.filter((each) => each.alert === alert);
            // promtool evaluates every rule at every step of every case: hours of them go in larger steps.
            for (const interval of new Set(mine.map((each) => each.interval))) check(promtool, mine.filter((each) => each.interval === interval));
        });
    }

    it("a case that is wrong is told", function () {
        const [down] = CASES.filter(({ alert, fires }) => alert === "ApplicationDown" && fires);
        assert.throws(() => check(part(this, "promtool"), [{ ...down, fires: false, notYet: undefined }]), /exp|got/);
    });
});

/** Runs cases through promtool; what it says is the error. */
function check(promtool: string, cases: AlertCase[]): void {
    const running = new Running();
    try {
        const rules = renderMetricRules({ facts: FACTS, links: { grafana: "https://monitoring.example.com" } });
        const wanted = Object.entries(rules).filter(([file, text]) => text.includes(`"alert": "${cases[0].alert}"`) || file.includes("recording"));
        for (const [file, text] of wanted) fs.writeFileSync(path.join(running.directory, file), text);
        const test = path.join(running.directory, "cases.json");
        fs.writeFileSync(test, JSON.stringify({ rule_files: wanted.map(([file]) => file), evaluation_interval: cases[0].interval ?? "15s", tests: cases.map(promtoolTest) }));
        execFileSync(promtool, ["test", "rules", test], { stdio: "pipe", cwd: running.directory });
    } catch (error) {
        const { stderr, stdout } = error as { stderr?: Buffer; stdout?: Buffer };
        assert.fail(`${stdout ?? ""}${stderr ?? error}`);
    } finally {
        void running.stop();
    }
}

function promtoolTest({ alert, severity, when, series, interval = "15s", at, notYet, labels, fires }: AlertCase): object {
    const matchers = { alertname: alert, ...(severity ? { severity } : {}), ...labels, alertstate: "firing" };
    const expr = `count(ALERTS{${Object.entries(matchers).map(([name, value]) => `${name}=${JSON.stringify(value)}`).join(",")}}) or vector(0)`;
    const expect = (time: string, value: number) => ({ expr, eval_time: time, exp_samples: [{ labels: "{}", value }] });
    return {
        name: `${alert}: ${when}`, interval,
        input_series: Object.entries(series).map(([name, values]) => ({ series: name, values })),
        promql_expr_test: [...(notYet ? [expect(notYet, 0)] : []), expect(at, fires ? 1 : 0)],
    };
}
