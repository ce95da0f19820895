/** Series as promtool writes them, and what an alert then does. */
export interface AlertCase {
    alert: string;
    /** Needed where an alert has two. */
    severity?: string;
    /** What is told apart, in words. */
    when: string;
    /** Series to their values, in promtool's notation: `0+5x40`, `1x20`, `_x4 7x10`. */
    series: Record<string, string>;
    /** Time between values. @default "15s" */
    interval?: string;
    /** When to look, e.g. `3m`. */
    at: string;
    /** A time before, at which it does not fire yet: its `for` is not over. */
    notYet?: string;
    /** Labels of the alert that is looked for. */
    labels: Record<string, string>;
    fires: boolean;
}

/** The parts that an alert's cases have in common. */
export type Common = Pick<AlertCase, "alert" | "severity" | "labels" | "at" | "interval">;

/** A pair of cases or more: one that fires, and those that do not. */
export function cases(common: Common, fires: Record<string, [Record<string, string>, string?]>, quiet: Record<string, Record<string, string>>): AlertCase[] {
    return [
        ...Object.entries(fires).map(([when, [series, notYet]]): AlertCase => ({ ...common, when, series, notYet, fires: true })),
        ...Object.entries(quiet).map(([when, series]): AlertCase => ({ ...common, when, series, fires: false })),
    ];
}

/** Labels of everything on the host that most cases are about. */
export const ON_HOST = { environment: "prod", application: "shop", instance: "was-1" };

/** A series of that host: `metric{job="…", environment="prod", …}`. */
export function of(job: string, metric: string, labels: Record<string, string> = {}): string {
    const all = { job, ...ON_HOST, ...labels };
    return `${metric}{${Object.entries(all).map(([name, value]) => `${name}="${value}"`).join(",")}}`;
}

/** A series of a service of the deployment. */
export function service(name: string, metric: string, labels: Record<string, string> = {}): string {
    const all = { job: name, application: name, instance: `${name}:1`, ...labels };
    return `${metric}{${Object.entries(all).map(([label, value]) => `${label}="${value}"`).join(",")}}`;
}
