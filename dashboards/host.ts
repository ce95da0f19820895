import { DISKS } from "./disks";
import { chosen, commonVariables, DashboardSpec, dataLink, metrics, navigation, Panel, Row, summary, timeSeries } from "./kit";

/** Which machines a row of panels is about. */
interface Machines {
    /** Matchers of their series. */
    where: string;
    /** Labels that tell one from another. A host that was relabelled is twice there for a while: sums by these stay right, as every ratio has them on both sides. */
    by: string;
    legend: string;
    /** In front of every title, as titles are unique. */
    title: string;
    links: ReturnType<typeof dataLink>[];
}

const WAS_HOSTS: Machines = {
    where: `job="host", ${chosen("environment", "instance")}`,
    by: "environment, instance",
    legend: "{{environment}} {{instance}}",
    title: "",
    links: [
        dataLink("JVM of ${__field.labels.instance}", "jvm", { environment: "${__field.labels.environment}", instance: "${__field.labels.instance}" }),
        dataLink("Logs of ${__field.labels.instance}", "logs", { environment: "${__field.labels.environment}", instance: "${__field.labels.instance}" }),
    ],
};

/** It belongs to no environment, so the variables do not narrow it. */
const MONITORING_HOST: Machines = {
    where: 'job="monitoring-host"',
    by: "instance",
    legend: "{{instance}}",
    title: "Monitoring host: ",
    links: [dataLink("Monitoring itself", "monitoring")],
};

const INTERFACES = 'device!~"lo|veth.*|docker.*|br-.*|cni.*|virbr.*"';
const BLOCK_DEVICES = 'device!~"loop.*|z?ram.*|sr.*|fd.*|dm-.*"';

function sum({ by, where }: Machines, metric: string, matchers = "", also = ""): string {
    return `sum by (${by}${also}) (${metric}{${where}${matchers && `, ${matchers}`}})`;
}

function rate({ by, where }: Machines, metric: string, matchers = "", also = ""): string {
    return `sum by (${by}${also}) (rate(${metric}{${where}${matchers && `, ${matchers}`}}[$__rate_interval]))`;
}

const cpuUsed = (machines: Machines): string => `1 - ${rate(machines, "node_cpu_seconds_total", 'mode="idle"')} / ${rate(machines, "node_cpu_seconds_total")}`;
const cores = ({ by, where }: Machines): string => `count by (${by}) (node_cpu_seconds_total{${where}, mode="idle"})`;
const loadPerCore = (machines: Machines): string => `${sum(machines, "node_load1")} / ${cores(machines)}`;
const memoryUsed = (machines: Machines): string => `1 - ${sum(machines, "node_memory_MemAvailable_bytes")} / ${sum(machines, "node_memory_MemTotal_bytes")}`;
const diskUsed = (machines: Machines, also = ", mountpoint"): string =>
    `1 - ${sum(machines, "node_filesystem_avail_bytes", DISKS, also)} / ${sum(machines, "node_filesystem_size_bytes", DISKS, also)}`;
const uptime = ({ by, where }: Machines): string => `max by (${by}) (time() - node_boot_time_seconds{${where}})`;
/** Against the monitoring host's clock, so it shows also where nothing on the host sets its clock. Includes the time that a scrape takes. */
const clockOffset = ({ by, where }: Machines): string => `max by (${by}) (node_time_seconds{${where}} - timestamp(node_time_seconds{${where}}))`;

function overview(machines: Machines, labels: Record<string, string>, height: number): Panel {
    return summary({ title: `${machines.title}Now`, description: "Every machine as it is now; the fullest file system of each.", height }, labels, [
        { title: "Up for", unit: "s", expr: uptime(machines) },
        { title: "Cores", unit: "short", expr: cores(machines) },
        { title: "CPU", unit: "percentunit", thresholds: { yellow: 0.7, red: 0.9 }, expr: cpuUsed(machines) },
        { title: "Load per core", unit: "short", decimals: 2, thresholds: { yellow: 1, red: 2 }, expr: loadPerCore(machines) },
        { title: "Memory", unit: "percentunit", thresholds: { yellow: 0.8, red: 0.9 }, expr: memoryUsed(machines) },
        { title: "Disk", unit: "percentunit", thresholds: { yellow: 0.75, red: 0.85 }, expr: `max by (${machines.by}) (${diskUsed(machines)})` },
        { title: "Clock ahead", unit: "s", decimals: 2, expr: clockOffset(machines) },
    ]);
}

