import { AlertCase, cases, of, ON_HOST } from "./case";

const was = (metric: string, labels: Record<string, string> = {}) => of("was", metric, labels);
const SERVICE = { environment: ON_HOST.environment, application: ON_HOST.application };

/** Requests per minute that end well, and that end in 500. */
function requests(good: string, bad: string): Record<string, string> {
    const count = (status: string) => was("http_server_requests_seconds_count", { uri: "/photos", status });
    return { [count("200")]: good, [count("500")]: bad };
}

/** Requests per minute in all, and those within a second. */
function durations(all: string, quick: string): Record<string, string> {
    const bucket = (le: string) => was("http_server_requests_seconds_bucket", { uri: "/photos", status: "200", le });
    return { [was("http_server_requests_seconds_count", { uri: "/photos", status: "200" })]: all, [bucket("0.5")]: quick, [bucket("1.0")]: quick, [bucket("+Inf")]: all };
}

const HTTP: AlertCase[] = [
    ...cases({ alert: "HttpErrors", severity: "critical", labels: SERVICE, at: "30m", interval: "1m" }, {
        "a fifth of the requests fails": [requests("0+80x40", "0+20x40"), "30s"],
    }, {
        "a tenth fails, which is less than 14.4 times the budget": requests("0+90x40", "0+10x40"),
        "half of very few requests fails": requests("0+0.1x40", "0+0.1x40"),
        "failures ended 15 minutes ago": requests("0+80x15 1280+100x20", "0+20x15 300x20"),
        "only Actuator answers 500, as an unhealthy health check does": {
            ...requests("0+100x40", "0x40"), [was("http_server_requests_seconds_count", { uri: "/actuator/health", status: "503" })]: "0+100x40",
        },
    }),
    ...cases({ alert: "HttpErrors", severity: "warning", labels: SERVICE, at: "90m", interval: "1m" }, {
        "a tenth of the requests fails": [requests("0+90x100", "0+10x100")],
    }, {
        "one in twenty fails, which is less than 6 times the budget": requests("0+95x100", "0+5x100"),
    }),
    ...cases({ alert: "HttpLatency", severity: "critical", labels: SERVICE, at: "30m", interval: "1m" }, {
        "four in ten requests are slow": [durations("0+100x40", "0+60x40"), "30s"],
    }, {
        "two in ten are, which is less than 14.4 times the budget": durations("0+100x40", "0+80x40"),
        "there are no requests": durations("500x40", "100x40"),
    }),
    ...cases({ alert: "HttpLatency", severity: "warning", labels: SERVICE, at: "90m", interval: "1m" }, {
        "two in ten requests are slow": [durations("0+100x100", "0+80x100")],
    }, {
        "one in twenty is": durations("0+100x100", "0+95x100"),
        "two in ten were, until an hour ago": durations("0+100x100", "0+80x40 3300+100x60"),
    }),
];

const heap = (share: string) => ({ [was("jvm_memory_usage_after_gc", { area: "heap", pool: "long-lived" })]: share });
const files = (open: string) => ({ [was("process_files_open_files")]: open, [was("process_files_max_files")]: "1000x60" });

const JVM: AlertCase[] = [
    ...cases({ alert: "JvmHeapNearMax", severity: "warning", labels: ON_HOST, at: "12m" },
        { "nine tenths are left after collections": [heap("0.9x60"), "9m"] },
        { "half is": heap("0.5x60"), "it was for nine minutes": heap("0.9x36 0.5x30") }),
    ...cases({ alert: "JvmHeapNearMax", severity: "critical", labels: ON_HOST, at: "7m" },
        { "nearly all is left after collections": [heap("0.97x60"), "4m"] },
        { "nine tenths are": heap("0.9x60") }),
    ...cases({ alert: "JvmGcOverhead", labels: ON_HOST, at: "7m" },
        { "a third of the time is spent on it": [{ [was("jvm_gc_overhead")]: "0.33x60" }, "4m"] },
        { "a tenth is": { [was("jvm_gc_overhead")]: "0.1x60" } }),
    ...cases({ alert: "JvmThreadsDeadlocked", labels: ON_HOST, at: "3m" },
        { "two threads are": [{ [was("jvm_threads_deadlocked_threads")]: "2x60" }, "30s"] },
        { "none is": { [was("jvm_threads_deadlocked_threads")]: "0x60" } }),
    ...cases({ alert: "JvmThreadsBlocked", labels: ON_HOST, at: "12m" },
        { "two are at every scrape": [{ [was("jvm_threads_states_threads", { state: "blocked" })]: "2x60" }, "9m"] },
        {
            "two are at every scrape but one": { [was("jvm_threads_states_threads", { state: "blocked" })]: "2x36 0 2x30" },
            "they wait for work": { [was("jvm_threads_states_threads", { state: "blocked" })]: "0x60", [was("jvm_threads_states_threads", { state: "waiting" })]: "50x60" },
        }),
    ...cases({ alert: "OpenFilesNearMax", labels: ON_HOST, at: "7m" }, { "nearly all are open": [files("950x60"), "4m"] }, { "half are": files("500x60") }),
];

const threads = (busy: string) => ({ [was("tomcat_threads_busy_threads", { name: "http-nio-8080" })]: busy, [was("tomcat_threads_config_max_threads", { name: "http-nio-8080" })]: "200x60" });
const pending = (count: string) => ({ [was("hikaricp_connections_pending", { pool: "HikariPool-1" })]: count });
const timeouts = (count: string) => ({ [was("hikaricp_connections_timeout_total", { pool: "HikariPool-1" })]: count });

const TOMCAT_HIKARI: AlertCase[] = [
    ...cases({ alert: "TomcatThreadsExhausted", labels: ON_HOST, at: "4m" }, { "all are busy": [threads("200x60"), "90s"] }, { "half are": threads("100x60") }),
    ...cases({ alert: "HikariPending", labels: ON_HOST, at: "4m" }, { "three threads wait": [pending("3x60"), "90s"] }, { "they waited for a moment": pending("3x2 0x60") }),
    ...cases({ alert: "HikariTimeouts", labels: ON_HOST, at: "6m" }, { "one timed out a minute ago": [timeouts("4x20 5x40")] }, { "the last was long ago": timeouts("4x60") }),
];

/** Alerts of applications. */
export const APPLICATION_CASES: AlertCase[] = [...HTTP, ...JVM, ...TOMCAT_HIKARI];
