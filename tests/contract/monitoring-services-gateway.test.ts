import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { X509Certificate } from "node:crypto";
import * as fs from "node:fs";
import * as path from "node:path";
import * as tls from "node:tls";
import { renderCaddyfile } from "../../components/monitoring-services/gateway";
import { GatewayUnderTest, makeCa } from "../support/gateway-under-test";
import { part } from "../support/parts";
import { Running } from "../support/running";
import { eventually, sleep } from "../support/wait";
import { sampleServices, TOKENS } from "../support/services";

/** Fingerprint of the certificate that a port serves. */
function servedCertificate(port: number): Promise<string | undefined> {
    return new Promise((resolve, reject) => {
        const socket = tls.connect({ host: "127.0.0.1", port, rejectUnauthorized: false }, () => {
            resolve(socket.getPeerX509Certificate()?.fingerprint256);
            socket.end();
        });
        socket.on("error", reject);
    });
}

describe("gateway, run by the real Caddy", function () {
    this.timeout(180_000);
    let gateway: GatewayUnderTest;

    before(async function () {
        const caddy = part(this as unknown as Mocha.Context, "caddy");
        gateway = new GatewayUnderTest();
        const ca = makeCa(part(this as unknown as Mocha.Context, "openssl"), gateway.running.directory);
        gateway.ca = ca.certificate;
        await gateway.start(caddy, { tls: { mode: "ca", caCertificate: ca.certificate, caPrivateKey: ca.key } });
        // Caddy makes a certificate for each name, one after the other.
        await eventually("the name's certificate", 20, async () => (await gateway.ask("/-/gateway", { servername: "monitoring.internal", headers: { Host: "monitoring.internal" } })).status === 200);
    });
    after(async () => gateway?.stop());
    beforeEach(() => {
        gateway.status = 200;
    });

    it("proves its identity by the CA that agents are given, by address and by name", async () => {
        assert.equal((await gateway.ask("/-/gateway")).body, "ok");
        assert.equal((await gateway.ask("/-/gateway", { servername: "monitoring.internal", headers: { Host: "monitoring.internal" } })).status, 200);
        const wrong = await gateway.ask("/-/gateway", { servername: "", headers: { Host: "evil.example" } });
        assert.equal(wrong.status, 421);
    });

    it("lets browsers fetch the CA, and nothing beside it", async () => {
        assert.equal((await gateway.ask("/ca.pem")).body, `${gateway.ca.trim()}\n`);
        for (const file of ["/ca.key", "/../ca.key", "/ca.pem/../../ca.key", "/%2e%2e/ca.key", "/public/ca.pem"]) {
            assert.doesNotMatch((await gateway.ask(file)).body, /PRIVATE KEY|bearer/i);
        }
    });

    it("lets few requests of an environment into a backend at a time, the others wait; and no other environment's wait for them", async () => {
        const held = gateway.held = { tenant: "loadtest", waiting: [] as (() => void)[] };
        const all = Promise.all(Array.from({ length: 20 }, () => gateway.push("/otlp/v1/traces", TOKENS.loadtest)));
        await eventually("some of them are in", 5, async () => held.waiting.length >= 3);
        await sleep(500);
        assert.equal(held.waiting.length, 3);
        for (let i = 0; i < 10; i++) assert.equal((await gateway.push("/otlp/v1/traces", TOKENS.prod)).answer.status, 200);
        gateway.held = undefined;
        for (const release of held.waiting) release();
        assert.deepEqual([...new Set((await all).map(({ answer }) => answer.status))], [200]);
    });

    it("a request over a limit keeps its place for two seconds, so that backends read no flood; no other environment waits, and what is within the limit goes on at once", async () => {
        gateway.over = "loadtest";
        const begun = performance.now();
        const seconds = () => (performance.now() - begun) / 1000;
        const flood = Promise.all(Array.from({ length: 9 }, () => gateway.push("/loki/api/v1/push", TOKENS.loadtest)));
        await sleep(200);
        for (let i = 0; i < 20; i++) assert.equal((await gateway.push("/loki/api/v1/push", TOKENS.prod)).answer.status, 200);
        assert.ok(seconds() < 1.5, `prod waited ${seconds()} s`);
        const answers = (await flood).map(({ answer }) => answer);
        assert.ok(seconds() > 5.5 && seconds() < 12, `nine refusals, three at a time, took ${seconds()} s`);
        assert.deepEqual([...new Set(answers.map(({ status }) => status))], [429]);
        assert.match(answers[0].body, /over a limit of the environment.*LogsRefused/);
        gateway.over = undefined;
        const again = performance.now();
        for (let i = 0; i < 20; i++) assert.equal((await gateway.push("/loki/api/v1/push", TOKENS.loadtest)).answer.status, 200);
        assert.ok(performance.now() - again < 1000);
        assert.doesNotMatch(gateway.running.log("caddy"), /127\.0\.0\.1:9\b|"status":50/);
    });

    for (const [url, upstream, reached] of [
        ["/otlp/v1/logs", "loki:3100", "/otlp/v1/logs"],
        ["/otlp/v1/traces", "tempo:4318", "/v1/traces"],
        ["/loki/api/v1/push", "loki:3100", "/loki/api/v1/push"],
    ]) {
        it(`takes ${url} to ${upstream} as the token's tenant`, async () => {
            for (const environment of ["prod", "dev", "loadtest"]) {
                const { answer, seen } = await gateway.push(url, TOKENS[environment], { "X-Scope-OrgID": "prod|dev|loadtest", "x-scope-orgid": "prod" });
                assert.deepEqual([answer.status, seen?.upstream, seen?.url, seen?.headers["x-scope-orgid"]], [200, upstream, reached, environment]);
                assert.equal(seen?.headers.authorization, undefined);
                assert.equal(answer.headers.server, undefined);
            }
        });
    }

    it("takes the old token and the new one while tokens are rotated", async () => {
        assert.equal((await gateway.push("/otlp/v1/logs", "dev-token-before-01234567")).seen?.headers["x-scope-orgid"], "dev");
    });

    it("answers 401 without a token, with a wrong one and with what only looks like one", async () => {
        const wrong = [
            "",
            "wrong-token-0123456789abcdef",
            `${TOKENS.prod}x`,
            TOKENS.prod.slice(0, -1),
            "*",
            `${TOKENS.prod} `.toUpperCase(),
            `${TOKENS.prod}, ${TOKENS.dev}`,
        ];
        for (const url of ["/otlp/v1/logs", "/otlp/v1/traces", "/loki/api/v1/push"]) {
            for (const token of wrong) {
                const { answer, seen } = await gateway.push(url, token, { "X-Scope-OrgID": "prod" });
                assert.deepEqual([answer.status, seen], [401, undefined], `${url} with ${JSON.stringify(token)}`);
            }
        }
        const basic = await gateway.ask("/otlp/v1/logs", {
            method: "POST",
            headers: { Authorization: `Basic ${Buffer.from(`a:${TOKENS.prod}`).toString("base64")}` },
        });
        assert.equal(basic.status, 401);
        assert.equal((await gateway.ask(`/otlp/v1/logs?token=${TOKENS.prod}`, { method: "POST" })).status, 401);
    });

    it("lets no reading through, whatever the token", async () => {
        const paths = [
            "/loki/api/v1/query",
            '/loki/api/v1/query_range?query={a="b"}',
            "/loki/api/v1/tail",
            "/loki/api/v1/delete",
            "/otlp",
            "/otlp/v1/metrics",
            "/v1/traces",
            "/loki/config",
            "/api/v1/push",
        ];
        for (const url of paths) {
            for (const method of ["GET", "POST", "DELETE"]) {
                const before = gateway.seen.length;
                const answer = await gateway.ask(url, { method, headers: { Authorization: `Bearer ${TOKENS.prod}` } });
                assert.deepEqual([answer.status, gateway.seen.length], [404, before], `${method} ${url}`);
            }
        }
        assert.equal((await gateway.ask("/otlp/v1/logs", { headers: { Authorization: `Bearer ${TOKENS.prod}` } })).status, 404);
    });

    it("lets data sources read, and neither write, delete nor stop anything", async () => {
        const ask = (backend: string, method: string, url: string) => fetch(`http://127.0.0.1:${gateway.reading[backend]}${url}`, { method, headers: { "X-Scope-OrgID": "prod" } });
        const allowed: [string, string, string][] = [
            ["prometheus", "POST", "/api/v1/query"], ["prometheus", "GET", "/api/v1/query_range?query=up"], ["prometheus", "POST", "/api/v1/query_exemplars"],
            ["prometheus", "GET", "/api/v1/label/environment/values"], ["prometheus", "GET", "/api/v1/status/buildinfo"], ["prometheus", "GET", "/api/v1/rules"],
            ["loki", "GET", "/loki/api/v1/query_range?query=x"], ["loki", "GET", "/loki/api/v1/tail"], ["loki", "GET", "/loki/api/v1/label/a%2Fb/values"],
            ["tempo", "GET", "/api/search?q={}"], ["tempo", "GET", "/api/v2/traces/00"], ["tempo", "GET", "/api/metrics/query_range"], ["tempo", "GET", "/api/echo"],
        ];
        for (const [backend, method, url] of allowed) {
            const before = gateway.seen.length;
            assert.equal((await ask(backend, method, url)).status, 200, `${method} ${url}`);
            const { upstream, headers, ...seen } = gateway.seen[before];
            assert.deepEqual([upstream.split(":")[0], seen.method, seen.url, headers["x-scope-orgid"]], [backend, method, url, "prod"]);
        }
        const refused: [string, string, string][] = [
            ["prometheus", "POST", "/api/v1/write"], ["prometheus", "POST", "/api/v1/otlp/v1/metrics"], ["prometheus", "POST", "/api/v1/admin/tsdb/delete_series"], ["prometheus", "GET", "/metrics"],
            ["prometheus", "POST", "/-/reload"], ["prometheus", "PUT", "/-/quit"], ["prometheus", "DELETE", "/api/v1/series"], ["prometheus", "POST", "/api/v1/query/../write"],
            ["loki", "POST", "/loki/api/v1/push"], ["loki", "POST", "/loki/api/v1/delete"], ["loki", "PUT", "/loki/api/v1/delete"], ["loki", "DELETE", "/loki/api/v1/delete"],
            ["loki", "GET", "/loki/api/v1/delete"], ["loki", "POST", "/flush"], ["loki", "GET", "/ingester/shutdown"], ["loki", "GET", "/config"], ["loki", "POST", "/otlp/v1/logs"],
            ["loki", "GET", "/loki/api/v1/..%2f..%2f..%2fflush"], ["tempo", "POST", "/v1/traces"], ["tempo", "GET", "/shutdown"], ["tempo", "GET", "/flush"],
            ["tempo", "GET", "/status/config"], ["tempo", "POST", "/api/overrides"], ["tempo", "GET", "/api/overrides"],
        ];
        for (const [backend, method, url] of refused) {
            const before = gateway.seen.length;
            assert.deepEqual([(await ask(backend, method, url)).status, gateway.seen.length], [403, before], `${method} ${url} of ${backend}`);
        }
    });

    it("sends path tricks to no backend, with a token and without", async () => {
        const tricks = [
            "//otlp/v1/logs",
            "/otlp//v1/logs",
            "/otlp/v1/logs/",
            "/otlp/v1/logs/..",
            "/otlp/v1/logs/../../../loki/api/v1/query",
            "/otlp/v1/logs/%2e%2e/%2e%2e/config",
            "/%2e/otlp/v1/logs",
            "/otlp/v1/logs%2f..%2f..%2fconfig",
            "/otlp%2fv1%2flogs",
            "/./otlp/v1/logs",
            "/x/../otlp/v1/logs",
            "/OTLP/V1/LOGS",
            "/otlp/v1/logs;x",
            "/otlp/v1/logs%00",
            "/otlp/v1/logs%3fa",
            "/otlp/v1/logs?query=1",
            "/loki/../loki/api/v1/query",
            "/loki/api/v1/push/../query",
            "/loki/api/v1/push%2f..%2fquery",
            "/otlp\\v1\\logs",
            "/..;/loki/api/v1/query",
            "http://loki:3100/loki/api/v1/query",
            "http://169.254.169.254/latest/meta-data",
        ];
        for (const url of tricks) {
            for (const token of [TOKENS.prod, ""]) {
                const before = gateway.seen.length;
                await gateway.ask(url, { method: "POST", headers: token ? { Authorization: `Bearer ${token}` } : {} }, "x").catch(() => undefined);
                for (const seen of gateway.seen.slice(before)) {
                    // Where the trick resolves to an ingest path, what arrives is that path and that tenant; everything else is Grafana's to refuse.
                    const fine =
                        seen.upstream === "grafana:3000" ||
                        (token !== "" && ["/otlp/v1/logs", "/loki/api/v1/push"].includes(seen.url) && seen.headers["x-scope-orgid"] === "prod");
                    assert.ok(fine, `${url} reached ${seen.upstream}${seen.url}`);
                }
            }
        }
    });

    it("says 503 where a backend says 500, as agents drop what is answered with 500", async () => {
        for (const [backend, expected] of [[500, 503], [503, 503], [429, 429], [400, 400], [204, 204]]) {
            gateway.status = backend;
            assert.equal((await gateway.push("/otlp/v1/logs", TOKENS.prod)).answer.status, expected);
        }
    });

    it("refuses spans so that agents keep them while the disk is nearly full, as Tempo accepts what it cannot write; lines are Loki's own to refuse", async () => {
        gateway.status = 200;
        const spans = async () => (await gateway.push("/otlp/v1/traces", TOKENS.prod)).answer.status;
        for (const [used, expected] of [["0.9", 503], ["4.2e-05", 200], ["1", 503], ["0.8999", 200]] as const) {
            gateway.diskUsed = used;
            await eventually(`${expected} at ${used}`, 20, async () => (await spans()) === expected);
            assert.equal((await gateway.push("/otlp/v1/logs", TOKENS.prod)).answer.status, 200);
        }
    });

    it("hands everything else to Grafana, without a tenant, except what Grafana shows without a login", async () => {
        const before = gateway.seen.length;
        const answer = await gateway.ask("/d/service?var-environment=prod", { headers: { "X-Scope-OrgID": "prod", "X-Real-IP": "10.9.9.9", "X-Forwarded-For": "10.9.9.9", Cookie: "grafana_session=1" } });
        const seen = gateway.seen[before];
        assert.deepEqual(
            [answer.status, seen.upstream, seen.url, seen.headers["x-scope-orgid"], seen.headers.cookie],
            [200, "grafana:3000", "/d/service?var-environment=prod", undefined, "grafana_session=1"],
        );
        // Where somebody comes from is for the gateway to say.
        assert.deepEqual([seen.headers["x-real-ip"], seen.headers["x-forwarded-for"]], [undefined, "127.0.0.1"]);
        assert.equal(answer.headers["x-content-type-options"], "nosniff");
        for (const url of ["/metrics", "/metrics/", "/METRICS", "//metrics", "/debug/pprof/heap", "/-/reload", "/%6detrics"]) {
            const count = gateway.seen.length;
            assert.deepEqual([(await gateway.ask(url)).status, gateway.seen.length], [404, count], url);
        }
    });

    it("says what browsers need, and nothing of the servers, whoever answers", async () => {
        const large = { method: "POST", headers: { Authorization: `Bearer ${TOKENS.prod}`, "Content-Length": "2100000" } };
        const elsewhere = { headers: { Host: "elsewhere.example.com" }, servername: "elsewhere.example.com", rejectUnauthorized: false };
        const asked: [string, object, number][] = [["/d/service", {}, 200], ["/-/gateway", {}, 200], ["/metrics", {}, 404], ["/otlp/v1/logs", {}, 404], ["/otlp/v1/logs", large, 413], ["/", elsewhere, 421]];
        for (const [url, options, expected] of asked) {
            const { status, headers } = await gateway.ask(url, options);
            const { server, via, "x-content-type-options": sniff, "x-frame-options": frame, "referrer-policy": referrer, "strict-transport-security": strict } = headers;
            assert.deepEqual({ status, server, via, sniff, frame, referrer, strict }, { status: expected, server: undefined, via: undefined, sniff: "nosniff", frame: "deny", referrer: "same-origin", strict: undefined }, url);
            assert.match(String(headers["permissions-policy"]), /camera=\(\)/);
        }
    });

    it("refuses oversized headers and bodies", async () => {
        const header = await gateway
            .ask("/otlp/v1/logs", { method: "POST", headers: { Authorization: `Bearer ${TOKENS.prod}`, "X-Large": "x".repeat(60000) } })
            .catch(() => ({ status: 431 }));
        assert.equal(header.status, 431);
        const { answer } = await gateway.push("/otlp/v1/logs", TOKENS.prod, {}, "x".repeat(2_100_000)).catch(() => ({ answer: { status: 413 } }));
        assert.equal(answer.status, 413);
        assert.equal((await gateway.push("/otlp/v1/logs", TOKENS.prod, {}, "x".repeat(1_900_000))).answer.status, 200);
    });

    it("logs what it refused, and no token", async () => {
        await gateway.push("/loki/api/v1/push", "a-token-that-nobody-has-1234");
        await gateway.push("/loki/api/v1/push", TOKENS.prod);
        await eventually("the refusal is in the log", 5, async () => gateway.running.log("caddy").includes('"status":401'));
        await gateway.push("/otlp/v1/logs", TOKENS.prod, {}, "x".repeat(2_100_000)).catch(() => undefined);
        gateway.status = 403;
        await gateway.ask("/api/admin/settings?secret=in-a-query");
        await gateway.ask("/-/gateway", { servername: "", headers: { Host: "evil.example" } });
        await gateway.ask("/", {}, "", "http").catch(() => undefined);
        gateway.status = 400;
        await gateway.push("/otlp/v1/logs", TOKENS.prod);
        gateway.status = 429;
        await gateway.push("/otlp/v1/logs", TOKENS.prod);
        for (const status of [413, 403, 421, 400]) await eventually(`${status} is in the log`, 5, async () => gateway.running.log("caddy").includes(`"status":${status}`));
        await eventually("what is no TLS is in the log", 5, async () => gateway.running.log("caddy").includes("client sent an HTTP request to an HTTPS server"));
        const log = gateway.running.log("caddy");
        assert.doesNotMatch(log, /in-a-query|a-token-that-nobody-has|prod-token|dev-token/);
        assert.doesNotMatch(log, /"msg":"handled request".*"status":(200|429)/);
    });

    it("takes a new token from its file with no restart, and keeps serving when the file is bad", async () => {
        const file = gateway.file("Caddyfile");
        const text = fs.readFileSync(file, "utf8");
        gateway.running.write([{ path: "/etc/photogather-monitoring/gateway/Caddyfile", content: text.replace(TOKENS.prod, "prod-token-after-0123456789") }]);
        await eventually("the new token works", 10, async () => (await gateway.push("/otlp/v1/logs", "prod-token-after-0123456789")).answer.status === 200);
        // While Caddy changes over, the old one still answers on connections of its own.
        await eventually("the old token is refused", 10, async () => (await gateway.push("/otlp/v1/logs", TOKENS.prod)).answer.status === 401);
        gateway.running.write([{ path: "/etc/photogather-monitoring/gateway/Caddyfile", content: `${text}\nnonsense {{{` }]);
        await sleep(2500);
        assert.equal((await gateway.push("/otlp/v1/logs", "prod-token-after-0123456789")).answer.status, 200);
        gateway.running.write([{ path: "/etc/photogather-monitoring/gateway/Caddyfile", content: text }]);
        // After a file that it could not parse, Caddy watches no more (its own doing): the ready command then loads the file this way.
        const loaded = await gateway.ask("/load", { port: gateway.admin, method: "POST", headers: { "Content-Type": "text/caddyfile" } }, text, "http");
        assert.equal(loaded.status, 200, loaded.body);
        await eventually("the old token works again", 10, async () => (await gateway.push("/otlp/v1/logs", TOKENS.prod)).answer.status === 200);
    });
});

