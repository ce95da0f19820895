import { KnownServicesArgs } from "../../../components/monitoring-services/args";
import { sampleServices } from "../../support/services";
import { SimulatedHost, simulatedHosts } from "./simulated-hosts";

/** What each WAS host brings: 600 series every 15 s, 10 lines and 4 traces of five spans a second, sent every 3 seconds as agents do. */
export const WORK = { series: 600, scrapeSeconds: 15, linesPerSecond: 10, tracesPerSecond: 4, batchMs: 3000 };

/** The three environments with quotas by their shares of a `t4g.small`, and the rules that come with the components. */
export function benchArgs(): KnownServicesArgs {
    const { prod, dev, loadtest: { token, registrationKeys, cidrs, severity } } = sampleServices().environments;
    return sampleServices({ rules: {}, logRules: {}, environments: { prod, dev, loadtest: { token, registrationKeys, cidrs, severity } } });
}

/** As many hosts of each environment as its share of the host. */
export function hostsOf(size: number): SimulatedHost[] {
    const prod = Math.round(size * 0.6);
    const dev = Math.round(size * 0.25);
    return simulatedHosts({ prod, dev, loadtest: size - prod - dev });
}
