import * as pulumi from "@pulumi/pulumi";
import { quote, validateRegion } from "./names";
import { Problem } from "./problems";

/** One endpoint outside of the shared deployment, and how it lets us in: `username` and `password`, or `token`, or for metrics `sigv4`, or nothing. */
export interface ExternalEndpoint {
    /** `http(s)://…` */
    url: pulumi.Input<string>;
    /** Basic auth. */
    username?: pulumi.Input<string>;
    /** Of basic auth; a secret. */
    password?: pulumi.Input<string>;
    /** Bearer token; a secret. */
    token?: pulumi.Input<string>;
    /** HTTP headers of every request, e.g. `{ "X-Scope-OrgID": "prod" }`. They are readable in the agent's configuration: no place for secrets. @default {} */
    headers?: Record<string, string>;
    /** PEM of the CA that signed the endpoint's certificate. @default the public ones that the host knows */
    ca?: pulumi.Input<string>;
    /** Requests signed as AWS wants them, for metrics. The host's own role signs, or one that it may take on. @default none */
    sigv4?: SigV4;
}

/** How requests to AWS are signed. */
export interface SigV4 {
    /** e.g. `ap-northeast-2`. */
    region: string;
    /** ARN of a role to take on. @default the host's own */
    roleArn?: string;
}

/** An endpoint whose values are known. */
export interface KnownEndpoint extends ExternalEndpoint {
    url: string;
    username?: string;
    password?: string;
    token?: string;
    ca?: string;
}

/** The headers, as the templates need them. */
export function headerList({ headers = {} }: Pick<ExternalEndpoint, "headers">): { key: string; value: string }[] {
    return Object.entries(headers).map(([key, value]) => ({ key, value }));
}

/** Problems with one endpoint, `metrics` being the only signal that is not OTLP. */
export function validateEndpoint(signal: string, { url, username, password, token, headers = {}, sigv4 }: ExternalEndpoint): Problem[] {
    const ways = [username !== undefined || password !== undefined, token !== undefined, sigv4 !== undefined].filter(Boolean).length;
    return [
        ...(typeof url !== "string" || /^https?:\/\/[^/\s?#]+[^\s?#]*$/.test(url) ? [] : [{ path: "url", message: `expected a URL: http(s)://HOST/PATH, got ${quote(url)}` }]),
        ...(signal !== "metrics" && typeof url === "string" && /\/v1\/(logs|traces)\/?$/.test(url) ? [{ path: "url", message: `expected the address without its end, /v1/${signal}, which is added` }] : []),
        ...(ways > 1 ? [{ path: "", message: "expected one way in: username and password, or token, or sigv4" }] : []),
        ...(Boolean(username) !== Boolean(password) ? [{ path: "", message: "expected username and password together, or neither" }] : []),
        ...(sigv4 && signal !== "metrics" ? [{ path: "sigv4", message: "is for metrics: no OTLP endpoint of AWS is known to this program" }] : []),
        ...(sigv4 ? validateRegion("sigv4.region", sigv4.region) : []),
        ...(sigv4?.roleArn !== undefined && !/^arn:aws[a-z-]*:iam::\d{12}:role\/\S+$/.test(sigv4.roleArn) ? [{ path: "sigv4.roleArn", message: `expected the ARN of a role, got ${quote(sigv4.roleArn)}` }] : []),
        ...[token, password].flatMap((value) => (typeof value === "string" && /^$|[\s\p{Cc}]/u.test(value) ? [{ path: "", message: "expected a token or password without blanks" }] : [])),
        ...Object.entries(headers).flatMap(([key, value]) => validateHeader(key, value)),
    ];
}

function validateHeader(key: string, value: string): Problem[] {
    if (!/^[A-Za-z0-9-]{1,64}$/.test(key)) return [{ path: `headers[${quote(key)}]`, message: "expected a header's name of letters, digits and hyphens" }];
    if (/^(authorization|proxy-authorization|cookie)$/i.test(key)) return [{ path: `headers.${key}`, message: "would stand readable in the configuration: use token, or username and password" }];
    return /^[\x20-\x7e]*$/.test(value) ? [] : [{ path: `headers.${key}`, message: "expected printable ASCII" }];
}
