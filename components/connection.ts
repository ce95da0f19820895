import { validateHostKey } from "./machine";
import { validateAddress, validateEnvironment, validatePort, validateToken } from "./names";
import { Problem, under } from "./problems";

/** Raised when the shape changes in a way that an older member cannot read. */
export const CONNECTION_FORMAT = 1;

/** Where agents send metrics, below the gateway's address: Prometheus' remote write, with the environment's token. */
export const PUSH_PATH = "/prometheus/api/v1/write";

/** What one environment needs to reach the shared deployment: the owner stack's secret output `connection_<environment>`. */
export interface Connection {
    /** Always `CONNECTION_FORMAT` of the owner's version. */
    format: number;
    /** The environment that the token and the registration identity are for. */
    environment: string;
    /** Where its agents send to. */
    gateway: GatewayConnection;
    /** How its targets are registered. */
    registration: RegistrationConnection;
}

/** Where agents send logs and traces. */
export interface GatewayConnection {
    /** e.g. `https://10.0.0.5:8080`, without a path. */
    url: string;
    /** PEM of the CA that signed the gateway's certificate; "" where a public one did, or where TLS is off. */
    ca: string;
    /** Bearer token of the environment, a secret. */
    token: string;
}

/** The restricted SSH identity that may replace or remove the environment's target list, and nothing else. */
export interface RegistrationConnection {
    /** Host name or IP address of the monitoring host. */
    address: string;
    /** SSH's port there. */
    port: number;
    /** Who may register targets, and nothing else. */
    user: string;
    /** A secret. */
    privateKey: string;
    /** The monitoring host's public key. */
    hostKey: string;
}

/** Problems with a connection that came from another stack or from config, where anything may have come in its place. */
export function validateConnection(value: unknown, environment: string): Problem[] {
    if (!isRecord(value) || Object.keys(value).length === 0) {
        return [{ path: "", message: "expected a connection (format, environment, gateway, registration); an empty one means that it could not be decrypted: use the owner stack's passphrase or key" }];
    }
    if (value.format !== CONNECTION_FORMAT) {
        return [{ path: "format", message: `expected ${CONNECTION_FORMAT}, got ${JSON.stringify(value.format)}: run \`pulumi up\` on the owner stack with the same version of this program` }];
    }
    if (value.environment !== environment) return [{ path: "environment", message: `expected "${environment}", got ${JSON.stringify(value.environment)}` }];
    return [...validateEnvironment("environment", environment), ...validateGateway(value.gateway), ...validateRegistration(value.registration)];
}

/** Problems with a gateway that came from elsewhere, paths below `gateway`. */
export function validateGateway(value: unknown): Problem[] {
    const problems = validateStrings("gateway", value, ["url", "ca", "token"]);
    if (problems.length > 0) return problems;
    const { url, token } = value as GatewayConnection;
    return [
        ...(/^https?:\/\/[^/\s]+$/.test(url) ? [] : [{ path: "gateway.url", message: "expected http(s)://ADDRESS:PORT without a path" }]),
        ...validateToken("gateway.token", token),
    ];
}

function validateRegistration(value: unknown): Problem[] {
    const problems = validateStrings("registration", value, ["address", "user", "privateKey", "hostKey"]);
    if (problems.length > 0) return problems;
    const { address, port, hostKey } = value as RegistrationConnection;
    return under("registration", [...validateAddress("address", address), ...validatePort("port", port), ...validateHostKey("hostKey", hostKey)]);
}

function validateStrings(path: string, value: unknown, keys: string[]): Problem[] {
    if (!isRecord(value)) return [{ path, message: "expected a section" }];
    return keys.filter((key) => typeof value[key] !== "string").map((key) => ({ path: `${path}.${key}`, message: "expected a text" }));
}

/** True for a section: an object that is no list. */
export function isRecord(value: unknown): value is Record<string, unknown> {
    return typeof value === "object" && value !== null && !Array.isArray(value);
}
