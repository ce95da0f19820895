/**
 * `npm run doctor -- --stack dev [--grafana URL [--ca FILE]]`: looks at each host of a stack (and, for the owner's, at the monitoring host), and at what the backends have of it, and of hosts
 * that no list has; with `--grafana`, at what a Grafana of one's own has (docs/external.md). Changes nothing. One table, then what is wrong and how it is mended; exit code 1 where something does not work.
 */
import * as fs from "node:fs";
import { parseArgs } from "node:util";
import { DATA } from "../components/monitoring-services/services";
import { KnownSsh } from "../components/monitoring-services/ssh-files";
import { endpointsOf } from "../stacks/host-args";
import type { Was } from "../stacks/model";
import { requireStack, runTool } from "./cli";
import { checkData, checkHost, checkMonitoringHost, checkUnlisted, Finding, unreachable } from "./doctor/checks";
import { Backends, GrafanaLogin, loginOf } from "./doctor/data";
import { HostFacts, parseProbe, renderHostProbe, renderMonitoringProbe } from "./doctor/probe";
import { exitCode, HostReport, renderReport } from "./doctor/report";
import { runOn } from "./doctor/ssh";
import { readStack, sshOf, StackFacts } from "./doctor/stack";

/** Hosts that are asked at the same time: sshd of a jump host turns more than ten away. */
const AT_ONCE = 8;

runTool(async () => {
    const { values } = parseArgs({ options: { stack: { type: "string" }, grafana: { type: "string" }, ca: { type: "string" } } });
    const given = values.grafana ? grafanaOf(values.grafana, values.ca) : undefined;
    const stack = readStack(requireStack(values.stack, "doctor"));
    const { config } = stack;
    const grafana = given ?? stack.grafana;
    const backends = grafana && new Backends(grafana);
    const jobs = [...(config.owner ? [() => examineMonitoringHost(stack)] : []), ...config.was.map((host) => () => examineHost(host, stack, backends, given !== undefined))];
    const reports = [...await inTurn(jobs, AT_ONCE), ...(backends ? await examineUnlisted(stack, backends) : [])];
    console.log(renderReport(reports));
    if (!grafana) {
        const why = config.member ? "this stack does not read the owner's outputs (monitoring.connection)" : "this stack sends to endpoints outside (monitoring.external); npm run doctor -- --stack NAME --grafana URL asks there";
        console.log(`\nWhat the backends have was not asked: ${why}.`);
    }
    process.exitCode = exitCode(reports);
});

async function examineMonitoringHost({ config, monitoring }: StackFacts): Promise<HostReport> {
    const findings = await probe(monitoring, renderMonitoringProbe(config.owner!.directory ?? DATA), checkMonitoringHost);
    return { name: "monitoring host", findings };
}

/** A Grafana that is none of ours. */
function grafanaOf(url: string, ca: string | undefined): GrafanaLogin {
    if (!/^https?:\/\/[^\s/]+/.test(url)) throw new Error(`--grafana: expected an address such as https://grafana.example.com, got "${url}"`);
    if (ca && !fs.existsSync(ca)) throw new Error(`--ca: there is no file ${ca}`);
    return { url: url.replace(/\/+$/, ""), ca: ca ? fs.readFileSync(ca, "utf8") : "", authorization: loginOf(process.env) };
}

/** @param outside whether the backends are others than the shared deployment's, which agents send samples to */
async function examineHost(host: Was, stack: StackFacts, backends: Backends | undefined, outside: boolean): Promise<HostReport> {
    const [own, data] = await Promise.all([
        probe(sshOf(host, stack), renderHostProbe(host, stack.gatewayUrl), (facts) => checkHost(host, facts)),
        backends ? backends.ask(stack.config.environment, host.name, endpointsOf(host).map(({ application }) => application)).then((facts) => checkData(host, facts, outside || host.metrics === "push"), failed) : [],
    ]);
    return { name: host.name, findings: [...own, ...data] };
}

/** Hosts that come and go: they are known by what the backends have of them, and are not asked themselves. */
async function examineUnlisted({ config }: StackFacts, backends: Backends): Promise<HostReport[]> {
    const found = await backends.unlisted(config.environment, config.was.map(({ name }) => name)).catch((error: Error) => error);
    if (found instanceof Error) return [{ name: "hosts not listed", findings: failed(found) }];
    return inTurn(found.map(({ instance, application }) => async () => {
        const findings = await backends.ask(config.environment, instance, [application]).then(({ applications }) => checkUnlisted(applications[application]), failed);
        return { name: `${instance} (not listed)`, findings };
    }), AT_ONCE);
}

function failed({ message }: Error): Finding[] {
    return [{ check: "backends", state: "fail", shows: "no", mend: message }];
}

async function probe(ssh: KnownSsh | undefined, script: string, check: (facts: HostFacts) => Finding[]): Promise<Finding[]> {
    const now = () => Date.now() / 1000;
    const asked = now();
    try {
        return check(parseProbe(await runOn(ssh, script), asked, now()));
    } catch (error) {
        return unreachable((error as Error).message);
    }
}

/** Runs the jobs, so many at a time, and gives the results in their order. */
async function inTurn<T>(jobs: (() => Promise<T>)[], atOnce: number): Promise<T[]> {
    const results: T[] = [];
    const waiting = jobs.entries();
    await Promise.all(Array.from({ length: atOnce }, async () => {
        for (const [index, job] of waiting) results[index] = await job();
    }));
    return results;
}
