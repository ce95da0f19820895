import { GrafanaClient } from "./grafana";
import { World } from "./world";

/** Rules that are evaluated, by what evaluates them. */
export interface RuleCounts {
    prometheus: number;
    /** All environments' together. */
    loki: number;
}

/** How many rules Prometheus and Loki have now. */
export async function countRules(world: World, grafana: GrafanaClient): Promise<RuleCounts> {
    const { data } = await grafana.ask<{ data: { groups: { rules: object[] }[] } }>("prometheus", "/api/v1/rules", {});
    const ofLoki = await world.monitor.must("for tenant in prod dev loadtest; do docker exec monitoring-gateway wget -q -O - --header \"X-Scope-OrgID: $tenant\" http://loki:3100/prometheus/api/v1/rules; echo; done");
    const loki = ofLoki.split("\n").filter(Boolean).flatMap((line) => (JSON.parse(line) as { data: { groups: { rules: object[] }[] } }).data.groups);
    const sum = (groups: { rules: object[] }[]) => groups.reduce((count, { rules }) => count + rules.length, 0);
    return { prometheus: sum(data.groups), loki: sum(loki) };
}
