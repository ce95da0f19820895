// The hosts of one application, wired into a shared deployment that stands.
package main

import (
	monitoring "example.com/pulumi-photogather-monitoring/sdk/go/photogathermonitoring"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi/config"
)

const environment = "dev"

func main() {
	pulumi.Run(func(ctx *pulumi.Context) error {
		settings := config.New(ctx, "")

		// What the owner stack made for this environment: where logs and traces go, and the identity that registers targets. A secret.
		owner, err := pulumi.NewStackReference(ctx, settings.Require("owner"), nil)
		if err != nil {
			return err
		}
		connection := owner.GetOutput(pulumi.String("connection_" + environment)).AsMapOutput()
		of := func(part, key string) pulumi.StringOutput {
			return connection.ApplyT(func(all map[string]any) string { return all[part].(map[string]any)[key].(string) }).(pulumi.StringOutput)
		}

		registrationPort := connection.ApplyT(func(all map[string]any) float64 { return all["registration"].(map[string]any)["port"].(float64) }).(pulumi.Float64Output)

		// Prometheus scrapes the application. One MetricsTarget per environment, with all of its targets.
		metrics, err := monitoring.NewMetricsTarget(ctx, "metrics", &monitoring.MetricsTargetArgs{
			Environment: environment,
			// A jump host to the monitoring host, where one is needed, is given here as well.
			Registration: monitoring.RegistrationArgs{
				Address: of("registration", "address"), Port: registrationPort, User: of("registration", "user"), HostKey: of("registration", "hostKey"), PrivateKey: of("registration", "privateKey"),
			},
			Targets: []monitoring.TargetArgs{{
				Kind: "application", Address: pulumi.String("10.0.2.11:8080"), Application: "orders", Instance: "orders-1", Path: pulumi.StringRef("/actuator/prometheus"),
			}},
		})
		if err != nil {
			return err
		}

		// The agent on the host sends its logs, and the spans of the application. One LogAgent per host.
		_, err = monitoring.NewLogAgent(ctx, "orders-1", &monitoring.LogAgentArgs{
			Environment: environment,
			Host:        "orders-1",
			Application: "orders",
			Machine: monitoring.MachineArgs{Ssh: &monitoring.SshConnectionArgs{
				Address: pulumi.String("10.0.2.11"), PrivateKey: settings.RequireSecret("sshPrivateKey"), HostKey: pulumi.String(settings.Require("hostKey")),
			}},
			Gateway: monitoring.AgentGatewayArgs{Url: of("gateway", "url"), Ca: of("gateway", "ca"), Token: of("gateway", "token")},
			Logs:    monitoring.LogSourcesArgs{Files: []string{"/var/log/orders/*.log"}},
		})
		if err != nil {
			return err
		}

		ctx.Export("targets", metrics.TargetCount)
		return nil
	})
}
