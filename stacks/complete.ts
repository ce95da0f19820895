import type { Actuator, Application, Logs, Was } from "./model";
import type { ApplicationConfig, SshConfig, WasConfig, WasDefaults } from "./schema";

/** A host's own settings over the stack's `defaults`, section by section, over ours. */
export function completeWas(host: WasConfig, defaults: WasDefaults): Was {
    const agent = host.agent ?? defaults.agent ?? "alloy";
    const alloy = agent === "alloy";
    const actuator = { enabled: true, port: 8080, path: "/actuator/prometheus", scheme: "http", username: "", password: "", ca: "", serverName: "", ...defaults.actuator, ...host.actuator };
    const tracing = { enabled: alloy, javaAgent: true, service: "", container: "", properties: {}, methods: {}, restart: false, listenAddress: "127.0.0.1", percentage: 100, slowMs: 500, ...defaults.tracing, ...host.tracing };
    const beside = host.applications ?? defaults.applications ?? [];
    return {
        name: host.name, address: host.address, agent, canary: host.canary ?? false,
        application: host.application ?? defaults.application ?? "",
        runtime: host.runtime ?? defaults.runtime ?? "systemd",
        metrics: host.metrics ?? defaults.metrics ?? "pull",
        labels: { ...defaults.labels, ...host.labels },
        ...(host.local ? {} : { ssh: completeSsh(host, defaults) }),
        actuator, tracing,
        applications: beside.map((each) => completeApplication(each, actuator)),
        logs: withLogsOf(beside, { files: [], units: [], containers: [], applications: {}, ...defaults.logs, ...host.logs }),
        hostMetrics: { enabled: alloy, port: 12345, ...defaults.hostMetrics, ...host.hostMetrics },
        patterns: { ...defaults.patterns, ...host.patterns },
        redactions: { ...defaults.redactions, ...host.redactions },
        artifacts: { ...defaults.artifacts, ...host.artifacts },
        promtailDirectory: host.promtailDirectory ?? defaults.promtailDirectory,
    };
}

/** How its Actuator is reached is as for the host's first application, where it does not say otherwise. */
function completeApplication({ name, actuator, tracing }: ApplicationConfig, first: Actuator): Application {
    return { name, actuator: { ...first, ...actuator }, tracing: { javaAgent: true, service: "", container: "", properties: {}, methods: {}, restart: false, ...tracing } };
}

/** The host's log sources, and those of the applications beside its first one. */
function withLogsOf(applications: ApplicationConfig[], logs: Logs): Logs {
    const all = (kind: "files" | "units" | "containers") => applications.flatMap(({ name, logs: own }) => (own?.[kind] ?? []).map((source): [string, string] => [source, name]));
    const [files, units, containers] = [all("files"), all("units"), all("containers")];
    const sources = (own: [string, string][]) => own.map(([source]) => source);
    return {
        files: [...logs.files, ...sources(files)], units: [...logs.units, ...sources(units)], containers: [...logs.containers, ...sources(containers)],
        applications: { ...logs.applications, ...Object.fromEntries([...files, ...units, ...containers]) },
    };
}

function completeSsh(host: WasConfig, defaults: WasDefaults): SshConfig & { address: string; hostKey: string } {
    const ssh = { ...defaults.ssh, ...host.ssh };
    return { ...ssh, address: ssh.address ?? host.address, hostKey: ssh.hostKey ?? "" };
}
