import * as pulumi from "@pulumi/pulumi";

/** Where alerts are sent. With no receivers they are shown in Grafana and Alertmanager, and sent nowhere. */
export interface AlertingArgs {
    /**
     * For critical alerts of environments with severity `page`, and of the shared services. Empty: those of `notify`.
     *
     * @default []
     * @example [{ kind: "webhook", url: config.requireSecret("pager") }]
     */
    page?: ReceiverArgs[];
    /** For warnings there, and for everything of environments with severity `notify`. Empty: those of `page`. @default [] */
    notify?: ReceiverArgs[];
    /**
     * A URL of an outside service that raises the alarm when nobody asks for it: it is posted to once a minute for as long as Prometheus evaluates rules
     * and Alertmanager sends. Nothing on the monitoring host can tell that the host itself is gone. A secret. @default none
     */
    heartbeatUrl?: pulumi.Input<string>;
    /** Where `docs/runbook.md` can be read, without a `#` at its end: alerts link to their section. @default none: alerts name the file */
    runbookUrl?: string;
}

/** Somebody, or something, that alerts are sent to. */
export interface ReceiverArgs {
    /** `slack`, `discord` or `webhook` (Alertmanager's JSON, posted). */
    kind: string;
    /** The incoming webhook's URL, a secret. */
    url: pulumi.Input<string>;
}
