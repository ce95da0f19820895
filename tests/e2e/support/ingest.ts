import * as https from "node:https";
import { gzipSync } from "node:zlib";
import { GatewayConnection, PUSH_PATH } from "../../../components/connection";
import { WRITE_HEADERS, writeBody } from "../../bench/support/remote-write";
import { Environment, World } from "./world";

/** What an environment may send to the shared deployment, sent past its agents: with its own token, through the gateway. */
export class Ingest {
    private constructor(private readonly gateway: GatewayConnection) {}

    static async of(world: World, environment: Environment): Promise<Ingest> {
        const outputs = await world.stacks.prod.outputs();
        return Ingest.by((outputs[`connection_${environment}`] as { gateway: GatewayConnection }).gateway);
    }

    /** By what an environment is, or once was, given. */
    static by(gateway: GatewayConnection): Ingest {
        return new Ingest(gateway);
    }

    /** Lines of one stream, dated now or at a time in milliseconds. Gives the status. */
    logs(stream: Record<string, string>, lines: string[], at = Date.now()): Promise<number> {
        const now = BigInt(at) * 1_000_000n;
        return this.post("/loki/api/v1/push", { streams: [{ stream, values: lines.map((line, i) => [String(now + BigInt(i)), line]) }] });
    }

    /** Spans of one trace or several, made by the instrumentation of that name. Gives the status. */
    spans(resource: Record<string, string>, spans: Record<string, unknown>[], instrumentation = ""): Promise<number> {
        const attributes = Object.entries(resource).map(([key, value]) => ({ key, value: { stringValue: value } }));
        return this.post("/otlp/v1/traces", { resourceSpans: [{ resource: { attributes }, scopeSpans: [{ scope: { name: instrumentation }, spans }] }] });
    }

    /** A sample of now for each series. Gives the status. */
    samples(series: Record<string, string>[]): Promise<number> {
        return this.send(PUSH_PATH, writeBody(series.map((labels) => ({ labels, samples: [[Date.now(), 1]] }))), WRITE_HEADERS);
    }

    private post(path: string, body: unknown): Promise<number> {
        return this.send(path, gzipSync(JSON.stringify(body)), { "Content-Type": "application/json", "Content-Encoding": "gzip" });
    }

    private send(path: string, body: Buffer, kind: Record<string, string>): Promise<number> {
        const { url, ca, token } = this.gateway;
        const headers = { Authorization: `Bearer ${token}`, ...kind };
        return new Promise((resolve, reject) => {
            const request = https.request(url + path, { method: "POST", ca, headers, timeout: 30_000 }, (response) => {
                response.resume();
                response.on("error", reject);
                response.on("end", () => resolve(response.statusCode ?? 0));
            });
            request.on("timeout", () => request.destroy(new Error(`${path}: no answer in 30 s`)));
            request.on("error", reject);
            request.end(body);
        });
    }
}
