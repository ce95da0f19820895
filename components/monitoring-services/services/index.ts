import { IMAGES } from "../../versions";
import { ALERTMANAGER } from "./alertmanager";
import { GATEWAY } from "./gateway";
import { GRAFANA } from "./grafana";
import { LABEL_PROXY } from "./label-proxy";
import { LOKI } from "./loki";
import { NODE_EXPORTER } from "./node-exporter";
import { PROMETHEUS } from "./prometheus";
import { relayOf } from "./relay";
import { Service } from "./service";
import { TEMPO } from "./tempo";

export { LABEL_PROXY } from "./label-proxy";
export { RELAY_DATA, relayOf } from "./relay";
export * from "./service";

/** Those that are always there, in the order in which they are listed everywhere. */
export const SERVICES: Service[] = [GATEWAY, PROMETHEUS, ALERTMANAGER, LOKI, TEMPO, GRAFANA, NODE_EXPORTER];

/** Every service that has an image of its own. */
export const EVERY_SERVICE: Service[] = [...SERVICES, LABEL_PROXY];

/** What decides which services there are beside those that always are. */
export interface ServiceChoice {
    /** Organizations of Grafana, by name: they take the label proxy. @default {} */
    organizations?: object;
    /** By name; each with `pushedMetrics` takes a relay. @default {} */
    environments?: Record<string, {
        /** @default false */
        pushedMetrics?: boolean;
    }>;
}

/** The services of a deployment. */
export function planServices(choice: ServiceChoice = {}): Service[] {
    return [...SERVICES, ...planMoreServices(choice)];
}

/** Those that are not always there. */
export function planMoreServices({ organizations = {}, environments = {} }: ServiceChoice): Service[] {
    return [...(Object.keys(organizations).length > 0 ? [LABEL_PROXY] : []), ...pushing(environments).map(relayOf)];
}

/** The environments whose agents may send metrics. */
export function pushing(environments: NonNullable<ServiceChoice["environments"]>): string[] {
    return Object.keys(environments).filter((name) => environments[name].pushedMetrics).sort();
}

/** The image of every service: what the user gave, else the pinned one, behind the mirror where one is given. */
export function planImages(images: Record<string, string> = {}, registry = "", services = SERVICES): Record<string, string> {
    const prefix = registry ? `${registry.replace(/\/+$/, "")}/` : "";
    return Object.fromEntries(services.map(({ name, image = name }) => [name, images[image] ?? prefix + IMAGES[image]]));
}
