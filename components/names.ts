import { Problem } from "./problems";

/** What may name an environment, an application, an instance or a label value that ends up in a path or a tenant id. */
const NAME = /^[a-z0-9]([a-z0-9._-]{0,61}[a-z0-9])?$/i;
const ENVIRONMENT = /^[a-z0-9]([a-z0-9-]{0,30}[a-z0-9])?$/;
/** Host name or IPv4 address; IPv6 only in the bracket-free form. */
const ADDRESS = /^([a-zA-Z0-9]([a-zA-Z0-9.-]{0,251}[a-zA-Z0-9])?|[0-9a-fA-F:]*:[0-9a-fA-F:]+)$/;
const TOKEN = /^[A-Za-z0-9_-]{16,256}$/;
const METRICS_PATH = /^(\/[A-Za-z0-9._~:+-]+)+\/?$|^\/$/;
const ABSOLUTE_PATH = /^\/[A-Za-z0-9._/@+-]*$/;

/** Problems with an environment's name: it becomes a tenant id, a file name and a Caddy matcher. */
export function validateEnvironment(path: string, value: string): Problem[] {
    return ENVIRONMENT.test(value) ? [] : [{ path, message: `expected an environment name of lower-case letters, digits and hyphens (at most 32), got ${quote(value)}` }];
}

/** Problems with the name of an application, a host or another thing of the user's. */
export function validateName(path: string, value: string): Problem[] {
    return NAME.test(value) ? [] : [{ path, message: `expected a name of letters, digits, dots, hyphens and underscores (at most 63), got ${quote(value)}` }];
}

/** Problems with a host name or IP address. */
export function validateAddress(path: string, value: string): Problem[] {
    return ADDRESS.test(value) ? [] : [{ path, message: `expected a host name or an IP address, got ${quote(value)}` }];
}

/** Problems with a TCP port. */
export function validatePort(path: string, value: number): Problem[] {
    return Number.isInteger(value) && value >= 1 && value <= 65535 ? [] : [{ path, message: `expected a port from 1 to 65535, got ${quote(value)}` }];
}

/** Problems with a path on a Linux machine that we write to or mount. */
export function validateAbsolutePath(path: string, value: string): Problem[] {
    return ABSOLUTE_PATH.test(value) && !value.split("/").includes("..")
        ? [] : [{ path, message: `expected an absolute path of letters, digits and . _ @ + - without "..", got ${quote(value)}` }];
}

/** Problems with the path at which an exporter serves its metrics. */
export function validateMetricsPath(path: string, value: string): Problem[] {
    return METRICS_PATH.test(value) && !value.split("/").includes("..")
        ? [] : [{ path, message: `expected a path such as "/actuator/prometheus", without query, got ${quote(value)}` }];
}

/** Problems with the name of a region of AWS. */
export function validateRegion(path: string, value: string): Problem[] {
    return /^[a-z]{2}(-[a-z]+)+-\d$/.test(value) ? [] : [{ path, message: `expected a region of AWS such as "ap-northeast-2", got ${quote(value)}` }];
}

/** Problems with a value that must be one of a few strings. Arguments are plain strings, so this runs where types cannot. */
export function validateOneOf(path: string, value: string, allowed: readonly string[]): Problem[] {
    return allowed.includes(value) ? [] : [{ path, message: `expected one of ${allowed.map(quote).join(", ")}, got ${quote(value)}` }];
}

/** Problems with a bearer token. It is compared in a Caddyfile, where `*` would match anything. */
export function validateToken(path: string, token: string): Problem[] {
    return TOKEN.test(token) ? [] : [{ path, message: "expected 16 to 256 letters, digits, hyphens or underscores" }];
}

/** A value as an error message shows it: quoted, and cut where it is long. */
export function quote(value: unknown): string {
    const text = JSON.stringify(value) ?? String(value);
    return text.length > 80 ? `${text.slice(0, 77)}…"` : text;
}

/** `ADDRESS:PORT`, with brackets where the address is IPv6. */
export function hostPort(address: string, port: number): string {
    return `${bracketed(address)}:${port}`;
}

/** An address as a URL has it: in brackets where it is IPv6. */
export function bracketed(address: string): string {
    return address.includes(":") ? `[${address}]` : address;
}
