import * as fs from "node:fs";
import * as path from "node:path";
import { shell } from "../../../components/encode";
import { exec } from "./exec";
import { Host } from "./hosts";
import { PROJECT } from "./state";
import { eventually } from "../../support/wait";

const SOURCE = path.join(PROJECT, "examples", "was");
const JAR = path.join(SOURCE, "target", "was.jar");
const INSTALLED = "/opt/was/was.jar";

/** How the application runs on a host. */
export interface WasOptions {
    application: string;
    /** Of its service or container, and of its files. @default "was" */
    name?: string;
    /** @default "systemd" */
    runtime?: string;
    /** @default 8080 */
    port?: number;
    /** Sets basic auth on Actuator, user `actuator`. */
    actuatorPassword?: string;
    /** Further environment variables, e.g. `WAS_EXCHANGERATEURL`. */
    env?: Record<string, string>;
}

/** An answer of the application's. */
export interface Answer {
    status: number;
    body: string;
}

/** Builds the example application unless its jar is newer than its sources. Needs the part `mvn`. */
export async function buildWas(): Promise<string> {
    const sources = ["pom.xml", ...fs.readdirSync(path.join(SOURCE, "src"), { recursive: true, encoding: "utf8" }).map((file) => path.join("src", file))];
    const newest = Math.max(...sources.map((file) => fs.statSync(path.join(SOURCE, file)).mtimeMs));
    if (!fs.existsSync(JAR) || fs.statSync(JAR).mtimeMs < newest) {
        await exec("mvn", ["--batch-mode", "--quiet", "--no-transfer-progress", "-DskipTests", "package"], { cwd: SOURCE, seconds: 900 });
    }
    return JAR;
}

/** The example application on a host, as a systemd service or as a container. */
export class Was {
    private constructor(
        readonly host: Host,
        private readonly options: WasOptions,
    ) {}

    /** Installs and starts it, and waits until it answers. */
    static async install(host: Host, options: WasOptions): Promise<Was> {
        const was = new Was(host, options);
        await host.copyTo(await buildWas(), INSTALLED);
        await host.write([{ path: `/etc/${was.name}.env`, content: was.environment(), mode: "0600", uid: 0 }]);
        if (options.runtime === "docker") await was.prepareContainer();
        else await was.installUnit();
        await was.ready();
        return was;
    }

    /** The Java agent's environment file of this application; the program under test writes it. */
    get agentFile(): string {
        return `/etc/photogather-monitoring/java-agent/${this.options.application}.env`;
    }

    private get name(): string {
        return this.options.name ?? "was";
    }

    get port(): number {
        return this.options.port ?? 8080;
    }

    /** Where the log file is; a container logs to its stdout. */
    get logFile(): string {
        return `/var/log/${this.name}/${this.name}.log`;
    }

    private environment(): string {
        const { application, actuatorPassword, env = {} } = this.options;
        const variables: Record<string, string> = {
            SPRING_APPLICATION_NAME: application,
            SERVER_PORT: String(this.port),
            LOGGING_FILE_NAME: this.logFile,
            WAS_DEADLOCK: "true",
            ...(actuatorPassword ? { WAS_ACTUATOR_PASSWORD: actuatorPassword } : {}),
            ...env,
        };
        return Object.entries(variables)
            .map(([name, value]) => `${name}=${value}\n`)
            .join("");
    }

    private async installUnit(): Promise<void> {
        await this.host.must(`id was >/dev/null 2>&1 || useradd --system was; install -d -o was -g was /var/log/${this.name}`);
        await this.host.write([
            {
                path: `/etc/systemd/system/${this.name}.service`,
                mode: "0644",
                uid: 0,
                content: [
                    "[Unit]",
                    "After=network.target",
                    "[Service]",
                    "User=was",
                    "WorkingDirectory=/opt/was",
                    `EnvironmentFile=/etc/${this.name}.env`,
                    `EnvironmentFile=-${this.agentFile}`,
                    `ExecStart=/usr/bin/java -Xmx128m -XX:TieredStopAtLevel=1 -jar ${INSTALLED}`,
                    "SuccessExitStatus=143",
                    "Restart=on-failure",
                    "[Install]",
                    "WantedBy=multi-user.target",
                    "",
                ].join("\n"),
            },
        ]);
        await this.host.must(`systemctl daemon-reload && systemctl enable --now ${this.name}.service`);
    }

