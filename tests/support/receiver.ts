import * as http from "node:http";
import type { AddressInfo } from "node:net";

/** A request as it came in. */
export interface Received {
    url: string;
    body: string;
    /** Milliseconds since 1970. */
    at: number;
}

/** An HTTP server that keeps what is posted to it. */
export class Receiver {
    readonly received: Received[] = [];

    private constructor(private readonly server: http.Server) {}

    /** @param address where those that post reach this machine. @default loopback */
    static async start(address = "127.0.0.1"): Promise<Receiver> {
        const server = http.createServer();
        const receiver = new Receiver(server);
        server.on("request", (request, response) => {
            const parts: Buffer[] = [];
            request.on("data", (part: Buffer) => parts.push(part));
            request.on("end", () => {
                receiver.received.push({ url: request.url ?? "", body: Buffer.concat(parts).toString(), at: Date.now() });
                response.writeHead(200, { "Content-Type": "application/json" }).end("{}");
            });
        });
        await new Promise<void>((resolve) => server.listen(0, address, resolve));
        return receiver;
    }

    /** Its address with a path, as `http://127.0.0.1:4711/page`. */
    url(path = ""): string {
        const { address, port } = this.server.address() as AddressInfo;
        return `http://${address}:${port}${path}`;
    }

    /** What came in at a path. */
    at(path: string): Received[] {
        return this.received.filter(({ url }) => url === path);
    }

    async stop(): Promise<void> {
        this.server.closeAllConnections();
        await new Promise((resolve) => this.server.close(resolve));
    }
}
