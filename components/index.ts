/** The component package: everything that a program of your own may use. */
export * from "./connection";
export { ExternalEndpoint, SigV4 } from "./endpoint";
export * from "./log-agent";
export { Machine, SshConnection, SshJump } from "./machine";
export * from "./metrics-target";
export { ScrapeLimits } from "./metrics-target/scrape-jobs";
export * from "./monitoring-host";
export * from "./monitoring-services";
export { BudgetRow, ServiceBudget } from "./monitoring-services/budget";
export { KnownSsh } from "./monitoring-services/ssh-files";
export * from "./otel-java-agent";
export { Problem } from "./problems";
