/**
 * Every version that this project installs, in this one place: image tags, download addresses, checksums.
 * Each can be overridden by the component that uses it (`images`, `image`, `artifact` arguments), as for a mirror.
 */

/** Images of the shared deployment, by service. */
export const IMAGES: Record<string, string> = {
    gateway: "caddy:2.11.9",
    prometheus: "prom/prometheus:v3.16.0",
    alertmanager: "prom/alertmanager:v0.34.2",
    loki: "grafana/loki:3.7.8",
    tempo: "grafana/tempo:3.0.3",
    // 12.4 is the last line that fits a 2 GiB host: 13 idles near 330 MiB.
    grafana: "grafana/grafana:12.4.10",
    "node-exporter": "prom/node-exporter:v1.12.1",
    // With organizations of Grafana only.
    "label-proxy": "quay.io/prometheuscommunity/prom-label-proxy:v0.11.1",
};

/** An agent that runs on a WAS host, from a download or from an image. */
export interface AgentVersion {
    version: string;
    image: string;
    /** `{arch}` stands for amd64 or arm64. */
    downloadUrl: string;
    /** SHA-256 of the download by architecture; what is not listed is not verified. */
    sha256: Record<string, string>;
}

/** A file that is downloaded as it is. */
export interface ArtifactVersion {
    version: string;
    url: string;
    sha256: string;
}

/** What a WAS host gets. */
export interface AgentVersions {
    alloy: AgentVersion;
    promtail: AgentVersion;
    javaAgent: ArtifactVersion;
}

// renovate: datasource=docker depName=grafana/alloy
const ALLOY = "1.19.0";
// The last line of Loki that has a Promtail image; Promtail reached its end of life on 2026-03-02.
// renovate: datasource=docker depName=grafana/promtail
const PROMTAIL = "3.6.15";
// Its checksum below changes with it.
// renovate: datasource=maven depName=io.opentelemetry.javaagent:opentelemetry-javaagent
const JAVA_AGENT = "2.30.0";

export const VERSIONS: AgentVersions = {
    alloy: {
        version: ALLOY,
        image: `grafana/alloy:v${ALLOY}`,
        downloadUrl: `https://github.com/grafana/alloy/releases/download/v${ALLOY}/alloy-linux-{arch}.zip`,
        sha256: {},
    },
    promtail: {
        version: PROMTAIL,
        image: `grafana/promtail:${PROMTAIL}`,
        downloadUrl: `https://github.com/grafana/loki/releases/download/v${PROMTAIL}/promtail-linux-{arch}.zip`,
        sha256: {},
    },
    javaAgent: {
        version: JAVA_AGENT,
        url: `https://github.com/open-telemetry/opentelemetry-java-instrumentation/releases/download/v${JAVA_AGENT}/opentelemetry-javaagent.jar`,
        // Computed from the release that the project publishes on Maven Central.
        sha256: "9d6bc2ad8dd8fb7f730984988e57b8ac0a82d81c7b3b8ae795378718733a509d",
    },
};
