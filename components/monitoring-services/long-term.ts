import { BundleFile } from "../bundle";
import { headerList, validateEndpoint } from "../endpoint";
import { quote, validateName } from "../names";
import { Problem, under } from "../problems";
import { KnownServicesArgs, MonitoringServicesArgs } from "./args";
import { CONFIG } from "./services";

/** Where Loki's first blocks have always been. */
export const FIRST_DAY = "2024-01-01";

/** Secrets and CAs of the remote-write endpoints, which Prometheus' configuration names. */
export function remoteWriteFiles({ remoteWrite = [] }: KnownServicesArgs): BundleFile[] {
    return remoteWrite.flatMap(({ password, token, ca }, index) => Object.entries({ password, token, "ca.pem": ca }).flatMap(([what, content]) =>
        (content ? [{ path: `${CONFIG}/prometheus/${fileName(index, what)}`, content, mode: "0640", owner: "root:65534" }] : [])));
}

/** The endpoints, as the template of Prometheus' configuration needs them. */
export function planRemoteWrites({ remoteWrite = [] }: KnownServicesArgs) {
    const below = (index: number, what: string, content?: string) => (content ? `/etc/prometheus/${fileName(index, what)}` : "");
    return remoteWrite.map(({ url, username, password, token, headers = {}, ca }, index) => ({
        url, name: `long-term-${index}`, hasHeaders: Object.keys(headers).length > 0, headers: headerList({ headers }),
        basic: username && password ? { username, passwordPath: below(index, "password", password) } : undefined,
        tokenPath: below(index, "token", token), caPath: below(index, "ca.pem", ca),
    }));
}

function fileName(index: number, what: string): string {
    return `remote-write-${index}-${what}`;
}

/** The bucket, as the templates of Loki and Tempo need it; undefined without one. */
export function planBlocks({ blocks }: KnownServicesArgs) {
    if (!blocks) return undefined;
    const { bucket, region, endpoint, tls = true, accessKeyId, secretAccessKey, since } = blocks;
    // Stores that are no AWS rarely have a name for each bucket.
    return { bucket, region, endpoint: endpoint ?? `s3.${region}.amazonaws.com`, pathStyle: endpoint !== undefined, insecure: !tls, accessKeyId, secretAccessKey, since, onDiskBefore: since > FIRST_DAY };
}

/** How the files of Loki and Tempo are kept that hold the bucket's key. */
export function blocksSecrecy({ blocks }: KnownServicesArgs): Partial<BundleFile> {
    return blocks ? { mode: "0640", owner: "root:10001" } : {};
}

/** Problems with where data goes besides, or instead of the disk. */
export function validateLongTerm({ remoteWrite = [], blocks }: Pick<MonitoringServicesArgs, "remoteWrite" | "blocks">): Problem[] {
    return [...remoteWrite.flatMap((endpoint, index) => under(`remoteWrite[${index}]`, [
        ...validateEndpoint("metrics", endpoint),
        ...(endpoint.sigv4 ? [{ path: "sigv4", message: "containers reach no instance profile: let the agents send, by external.metrics" }] : []),
    ])), ...(blocks ? under("blocks", validateBlocks(blocks)) : [])];
}

function validateBlocks({ bucket, region, endpoint, accessKeyId, secretAccessKey, since }: NonNullable<MonitoringServicesArgs["blocks"]>): Problem[] {
    const key = (path: string, value: unknown) => (typeof value !== "string" || /^[\x21-\x7e]+$/.test(value) ? [] : [{ path, message: "expected printable ASCII without blanks" }]);
    return [
        ...(/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/.test(bucket) ? [] : [{ path: "bucket", message: `expected a bucket's name of lower-case letters, digits, dots and hyphens, got ${quote(bucket)}` }]),
        ...validateName("region", region),
        ...(endpoint === undefined || /^[A-Za-z0-9.-]+(:\d+)?$/.test(endpoint) ? [] : [{ path: "endpoint", message: `expected HOST or HOST:PORT without a scheme, got ${quote(endpoint)}` }]),
        ...key("accessKeyId", accessKeyId), ...key("secretAccessKey", secretAccessKey),
        ...(/^\d{4}-\d{2}-\d{2}$/.test(since) && !Number.isNaN(Date.parse(since)) ? [] : [{ path: "since", message: `expected a day such as "2026-12-01", got ${quote(since)}` }]),
    ];
}