describe("gateway's other modes of TLS, run by the real Caddy", function () {
    this.timeout(180_000);
    const started: GatewayUnderTest[] = [];
    after(async () => {
        for (const gateway of started) await gateway.stop();
    });

    it("provided: serves the given certificate, whatever name is asked for", async function () {
        const caddy = part(this, "caddy");
        const gateway = new GatewayUnderTest();
        started.push(gateway);
        const { certificate, key } = makeCa(part(this, "openssl"), gateway.running.directory);
        await gateway.start(caddy, { tls: { mode: "provided", certificate, privateKey: key } });
        const answer = await gateway.ask("/-/gateway", { rejectUnauthorized: false, servername: "any.example", headers: { Host: "any.example" } });
        assert.deepEqual([answer.status, answer.headers["strict-transport-security"]], [200, "max-age=31536000"]);
        assert.equal(
            (await gateway.ask("/otlp/v1/logs", { method: "POST", rejectUnauthorized: false, headers: { Authorization: `Bearer ${TOKENS.dev}` } })).status,
            200,
        );
    });

    it("provided: serves a renewed certificate with no restart", async function () {
        part(this, "caddy");
        const gateway = started[0];
        const { certificate, key } = makeCa(part(this, "openssl"), gateway.running.data("next"));
        gateway.configure({ tls: { mode: "provided", certificate, privateKey: key } });
        const { fingerprint256 } = new X509Certificate(certificate);
        await eventually("the renewed certificate is served", 10, async () => (await servedCertificate(gateway.port)) === fingerprint256);
    });

    it("ca: serves certificates of a new CA after its restart, although those of the old one are still stored", async function () {
        const [caddy, openssl] = [part(this, "caddy"), part(this, "openssl")];
        const gateway = new GatewayUnderTest();
        started.push(gateway);
        for (const name of ["first", "second"]) {
            const ca = makeCa(openssl, gateway.running.data(name));
            const tls = { mode: "ca", caCertificate: ca.certificate, caPrivateKey: ca.key };
            gateway.ca = ca.certificate;
            if (name === "first") await gateway.start(caddy, { tls });
            else {
                gateway.configure({ tls });
                await gateway.restart(caddy);
            }
            assert.equal((await gateway.ask("/-/gateway")).status, 200, name);
        }
    });

    it("off: plain HTTP", async function () {
        const caddy = part(this, "caddy");
        const gateway = new GatewayUnderTest();
        started.push(gateway);
        const ask = gateway.ask.bind(gateway);
        gateway.ask = (url, options, body) => ask(url, options, body, "http");
        await gateway.start(caddy, { tls: { mode: "off" } });
        assert.equal((await gateway.push("/otlp/v1/logs", TOKENS.dev)).seen?.headers["x-scope-orgid"], "dev");
        assert.equal((await gateway.push("/otlp/v1/logs", "")).answer.status, 401);
    });

    it("acme: validates", function () {
        const caddy = part(this, "caddy");
        const running = new Running();
        running.write([
            {
                path: "/etc/photogather-monitoring/gateway/Caddyfile",
                content: renderCaddyfile(sampleServices({ tls: { mode: "acme", domain: "monitoring.example.com", email: "ops@example.com" } })),
            },
        ]);
        execFileSync(caddy, ["validate", "--config", path.join(running.directory, "gateway/Caddyfile"), "--adapter", "caddyfile"], { stdio: "ignore" });
        fs.rmSync(running.directory, { recursive: true });
    });
});
