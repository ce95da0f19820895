import { GrafanaClient } from "./grafana";
import { Host } from "./hosts";

interface Answer { data: { groups: { name: string; rules: { name: string }[] }[] } }

/** Every rule that is evaluated now, as `<who evaluates it>: <group> / <name>`, sorted; what stands twice in a group is there twice. */
export async function readRules(monitor: Pick<Host, "must">, grafana: GrafanaClient, tenants = ["prod", "dev", "loadtest"]): Promise<string[]> {
    const named = (by: string, { data }: Answer) => data.groups.flatMap(({ name, rules }) => rules.map((rule) => `${by}: ${name} / ${rule.name}`));
    const found = named("prometheus", await grafana.ask<Answer>("prometheus", "/api/v1/rules", {}));
    for (const tenant of tenants) {
        const ofLoki = await monitor.must(`docker exec monitoring-gateway wget -q -O - --header "X-Scope-OrgID: ${tenant}" http://loki:3100/prometheus/api/v1/rules`);
        found.push(...named(tenant, JSON.parse(ofLoki) as Answer));
    }
    return found.sort();
}
