import * as pulumi from "@pulumi/pulumi";
import { Connection, LogAgent, MetricsTarget } from "photogather-monitoring";

const config = new pulumi.Config();
const environment = "dev";

// What the owner stack made for this environment: where logs and traces go, and the identity that registers targets. A secret.
const owner = new pulumi.StackReference(config.require("owner"));
const connection = owner.requireOutput(`connection_${environment}`) as pulumi.Output<Connection>;

// Prometheus scrapes the application. One MetricsTarget per environment, with all of its targets.
const metrics = new MetricsTarget("metrics", {
    environment,
    registration: connection.registration,
    targets: [{ kind: "application", address: "10.0.2.11:8080", application: "orders", instance: "orders-1", path: "/actuator/prometheus" }],
});

// The agent on the host sends its logs, and the spans of the application. One LogAgent per host.
new LogAgent("orders-1", {
    environment,
    host: "orders-1",
    application: "orders",
    machine: { ssh: { address: "10.0.2.11", privateKey: config.requireSecret("sshPrivateKey"), hostKey: config.require("hostKey") } },
    gateway: connection.gateway,
    logs: { files: ["/var/log/orders/*.log"] },
});

export const targets = metrics.targetCount;
