import { gzipSync } from "node:zlib";
import { Answer, Attack, bearer, GATEWAY, Ground, Logged, markedLine, markedRecord, markedSpan, NO_REQUEST, raw, REFUSED, request, taken } from "./kit";

const PUSH = "/loki/api/v1/push";
const OWN: Logged = { where: "nowhere", what: "no refusal: taken as the token's own environment" };

/** A request past all clients, straight on the socket. */
const sent = (what: string, text: (ground: Ground) => string | Buffer, answer: RegExp, logged = GATEWAY): Attack => ({ what, send: (ground) => raw(ground, text(ground)), answer, logged });
/** A push with these headers, which no token of an environment makes valid. */
const push = (what: string, headers: (ground: Ground) => string[], answer = /^401$/, logged = GATEWAY): Attack =>
    sent(what, (ground) => request(ground, "POST", PUSH, headers(ground), markedLine(ground)), answer, logged);
/** A path asked for with prod's token, which is for writing only. */
const asked = (method: string, target: string, answer = /^404$/): Attack =>
    sent(`${method} ${target} with prod's token`, (ground) => request(ground, method, target, [bearer(ground.tokens.prod)]), answer);

const tokens: Attack[] = [
    push("a line, no token", () => []),
    sent("OTLP logs, no token", (ground) => request(ground, "POST", "/otlp/v1/logs", [], markedLine(ground)), /^401$/),
    sent("spans, no token", (ground) => request(ground, "POST", "/otlp/v1/traces", [], markedSpan(ground)), /^401$/),
    push("a wrong token", () => [bearer("x".repeat(40))]),
    push("a token without its last character", ({ tokens: { prod } }) => [bearer(prod.slice(0, -1))]),
    push("a token and one character more", ({ tokens: { prod } }) => [bearer(`${prod}x`)]),
    push("a pattern for a token", () => [bearer("*")]),
    push("two tokens in one header", ({ tokens: { prod, dev } }) => [bearer(`${prod}, ${dev}`)]),
    push("two wrong Authorization headers", () => [bearer("a"), bearer("b")]),
    push("the scheme in lower case", ({ tokens: { prod } }) => [`Authorization: bearer ${prod}`]),
    push("two blanks before the token", ({ tokens: { prod } }) => [`Authorization: Bearer  ${prod}`]),
    push("no scheme", ({ tokens: { prod } }) => [`Authorization: ${prod}`]),
    push("Basic with the token as password", ({ tokens: { prod } }) => [`Authorization: Basic ${Buffer.from(`prod:${prod}`).toString("base64")}`]),
    push("the token in a cookie", ({ tokens: { prod } }) => [`Cookie: token=${prod}; Authorization=Bearer ${prod}`]),
    push("the token in Proxy-Authorization", ({ tokens: { prod } }) => [`Proxy-Authorization: Bearer ${prod}`]),
    push("the token and a NUL", ({ tokens: { prod } }) => [`Authorization: Bearer ${prod}\0`], /^400$/, NO_REQUEST),
    push("the token over two lines", ({ tokens: { prod } }) => [`Authorization: Bearer ${prod.slice(0, 10)}\r\n ${prod.slice(10)}`]),
    sent("the token in the query", (ground) => request(ground, "POST", `${PUSH}?token=${ground.tokens.prod}&access_token=${ground.tokens.prod}`, [], markedLine(ground)), /^401$/),
    push("a session of Grafana's in place of a token", () => ["Cookie: grafana_session=0123456789abcdef0123456789abcdef"]),
    push("only the name of a tenant", () => ["X-Scope-OrgID: prod"]),
];

