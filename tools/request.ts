import * as http from "node:http";
import * as https from "node:https";

/** What a server said. */
export interface Answer {
    status: number;
    body: string;
}

/** How to ask, beside what `https.request` takes. */
export interface Question extends https.RequestOptions {
    /** PEM; "" for the system's own CAs. */
    ca?: string;
    /** Of silence, after which it is given up. @default 20 */
    seconds?: number;
    body?: Buffer;
}

/** Asks by HTTP or HTTPS. @throws Error with the server's address, where it gives no whole answer */
export function request(url: string, { ca, seconds = 20, body, ...options }: Question = {}): Promise<Answer> {
    const module = url.startsWith("https:") ? https : http;
    return new Promise((resolve, reject) => {
        const failed = (reason: string) => reject(new Error(`${new URL(url).origin} cannot be reached from here: ${reason}`));
        const sent = module.request(url, { ...options, ...(ca ? { ca } : {}), timeout: seconds * 1000 }, (response) => {
            const chunks: Buffer[] = [];
            response.on("data", (chunk: Buffer) => chunks.push(chunk));
            // Cut off half-way: without a listener nothing would be told.
            response.on("error", ({ message }) => failed(message));
            response.on("end", () => resolve({ status: response.statusCode ?? 0, body: Buffer.concat(chunks).toString("utf8") }));
        });
        sent.on("timeout", () => sent.destroy(new Error(`no answer in ${seconds} s`)));
        sent.on("error", ({ message, code }: NodeJS.ErrnoException) => failed(message || String(code)));
        sent.end(body);
    });
}
