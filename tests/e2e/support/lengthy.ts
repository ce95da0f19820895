/** Whether what takes minutes each is run as well (`E2E_LONG=all`); it is counted as skipped otherwise. */
export const LONG = process.env.E2E_LONG === "all";

/** `it` and `describe` of what takes minutes. */
export const lengthy = { it: LONG ? it : it.skip, describe: LONG ? describe : describe.skip };
