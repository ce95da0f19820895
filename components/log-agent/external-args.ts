import * as pulumi from "@pulumi/pulumi";
import { ExternalEndpoint } from "../endpoint";

/** Endpoints outside of the shared deployment, e.g. Mimir, Loki and Tempo of your own, Grafana Cloud, Amazon Managed Service for Prometheus. */
export interface ExternalEndpoints {
    /**
     * Where log lines go: an OTLP endpoint, to which `/v1/logs` is added, e.g. `https://loki.example.com/otlp`; or, where the URL ends with
     * `/loki/api/v1/push`, Loki's own way in, which loses lines when the agent is killed while the endpoint is away. @default nowhere
     */
    logs?: ExternalEndpoint;
    /** Where spans go: an OTLP endpoint, to which `/v1/traces` is added, e.g. `https://tempo.example.com:4318`. @default nowhere */
    traces?: ExternalEndpoint;
    /**
     * Where samples go: the whole URL of a Prometheus remote-write endpoint, e.g. `https://mimir.example.com/api/v1/push`; or, to the shared deployment, `endpoint` of
     * a `MetricsTarget` that pushes. @default nowhere
     */
    metrics?: pulumi.Input<ExternalEndpoint>;
}

/** Metrics that the agent collects on its host and sends to `external.metrics`. */
export interface PushedMetrics {
    /** The machine's metrics and the agent's own. @default true */
    host?: boolean;
    /** The endpoints of the host's applications, as the agent reaches them. @default [] */
    applications?: PushedApplication[];
}

/** One application's endpoint of metrics. */
export interface PushedApplication {
    /** `HOST:PORT`, e.g. `"127.0.0.1:8080"`. */
    address: string;
    /** Label `application`. @default the agent's */
    application?: string;
    /** @default "/actuator/prometheus" */
    path?: string;
    /** `"http"` or `"https"`. @default "http" */
    scheme?: string;
    /** Seconds between scrapes. @default 15 */
    intervalSeconds?: number;
    /** Basic auth. @default none */
    username?: string;
    /** Of basic auth; a secret. */
    password?: pulumi.Input<string>;
    /** PEM of the CA that signed its certificate. @default the public ones that the host knows */
    ca?: string;
    /** The name that its certificate is for, where it is not the address. */
    serverName?: string;
}
