import { commonVariables, DashboardSpec, navigation } from "../kit";
import { agents, freshness } from "./agents";
import { disk } from "./disk";
import { ingestion, refusals } from "./ingestion";
import { rules, services } from "./services";

/** Whether what the other dashboards show can be trusted. */
export const monitoring: DashboardSpec = {
    name: "monitoring",
    title: "Monitoring itself",
    folder: "Infrastructure",
    description: "Does everything arrive, and will it go on? The services, what comes in and what is refused, the agents, when each host was last heard of, the disk.",
    variables: commonVariables(["environment"], 'up{environment!=""}'),
    links: navigation(["environments", "Environments"], ["host", "Host"], ["logs", "Logs"], ["traces", "Traces"]),
    rows: [services, freshness, ingestion, refusals, agents, disk, rules],
};
