import { createHash, createHmac } from "node:crypto";
import type { IncomingMessage } from "node:http";

const hash = (data: string | Buffer) => createHash("sha256").update(data).digest("hex");
const sign = (key: string | Buffer, text: string) => createHmac("sha256", key).update(text).digest();

/** Whether a request is signed with the secret, as AWS checks it (Signature Version 4): over method, path, query, the headers that it names, and the body. */
export function isSigned(request: IncomingMessage, body: Buffer, secret: string): boolean {
    const [, key, day, region, service, headers, signature] =
        /^AWS4-HMAC-SHA256 Credential=([^/]+)\/(\d{8})\/([^/]+)\/([^/]+)\/aws4_request, ?SignedHeaders=([^,]+), ?Signature=([0-9a-f]{64})$/.exec(request.headers.authorization ?? "") ?? [];
    if (!key) return false;
    const { pathname, searchParams } = new URL(request.url!, "http://host");
    const query = [...searchParams].map(([name, value]) => `${encodeURIComponent(name)}=${encodeURIComponent(value)}`).sort().join("&");
    const canonicalHeaders = headers.split(";").map((name) => `${name}:${String(name === "host" ? request.headers.host : request.headers[name]).trim()}\n`).join("");
    const canonical = [request.method, pathname, query, canonicalHeaders, headers, request.headers["x-amz-content-sha256"] ?? hash(body)].join("\n");
    const text = ["AWS4-HMAC-SHA256", request.headers["x-amz-date"], `${day}/${region}/${service}/aws4_request`, hash(canonical)].join("\n");
    const signing = [day, region, service, "aws4_request"].reduce<string | Buffer>((last, part) => sign(last, part), `AWS4${secret}`);
    return sign(signing, text).toString("hex") === signature;
}