    /** The image has nothing but links into the host's /usr, which is mounted: so no Java has to be packed and pulled. */
    private async prepareContainer(): Promise<void> {
        await this.host
            .must(`root=$(mktemp -d) && cd "$root" && ln -s usr/bin bin && ln -s usr/lib lib && ln -s usr/lib64 lib64 && mkdir -m 1777 tmp && mkdir usr opt
            tar -c . | docker import - photogather-was >/dev/null && rm -r "$root"`);
        await this.runContainer();
    }

    private async runContainer(): Promise<void> {
        await this.host.must(`docker rm --force ${this.name} >/dev/null 2>&1; set -- ; [ ! -f ${this.agentFile} ] || set -- --env-file ${this.agentFile}
            docker run --detach --name ${this.name} --restart unless-stopped --publish ${this.port}:${this.port} --env-file /etc/${this.name}.env --env LOGGING_FILE_NAME= "$@" \\
                --volume /usr:/usr:ro --volume /etc:/etc:ro --volume /opt/was:/opt/was:ro --tmpfs /var --workdir /tmp \\
                photogather-was /usr/bin/java -Xmx128m -XX:TieredStopAtLevel=1 -jar ${INSTALLED}`);
    }

    /** Starts it anew, so that it reads the Java agent's environment file. */
    async restart(): Promise<void> {
        if (this.options.runtime === "docker") await this.runContainer();
        else await this.host.must(`systemctl restart ${this.name}.service`);
        await this.ready();
    }

    /** Stops it; `restart` brings it back. */
    async stop(): Promise<void> {
        await this.host.must(this.options.runtime === "docker" ? `docker stop ${this.name}` : `systemctl stop ${this.name}.service`);
    }

    /** Takes a service away with its files. */
    async remove(): Promise<void> {
        await this.host.must(`systemctl disable --now ${this.name}.service; rm -rf /etc/systemd/system/${this.name}.service* /etc/${this.name}.env /var/log/${this.name}; systemctl daemon-reload`);
    }

    /** Waits until it answers. */
    async ready(): Promise<void> {
        await eventually(`the application on ${this.host.name}`, 180, async () => (await this.get("/api/exchange-rate")).status === 200 || undefined);
    }

    /** A request from the host itself. Give headers as `Name: value`. */
    get(url: string, headers: string[] = []): Promise<Answer> {
        return this.request(url, headers.map((header) => `-H ${shell(header)}`).join(" "));
    }

    /** A request without a body that changes something. */
    post(url: string): Promise<Answer> {
        return this.request(url, "--request POST");
    }

    private async request(url: string, options: string): Promise<Answer> {
        const text = await this.host.must(
            `curl --silent --show-error --max-time 40 ${options} --write-out '\\n%{http_code}' ${shell(`http://127.0.0.1:${this.port}${url}`)}`,
        );
        const cut = text.lastIndexOf("\n");
        return { status: Number(text.slice(cut + 1)), body: text.slice(0, cut) };
    }

    /** The lines that it has logged. */
    async log(): Promise<string[]> {
        const text = await this.host.must(this.options.runtime === "docker" ? `docker logs ${this.name} 2>&1` : `cat ${this.logFile}`);
        return text.split("\n");
    }

    /** The trace id in the last log line that holds a text, or undefined. */
    async traceIdOf(text: string): Promise<string | undefined> {
        const line = (await this.log()).findLast((candidate) => candidate.includes(text));
        return line?.match(/\[[^,\]]*,([0-9a-f]{32}),[0-9a-f]{16}\]/)?.[1];
    }
}
