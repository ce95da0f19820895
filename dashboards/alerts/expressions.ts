/** PromQL that several alerts are made of. */

/** The labels that name one application on one host. */
export const BY_INSTANCE = "environment, application, instance";
/** Metrics of WAS hosts and of the monitoring host, by job. */
export const HOSTS = 'job=~"host|monitoring-host"';
/** The services of the shared deployment, by job. */
export const BACKENDS = 'job=~"prometheus|alertmanager|loki|tempo|grafana|gateway|relay|monitoring-host"';

/**
 * By how much a counter grew within a window, where it did; also where its first sample is within the window, which `increase` takes for no growth.
 * A gap of less than an hour, as while Prometheus was down, makes no old counter a new one.
 *
 * @param by labels to keep
 */
export function grown(counter: string, by: string, window = "5m"): string {
    return `sum by (${by}) ((${counter} unless last_over_time(${counter}[1h] offset ${window})) or increase(${counter}[${window}])) > 0`;
}

/** The same with a label of a fixed value. */
export function labelled(expr: string, label: string, value: string): string {
    return `label_replace(${expr}, "${label}", "${value}", "", "")`;
}

/** `120` as Prometheus writes it. */
export function seconds(count: number): string {
    return `${Math.round(count)}s`;
}
