/**
 * Where the first boot says how far it is: `running: …`, `failed: …` or `done`. Who waits for the machine reads the reason here instead of
 * waiting for a Docker that will not come.
 */
export const SETUP_STATE = "/var/lib/photogather-monitoring/host-setup";
