import { spawn } from "node:child_process";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { DiscoveryArgs } from "../../components/monitoring-services";
import { discoveryProgram, renderDiscovery } from "../../components/monitoring-services/discovery";
import { Ec2Api } from "./ec2-api";

/** Tags of the instances that it looks for. */
export const TAGS = { environment: "dev", role: "was" };

/** The discovery program with the machine's own Python and curl, for an environment dev with one target in its own list and room for four. */
export class DiscoveryUnderTest {
    readonly api = new Ec2Api();
    private readonly directory = fs.mkdtempSync(path.join(os.tmpdir(), "discovery-"));
    private port = 0;

    static async start(): Promise<DiscoveryUnderTest> {
        const it = new DiscoveryUnderTest();
        for (const name of ["registration", "registered", "targets"]) fs.mkdirSync(it.at(name));
        fs.writeFileSync(it.at("program"), discoveryProgram());
        fs.writeFileSync(it.at("registration/dev.json"), JSON.stringify({ environment: "dev", cidrs: ["10.0.2.0/24"], maxTargets: 4 }));
        fs.writeFileSync(it.at("registered/dev.application.json"), JSON.stringify([{ targets: ["10.0.2.1:8080"], labels: {} }]));
        it.port = await it.api.open();
        return it;
    }

    private at(name: string): string {
        return path.join(this.directory, name);
    }

    /** One look. */
    async run(find: Partial<DiscoveryArgs> = {}): Promise<{ code: number | null; said: string }> {
        const { files } = renderDiscovery({ dev: { discovery: { tags: TAGS, application: "shop", endpoint: `http://127.0.0.1:${this.port}`, ...find } }, prod: {} });
        fs.writeFileSync(this.at("policy.json"), files.find((file) => file.path.endsWith("policy.json"))!.content as string);
        const options = { policy: this.at("policy.json"), registration: this.at("registration"), registered: this.at("registered"), targets: this.at("targets"), metrics: this.at("run/metrics.prom"), metadata: `http://127.0.0.1:${this.port}` };
        return new Promise((resolve) => {
            const child = spawn("python3", ["-I", this.at("program"), ...Object.entries(options).flatMap(([name, value]) => [`--${name}`, value])], { env: { PATH: process.env.PATH } });
            let said = "";
            child.stderr.on("data", (chunk: Buffer) => { said += chunk.toString(); });
            child.once("close", (code) => resolve({ code, said }));
        });
    }

    targets(): { targets: string[]; labels: Record<string, string> }[] {
        return JSON.parse(fs.readFileSync(this.at("targets/dev.json"), "utf8")) as { targets: string[]; labels: Record<string, string> }[];
    }

    metrics(): string {
        return fs.readFileSync(this.at("run/metrics.prom"), "utf8");
    }

    stop(): void {
        this.api.close();
        fs.rmSync(this.directory, { recursive: true, force: true });
    }
}
