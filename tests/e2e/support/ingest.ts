import * as https from "node:https";
import { gzipSync } from "node:zlib";
import type { GatewayConnection } from "../../../components/connection";
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

    /** Spans of one trace or several. Gives the status. */
    spans(resource: Record<string, string>, spans: Record<string, unknown>[]): Promise<number> {
        const attributes = Object.entries(resource).map(([key, value]) => ({ key, value: { stringValue: value } }));
        return this.post("/otlp/v1/traces", { resourceSpans: [{ resource: { attributes }, scopeSpans: [{ spans }] }] });
    }

    private post(path: string, body: unknown): Promise<number> {
        const { url, ca, token } = this.gateway;
        const headers = { Authorization: `Bearer ${token}`, "Content-Type": "application/json", "Content-Encoding": "gzip" };
        return new Promise((resolve, reject) => {
            const request = https.request(url + path, { method: "POST", ca, headers, timeout: 30_000 }, (response) => {
                response.resume();
                response.on("end", () => resolve(response.statusCode ?? 0));
            });
            request.on("timeout", () => request.destroy(new Error(`${path}: no answer in 30 s`)));
            request.on("error", reject);
            request.end(gzipSync(JSON.stringify(body)));
        });
    }
}