function cpuPanels(machines: Machines): Panel[] {
    const { where, legend, title, links } = machines;
    return [
        timeSeries({
            title: `${title}CPU`,
            description: "Share of all cores that is in use, by host.",
            unit: "percentunit", min: 0, max: 1, thresholds: { yellow: 0.7, red: 0.9 }, links,
            queries: [metrics(cpuUsed(machines), { legend })],
        }),
        timeSeries({
            title: `${title}CPU by mode`,
            description: "What the cores do, all chosen hosts together. iowait is waiting for disks; steal is a neighbour, or CPU credits used up.",
            unit: "percentunit", min: 0, max: 1, stacked: true,
            queries: [
                metrics(`sum by (mode) (rate(node_cpu_seconds_total{${where}, mode!="idle"}[$__rate_interval])) `
                    + `/ on () group_left () sum (rate(node_cpu_seconds_total{${where}}[$__rate_interval]))`, { legend: "{{mode}}" }),
            ],
        }),
        timeSeries({
            title: `${title}Load per core`,
            description: "Processes that run or want to, for each core, over the last minute. Above 1 they wait for each other.",
            unit: "short", min: 0, thresholds: { yellow: 1, red: 2 }, links,
            queries: [metrics(loadPerCore(machines), { legend })],
        }),
    ];
}

function memoryPanels(machines: Machines): Panel[] {
    const { legend, title, links } = machines;
    return [
        timeSeries({
            title: `${title}Memory`,
            description: "Memory in use that the kernel could not give to others, as a share of all. Caches do not count.",
            unit: "percentunit", min: 0, max: 1, thresholds: { yellow: 0.8, red: 0.9 }, links,
            queries: [metrics(memoryUsed(machines), { legend })],
        }),
        timeSeries({
            title: `${title}Memory left`,
            description: "Memory that is available to new work, and what the page cache holds (the kernel takes it back when needed).",
            unit: "bytes", min: 0,
            queries: [
                metrics(sum(machines, "node_memory_MemAvailable_bytes"), { legend: `${legend} available` }),
                metrics(sum(machines, "node_memory_Cached_bytes"), { legend: `${legend} cached` }),
            ],
        }),
        timeSeries({
            title: `${title}Swap, and pages read back`,
            description: "Swap in use, and memory pages that had to be read from disk each second. Many such reads with little memory left: the machine is out of memory before it says so.",
            unit: "bytes", min: 0,
            queries: [
                metrics(`${sum(machines, "node_memory_SwapTotal_bytes")} - ${sum(machines, "node_memory_SwapFree_bytes")}`, { legend: `${legend} swap` }),
                metrics(rate(machines, "node_vmstat_pgmajfault"), { legend: `${legend} pages/s` }),
            ],
        }, (panel) => panel.overrideByRegexp("/pages.s$/", [{ id: "unit", value: "cps" }, { id: "custom.axisPlacement", value: "right" }])),
    ];
}

