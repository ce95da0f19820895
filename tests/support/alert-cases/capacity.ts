import { AlertCase, cases, of, service } from "./case";

const watchdog = (metric: string, values: string) => ({ [service("monitoring-host", `photogather_disk_watchdog_${metric}`)]: values });
const up = { [service("monitoring-host", "up")]: "1x200" };
/** Series that begin, and how many may be there. */
const added = (values: string) => ({ [of("was", "scrape_series_added")]: values, 'monitoring:series_quota{environment="prod"}': "1000x200" });

/** Alerts of the disk watchdog, and of series that change all the time. */
export const CAPACITY_CASES: AlertCase[] = [
    ...cases({ alert: "RetentionShortened", severity: "warning", labels: {}, at: "3m" }, { "a step is taken": [watchdog("level", "1x40")] }, { "none is": watchdog("level", "0x40") }),
    ...cases({ alert: "RetentionShortened", severity: "critical", labels: {}, at: "3m" }, { "others are refused": [watchdog("refusing", "1x40")] }, { "none is": watchdog("refusing", "0x40") }),
    ...cases({ alert: "DiskWatchdogDown", labels: {}, at: "25m" },
        { "it never ran": [up, "9m"], "it ran at the beginning only": [{ ...up, ...watchdog("last_run_timestamp_seconds", "0x200") }, "15m"] },
        { "it runs": { ...up, ...watchdog("last_run_timestamp_seconds", "0+15x200") } }),
    ...cases({ alert: "SeriesChurn", labels: { environment: "prod" }, at: "20m" },
        { "50 begin at every scrape": [added("50x200"), "4m"] },
        { "one begins at every scrape": added("1x200"), "its quota begins once": added("900 0x200") }),
];
