/** When alerts fire. Plain numbers; each stands for itself, so give only those that you want otherwise. Shares are from 0 to 1. */
export interface AlertThresholds {
    /** Seconds that an application must not answer. A host is taken for down after half of it, so that it can silence its application's alerts. @default 120 */
    downSeconds?: number;
    /** Starts of an application within 15 minutes that are too many. @default 3 */
    restarts?: number;
    /** Share of requests that may end in a 5xx status over 30 days; alerts fire where it is used up 14.4 times (critical) or 6 times (warning) too fast. @default 0.01 */
    errorBudget?: number;
    /** Seconds after which a request counts as slow. @default 1 */
    slowSeconds?: number;
    /** Share of requests that may be slow over 30 days; as `errorBudget`. @default 0.02 */
    slowBudget?: number;
    /** Requests per second below which shares say nothing: no alert of errors or latency. @default 0.02 */
    minRequestsPerSecond?: number;
    /** Share of the heap in use after a garbage collection: warning. @default 0.85 */
    heapUsed?: number;
    /** The same: critical. @default 0.95 */
    heapUsedCritical?: number;
    /** Share of CPU time spent in garbage collection. @default 0.2 */
    gcOverhead?: number;
    /** Threads that wait for a lock at every scrape for 10 minutes. @default 2 */
    blockedThreads?: number;
    /** Share of the file descriptors that a process may open. @default 0.9 */
    openFiles?: number;
    /** Share of Tomcat's threads that are busy. @default 0.95 */
    busyThreads?: number;
    /** Threads that wait for a database connection, more than which are too many. @default 0 */
    hikariPending?: number;
    /** Timeouts while waiting for a database connection in 5 minutes, more than which are too many. @default 0 */
    hikariTimeouts?: number;
    /** Hours in which a disk will be full at the present rate. @default 24 */
    diskHours?: number;
    /** Share of a disk that is free, below which it is critical whatever the rate. @default 0.1 */
    diskFree?: number;
    /** Share of memory that is available, below which there is a warning. @default 0.1 */
    memoryAvailable?: number;
    /** The same: critical. @default 0.05 */
    memoryAvailableCritical?: number;
    /** Seconds between a host's clock and the monitoring host's. @default 2 */
    clockSkewSeconds?: number;
    /** Minutes without logs or spans from a host whose application has something to send. @default 15 */
    silentMinutes?: number;
    /** Lines that an application logged in that time, from which on some must have arrived. @default 20 */
    silentLines?: number;
    /** Requests that an application answered in that time, from which on spans must have arrived. More where few traces are kept. @default 100 */
    silentRequests?: number;
    /** Share of an agent's queue that is in use. @default 0.5 */
    queueUsed?: number;
    /** Share of its memory limit that a service of the deployment uses. @default 0.9 */
    backendMemory?: number;
    /** Days before the end of a certificate: warning; a third of it: critical. @default 21 */
    certificateDays?: number;
    /** Lines of level error per second over 5 minutes, by application. @default 0.5 */
    logErrorsPerSecond?: number;
}

/** The thresholds with none left out. */
export type KnownThresholds = Required<AlertThresholds>;

export const DEFAULT_THRESHOLDS: KnownThresholds = {
    downSeconds: 120, restarts: 3,
    errorBudget: 0.01, slowSeconds: 1, slowBudget: 0.02, minRequestsPerSecond: 0.02,
    heapUsed: 0.85, heapUsedCritical: 0.95, gcOverhead: 0.2, blockedThreads: 2, openFiles: 0.9,
    busyThreads: 0.95, hikariPending: 0, hikariTimeouts: 0,
    diskHours: 24, diskFree: 0.1, memoryAvailable: 0.1, memoryAvailableCritical: 0.05, clockSkewSeconds: 2,
    silentMinutes: 15, silentLines: 20, silentRequests: 100, queueUsed: 0.5,
    backendMemory: 0.9, certificateDays: 21,
    logErrorsPerSecond: 0.5,
};

/** Those that are shares: more than 1 is a percentage by mistake. */
export const SHARES: string[] = [
    "errorBudget", "slowBudget", "heapUsed", "heapUsedCritical", "gcOverhead", "openFiles", "busyThreads", "diskFree", "memoryAvailable", "memoryAvailableCritical", "queueUsed", "backendMemory",
] satisfies (keyof AlertThresholds)[];

/** The thresholds, with what was left out filled in. */
export function planThresholds(thresholds: AlertThresholds = {}): KnownThresholds {
    return { ...DEFAULT_THRESHOLDS, ...Object.fromEntries(Object.entries(thresholds).filter(([, value]) => value !== undefined)) };
}