/** Written with a valid token: what arrives belongs to that token's environment, whatever else is said. Looked for in the other tenants afterwards. */
const tenants: Attack[] = ([
    ["dev's token and prod as tenant", ["X-Scope-OrgID: prod"]],
    ["dev's token and two tenants", ["X-Scope-OrgID: prod", "X-Scope-OrgID: loadtest"]],
    ["dev's token and the tenant in odd case", ["x-sCoPe-oRgId: prod"]],
    ["dev's token and tenants with a bar", ["X-Scope-OrgID: prod|dev"]],
    ["dev's token and a tenant with underscores", ["X_Scope_OrgID: prod", "X-Scope-Orgid : prod".replace(" :", ":")]],
] as [string, string[]][]).flatMap(([what, headers]) => ([
    ["a line", PUSH, markedLine, /^204$/], ["a line by OTLP", "/otlp/v1/logs", markedRecord, /^204$/], ["a span", "/otlp/v1/traces", (ground: Ground) => markedSpan(ground, taken(ground)), /^200$/],
] as [string, string, (ground: Ground) => string, RegExp][]).map(([sort, path, body, answer]): Attack => ({
    what: `${sort}, ${what}`, send: (ground) => raw(ground, request(ground, "POST", path, [bearer(ground.tokens.dev), ...headers], body(ground))), answer, logged: OWN,
})));

/** Said to be another's in the lines themselves: Loki refuses a stream that says so, as the data source of all environments would show it as that one's. */
const forged: Attack[] = ["prod", "loadtest", "prod|dev"].flatMap((environment) => ([
    ["lines", PUSH, (ground: Ground) => markedLine(ground, { environment })], ["lines by OTLP", "/otlp/v1/logs", (ground: Ground) => markedRecord(ground, environment)],
] as [string, string, (ground: Ground) => string][]).map(([sort, path, body]): Attack => ({
    what: `dev's token, and ${sort} that say ${environment}`, send: (ground) => raw(ground, request(ground, "POST", path, [bearer(ground.tokens.dev)], body(ground))), answer: /^403$/, logged: GATEWAY,
})));

/** The gateway's own tenant is dropped as the header of a connection: then Loki knows none, and takes nothing. */
const dropped = push("dev's token, and the tenant's header dropped on the way", ({ tokens: { dev } }) => ["Connection: close, X-Scope-OrgID", "X-Scope-OrgID: prod", bearer(dev)], /^401$/);

