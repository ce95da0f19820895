/** Paths and names on a WAS host. They never change, so that what an older version installed is found and removed. */
export const CONFIG_DIRECTORY = "/etc/photogather-monitoring/log-agent";
/** Of Alloy's own port. */
export const HTTP_PASSWORD = `${CONFIG_DIRECTORY}/http-password`;
export const DATA_DIRECTORY = "/var/lib/photogather-monitoring/log-agent";
export const PROGRAM_DIRECTORY = "/usr/local/lib/photogather-monitoring";
export const UNIT_DIRECTORY = "/etc/systemd/system";
export const AGENT_USER = "photogather-log-agent";
export const PROMTAIL_PORT = 9080;
export const ALLOY_PORT = 12345;
/** OTLP/HTTP. */
export const OTLP_PORT = 4318;
