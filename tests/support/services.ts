import { KnownServicesArgs } from "../../components/monitoring-services/args";

/** A public key of no use. */
export const PUBLIC_KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIKtVyM9pQ0rXoqVbS0mF7lWc2x0eQ2m5m1WkYb1h0c0d";
/** A certificate that can be read, of a key that nobody has. */
export const CERTIFICATE = `-----BEGIN CERTIFICATE-----
MIIBdzCCAR2gAwIBAgIUEmoyTd+rQhaDDwhR4a1N+SLa6PIwCgYIKoZIzj0EAwIw
ETEPMA0GA1UEAwwGc2FtcGxlMB4XDTI2MTEyODIxNTQzMVoXDTM2MTEyNTIxNTQz
MVowETEPMA0GA1UEAwwGc2FtcGxlMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE
2Iu9g56wagm2VnZQTm4QnUnMjXrtBUjthy4N8ktOgs4sEqPYxRMKX0YOySUlGQzu
CVyoJuiZh7MZFli4jarIEKNTMFEwHQYDVR0OBBYEFDcln8srBRcfavQHjJFAXyJI
YRabMB8GA1UdIwQYMBaAFDcln8srBRcfavQHjJFAXyJIYRabMA8GA1UdEwEB/wQF
MAMBAf8wCgYIKoZIzj0EAwIDSAAwRQIgLMZox7oyQjAjySv9hs4lYRIdi7KMwZjQ
pi5RdTuyQg8CIQCo8mT8Gns7XfI3TPvoB/YFXK8EAGYbD/8LMX8KPjJCHw==
-----END CERTIFICATE-----
`;
export const TOKENS: Record<string, string> = {
    prod: "prod-token-0123456789abcdef",
    dev: "dev-token-0123456789abcdef",
    loadtest: "loadtest-token-0123456789abcdef",
};

/** Receivers of every kind. */
export const ALERTING = {
    page: [{ kind: "webhook", url: 'https://hooks.example.com/pager?b=c&d="e"#f' }],
    notify: [{ kind: "slack", url: "https://hooks.example.com/slack" }, { kind: "discord", url: "https://hooks.example.com/discord" }],
    heartbeatUrl: "https://hooks.example.com/heartbeat",
    runbookUrl: "https://wiki.example.com/runbook",
};

/** Arguments of a deployment of three environments, as they are once every input is known. */
export function sampleServices(change: Partial<KnownServicesArgs> = {}): KnownServicesArgs {
    return {
        address: "10.0.0.5",
        names: ["monitoring.internal"],
        tls: {
            mode: "ca",
            caCertificate: "-----BEGIN CERTIFICATE-----\nQ0E=\n-----END CERTIFICATE-----\n",
            caPrivateKey: "-----BEGIN EC PRIVATE KEY-----\nS0VZ\n-----END EC PRIVATE KEY-----\n",
        },
        environments: {
            prod: { token: TOKENS.prod, registrationKeys: [PUBLIC_KEY], cidrs: ["10.1.0.0/16"], severity: "page", labels: ["team"] },
            dev: { token: TOKENS.dev, previousToken: "dev-token-before-01234567", registrationKeys: [PUBLIC_KEY], cidrs: ["10.2.0.0/16"] },
            loadtest: {
                token: TOKENS.loadtest,
                registrationKeys: [PUBLIC_KEY],
                cidrs: ["10.3.0.0/16"],
                severity: "none",
                logRetention: "2d",
                traceRetention: "24h",
                maxTargets: 20,
                samplesPerTarget: 2000,
                logRateMiB: 1,
                traceRateMiB: 0.5,
            },
        },

        grafanaAdminPassword: "correct horse battery staple",
        dashboards: { "Shop/orders.json": '{"uid":"orders","title":"Orders","panels":[]}\n' },
        rules: { "hosts.yml": "groups:\n  - name: hosts\n    rules:\n      - alert: TargetDown\n        expr: up == 0\n        for: 2m\n" },
        logRules: {
            "prod/errors.yml":
                'groups:\n  - name: errors\n    rules:\n      - alert: ManyErrors\n        expr: sum by (application) (rate({environment="prod"} | detected_level="error" [5m])) > 1\n',
        },
        ...change,
    };
}
