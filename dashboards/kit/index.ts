/** What dashboards are made of. A dashboard's file imports this and nothing else of the kit. */
export * from "./dashboard";
export * from "./links";
export * from "./panels";
export * from "./queries";
export * from "./sources";
export * from "./summary";
export * from "./variables";
