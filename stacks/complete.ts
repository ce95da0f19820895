import type { Was } from "./model";
import type { SshConfig, WasConfig, WasDefaults } from "./schema";

/** A host's own settings over the stack's `defaults`, section by section, over ours. */
export function completeWas(host: WasConfig, defaults: WasDefaults): Was {
    const agent = host.agent ?? defaults.agent ?? "alloy";
    const alloy = agent === "alloy";
    const actuator = { enabled: true, port: 8080, path: "/actuator/prometheus", scheme: "http", username: "", password: "", ca: "", serverName: "", ...defaults.actuator, ...host.actuator };
    const tracing = { enabled: alloy, javaAgent: true, service: "", container: "", properties: {}, methods: {}, restart: false, listenAddress: "127.0.0.1", percentage: 100, slowMs: 500, ...defaults.tracing, ...host.tracing };
    return {
        name: host.name, address: host.address, agent, canary: host.canary ?? false,
        application: host.application ?? defaults.application ?? "",
        runtime: host.runtime ?? defaults.runtime ?? "systemd",
        labels: { ...defaults.labels, ...host.labels },
        ...(host.local ? {} : { ssh: completeSsh(host, defaults) }),
        actuator, tracing,
        logs: { files: [], units: [], containers: [], applications: {}, ...defaults.logs, ...host.logs },
        hostMetrics: { enabled: alloy, port: 12345, ...defaults.hostMetrics, ...host.hostMetrics },
        patterns: { ...defaults.patterns, ...host.patterns },
        redactions: { ...defaults.redactions, ...host.redactions },
        artifacts: { ...defaults.artifacts, ...host.artifacts },
        promtailDirectory: host.promtailDirectory ?? defaults.promtailDirectory,
    };
}

function completeSsh(host: WasConfig, defaults: WasDefaults): SshConfig & { address: string; hostKey: string } {
    const ssh = { ...defaults.ssh, ...host.ssh };
    return { ...ssh, address: ssh.address ?? host.address, hostKey: ssh.hostKey ?? "" };
}
