import { setTimeout as sleep } from "node:timers/promises";
import { createHost, docker, ensureNetwork, inHost, ourContainers, removeOurs, tryDocker } from "./docker";
import { hostFiles } from "./host-files";
import { APPLICATION, LocalHost, LocalKeys, renderTraffic } from "./plan";
import { tar } from "./tar";

/** How the machines come into being. */
export interface HostsOptions {
    image: string;
    /** The demo application's jar on this machine. @default the image's own */
    jar?: string;
    /** A registry that the machines' Docker asks before Docker Hub. */
    mirror?: string;
}

const BOOT_SECONDS = 240;
/** Of the demo application, until it answers. */
const START_SECONDS = 180;

/** What the machines stand in. Without what is left of a run whose keys are gone with `.local/`: nobody could log in any more. */
export async function prepare(subnet: string, isNew: boolean): Promise<void> {
    if (isNew && (await ourContainers()).length > 0) await removeOurs();
    await ensureNetwork(subnet);
}

/** Makes, starts or keeps the machines: all of them are there and have booted when it is over. */
export async function ensureHosts(hosts: LocalHost[], keys: LocalKeys, options: HostsOptions): Promise<void> {
    const there = await ourContainers();
    for (const host of hosts) {
        if (!there.includes(host.name)) await createHost(host, options.image, tar(hostFiles(keys.login, keys.hosts[host.name], options.mirror)));
        await docker(["start", host.name]);
    }
    await Promise.all(hosts.map(booted));
}

async function booted(host: LocalHost): Promise<void> {
    let state = "";
    for (const end = Date.now() + BOOT_SECONDS * 1000; Date.now() < end; await sleep(500)) {
        state = (await tryDocker(["exec", host.name, "systemctl", "is-system-running"])).stdout.trim();
        if (state === "running") return;
        if (state === "degraded") break;
    }
    const failed = (await tryDocker(["exec", host.name, "systemctl", "--failed", "--plain", "--no-legend"])).stdout.trim();
    throw new Error(`${host.name} did not boot within ${BOOT_SECONDS} s (${state || "no answer"}${failed ? `: ${failed}` : ""}). Look: docker exec -it ${host.name} journalctl -b. Begin anew: npm run local -- down`);
}

const UNITS = {
    was: `[Unit]
Description=Demo application
After=network.target
[Service]
User=was
WorkingDirectory=/opt/was
Environment=SPRING_APPLICATION_NAME=${APPLICATION} SERVER_PORT=8080 LOGGING_FILE_NAME=/var/log/was/was.log
EnvironmentFile=-/etc/photogather-monitoring/java-agent/${APPLICATION}.env
ExecStart=/usr/bin/java -Xmx128m -XX:TieredStopAtLevel=1 -jar /opt/was/was.jar
SuccessExitStatus=143
Restart=on-failure
[Install]
WantedBy=multi-user.target
`,
    traffic: `[Unit]
Description=Demo traffic
After=was.service
[Service]
ExecStart=/usr/local/bin/demo-traffic
Restart=always
[Install]
WantedBy=multi-user.target
`,
};

/** The demo application on a WAS host, as a service, with traffic; and waits until it answers. */
export async function ensureApplication(host: LocalHost, stack: string, jar?: string): Promise<void> {
    if (jar && (await tryDocker(["exec", host.name, "test", "-e", "/opt/was/was.jar"])).code !== 0) {
        await inHost(host, "mkdir -p /opt/was");
        await docker(["cp", jar, `${host.name}:/opt/was/was.jar`]);
    }
    await inHost(host, "id was >/dev/null 2>&1 || useradd --system was; install -d -o was -g was /var/log/was");
    await inHost(host, "cat > /usr/local/bin/demo-traffic && chmod 0755 /usr/local/bin/demo-traffic", renderTraffic(stack));
    for (const [name, unit] of Object.entries(UNITS)) await inHost(host, `cat > /etc/systemd/system/${name}.service`, unit);
    await inHost(host, "systemctl daemon-reload && systemctl enable --quiet --now was.service");
    await inHost(host, `i=0; until curl --silent --fail --output /dev/null --max-time 2 http://127.0.0.1:8080/api/exchange-rate; do i=$((i + 1)); [ $i -lt ${START_SECONDS} ] || { journalctl --no-pager -u was -n 20 >&2; exit 1; }; sleep 1; done`);
    await inHost(host, "systemctl enable --quiet --now traffic.service");
}
