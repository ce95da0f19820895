import pulumi
import pulumi_photogather_monitoring as monitoring

config = pulumi.Config()
ENVIRONMENT = "dev"

# What the owner stack made for this environment: where logs and traces go, and the identity that registers targets. A secret.
owner = pulumi.StackReference(config.require("owner"))
connection = owner.require_output(f"connection_{ENVIRONMENT}")

# Prometheus scrapes the application. One MetricsTarget per environment, with all of its targets.
metrics = monitoring.MetricsTarget(
    "metrics",
    environment=ENVIRONMENT,
    registration=connection["registration"],
    targets=[
        monitoring.TargetArgs(
            kind="application", address="10.0.2.11:8080", application="orders", instance="orders-1", path="/actuator/prometheus"
        )
    ],
)

# The agent on the host sends its logs, and the spans of the application. One LogAgent per host.
monitoring.LogAgent(
    "orders-1",
    environment=ENVIRONMENT,
    host="orders-1",
    application="orders",
    machine=monitoring.MachineArgs(
        ssh=monitoring.SshConnectionArgs(
            address="10.0.2.11", private_key=config.require_secret("sshPrivateKey"), host_key=config.require("hostKey")
        )
    ),
    gateway=connection["gateway"],
    logs=monitoring.LogSourcesArgs(files=["/var/log/orders/*.log"]),
)

pulumi.export("targets", metrics.target_count)
