import * as fs from "fs";
import * as path from "path";
import { BundleFile } from "../bundle";
import { ReceiverArgs } from "./alerting-args";
import { EnvironmentArgs, KnownServicesArgs } from "./args";
import { sorted } from "./gateway";
import { CONFIG } from "./services";

type Receiver = { [K in keyof ReceiverArgs]: string };
/** Where the files stand on the host, and in the container. */
const [HERE, MOUNTED] = [`${CONFIG}/alertmanager`, "/etc/alertmanager"];
/** A receiver that sends nothing. */
const NONE = "none";

/** Alertmanager: who is told what, and the URLs, which are secrets, in files of their own. */
export function renderAlertmanager(args: KnownServicesArgs): BundleFile[] {
    const { page = [], notify = [], heartbeatUrl } = args.alerting ?? {};
    const receivers: Record<string, Receiver[]> = { page: page.length > 0 ? page : notify, notify: notify.length > 0 ? notify : page };
    const named = Object.fromEntries(Object.entries(receivers).filter(([, list]) => list.length > 0));
    const to = (name: string) => (name in named ? name : NONE);
    const config = {
        global: { resolve_timeout: "5m" },
        templates: [`${MOUNTED}/messages.tmpl`],
        route: {
            receiver: NONE, group_by: ["alertname", "environment", "application"],
            // Together within one evaluation of the rules, so that an alert is known as soon as it fires, and its end soon after.
            group_wait: "10s", group_interval: "2m", repeat_interval: "4h",
            routes: [heartbeatRoute(Boolean(heartbeatUrl)), ...sorted(args.environments).flatMap(([name, environment]) => environmentRoutes(name, environment, to)), ...pageRoutes('environment=""', to)],
        },
        inhibit_rules: INHIBITIONS,
        receivers: [
            { name: NONE },
            ...Object.entries(named).map(([name, list]) => receiver(name, list)),
            ...(heartbeatUrl ? [{ name: "heartbeat", webhook_configs: [{ url_file: urlFile("heartbeat"), send_resolved: false }] }] : []),
        ],
    };
    const secrets = Object.entries(named).flatMap(([name, list]) => list.map(({ url }, i): [string, string] => [`${name}-${i}`, url]));
    return [
        { path: `${HERE}/messages.tmpl`, content: fs.readFileSync(path.join(__dirname, "..", "..", "templates", "alertmanager", "messages.tmpl"), "utf8") },
        ...[...secrets, ...(heartbeatUrl ? [["heartbeat", heartbeatUrl]] : [])].map(([name, url]) => ({ path: `${HERE}/${name}-url`, content: url, mode: "0640", owner: "root:65534" })),
        // Last: what it names must be there.
        { path: `${HERE}/alertmanager.yml`, content: `# Written by photogather-monitoring. Reloaded by POST /-/reload. JSON is YAML too.\n${JSON.stringify(config, undefined, 2)}\n` },
    ];
}

function urlFile(name: string): string {
    return `${MOUNTED}/${name}-url`;
}

/** The alert that always fires: once a minute to a service outside, or to nobody. */
function heartbeatRoute(wanted: boolean): object {
    // A repetition is due at the next look at the group, so it must be over by then.
    return { receiver: wanted ? "heartbeat" : NONE, matchers: ['alertname="Watchdog"'], group_wait: "0s", group_interval: "1m", repeat_interval: "50s" };
}

/** How an environment's alerts go, by its severity. What is `info` goes nowhere; a rule of the user's own without a severity counts as a warning. */
function environmentRoutes(name: string, { severity = "notify" }: Pick<EnvironmentArgs, "severity">, to: (name: string) => string): object[] {
    const matcher = `environment=${JSON.stringify(name)}`;
    if (severity === "none") return []; // The route above all goes nowhere.
    return severity === "page" ? pageRoutes(matcher, to) : [{ receiver: to("notify"), matchers: [matcher, 'severity!="info"'] }];
}

function pageRoutes(matcher: string, to: (name: string) => string): object[] {
    return [{ receiver: to("page"), matchers: [matcher, 'severity="critical"'] }, { receiver: to("notify"), matchers: [matcher, 'severity!~"critical|info"'] }];
}

function receiver(name: string, list: Receiver[]): object {
    const of = (kind: string, config: (file: string) => object) => list.flatMap((each, i) => (each.kind === kind ? [{ ...config(urlFile(`${name}-${i}`)), send_resolved: true }] : []));
    const [title, text] = ['{{ template "monitoring.title" . }}', '{{ template "monitoring.text" . }}'];
    const configs = {
        slack_configs: of("slack", (file) => ({ api_url_file: file, title, text })),
        discord_configs: of("discord", (file) => ({ webhook_url_file: file, title, message: text })),
        webhook_configs: of("webhook", (file) => ({ url_file: file })),
    };
    return { name, ...Object.fromEntries(Object.entries(configs).filter(([, each]) => each.length > 0)) };
}

/** Alerts that say nothing new beside another one. */
const INHIBITIONS = [
    // A host that is down takes everything on it along.
    { source_matchers: ['alertname="HostDown"'], target_matchers: ['alertname!="HostDown"'], equal: ["environment", "instance"] },
    // What an application does not do while it is stopped.
    { source_matchers: ['alertname="ApplicationDown"'], target_matchers: ['alertname=~"Jvm.*|OpenFiles.*|Tomcat.*|Hikari.*|NoLogs|NoSpans"'], equal: ["environment", "instance"] },
    // Nothing arrives from an agent that cannot send.
    { source_matchers: ['alertname=~"AgentDown|AgentLosesData|AgentQueueFilling"'], target_matchers: ['alertname=~"NoLogs|NoSpans"'], equal: ["environment", "instance"] },
    // Every agent queues while what it sends to is down.
    { source_matchers: ['alertname="BackendDown"', 'application=~"gateway|loki|tempo"'], target_matchers: ['alertname=~"AgentQueueFilling|NoLogs|NoSpans"'] },
    { source_matchers: ['severity="critical"'], target_matchers: ['severity="warning"'], equal: ["alertname", "environment", "application", "instance", "mountpoint", "certificate"] },
];
