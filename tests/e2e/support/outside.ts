import { randomBytes } from "node:crypto";
import * as fs from "node:fs";
import * as path from "node:path";
import { parse, stringify } from "yaml";
import { shell } from "../../../components/encode";
import { IMAGES } from "../../../components/versions";
import { renderMetricRules } from "../../../dashboards/alerts";
import { GrafanaClient } from "./grafana";
import { Host } from "./hosts";
import { provideMimir } from "./images";
import { Lab } from "./lab";
import { MetricsBackend, outsideMimir, outsidePrometheus } from "./outside-metrics";
import { blocksOf, readPage } from "../../support/pages";
import { plainLoki } from "../../support/plain-loki";
import { eventually } from "../../support/wait";

const DIRECTORY = "/etc/outside";
const PORT = 8443;

/** The sections of backends' configurations that docs/external.md has its readers set. */
function documented(section: string): object {
    const blocks = blocksOf(readPage("docs/external.md"), "yaml").map((text) => parse(text) as Record<string, object>);
    const found = blocks.find((block) => section in block);
    if (!found) throw new Error(`docs/external.md has no block with ${section}`);
    return found[section];
}

/**
 * Endpoints outside of the shared deployment: a Mimir (where it cannot be had, a Prometheus), Loki and Tempo on a host of their own, of one tenant, configured as
 * docs/external.md says. In front of them is TLS by a CA of its own, a login for logs and metrics, and a bearer token for traces. What is asked of Grafana's data
 * source proxy is answered there, too.
 */
export class Outside {
    private readonly password = randomBytes(12).toString("hex");
    private readonly token = randomBytes(12).toString("hex");
    private ca = "";

    private constructor(private readonly host: Host, private readonly tenant: string, private readonly metrics: MetricsBackend) {}

    static async start(lab: Lab, number: number, tenant: string): Promise<Outside> {
        const host = await lab.host("outside", number);
        const rules = renderMetricRules({ links: { grafana: `https://${host.address}:${PORT}` }, facts: { memoryLimits: {}, certificateEnds: {} } })["builtin-recording.yml"];
        const outside = new Outside(host, tenant, await provideMimir(lab.docker, lab.registry) ? outsideMimir(rules, tenant, documented("limits")) : outsidePrometheus(rules));
        await outside.run();
        return outside;
    }

    remove(): Promise<void> {
        return this.host.remove();
    }

    /** Cannot be reached for so many seconds. */
    async away(seconds: number): Promise<void> {
        await this.host.must(`docker stop --time 5 caddy && sleep ${seconds} && docker start caddy`);
    }

    private get url(): string {
        return `https://${this.host.address}:${PORT}`;
    }

    /** Asks these backends as a Grafana in front of them would. */
    grafana(): GrafanaClient {
        return new GrafanaClient(this.url, this.ca, this.password, "agent");
    }

    /** How `npm run doctor` is told of such a Grafana. */
    doctorArgs(directory: string): { args: string[]; env: Record<string, string> } {
        const ca = path.join(directory, "outside-ca.pem");
        fs.writeFileSync(ca, this.ca);
        return { args: ["--grafana", this.url, "--ca", ca], env: { GRAFANA_USER: "agent", GRAFANA_PASSWORD: this.password } };
    }

    /** What a stack's config has under `monitoring.external`. */
    config(): Record<string, object> {
        const [ca, headers] = [this.ca, { "X-Scope-OrgID": this.tenant }];
        return {
            logs: { url: `${this.url}/logs/otlp`, username: "agent", headers, ca },
            traces: { url: `${this.url}/traces`, headers, ca },
            metrics: { url: `${this.url}/metrics${this.metrics.pushPath}`, username: "agent", headers, ca },
        };
    }

    /** The secrets beside it. */
    secrets(): Record<string, string> {
        return { "monitoring.external.logs.password": this.password, "monitoring.external.traces.token": this.token, "monitoring.external.metrics.password": this.password };
    }

