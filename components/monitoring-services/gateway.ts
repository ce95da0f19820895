import * as crypto from "crypto";
import { renderTemplate } from "../render";
import { BundleFile } from "../bundle";
import { PUSH_PATH } from "../connection";
import { KnownServicesArgs } from "./args";
import { CONFIG, GATEWAY_PORT, relayOf } from "./services";
import { bracketed } from "../names";

const DIRECTORY = `${CONFIG}/gateway`;
/** Readable by the gateway's user alone, as it holds tokens or a key. */
const SECRET = { mode: "0640", owner: "root:1000" };

/** The gateway's files: who may write where, and what it proves its identity by. */
export function renderGateway(args: KnownServicesArgs): BundleFile[] {
    const { mode } = gatewayTls(args);
    const pem: Record<string, BundleFile[]> = {
        ca: [
            { path: `${DIRECTORY}/ca.pem`, content: line(args.tls?.caCertificate) },
            // The same file again, in the only directory that is served.
            { path: `${DIRECTORY}/public/ca.pem`, content: line(args.tls?.caCertificate) },
            { path: `${DIRECTORY}/ca.key`, content: line(args.tls?.caPrivateKey), ...SECRET },
        ],
        provided: [
            { path: `${DIRECTORY}/${providedName(args)}.pem`, content: line(args.tls?.certificate) },
            { path: `${DIRECTORY}/${providedName(args)}.key`, content: line(args.tls?.privateKey), ...SECRET },
        ],
    };
    // The Caddyfile last: what it names must be there when Caddy sees it.
    return [...(pem[mode] ?? []), { path: `${DIRECTORY}/Caddyfile`, content: renderCaddyfile(args), ...SECRET }];
}

/** The gateway's Caddyfile. */
export function renderCaddyfile(args: KnownServicesArgs, port = GATEWAY_PORT): string {
    const { mode } = gatewayTls(args);
    return renderTemplate("gateway/Caddyfile", {
        port,
        address: args.tls?.domain ?? args.address,
        store: mode === "ca" ? `/data/ca-${fingerprint(line(args.tls?.caCertificate))}` : "/data/caddy",
        autoHttps: mode === "off" ? "auto_https off" : "auto_https disable_redirects",
        tlsOn: mode !== "off",
        ownCa: mode === "ca",
        publicName: mode === "acme" || mode === "provided",
        strictHosts: mode === "ca" || mode === "acme",
        email: mode === "acme" && args.tls?.email ? args.tls.email : false,
        siteAddresses: planSiteAddresses(args, port).join(", "),
        tlsDirective: planTlsDirective(args),
        pushPath: PUSH_PATH,
        environments: sorted(args.environments).map(([name, { token, previousToken, pushedMetrics }]) => ({
            name,
            relay: pushedMetrics ? relayOf(name).name : false,
            bearer: `Bearer ${token}`,
            previousBearer: previousToken ? `Bearer ${previousToken}` : false,
        })),
    });
}

/** How the site is encrypted, in the Caddyfile's language. */
function planTlsDirective(args: KnownServicesArgs): string {
    const directives: Record<string, string> = {
        ca: "tls {\n\t\tissuer internal {\n\t\t\tca local\n\t\t}\n\t}",
        provided: `tls /etc/caddy/${providedName(args)}.pem /etc/caddy/${providedName(args)}.key`,
        // Only port 443 is published, so the challenge over port 80 cannot succeed.
        acme: "tls {\n\t\tissuer acme {\n\t\t\tdisable_http_challenge\n\t\t}\n\t}",
        off: "",
    };
    return directives[gatewayTls(args).mode];
}

/** A given certificate's file, named anew when it is renewed: Caddy watches the Caddyfile alone. */
function providedName({ tls }: KnownServicesArgs): string {
    return `certificate-${fingerprint(line(tls?.certificate))}`;
}

/** The names that the gateway answers to. A certificate is made for each, so that each must be known. */
export function planSiteAddresses(args: KnownServicesArgs, port = GATEWAY_PORT): string[] {
    const { mode } = gatewayTls(args);
    if (mode === "off") return [`http://:${port}`];
    if (mode === "provided") return [`https://:${port}`];
    if (mode === "acme") return [`https://${args.tls?.domain}:${port}`];
    return [...new Set([args.address, ...(args.names ?? []), "localhost", "127.0.0.1", "gateway"])].map((name) => `https://${bracketed(name)}:${port}`);
}

/** The address that agents and people are given. */
export function planGatewayUrl(args: Pick<KnownServicesArgs, "address" | "port" | "tls">): string {
    const { mode } = gatewayTls(args);
    return `${mode === "off" ? "http" : "https"}://${bracketed(args.tls?.domain ?? args.address)}:${args.port ?? 8080}`;
}

/** PEM of the CA that agents must be given; "" where the system's own do. */
export function planGatewayCa(tls: KnownServicesArgs["tls"]): string {
    const mode = tls?.mode ?? "ca";
    return mode === "ca" ? line(tls?.caCertificate) : mode === "provided" && tls?.trustedCa ? line(tls.trustedCa) : "";
}

/** The mode, with its default. */
export function gatewayTls(args: Pick<KnownServicesArgs, "tls">): { mode: string } {
    return { mode: args.tls?.mode ?? "ca" };
}

/** Tells one CA from another. */
function fingerprint(pem: string): string {
    return crypto.createHash("sha256").update(pem).digest("hex").slice(0, 12);
}

/** Ends a PEM text with one line break, whatever the user's ended with. */
function line(pem: string | undefined): string {
    return `${(pem ?? "").trim()}\n`;
}

/** In the order of names, so that the same arguments render the same bytes. */
export function sorted<T>(record: Record<string, T>): [string, T][] {
    return Object.entries(record).sort(([a], [b]) => (a < b ? -1 : 1));
}
