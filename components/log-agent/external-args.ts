import * as pulumi from "@pulumi/pulumi";

/** Endpoints outside of the shared deployment, e.g. Mimir, Loki and Tempo of your own, Grafana Cloud, Amazon Managed Service for Prometheus. */
export interface ExternalEndpoints {
    /**
     * Where log lines go: an OTLP endpoint, to which `/v1/logs` is added, e.g. `https://loki.example.com/otlp`; or, where the URL ends with
     * `/loki/api/v1/push`, Loki's own way in, which loses lines when the agent is killed while the endpoint is away. @default nowhere
     */
    logs?: ExternalEndpoint;
    /** Where spans go: an OTLP endpoint, to which `/v1/traces` is added, e.g. `https://tempo.example.com:4318`. @default nowhere */
    traces?: ExternalEndpoint;
    /** Where samples go: the whole URL of a Prometheus remote-write endpoint, e.g. `https://mimir.example.com/api/v1/push`. @default nowhere */
    metrics?: ExternalEndpoint;
}

/** One endpoint, and how it lets us in: `username` and `password`, or `token`, or for metrics `sigv4`, or nothing. */
export interface ExternalEndpoint {
    /** `http(s)://…` */
    url: pulumi.Input<string>;
    /** Basic auth. */
    username?: pulumi.Input<string>;
    /** Of basic auth; a secret. */
    password?: pulumi.Input<string>;
    /** Bearer token; a secret. */
    token?: pulumi.Input<string>;
    /** HTTP headers of every request, e.g. `{ "X-Scope-OrgID": "prod" }`. They are readable in the agent's configuration: no place for secrets. @default {} */
    headers?: Record<string, string>;
    /** PEM of the CA that signed the endpoint's certificate. @default the public ones that the host knows */
    ca?: pulumi.Input<string>;
    /** Requests signed as AWS wants them, for metrics. The host's own role signs, or one that it may take on. @default none */
    sigv4?: SigV4;
}

/** How requests to AWS are signed. */
export interface SigV4 {
    /** e.g. `ap-northeast-2`. */
    region: string;
    /** ARN of a role to take on. @default the host's own */
    roleArn?: string;
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