function diskPanels(machines: Machines): Panel[] {
    const { by, where, legend, title, links } = machines;
    return [
        timeSeries({
            title: `${title}Disk space`,
            description: "Share of each file system that is in use.",
            unit: "percentunit", min: 0, max: 1, thresholds: { yellow: 0.75, red: 0.85 }, links,
            queries: [metrics(diskUsed(machines), { legend: `${legend} {{mountpoint}}` })],
        }),
        timeSeries({
            title: `${title}Disk space left`,
            description: "Bytes left on each file system.",
            unit: "bytes", min: 0, links,
            queries: [metrics(sum(machines, "node_filesystem_avail_bytes", DISKS, ", mountpoint"), { legend: `${legend} {{mountpoint}}` })],
        }),
        timeSeries({
            title: `${title}Files left`,
            description: "Share of each file system's inodes that is free: without one no file can be made, however much space there is.",
            unit: "percentunit", min: 0, max: 1, links,
            queries: [
                metrics(`${sum(machines, "node_filesystem_files_free", DISKS, ", mountpoint")} / (${sum(machines, "node_filesystem_files", DISKS, ", mountpoint")} > 0)`,
                    { legend: `${legend} {{mountpoint}}` }),
            ],
        }),
        timeSeries({
            title: `${title}Disk reads and writes`,
            description: "Bytes read (below 0) and written each second, by host.",
            unit: "Bps", links,
            queries: [
                metrics(rate(machines, "node_disk_written_bytes_total", BLOCK_DEVICES), { legend: `${legend} written` }),
                metrics(`-${rate(machines, "node_disk_read_bytes_total", BLOCK_DEVICES)}`, { legend: `${legend} read` }),
            ],
        }),
        timeSeries({
            title: `${title}Disk busy`,
            description: "Share of the time in which a disk had something to do. At 100 % a single disk can do no more.",
            unit: "percentunit", min: 0, max: 1, thresholds: { yellow: 0.8, red: 0.95 }, links,
            queries: [
                metrics(`max by (${by}, device) (rate(node_disk_io_time_seconds_total{${where}, ${BLOCK_DEVICES}}[$__rate_interval]))`, { legend: `${legend} {{device}}` }),
            ],
        }),
        timeSeries({
            title: `${title}Time of a disk operation`,
            description: "Mean time of a read or write, waiting included. A few milliseconds on SSDs; a cloud volume beyond its rate shows here first.",
            unit: "s", min: 0, links,
            queries: [metrics(operationTime(machines), { legend: `${legend} {{device}}` })],
        }),
    ];
}

function operationTime(machines: Machines): string {
    const both = (read: string, write: string): string =>
        `(${rate(machines, read, BLOCK_DEVICES, ", device")} + ${rate(machines, write, BLOCK_DEVICES, ", device")})`;
    const operations = both("node_disk_reads_completed_total", "node_disk_writes_completed_total");
    return `${both("node_disk_read_time_seconds_total", "node_disk_write_time_seconds_total")} / (${operations} > 0) or 0 * ${operations}`;
}

function clockPanels(machines: Machines): Panel[] {
    const { by, where, legend, title, links } = machines;
    return [
        timeSeries({
            title: `${title}File descriptors`,
            description: "Open files and sockets of all processes, as a share of what the kernel allows.",
            unit: "percentunit", min: 0, links,
            queries: [metrics(`${sum(machines, "node_filefd_allocated")} / ${sum(machines, "node_filefd_maximum")}`, { legend })],
        }),
        timeSeries({
            title: `${title}Clock`,
            description: "How far the host's clock is ahead of the monitoring host's, and by how much it says itself that it is off. Half a second and more puts spans and lines in a wrong order.",
            unit: "s", decimals: 3, links,
            queries: [
                metrics(clockOffset(machines), { legend: `${legend} ahead` }),
                metrics(`max by (${by}) (node_timex_offset_seconds{${where}})`, { legend: `${legend} by its own account` }),
            ],
        }),
        timeSeries({
            title: `${title}Processes`,
            description: "Processes that run, and those that wait for a disk.",
            unit: "short", min: 0,
            queries: [
                metrics(sum(machines, "node_procs_running"), { legend: `${legend} running` }),
                metrics(sum(machines, "node_procs_blocked"), { legend: `${legend} waiting for a disk` }),
            ],
        }),
    ];
}