const paths: Attack[] = [
    // Pushed metrics: this environment has no relay, and there is nothing else behind.
    ...[["POST", "/prometheus/api/v1/write"], ["GET", "/prometheus/federate?match[]=up"], ["POST", "/prometheus/api/v1/query"], ["POST", "/prometheus/api/v1/write/../query"], ["POST", "/prometheus//api/v1/write"], ["POST", "/prometheus/api/v1/writ%65"]]
        .map(([method, target]) => asked(method, target)),
    ...[`/loki/api/v1/query?query={application=~".%2B"}`.replace(/[{}"]/g, (c) => `%${c.charCodeAt(0).toString(16)}`), "/loki/api/v1/labels", "/loki/api/v1/tail", "/loki/config", "/loki/metrics"]
        .map((target) => asked("GET", target)),
    ...["/loki/api/v1/delete?query=%7Ba%3D%22b%22%7D", "/loki/flush", "/loki/ingester/shutdown", "/loki/api/v1/rules/x", "/otlp/v1/metrics", "/v1/traces", "/api/v1/push"].map((target) => asked("POST", target)),
    ...["/metrics", "/debug/pprof/heap", "/debug/vars", "/-/reload"].map((target) => asked("GET", target)),
    asked("DELETE", PUSH), asked("PUT", PUSH), asked("TRACE", PUSH), asked("GET", PUSH), asked("HEAD", PUSH), asked("OPTIONS", PUSH),
    ...[`/loki/api/v1/push/../query`, `/loki/api/v1/push/%2e%2e/query`, `/loki/api/v1/push%2f..%2fquery`, "/otlp/v1/../../loki/api/v1/query", "/loki//api/v1/query", "/loki/./api/v1/query", "/LOKI/api/v1/query", "/%6coki/api/v1/query", "/loki;x/../loki/api/v1/query"]
        .map((target) => asked("GET", target)),
    // What resolves to no path of the gateway's own is Grafana's to refuse, which knows no such login.
    ...["/..;/loki/api/v1/query", "/..%2floki/api/v1/query", "/public/../../etc/photogather-monitoring/gateway/ca.key", "/public/plugins/text/../../../../../../etc/caddy/ca.key", "/ca.pem/../ca.key", "/ca.key", "/%5c..%5cca.key"]
        .map((target) => asked("GET", target, /^40[0-4]$/)),
    sent("an absolute URI of a backend", (g) => request(g, "GET", "http://loki:3100/loki/api/v1/labels", [bearer(g.tokens.prod)], "", "loki:3100"), /^421$/),
    sent("an absolute URI of the metadata service", (g) => request(g, "GET", "http://169.254.169.254/latest/meta-data/", [], "", "169.254.169.254"), /^421$/),
    sent("CONNECT to a backend", (g) => `CONNECT loki:3100 HTTP/1.1\r\nHost: loki:3100\r\n${bearer(g.tokens.prod)}\r\n\r\n`, /^4(21|0[0-5])/),
    sent("a path with a NUL", (g) => request(g, "GET", "/loki/api/v1/query\0", [bearer(g.tokens.prod)]), /^400$/, NO_REQUEST),
    sent("a path that is no path", (g) => request(g, "GET", "loki", [bearer(g.tokens.prod)]), /^400$/, NO_REQUEST),
];

const protocol: Attack[] = [
    sent("another Host", (g) => request(g, "POST", PUSH, [bearer(g.tokens.prod)], markedLine(g), "evil.example"), /^421$/),
    sent("the Host of a backend", (g) => request(g, "GET", "/loki/api/v1/labels", [], "", "loki:3100"), /^421$/),
    sent("two Host headers", (g) => request(g, "POST", PUSH, ["Host: evil.example"], markedLine(g)), /^400$/, NO_REQUEST),
    sent("no Host", (g) => request(g, "POST", PUSH, [], markedLine(g), ""), /^400$/, NO_REQUEST),
    sent("two lengths", (g) => request(g, "POST", PUSH, [bearer(g.tokens.prod), "Content-Length: 0", "Content-Length: 44"], markedLine(g)), /^400$/, NO_REQUEST),
    sent("a length below zero", (g) => request(g, "POST", PUSH, [bearer(g.tokens.prod), "Content-Length: -1"], markedLine(g)), /^400$/, NO_REQUEST),
    // In each of these a second request hides in the body of the first. One answer: it was not taken for a request.
    sent("smuggling: length, and chunks that end before", (g) => smuggled(g, ["Content-Length: 300", "Transfer-Encoding: chunked"]), /^40[01]( 400)?$/),
    sent("smuggling: chunks and a length of nothing", (g) => smuggled(g, ["Transfer-Encoding: chunked", "Content-Length: 0"]), /^40[01]( 400)?$/),
    sent("smuggling: an encoding that nobody has", (g) => smuggled(g, ["Transfer-Encoding: xchunked", "Content-Length: 5"]), /^501$/, NO_REQUEST),
    sent("smuggling: a blank before the colon", (g) => smuggled(g, ["Transfer-Encoding : chunked"]), /^400$/, NO_REQUEST),
    sent("a chunk whose size overflows", (g) => request(g, "POST", PUSH, [bearer(g.tokens.prod), "Transfer-Encoding: chunked"], "ffffffffffffffff1\r\nx\r\n0\r\n\r\n"), /^(400|502|503)$/),
    sent("an upgrade to a WebSocket on an ingest path", (g) => request(g, "GET", "/loki/api/v1/tail?query=x", ["Upgrade: websocket", "Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==", bearer(g.tokens.prod)]), /^404$/),
    sent("an upgrade to HTTP/2 in plain text", (g) => request(g, "GET", "/loki/api/v1/labels", ["Upgrade: h2c", "HTTP2-Settings: AAMAAABkAAQCAAAAAAIAAAAA", bearer(g.tokens.prod)]), /^404$/),
    { what: "HTTP without TLS", send: (g) => raw(g, request(g, "POST", PUSH, [bearer(g.tokens.prod)], markedLine(g)), { tls: false }), answer: /^400$/, logged: { where: "gateway", what: "client sent an HTTP request to an HTTPS server" } },
    { what: "no TLS, but noise", send: (g) => raw(g, Buffer.alloc(500, 0x7f), { tls: false }), answer: /^closed$/, logged: { where: "gateway", what: "TLS handshake error" } },
    { what: "HTTP/2 frames that are none", send: (g) => raw(g, Buffer.concat([Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), Buffer.alloc(200, 0xff)]), { alpn: ["h2"] }), answer: /^closed$/, logged: NO_REQUEST },
];

/** A request with no right to anything, in whose body another with prod's token waits. */
function smuggled(ground: Ground, headers: string[]): string {
    const inner = request(ground, "POST", PUSH, [bearer("smuggled")], markedLine(ground));
    return request(ground, "POST", PUSH, headers, `0\r\n\r\n${inner}`).replace("Connection: close\r\n", "");
}

const sizes: Attack[] = [
    push("headers of 60 kB", ({ tokens: { prod } }) => [bearer(prod), `X-Large: ${"x".repeat(60_000)}`], /^431$/, NO_REQUEST),
    push("10,000 headers", ({ tokens: { prod } }) => [bearer(prod), ...Array.from({ length: 10_000 }, (_, i) => `X-${i}: x`)], /^431$/, NO_REQUEST),
    sent("a path of 100 kB", (g) => request(g, "GET", `/${"x".repeat(100_000)}`), /^431$/, NO_REQUEST),
    sent("a body of 3 MB, said so", (g) => request(g, "POST", PUSH, [bearer(g.tokens.dev)], " ".repeat(3_000_000)), /^(413|closed)$/, REFUSED),
    sent("a body of 3 MB in chunks", (g) => request(g, "POST", PUSH, [bearer(g.tokens.dev), "Transfer-Encoding: chunked"], `2dc6c0\r\n${" ".repeat(3_000_000)}\r\n0\r\n\r\n`), /^(413|closed)$/, REFUSED),
    ...[["/otlp/v1/logs", "application/x-protobuf"], ["/otlp/v1/logs", "application/json"], ["/otlp/v1/traces", "application/x-protobuf"], [PUSH, "application/json"]].map(([path, type]): Attack => ({
        what: `1 GB of ${type} in 1 MB, to ${path}`,
        send: (ground) => raw(ground, zipped(ground, path, type), { seconds: 60 }), answer: /^(4\d\d|closed)$/, logged: REFUSED,
    })),
    sent("JSON, 500,000 deep", (g) => request(g, "POST", PUSH, [bearer(g.tokens.dev)], "[".repeat(500_000)), /^400$/),
];

let bomb: Buffer | undefined;

function zipped(ground: Ground, path: string, type: string): Buffer {
    // Parts that are compressed one by one are one text as well: so it is made at once.
    bomb ??= Buffer.concat([gzipSync('{"streams":['), ...Array<Buffer>(1024).fill(gzipSync(Buffer.alloc(1 << 20, 0x20)))]);
    const head = request(ground, "POST", path, [bearer(ground.tokens.dev), `Content-Type: ${type}`, "Content-Encoding: gzip", `Content-Length: ${bomb.length}`]);
    return Buffer.concat([Buffer.from(head), bomb]);
}

/** Cut off in bounded time, whoever they are: 10 s for a head, 30 s for a body. */
const slow: Attack[] = [
    { what: "a head that never ends", send: (g) => timed(raw(g, "GET / HTTP/1.1\r\nHost: x\r\n", { drip: { text: "X-a: b\r\n", milliseconds: 1000 }, seconds: 20 })), answer: /^(closed|408|400) after (9|1\d) s$/, logged: NO_REQUEST },
    { what: "a TLS handshake that never begins", send: (g) => timed(raw(g, "", { tls: false, seconds: 20 })), answer: /^closed after (9|1\d) s$/, logged: { where: "gateway", what: "TLS handshake error" } },
    {
        what: "a body that never ends", answer: /^(closed|4\d\d|50[234]) after (29|3\d) s$/, logged: GATEWAY,
        send: (g) => timed(raw(g, request(g, "POST", PUSH, [bearer(g.tokens.dev), "Content-Length: 100000"]), { drip: { text: "x", milliseconds: 1000 }, seconds: 45 })),
    },
];

/** With the time that it took: what is cut off at once was refused for another reason. */
async function timed(sent: Promise<Answer>): Promise<Answer> {
    const answer = await sent;
    return { ...answer, text: `${answer.text} after ${Math.round((answer.to - answer.from) / 1000)} s` };
}

export const gatewayAttacks: Attack[] = [...tokens, ...tenants, ...forged, dropped, ...paths, ...protocol, ...sizes, ...slow];
