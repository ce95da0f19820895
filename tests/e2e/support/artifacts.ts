import * as fs from "node:fs";
import * as http from "node:http";
import * as path from "node:path";
import { VERSIONS } from "../../../components/versions";
import { findPart } from "../../support/parts";
import { digest, stateDirectory } from "./state";
import { zipOne } from "./zip";

/** Where the Java agent lies when it is a part: beside the programs, or in a Maven repository of this machine. */
const JAVA_AGENT = "opentelemetry-javaagent.jar";

/** One download that the hosts can have, as the config overrides the pinned one. */
export interface Artifact {
    url: string;
    sha256: string;
}

/** Serves what a host downloads at installation, made from programs on PATH, so that the program's own way of downloading is taken. */
export class Artifacts {
    private readonly files = new Map<string, string>();
    private readonly artifacts = new Map<string, Artifact>();
    /** Paths that were asked for, in order. */
    readonly requests: string[] = [];
    private server?: http.Server;

    /** Parts that are missing: `alloy`, `promtail`, `opentelemetry-javaagent`. */
    readonly missing: string[] = [];

    /** @param address where the hosts reach this machine */
    static async start(address: string): Promise<Artifacts> {
        const artifacts = new Artifacts();
        const server = http.createServer((request, response) => artifacts.answer(request, response));
        await new Promise<void>((resolve, reject) => {
            server.once("error", reject);
            server.listen(0, address, resolve);
        });
        artifacts.server = server;
        const base = `http://${address}:${(server.address() as { port: number }).port}`;
        for (const name of ["alloy", "promtail"]) artifacts.add(base, name, archiveOf(name));
        artifacts.add(base, "opentelemetry-javaagent", findJavaAgent());
        return artifacts;
    }

    private add(base: string, name: string, file: string | undefined): void {
        if (!file) {
            this.missing.push(name);
            return;
        }
        const url = `/${name}/${path.basename(file)}`;
        this.files.set(url, file);
        this.artifacts.set(name, { url: base + url, sha256: digestOfFile(file) });
    }

    /**
     * The URL and checksum of `alloy`, `promtail` or `opentelemetry-javaagent`.
     *
     * @throws Error where that part is missing
     */
    get(name: string): Artifact {
        const artifact = this.artifacts.get(name);
        if (!artifact) throw new Error(`the part ${name} is missing`);
        return artifact;
    }

    /** Alloy in place of the pinned download, as `artifacts.agent` of a config has it; the hosts are of this machine's kind. */
    agent(): { version: string; url: string; sha256: { amd64: string; arm64: string } } {
        const { url, sha256 } = this.get("alloy");
        return { version: "1.19.0", url, sha256: { amd64: sha256, arm64: sha256 } };
    }

    private answer(request: http.IncomingMessage, response: http.ServerResponse): void {
        const url = request.url ?? "";
        this.requests.push(url);
        const file = this.files.get(url);
        if (!file) {
            response.writeHead(404).end();
            return;
        }
        response.writeHead(200, { "Content-Length": fs.statSync(file).size });
        if (request.method === "HEAD") {
            response.end();
            return;
        }
        fs.createReadStream(file).pipe(response);
    }

    stop(): Promise<void> {
        this.server?.closeAllConnections();
        return new Promise((resolve) => (this.server ? this.server.close(() => resolve()) : resolve()));
    }
}

/** A release archive as the project publishes it: one file, named after system and architecture. */
function archiveOf(program: string): string | undefined {
    const file = findPart(program);
    if (!file) return undefined;
    const name = `${program}-linux-${process.arch === "arm64" ? "arm64" : "amd64"}`;
    const hash = digestOfFile(file).slice(0, 16);
    const archives = stateDirectory("artifacts", program);
    const archive = path.join(archives, hash, `${name}.zip`);
    if (!fs.existsSync(archive)) {
        // Only the last one is kept: each has hundreds of megabytes.
        for (const old of fs.readdirSync(archives)) fs.rmSync(path.join(archives, old), { recursive: true });
        zipOne(path.join(stateDirectory("artifacts", program, hash), `${name}.zip`), name, fs.readFileSync(file));
    }
    return archive;
}

/** The pinned agent's jar; one of another version would fail its checksum. */
function findJavaAgent(): string | undefined {
    const { version, sha256 } = VERSIONS.javaAgent;
    const inRepository = path.join(
        process.env.HOME ?? "",
        ".m2/repository/io/opentelemetry/javaagent/opentelemetry-javaagent",
        version,
        `opentelemetry-javaagent-${version}.jar`,
    );
    const candidates = [...(process.env.PATH ?? "").split(path.delimiter).map((directory) => path.join(directory, JAVA_AGENT)), inRepository];
    return candidates.find((file) => fs.existsSync(file) && digestOfFile(file) === sha256);
}

/** `digest` adds nothing to a file's bytes, so this is what `sha256sum` prints. */
function digestOfFile(file: string): string {
    return digest([], [file]);
}
