import { quote, validatePort } from "../names";
import { Problem } from "../problems";
import { MonitoringHostArgs, ScrapeRuleArgs } from "./args";

/** One way in. */
export interface Ingress {
    /** Ends the resource's name, so that the order of sources makes no change. */
    key: string;
    port: number;
    description: string;
    cidrIpv4?: string;
    cidrIpv6?: string;
    referencedSecurityGroupId?: string;
    prefixListId?: string;
}

const IPV4 = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})\/(\d{1,2})$/;
const IPV6 = /^[0-9a-fA-F:]*:[0-9a-fA-F:]*\/(\d{1,3})$/;
const GROUP = /^sg-[0-9a-f]{8,17}$/;
const PREFIX_LIST = /^pl-[0-9a-f]{8,17}$/;
/** Two halves of the internet are the internet: no allocation is larger than these. */
const WIDEST = { ipv4: 8, ipv6: 16 };

/** Every rule of the machine's security group: the gateway's port and SSH, from named sources only. */
export function planIngress(args: MonitoringHostArgs): Ingress[] {
    return [
        ...args.gatewayFrom.map((source) => ingress("gateway", args.gatewayPort ?? 8080, source)),
        ...args.sshFrom.map((source) => ingress("ssh", 22, source)),
    ];
}

/** One way from the monitoring host into a WAS host. */
export interface Scrape {
    /** Ends the resource's name. */
    key: string;
    port: number;
    description: string;
    /** The WAS hosts' group, which gets the rule. */
    securityGroupId: string;
}

/** Actuator, and the log agent's port. */
const SCRAPED_PORTS = [8080, 12345];

/** Rules in the WAS hosts' own groups that let Prometheus in, by this machine's group: so they outlive its address. */
export function planScrapes({ scrapes = [] }: MonitoringHostArgs): Scrape[] {
    return scrapes.flatMap(({ securityGroupId, ports = SCRAPED_PORTS }) => ports.map((port) => (
        { key: `scrape-${securityGroupId}-${port}`, port, description: "Prometheus of the monitoring host", securityGroupId })));
}

/** Problems with the groups that are to let Prometheus in. */
export function validateScrapes(path: string, scrapes: ScrapeRuleArgs[]): Problem[] {
    return scrapes.flatMap(({ securityGroupId, ports = SCRAPED_PORTS }, i) => [
        ...(GROUP.test(securityGroupId) ? [] : [{ path: `${path}[${i}].securityGroupId`, message: `expected a security group such as "sg-0123456789abcdef0", got ${quote(securityGroupId)}` }]),
        ...(scrapes.findIndex((other) => other.securityGroupId === securityGroupId) < i ? [{ path: `${path}[${i}].securityGroupId`, message: `${quote(securityGroupId)} stands there twice` }] : []),
        ...ports.flatMap((port, j) => [
            ...validatePort(`${path}[${i}].ports[${j}]`, port), ...(ports.indexOf(port) < j ? [{ path: `${path}[${i}].ports[${j}]`, message: `${port} stands there twice` }] : []),
        ]),
    ]);
}

function ingress(service: string, port: number, source: string): Ingress {
    const rule = { key: `${service}-${source.replace("/", "-").replace(/:/g, ".")}`, port, description: `${service} from ${source}` };
    if (GROUP.test(source)) return { ...rule, referencedSecurityGroupId: source };
    if (PREFIX_LIST.test(source)) return { ...rule, prefixListId: source };
    return source.includes(":") ? { ...rule, cidrIpv6: source } : { ...rule, cidrIpv4: source };
}

/** Whether a source may be the whole internet, and which argument says so. */
export interface WorldAllowed {
    allowed: boolean;
    by: string;
}

/** Problems with the sources of one port. */
export function validateSources(path: string, sources: string[], world: WorldAllowed): Problem[] {
    if (sources.length === 0) return [{ path, message: "expected at least one source: nothing is open by default" }];
    return sources.flatMap((source, i) => validateSource(`${path}[${i}]`, source, sources.indexOf(source) < i, world));
}

function validateSource(path: string, source: string, repeated: boolean, { allowed, by }: WorldAllowed): Problem[] {
    if (repeated) return [{ path, message: `${quote(source)} stands there twice` }];
    if (GROUP.test(source) || PREFIX_LIST.test(source)) return [];
    const bits = cidrBits(source);
    if (bits === undefined) {
        return [{ path, message: `expected a CIDR such as "203.0.113.0/24", a security group (sg-…) or a prefix list (pl-…), got ${quote(source)}` }];
    }
    const wide = bits < (source.includes(":") ? WIDEST.ipv6 : WIDEST.ipv4);
    return wide && !allowed ? [{ path, message: `${quote(source)} is the whole internet, or near it: name the networks, or say ${by}: true` }] : [];
}

/** Length of a CIDR's prefix; undefined where it is none. */
function cidrBits(source: string): number | undefined {
    const four = IPV4.exec(source);
    if (four) return four.slice(1, 5).every((part) => Number(part) <= 255) && Number(four[5]) <= 32 ? Number(four[5]) : undefined;
    const six = IPV6.exec(source);
    return six && Number(six[1]) <= 128 ? Number(six[1]) : undefined;
}
