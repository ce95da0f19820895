/**
 * `npm run doctor -- --stack dev`: looks at each host of a stack (and, for the owner's, at the monitoring host), and at what the backends have of it, and of hosts
 * that no list has. Changes nothing. One table, then what is wrong and how it is mended; exit code 1 where something does not work.
 */
import { parseArgs } from "node:util";
import { DATA } from "../components/monitoring-services/services";
import { KnownSsh } from "../components/monitoring-services/ssh-files";
import { endpointsOf } from "../stacks/host-args";
import type { Was } from "../stacks/model";
import { requireStack, runTool } from "./cli";
import { checkData, checkHost, checkMonitoringHost, checkUnlisted, Finding, unreachable } from "./doctor/checks";
import { Backends } from "./doctor/data";
import { HostFacts, parseProbe, renderHostProbe, renderMonitoringProbe } from "./doctor/probe";
import { exitCode, HostReport, renderReport } from "./doctor/report";
import { runOn } from "./doctor/ssh";
import { readStack, sshOf, StackFacts } from "./doctor/stack";

/** Hosts that are asked at the same time: sshd of a jump host turns more than ten away. */
const AT_ONCE = 8;

runTool(async () => {
    const { values } = parseArgs({ options: { stack: { type: "string" } } });
    const stack = readStack(requireStack(values.stack, "doctor"));
    const { config, grafana } = stack;
    const backends = grafana && new Backends(grafana);
    const jobs = [...(config.owner ? [() => examineMonitoringHost(stack)] : []), ...config.was.map((host) => () => examineHost(host, stack, backends))];
    const reports = [...await inTurn(jobs, AT_ONCE), ...(backends ? await examineUnlisted(stack, backends) : [])];
    console.log(renderReport(reports));
    if (!grafana) {
        const why = config.member ? "this stack does not read the owner's outputs (monitoring.connection)" : "this stack sends to endpoints outside (monitoring.external)";
        console.log(`\nWhat the backends have was not asked: ${why}.`);
    }
    process.exitCode = exitCode(reports);
});

async function examineMonitoringHost({ config, monitoring }: StackFacts): Promise<HostReport> {
    const findings = await probe(monitoring, renderMonitoringProbe(config.owner!.directory ?? DATA), checkMonitoringHost);
    return { name: "monitoring host", findings };
}

async function examineHost(host: Was, stack: StackFacts, backends: Backends | undefined): Promise<HostReport> {
    const [own, data] = await Promise.all([
        probe(sshOf(host, stack), renderHostProbe(host, stack.gatewayUrl), (facts) => checkHost(host, facts)),
        backends ? backends.ask(stack.config.environment, host.name, endpointsOf(host).map(({ application }) => application)).then((facts) => checkData(host, facts), failed) : [],
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
