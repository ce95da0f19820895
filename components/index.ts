/** The component package: everything that a program of your own may use. */
export * from "./connection";
export * from "./log-agent";
export { Machine, SshConnection, SshJump } from "./machine";
export * from "./metrics-target";
export * from "./monitoring-host";
export * from "./monitoring-services";
export * from "./otel-java-agent";
