/** Faults, and organizations of Grafana: tests that are written and were not yet seen to pass as a whole: they run on request only (`E2E_FAULTS=all`), and count as skipped otherwise. */
const ALL = process.env.E2E_FAULTS === "all";

export const unprovenTest = ALL ? it : it.skip;
export const unprovenTests = ALL ? describe : describe.skip;
