import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import * as fs from "node:fs";
import * as path from "node:path";
import { Backends } from "../support/log-agent";
import { part } from "../support/parts";
import { eventually } from "../support/wait";

type Value = { stringValue: string } | { intValue: string } | { arrayValue: { values: { stringValue: string }[] } };

/** One span of each kind: attributes with a column of their own, the same of another type, and some without. */
const SPANS: Record<string, Record<string, Value>> = {
    request: {
        "http.route": { stringValue: "/photos/{id}" }, "http.request.method": { stringValue: "GET" }, "http.response.status_code": { intValue: "500" }, "url.path": { stringValue: "/photos/7" },
        "user.id": { stringValue: "u-7" },
    },
    otherTypes: { "http.response.status_code": { stringValue: "500" }, "http.route": { arrayValue: { values: [{ stringValue: "/a" }, { stringValue: "/b" }] } }, "url.path": { intValue: "7" } },
    statement: { "db.query.text": { stringValue: "select * from photo where id = ?" }, "db.system.name": { stringValue: "mysql" } },
};

/** What a query must find: kinds of spans. */
const QUERIES: [string, string[]][] = [
    ['{ span.http.route = "/photos/{id}" }', ["request"]],
    ['{ span.http.route =~ "/photos.*" && span.http.response.status_code = 500 }', ["request"]],
    ["{ span.http.response.status_code >= 500 }", ["request"]],
    ['{ span.http.response.status_code = "500" }', ["otherTypes"]],
    ['{ span.url.path = "/photos/7" && span.user.id = "u-7" }', ["request"]],
    ["{ span.url.path = 7 }", ["otherTypes"]],
    ["{ span.db.query.text != nil }", ["statement"]],
    ['{ span.db.query.text =~ "select .* photo .*" } | select(span.db.query.text)', ["statement"]],
    ['{ resource.deployment.environment.name =~ "prod|dev" && resource.service.instance.id = "was-1" }', Object.keys(SPANS)],
    ['{ resource.deployment.environment.name = "dev" }', []],
];

interface Sent { kind: string; id: string }

/** Attributes of the first span, by name, as Tempo has them. */
function attributesOf(trace: unknown): Record<string, Value> {
    const { batches } = trace as { batches: { scopeSpans: { spans: { attributes: { key: string; value: Value }[] }[] }[] }[] };
    return Object.fromEntries(batches[0].scopeSpans[0].spans[0].attributes.map(({ key, value }) => [key, value]));
}

describe("attributes with columns of their own", function () {
    this.timeout(240_000);

    it("are found and given back as they were sent: in Tempo's own log, in a block, and in both of the format of before, which a kill left", async function () {
        const programs = { tempo: part(this, "tempo"), openssl: part(this, "openssl") };
        const backends = new Backends();
        const blocksOften = { "max_block_duration: 30s": "max_block_duration: 5s" };
        const sent: Sent[] = [];
        const send = async () => {
            for (const [kind, attributes] of Object.entries(SPANS)) {
                const id = randomBytes(16).toString("hex");
                const span = {
                    traceId: id, spanId: id.slice(16), name: kind, kind: 2, startTimeUnixNano: `${Date.now() - 5}000000`, endTimeUnixNano: `${Date.now()}000000`,
                    attributes: Object.entries(attributes).map(([key, value]) => ({ key, value })),
                };
                const resource = { attributes: Object.entries({ "deployment.environment.name": "prod", "service.name": "shop", "service.instance.id": "was-1" }).map(([key, stringValue]) => ({ key, value: { stringValue } })) };
                assert.equal((await backends.send("/otlp/v1/traces", { resourceSpans: [{ resource, scopeSpans: [{ spans: [span] }] }] })).status, 200);
                sent.push({ kind, id });
            }
        };
        const check = async () => {
            await eventually("all can be found", 60, async () => (await backends.search("{ }")).length === sent.length);
            for (const [query, kinds] of QUERIES) assert.deepEqual(await backends.search(query), sent.filter(({ kind }) => kinds.includes(kind)).map(({ id }) => id).sort(), query);
            for (const { kind, id } of sent) assert.deepEqual(attributesOf(await backends.trace(id)), SPANS[kind]);
        };
        const formats = () => blockFormats(backends.running.data("tempo"));
        const written = async (format: string) => { await send(); await eventually(`a block of ${format}`, 60, () => Promise.resolve(formats().includes(format))); };
        try {
            backends.replacements = { ...blocksOften, "version: vParquet5": "version: vParquet4" };
            await backends.start(programs);
            await written("vParquet4");
            await send();
            await check();
            await backends.end("tempo", "SIGKILL");
            backends.replacements = blocksOften;
            await backends.launch();
            await check();
            await written("vParquet5");
            await send();
            await check();
        } finally {
            await backends.stop();
        }
    });
});

/** The formats of all whole blocks below Tempo's directory; what is in its log yet stands in directories `<id>+<tenant>+<format>`. */
function blockFormats(directory: string): string[] {
    return fs.readdirSync(directory, { recursive: true, withFileTypes: true }).filter(({ name, parentPath }) => name === "meta.json" && !parentPath.includes("+"))
        .flatMap(({ parentPath, name }) => {
            try { return [(JSON.parse(fs.readFileSync(path.join(parentPath, name), "utf8")) as { format: string }).format]; } catch { return []; }
        });
}
