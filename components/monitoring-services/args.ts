import * as pulumi from "@pulumi/pulumi";
import { AlertThresholds } from "../../dashboards/alerts/thresholds";
import { ExternalEndpoint } from "../endpoint";
import { Machine } from "../machine";
import { ScrapeLimits } from "../metrics-target/scrape-jobs";
import { AlertingArgs } from "./alerting-args";
import { DiscoveryArgs } from "./discovery-args";
import { LoginArgs } from "./login-args";
import { ObjectStorageArgs } from "./long-term-args";
import { OrganizationArgs } from "./organization-args";

/** The shared deployment on one monitoring host. */
export interface MonitoringServicesArgs {
    /** How to reach the monitoring host; its user must be allowed to use Docker. Absent `ssh`: this machine's Docker. */
    machine: Machine;
    /** Where agents and people reach the gateway: host name or IP address, e.g. `10.0.0.5`. */
    address: pulumi.Input<string>;
    /** The one published port. @default 8080 */
    port?: number;
    /** Other host names and IP addresses that people type, put into the certificate of `tls: "ca"`, e.g. `["monitoring.internal"]`. @default [] */
    names?: pulumi.Input<pulumi.Input<string>[]>;
    /** Encryption of the gateway. @default a CA of our own */
    tls?: GatewayTlsArgs;
    /** The environments, by name: a token, a tenant, a scrape job and limits for each. e.g. `{ prod: {…}, dev: {…} }` */
    environments: Record<string, EnvironmentArgs>;
    /** Lets an environment be taken out while its targets are registered. @default false */
    destroyWithMembers?: boolean;
    /** How long data is kept. */
    retention?: RetentionArgs;
    /** Prometheus remote-write endpoints that all samples are sent to besides, e.g. to keep them for years. Without `sigv4`: containers reach no instance profile. @default [] */
    remoteWrite?: ExternalEndpoint[];
    /** Object storage for the blocks of Loki and Tempo. @default none: all of them are on the disk */
    blocks?: ObjectStorageArgs;
    /** Password of Grafana's `admin`. Another one is set in the running Grafana. */
    grafanaAdminPassword: pulumi.Input<string>;
    /** Logins to Grafana with accounts of GitHub or Google. @default Grafana's own users only */
    login?: LoginArgs;
    /**
     * Organizations of Grafana beside the main one, by name: their members see the listed environments only, and take a container more (32 MiB).
     * e.g. `{ shop: { environments: ["dev"], members: { "alice@example.com": { role: "Viewer", password } } } }`
     *
     * @default none: who may log in sees all environments
     */
    organizations?: Record<string, OrganizationArgs>;
    /**
     * Grafana dashboards of your own beside the built-in ones: file name to JSON as Grafana exports it, with uids of their own, e.g. `{ "orders.json": "{…}" }`.
     * A folder is a part of the name: `Shop/orders.json`; those of the built-in ones are Overview, Applications and Infrastructure.
     *
     * @default {}
     */
    dashboards?: pulumi.Input<Record<string, pulumi.Input<string>>>;
    /** uids of built-in dashboards that are not wanted, e.g. `["loadtest"]`. @default [] */
    withoutDashboards?: string[];
    /**
     * Grafana data sources of your own beside the built-in ones: file name to YAML, a provisioning file of Grafana's, e.g. `{ "cloudwatch.yml": "apiVersion: 1 …" }`.
     * They may hold secrets. A changed one replaces Grafana's container, which reads them at its start.
     *
     * @default {}
     */
    dataSources?: pulumi.Input<Record<string, pulumi.Input<string>>>;
    /** uids of the built-in data sources of single environments that are not wanted, e.g. `["loki-dev", "tempo-dev"]`. @default [] */
    withoutDataSources?: string[];
    /** Prometheus rules of your own beside the built-in ones: file name to YAML, e.g. `{ "orders.yml": "groups: …" }`. @default {} */
    rules?: pulumi.Input<Record<string, pulumi.Input<string>>>;
    /** Loki rules of your own: `<environment>/<file>` to YAML, e.g. `{ "prod/orders.yml": "groups: …" }`. @default {} */
    logRules?: pulumi.Input<Record<string, pulumi.Input<string>>>;
    /** Where alerts are sent. @default nowhere: they are shown */
    alerting?: AlertingArgs;
    /** When the built-in alerts fire, where it shall be otherwise, e.g. `{ slowSeconds: 0.5 }`. @default see AlertThresholds */
    thresholds?: AlertThresholds;
    /** Names of built-in alerts that are not wanted, e.g. `["ClockSkew"]`. @default [] */
    withoutAlerts?: string[];
    /** Where the data is kept on the host; survives `destroy`. @default "/var/lib/photogather-monitoring/data" */
    dataDirectory?: string;
    /** Images by service instead of the pinned ones, e.g. `{ loki: "grafana/loki:3.7.9" }`. @default {} */
    images?: Record<string, string>;
    /**
     * Steps between versions that cannot be undone and are wanted all the same, without a backup: service to the version that it goes to, as in its tag,
     * e.g. `{ grafana: "13.0.0" }`. @default {}
     */
    acceptIrreversible?: Record<string, string>;
    /** Put before every image's name, for a mirror, e.g. `registry.example.com/mirror`. @default "" */
    registry?: string;
    /** Memory that the host really has for all of this, in MiB; a `t4g.small` has 1,840 of its 2,048. @default 1840 */
    memoryMiB?: number;
    /** vCPUs of the host, by which the environments' rates are planned. @default 2 */
    cores?: number;
    /** How long agents may hold data back while the gateway is away; what is older is refused or left out of span metrics. @default "24h" */
    agentBuffer?: string;
    /** Where the files go that `ssh` needs to reach the host's Docker, relative to the project, e.g. `.keys/prod`. @default ".keys/<name>" */
    keysDirectory?: string;
    /** Identity of the machine, e.g. the EC2 instance id: when it changes, everything is made anew, as the same address is then another host. @default "" */
    hostId?: pulumi.Input<string>;
    /** Seconds to wait for a host that is still booting (SSH, cloud-init, Docker); 0 for one that runs. @default 0 */
    bootTimeoutSeconds?: number;
}

