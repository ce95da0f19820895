import * as http from "node:http";
import { isSigned } from "./sigv4";

/** An EC2 instance as DescribeInstances tells of it. */
export interface ApiInstance {
    id: string;
    address?: string;
    launched?: string;
    state?: string;
    tags: Record<string, string>;
}

const KEY = { AccessKeyId: "ASIAEXAMPLE", SecretAccessKey: 'secret/with+odd"characters\\', Token: "token/of+a=session==" };
const XML_NAMESPACE = "http://ec2.amazonaws.com/doc/2016-11-15/";

/**
 * The instance metadata service and EC2's DescribeInstances, on one port: as strict as AWS about IMDSv2's token and about who signed, and with pages of two instances.
 * What AWS itself answers is not to be had without an account: forms and names are those of its API reference.
 */
export class Ec2Api {
    instances: ApiInstance[] = [];
    /** Rights of the machine's role; undefined for no role. */
    role: string[] | undefined = ["ec2:DescribeInstances"];
    /** Requests whose signature was right. */
    signed = 0;
    private readonly server = http.createServer((request, response) => {
        const chunks: Buffer[] = [];
        request.on("data", (chunk: Buffer) => chunks.push(chunk));
        request.on("end", () => {
            const [status, text] = request.url!.startsWith("/latest/") ? this.metadata(request) : this.describe(request, Buffer.concat(chunks));
            response.writeHead(status).end(text);
        });
    });

    async open(port = 0, address = "127.0.0.1"): Promise<number> {
        await new Promise<void>((resolve) => this.server.listen(port, address, resolve));
        return (this.server.address() as { port: number }).port;
    }

    close(): void {
        this.server.close();
        this.server.closeAllConnections();
    }

    private metadata({ method, url, headers }: http.IncomingMessage): [number, string] {
        if (url === "/latest/api/token") return method === "PUT" && headers["x-aws-ec2-metadata-token-ttl-seconds"] ? [200, "imds-token"] : [405, ""];
        if (headers["x-aws-ec2-metadata-token"] !== "imds-token") return [401, ""];
        const answers: Record<string, string | undefined> = {
            "/latest/meta-data/placement/region": "ap-northeast-2",
            "/latest/meta-data/services/domain": "amazonaws.com",
            "/latest/meta-data/iam/security-credentials/": this.role && "monitoring-host-role",
            "/latest/meta-data/iam/security-credentials/monitoring-host-role": this.role && JSON.stringify({ Code: "Success", Type: "AWS-HMAC", ...KEY }),
        };
        return answers[url!] === undefined ? [404, ""] : [200, answers[url!]!];
    }

    private describe(request: http.IncomingMessage, body: Buffer): [number, string] {
        const error = (status: number, code: string): [number, string] => [status, `<?xml version="1.0" encoding="UTF-8"?>\n<Response><Errors><Error><Code>${code}</Code><Message>You are not authorized.</Message></Error></Errors></Response>`];
        if (!isSigned(request, body, KEY.SecretAccessKey) || request.headers["x-amz-security-token"] !== KEY.Token) return error(403, "SignatureDoesNotMatch");
        this.signed += 1;
        if (!this.role?.includes("ec2:DescribeInstances")) return error(403, "UnauthorizedOperation");
        const asked = new URLSearchParams(body.toString());
        const found = this.instances.filter((instance) => filters(asked).every(([name, value]) => (name === "instance-state-name" ? instance.state ?? "running" : instance.tags[name.replace(/^tag:/, "")]) === value));
        const from = Number(asked.get("NextToken") ?? 0);
        const next = from + 2 < found.length ? `<nextToken>${from + 2}</nextToken>` : "";
        const items = found.slice(from, from + 2).map((instance) => `<item><instancesSet>${renderInstance(instance)}</instancesSet></item>`).join("");
        return [200, `<?xml version="1.0" encoding="UTF-8"?>\n<DescribeInstancesResponse xmlns="${XML_NAMESPACE}"><requestId>1</requestId><reservationSet>${items}</reservationSet>${next}</DescribeInstancesResponse>`];
    }
}

function filters(asked: URLSearchParams): [string, string][] {
    return [...asked.keys()].flatMap((key): [string, string][] => {
        const [, number] = /^Filter\.(\d+)\.Name$/.exec(key) ?? [];
        return number ? [[asked.get(key)!, asked.get(`Filter.${number}.Value.1`)!]] : [];
    });
}

function renderInstance({ id, address, launched = "2026-11-29T01:02:03.000Z", tags }: ApiInstance): string {
    const tagItems = Object.entries(tags).map(([key, value]) => `<item><key>${key}</key><value>${value}</value></item>`).join("");
    return `<item><instanceId>${id}</instanceId>${address ? `<privateIpAddress>${address}</privateIpAddress>` : ""}<launchTime>${launched}</launchTime><tagSet>${tagItems}</tagSet></item>`;
}
