import { Attack, Ground, Logged, raw, said } from "./kit";

/** Every port that a service, the gateway's own sites, or Docker could listen on. */
const PORTS: Record<string, number> = {
    "gateway's admin": 2019, "gateway's metrics": 2020, "data sources' Prometheus": 2021, "data sources' Loki": 2022, "data sources' Tempo": 2023,
    Docker: 2375, "Docker with TLS": 2376, Grafana: 3000, Loki: 3100, Tempo: 3200, "OTLP by gRPC": 4317, "OTLP by HTTP": 4318, Prometheus: 9090, Alertmanager: 9093, "Tempo's gRPC": 9095,
    "Loki's gRPC": 9096, "node exporter": 9100,
};
const CLOSED: Logged = { where: "nowhere", what: "no such port: the kernel answers" };
const GUARD: Logged = { where: "guard", what: "the guard's counter, and the kernel's log" };

/** On the monitoring host's address, from outside. */
const onTheHost: Attack[] = Object.entries(PORTS).map(([name, port]) => ({
    what: `the port of ${name} (${port}) on the host`, send: (ground) => raw({ ...ground, port }, "GET / HTTP/1.0\r\n\r\n", { tls: false, seconds: 5 }), answer: /^closed$/, logged: CLOSED,
}));

/** A neighbour on the host's network segment, with a route to the containers' network. */
const past: Attack[] = ([
    ["prometheus", "9090/api/v1/query?query=up"], ["prometheus", "9090/-/healthy"], ["alertmanager", "9093/api/v2/silences"], ["loki", "3100/loki/api/v1/labels"], ["loki", "3100/ingester/shutdown"],
    ["tempo", "3200/api/search"], ["tempo", "4318/v1/traces"], ["grafana", "3000/api/health"], ["node-exporter", "9100/metrics"], ["gateway", "2020/metrics"], ["gateway", "2021/api/v1/query?query=up"],
] as [string, string][]).map(([service, target]) => ({
    what: `${service}:${target} by a route to the containers' network`, send: (ground) => byRoute(ground, service, target), answer: /^exit 7: $/, logged: GUARD,
}));

async function byRoute({ world, address }: Ground, service: string, target: string) {
    const container = await world.monitor.must(`docker inspect -f '{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}' monitoring-${service}`);
    const from = Date.now();
    const host = world.hosts.prod;
    await host.must(`ip route replace ${container}/32 via ${address}`);
    const { code, stdout } = await host.exec(`curl -s -m 5 -H 'X-Scope-OrgID: prod' http://${container}:${target}`);
    await host.must(`ip route del ${container}/32`);
    return said(from, code, stdout);
}

/** Connections that one address may have are bounded, before they cost the gateway memory. From a host whose agent is not counted on. */
const many: Attack = {
    what: "500 connections from one address, kept open", answer: /^exit 0: (3\d\d|400) taken/, logged: GUARD,
    send: async ({ world, address, port }) => {
        const from = Date.now();
        const script = `import socket,sys
taken=[]
for _ in range(500):
    s=socket.socket(); s.settimeout(2)
    try: s.connect((sys.argv[1],int(sys.argv[2]))); taken.append(s)
    except OSError: s.close()
print(len(taken),"taken")`;
        const { code, stdout, stderr } = await world.hosts.loadtest.exec(`python3 -c '${script}' ${address} ${port}`);
        return said(from, code, stdout + stderr);
    },
};

export const backendAttacks: Attack[] = [...onTheHost, ...past, many];
