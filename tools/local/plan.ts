import { KeyPair } from "./keys";
import { hostName } from "./names";

/** What `npm run local` can be told. */
export interface LocalOptions {
    /** Where Grafana and the agents' gateway answer on this machine. */
    port: number;
    /** First three parts of the demo network's addresses, e.g. `10.214.78`. */
    subnet: string;
    /** The machines' SSH answers here, at this port and those after it. */
    sshPort: number;
    /** Merged into every stack's `defaults`, e.g. for downloads from elsewhere. */
    defaults: Record<string, unknown>;
    /** Merged into the owner's `monitoring`, e.g. `{ images: { grafana: "…" } }`. */
    monitoring: Record<string, unknown>;
}

/** One of the machines: a container that boots systemd, as a virtual machine would. */
export interface LocalHost {
    name: string;
    /** On the demo network. */
    address: string;
    /** Where its SSH answers on this machine. */
    sshPort: number;
    /** Further ports of this machine, to ports of it. */
    published: Record<number, number>;
}

/** What only the run knows: keys are made once, and kept. */
export interface LocalKeys {
    /** Pulumi logs in with it, on every host. */
    login: KeyPair;
    /** By host. */
    hosts: Record<string, KeyPair>;
    passphrase: string;
}

/** The stacks, owner first. */
export const STACKS = ["prod", "dev", "loadtest"] as const;
/** Requests of each environment's demo traffic, per second and at a time. */
export const TRAFFIC: Record<string, { pauseSeconds: number; parallel: number }> = {
    prod: { pauseSeconds: 0.5, parallel: 1 }, dev: { pauseSeconds: 2, parallel: 1 }, loadtest: { pauseSeconds: 0.2, parallel: 3 },
};
export const APPLICATION = "photogather";
/** In the container, of the gateway. */
const GATEWAY_PORT = 8080;
/** Where the machines' SSH answers unless told otherwise. */
export const SSH_PORT = 22220;

/** The monitoring host, and one WAS host for each environment. */
export function planHosts({ port, subnet, sshPort }: LocalOptions): LocalHost[] {
    const host = (name: string, i: number, published = {}): LocalHost => ({ name: hostName(name), address: `${subnet}.${10 + i}`, sshPort: sshPort + i, published });
    return [host("monitoring", 0, { [port]: GATEWAY_PORT }), ...STACKS.map((stack, i) => host(`${stack}-was-1`, i + 1))];
}

/** A stack's config, and the secrets in it by path: what a user would write for machines that are there. */
export function planStack(stack: string, options: LocalOptions, keys: LocalKeys): { config: Record<string, unknown>; secrets: Record<string, string> } {
    const hosts = planHosts(options);
    const ssh = ({ name, sshPort }: LocalHost) => ({ address: "127.0.0.1", port: sshPort, hostKey: keys.hosts[name].publicKey });
    const [monitoring] = hosts;
    const was = hosts.find(({ name }) => name === hostName(`${stack}-was-1`))!;
    const owner = stack === STACKS[0];
    return {
        config: {
            monitoring: owner ? {
                host: { machine: { ssh: ssh(monitoring) } }, address: monitoring.address, registrationAddress: "127.0.0.1", names: ["localhost"],
                // On this machine and its own network only: a browser would warn of a certificate that nobody knows.
                tls: "off",
                environments: Object.fromEntries(STACKS.map((name) => [name, { cidrs: [`${options.subnet}.0/24`], severity: name === "loadtest" ? "none" : "notify" }])),
                ...options.monitoring,
            } : { stack: STACKS[0] },
            defaults: {
                application: APPLICATION, logs: { files: ["/var/log/was/*.log"] }, tracing: { service: "was.service", restart: true }, ...options.defaults,
            },
            was: [{ name: `${stack}-was-1`, address: was.address, ssh: ssh(was) }],
        },
        secrets: { "defaults.ssh.privateKey": keys.login.privateKey, ...(owner ? { "monitoring.host.machine.ssh.privateKey": keys.login.privateKey } : {}) },
    };
}

/** The program that keeps the demo application busy: mostly quick requests, some that are slow in the database, and a few that fail. */
export function renderTraffic(stack: string): string {
    const { pauseSeconds, parallel } = TRAFFIC[stack];
    return `#!/bin/sh
# Demo traffic of ${stack}, by npm run local.
ask() { curl --silent --output /dev/null --max-time 20 "http://127.0.0.1:8080/api/$1"; }
run() {
  i=$1
  while :; do
    i=$((i + 1))
    ask "photos/$((i % 20 + 1))"
    [ $((i % 15)) != 0 ] || ask exchange-rate
    [ $((i % 20)) != 0 ] || ask "photos/slow?ms=$((300 + i % 7 * 200))"
    [ $((i % 60)) != 0 ] || ask photos/fail
    sleep ${pauseSeconds}
  done
}
${Array.from({ length: parallel }, (_, i) => `run ${i * 7} &`).join("\n")}
wait
`;
}

/** What the user reads at the end. */
export function renderEnd({ port }: Pick<LocalOptions, "port">, password: string, seconds: number): string {
    const url = `http://localhost:${port}`;
    return `
Everything runs, after ${Math.round(seconds)} s.

  Grafana   ${url}
  login     admin
  password  ${password}

Three things to try:
  1. The three environments side by side:   ${url}/d/environments
  2. Which SQL is slow, and why:             ${url}/d/traces   (choose a slow request, then "Related logs" in its span)
  3. Stop a server and watch the alert come: docker stop ${hostName("dev-was-1")}   (and: docker start ${hostName("dev-was-1")})

Change something:    edit components, dashboards or templates, and run \`npm run local\` again: it changes what differs.
Remove everything:   npm run local -- down
`;
}
