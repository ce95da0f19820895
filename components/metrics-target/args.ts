import * as pulumi from "@pulumi/pulumi";
import type { AgentGateway } from "../log-agent/args";
import { SshJump } from "../machine";

/** Arguments of `MetricsTarget`. */
export interface MetricsTargetArgs {
    /** The environment, as the owner stack lists it, e.g. `"dev"`. Of what is pushed, the gateway's token decides whose it is. */
    environment: string;
    /**
     * How metrics get to the monitoring host: `"pull"`, Prometheus scrapes `targets`; or `"push"`, for hosts that Prometheus cannot reach, whose agents send them to
     * `endpoint`. An environment may have one of each. @default "pull"
     */
    mode?: string;
    /** The restricted SSH identity of the environment: `registration` of the owner stack's output `connection_<environment>`. Needed to pull. @default none */
    registration?: pulumi.Input<RegistrationArgs>;
    /** Everything that Prometheus shall scrape for the environment; replaces the list of before. Needed to pull. @default none */
    targets?: TargetArgs[];
    /** Credentials by name, for the targets that name them in `profile`. @default {} */
    profiles?: Record<string, ScrapeProfile>;
    /** Where agents push to: `gateway` of the owner stack's output `connection_<environment>`. Needed to push. @default none */
    gateway?: pulumi.Input<AgentGateway>;
    /** Any new value sends the list again, as `Machine.repair` does for files. @default "" */
    repair?: string;
}

/** How to reach the program that takes the list. */
export interface RegistrationArgs {
    /** Host name or IP address of the monitoring host. */
    address: pulumi.Input<string>;
    /** @default 22 */
    port?: pulumi.Input<number>;
    /** @default "monitoring-targets" */
    user?: pulumi.Input<string>;
    /** The private key's text, a secret. */
    privateKey: pulumi.Input<string>;
    /** The monitoring host's public key: `ssh-ed25519 AAAA…`. */
    hostKey: pulumi.Input<string>;
    /** The host to go through, where the monitoring host cannot be reached directly. */
    jump?: SshJump;
}

/** One endpoint that Prometheus scrapes. */
export interface TargetArgs {
    /** `"application"` (Actuator), `"host"` (the machine's metrics) or `"agent"` (the log agent's own). */
    kind: string;
    /** `HOST:PORT` as the monitoring host reaches it, e.g. `"10.0.1.2:8080"` or `"[fd00::2]:8080"`; within the environment's CIDRs. */
    address: pulumi.Input<string>;
    /** Label `application`: the name of the service, e.g. `"orders"`. */
    application: string;
    /** Label `instance`: the name of the WAS host, e.g. `"orders-1"`. */
    instance: string;
    /** Name in `profiles`; none where the endpoint asks for no credentials. @default "" */
    profile?: string;
    /** Where the metrics are; Actuator's are at `"/actuator/prometheus"`. @default "/metrics" */
    path?: string;
    /** `"http"` or `"https"`. @default "http" */
    scheme?: string;
    /** Seconds between scrapes, within the owner's bounds. @default what the owner's job says (15) */
    intervalSeconds?: number;
    /** Further labels, of those that the owner allows, e.g. `{ team: "orders" }`. @default {} */
    labels?: Record<string, string>;
}

/** Credentials that Prometheus scrapes with. All are optional; values are secrets. */
export interface ScrapeProfile {
    /** Basic auth. Printable ASCII without a colon. */
    username?: pulumi.Input<string>;
    /** Of basic auth; a secret. */
    password?: pulumi.Input<string>;
    /** PEM of the CA that signed the endpoint's certificate. @default the public CAs that the Prometheus image knows */
    ca?: pulumi.Input<string>;
    /** The name that the endpoint's certificate is for, where it is not the address. */
    serverName?: pulumi.Input<string>;
}