/** Encryption of the gateway. */
export interface GatewayTlsArgs {
    /**
     * - `ca`: the gateway makes its own short-lived certificates by `caCertificate`; agents are given the CA, browsers can fetch it at `/ca.pem`
     * - `provided`: `certificate` and `privateKey` are used as they are
     * - `acme`: a public certificate for `domain`; port 443 of the host must be open to the world
     * - `off`: plain HTTP. Tokens and passwords can be read on the way
     *
     * @default "ca"
     */
    mode?: string;
    /** `ca`: PEM of a root CA with path length 1 or more. */
    caCertificate?: pulumi.Input<string>;
    /** `ca`: PEM of its key, a secret. */
    caPrivateKey?: pulumi.Input<string>;
    /** `provided`: PEM of the certificate and its intermediates. */
    certificate?: pulumi.Input<string>;
    /** `provided`: PEM of the key, a secret. */
    privateKey?: pulumi.Input<string>;
    /** `provided`: PEM of the CA that agents shall trust; "" for a public one. @default "" */
    trustedCa?: pulumi.Input<string>;
    /** `acme`: the public DNS name, e.g. `monitoring.example.com`. */
    domain?: string;
    /** `acme`: contact for the certificate authority. @default "" */
    email?: string;
}

/** One environment. */
export interface EnvironmentArgs {
    /** Bearer token of its agents, a secret: at least 16 letters, digits, hyphens or underscores. */
    token: pulumi.Input<string>;
    /** The token before, accepted as well while agents move over: an agent whose token is refused drops its data. @default none */
    previousToken?: pulumi.Input<string>;
    /** SSH public keys that may register targets; two while a key is rotated. */
    registrationKeys: pulumi.Input<pulumi.Input<string>[]>;
    /** Where its targets may be, e.g. `["10.1.0.0/16"]`. */
    cidrs: string[];
    /** Host names that it may register beside IP addresses, each in full. @default [] */
    hosts?: string[];
    /** Labels that its targets may carry beside `application` and `instance`. @default [] */
    labels?: string[];
    /**
     * Its agents may send their metrics through the gateway, for hosts that Prometheus cannot reach. They come to a relay of its own, which takes a container and 112 MiB,
     * and from there into Prometheus with the environment's label and quota. @default false
     */
    pushedMetrics?: boolean;
    /** EC2 instances that are scraped beside its targets. The monitoring host's role must allow ec2:DescribeInstances (`MonitoringHost`'s `ec2Discovery`). @default none */
    discovery?: DiscoveryArgs;
    /**
     * Percentage of the host's capacity, by which every limit below is planned that is not given; see docs/capacity.md.
     *
     * @default what the others leave, split by severity: 60 parts for `page`, 25 for `notify`, 15 for `none`
     */
    share?: number;
    /** Targets in all; a host has one, two or three. @default by share: 228, 95 and 57 on a t4g.small with three environments */
    maxTargets?: number;
    /** Samples per scrape of one target; with `maxTargets` the environment's share of Prometheus. @default by share: 5000, 2966 and 1780 */
    samplesPerTarget?: number;
    /** Metrics of its applications that are kept, as regular expressions of whole names, e.g. `["http_server_.*", "jvm_.*"]`. @default all */
    allowedMetrics?: string[];
    /** Further limits of its scrape jobs; `samplesPerTarget` and `maxTargets` come first. */
    scrape?: ScrapeLimits;
    /** How its alerts are routed: `page`, `notify` or `none`. @default "notify" */
    severity?: string;
    /** Retention instead of the common one, e.g. `3d`. @default `retention.logs` */
    logRetention?: string;
    /** @default `retention.traces` */
    traceRetention?: string;
    /** Logs accepted, MiB per second; more is answered with 429, which agents retry. 10 lines/s of 400 bytes from 100 hosts are 0.4. @default by share of 4: 2.4, 1 and 0.6 */
    logRateMiB?: number;
    /** MiB that may come at once above the rate, as when agents drain their buffers. @default twice `logRateMiB` and 16 */
    logBurstMiB?: number;
    /** Spans accepted, MiB per second. @default by share of 1.5: 0.9, 0.38 and 0.23 */
    traceRateMiB?: number;
    /** @default twice `traceRateMiB` and 4 */
    traceBurstMiB?: number;
    /** Log streams at one time; one per host, application and source. @default by share of 6000 */
    maxLogStreams?: number;
    /** Series that are derived from its spans. @default by share of 24000 */
    maxSpanMetricSeries?: number;
    /** Longest time range of one query of its logs or traces, e.g. `3d`. A query over several environments has the shortest of theirs. @default 31 days of logs, 8 of traces */
    maxQueryRange?: string;
}

/** How long data is kept: a number and `h`, `d`, `w` or `y`, e.g. `72h`, `15d`. */
export interface RetentionArgs {
    /** @default "15d" */
    metrics?: string;
    /** Upper bound of the metrics' disk space, e.g. `8GB`: Prometheus drops its oldest blocks. @default "8GB" */
    metricsSize?: string;
    /** At least 24h. @default "14d" */
    logs?: string;
    /** @default "7d" */
    traces?: string;
}

/** Names of the environments' resolved values, once all inputs are known. */
export type KnownServicesArgs = pulumi.Unwrap<Omit<MonitoringServicesArgs, "machine">>;