    private async run(): Promise<void> {
        const { host, metrics } = this;
        for (const [file, text] of Object.entries(this.files())) await host.must(`mkdir -p ${path.posix.dirname(`${DIRECTORY}/${file}`)} && cat > ${DIRECTORY}/${file}`, text);
        await host.must("docker network create outside");
        const run = (service: string, image: string, command: string[], more: string[] = []) => host.must(
            ["docker run --detach --user 0:0 --network outside", `--name ${service} --network-alias ${service} --volume ${DIRECTORY}/${service}:/etc/${service}:ro`, ...more, image, ...command.map(shell)].join(" "));
        await run(metrics.name, metrics.image, metrics.command);
        await run("loki", IMAGES.loki, ["-config.file=/etc/loki/loki.yml"]);
        await run("tempo", IMAGES.tempo, ["-config.file=/etc/tempo/tempo.yml"]);
        await run("caddy", IMAGES.gateway, ["caddy", "run", "--config", "/etc/caddy/Caddyfile", "--adapter", "caddyfile"], [`--publish ${PORT}:${PORT}`]);
        this.ca = await eventually("the outside CA", 60, async () => {
            const { code, stdout } = await host.exec("docker exec caddy cat /data/caddy/pki/authorities/local/root.crt");
            return code === 0 ? `${stdout.trim()}\n` : undefined;
        });
        for (const [uid, ready] of [["prometheus", "/api/v1/labels"], ["loki", "/ready"], ["tempo", "/ready"]]) {
            await eventually(`the outside ${uid}`, 120, async () => (await this.grafana().request(`/api/datasources/proxy/uid/${uid}${ready}`)).status === 200 || undefined);
        }
    }

    private files(): Record<string, string> {
        const { name, port, pushPath, files } = this.metrics;
        return {
            "caddy/Caddyfile": this.caddyfile(),
            ...files,
            "loki/loki.yml": stringify(plainLoki("/loki", { http_listen_port: 3100, log_level: "warn" }, { auth_enabled: true, limits_config: documented("limits_config") })),
            "tempo/tempo.yml": stringify({
                multitenancy_enabled: true, server: { http_listen_port: 3200, log_level: "warn" },
                distributor: { receivers: { otlp: { protocols: { http: { endpoint: "0.0.0.0:4318" } } } } },
                live_store: { wal: { path: "/var/tempo/live-store/traces" }, shutdown_marker_dir: "/var/tempo/live-store/shutdown-marker" },
                metrics_generator: {
                    ...documented("metrics_generator"), storage: { path: "/var/tempo/generator/wal", remote_write: [{ url: `http://${name}:${port}${pushPath}`, send_exemplars: true }] },
                },
                backend_scheduler: { local_work_path: "/var/tempo/scheduler" }, backend_worker: { backend_scheduler_addr: "127.0.0.1:9095" },
                storage: { trace: { backend: "local", wal: { path: "/var/tempo/wal" }, local: { path: "/var/tempo/blocks" } } },
                query_frontend: documented("query_frontend"),
                overrides: documented("overrides"),
            }),
        };
    }

    private caddyfile(): string {
        const basic = Buffer.from(`agent:${this.password}`).toString("base64");
        const { metrics } = this;
        const to = (uid: string, service: string, port: number, path = "") =>
            `handle_path /api/datasources/proxy/uid/${uid}/* {\n\t\trequest_header X-Scope-OrgID ${this.tenant}\n\t\trewrite * ${path}{uri}\n\t\treverse_proxy ${service}:${port}\n\t}`;
        return `{
	admin off
	skip_install_trust
	default_sni ${this.host.address}
}
https://${this.host.address}:${PORT} {
	tls internal
	@in header Authorization "Basic ${basic}"
	@token {
		header Authorization "Bearer ${this.token}"
		path /traces/*
	}
	@tenant header X-Scope-OrgID ${this.tenant}
	route /traces/* {
		handle @token {
			handle @tenant {
				uri strip_prefix /traces
				reverse_proxy tempo:4318
			}
		}
		respond 401
	}
	handle @in {
		handle_path /logs/* {
			reverse_proxy loki:3100
		}
		handle_path /metrics/* {
			reverse_proxy ${metrics.name}:${metrics.port}
		}
		${to("prometheus", metrics.name, metrics.port, metrics.queryPath)}
		${to("loki", "loki", 3100)}
		${to("tempo", "tempo", 3200)}
	}
	respond 401
}
`;
    }
}
