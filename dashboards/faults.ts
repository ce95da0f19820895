/**
 * Faults under which a query returns data that is rightly empty on a healthy day. Each one is injected by the end-to-end tests
 * (`tests/e2e/support/faults.ts`), which then run the queries that name it, and by `npm run scrapes`, so that what parts count only then is recorded.
 */
export const FAULTS = {
    serverError: "requests that end in a 5xx status and an exception",
    slowSql: "requests that wait for a slow SQL statement",
    poolExhausted: "more requests at once than the connection pool has connections, until some time out",
    deadlock: "two threads that wait for each other's lock",
    refusedLogs: "an environment that sends more logs than its limit",
    refusedSpans: "an environment that sends more spans than its limit",
    loadTestRun: "a run of a load test with its start and end marked",
} as const;

/** Name of a fault. */
export type Fault = keyof typeof FAULTS;