const network: Panel[] = [
    timeSeries({
        title: "Network",
        description: "Bytes received (below 0) and sent each second, by host, without loopback and containers' own interfaces.",
        unit: "Bps", links: WAS_HOSTS.links,
        queries: [
            metrics(rate(WAS_HOSTS, "node_network_transmit_bytes_total", INTERFACES), { legend: `${WAS_HOSTS.legend} sent` }),
            metrics(`-${rate(WAS_HOSTS, "node_network_receive_bytes_total", INTERFACES)}`, { legend: `${WAS_HOSTS.legend} received` }),
        ],
    }),
    timeSeries({
        title: "Network errors",
        description: "Packets that were dropped or broken each second. 0 on a healthy network.",
        unit: "pps", min: 0, links: WAS_HOSTS.links,
        queries: [
            metrics(`${rate(WAS_HOSTS, "node_network_receive_drop_total", INTERFACES)} + ${rate(WAS_HOSTS, "node_network_transmit_drop_total", INTERFACES)}`,
                { legend: `${WAS_HOSTS.legend} dropped` }),
            metrics(`${rate(WAS_HOSTS, "node_network_receive_errs_total", INTERFACES)} + ${rate(WAS_HOSTS, "node_network_transmit_errs_total", INTERFACES)}`,
                { legend: `${WAS_HOSTS.legend} broken` }),
        ],
    }),
    timeSeries({
        title: "TCP",
        description: "Open connections by host, and segments that had to be sent again each second: a rise is a bad network or a peer that cannot keep up.",
        unit: "short", min: 0, links: WAS_HOSTS.links,
        queries: [
            metrics(sum(WAS_HOSTS, "node_netstat_Tcp_CurrEstab"), { legend: `${WAS_HOSTS.legend} open` }),
            metrics(rate(WAS_HOSTS, "node_netstat_Tcp_RetransSegs"), { legend: `${WAS_HOSTS.legend} sent again/s` }),
        ],
    }),
];

/**
 * The node exporter is on Docker's network, so it does not see the machine's interfaces. But everything that comes in or goes out does so through one of the
 * services, and each counts the bytes of its own network.
 */
const monitoringNetwork: Panel = timeSeries({
    title: "Monitoring host: network by service",
    description: "Bytes that each service receives (below 0) and sends each second. What agents and people send and get passes the gateway; scrapes are Prometheus'.",
    unit: "Bps", width: 24,
    queries: [
        metrics('sum by (job) (rate(process_network_transmit_bytes_total{job=~"gateway|prometheus|loki|tempo"}[$__rate_interval]))', { legend: "{{job}} sent" }),
        metrics('-sum by (job) (rate(process_network_receive_bytes_total{job=~"gateway|prometheus|loki|tempo"}[$__rate_interval]))', { legend: "{{job}} received" }),
    ],
});

const rows: Row[] = [
    { title: "WAS hosts", panels: [overview(WAS_HOSTS, { environment: "Environment", instance: "Host" }, 8)] },
    { title: "CPU and memory", panels: [...cpuPanels(WAS_HOSTS), ...memoryPanels(WAS_HOSTS)] },
    { title: "Disks", panels: diskPanels(WAS_HOSTS) },
    { title: "Network and clock", panels: [...network, ...clockPanels(WAS_HOSTS)] },
    {
        title: "Monitoring host",
        panels: [
            overview(MONITORING_HOST, { instance: "Host" }, 4), ...cpuPanels(MONITORING_HOST), ...memoryPanels(MONITORING_HOST),
            ...diskPanels(MONITORING_HOST), ...clockPanels(MONITORING_HOST), monitoringNetwork,
        ],
    },
];

/** Whether a machine is at its end. */
export const host: DashboardSpec = {
    name: "host",
    title: "Host",
    folder: "Infrastructure",
    description: "Is it the machine? CPU, memory, disks, network and clock of the WAS hosts, and of the monitoring host below.",
    variables: commonVariables(["environment", "instance"], 'up{job="host"}'),
    links: navigation(["environments", "Environments"], ["jvm", "JVM"], ["logs", "Logs"], ["monitoring", "Monitoring itself"]),
    rows,
};
