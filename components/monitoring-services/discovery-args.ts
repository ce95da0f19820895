/** EC2 instances that are scraped without being in anybody's list: those that run and carry all of these tags, looked up once a minute. */
export interface DiscoveryArgs {
    /** Tags and their values, e.g. `{ environment: "loadtest", role: "was" }`. */
    tags: Record<string, string>;
    /** Label `application` of all of them, e.g. `"shop"`; or else `applicationTag`. */
    application?: string;
    /** Tag that holds the label `application`, e.g. `"Application"`. */
    applicationTag?: string;
    /** Actuator's port. @default 8080 */
    port?: number;
    /** @default "/actuator/prometheus" */
    path?: string;
    /** `"http"` or `"https"`. @default "http" */
    scheme?: string;
    /** Where the instances are. @default the monitoring host's own region */
    region?: string;
    /** Address of EC2's API, e.g. of an interface endpoint. @default AWS's own of the region */
    endpoint?: string;
}
