import * as dashboard from "@grafana/grafana-foundation-sdk/dashboard";

/** Builder of Grafana's `traces` panel, which the SDK has none for: on top of the SDK's plain panel, so that all common fields are its own. */
export class TracesPanelBuilder extends dashboard.PanelBuilder {
    constructor() {
        super();
        this.type("traces");
    }

    /** The panel has no options of its own in Grafana 12. */
    build(): dashboard.Panel {
        return { ...super.build(), type: "traces", options: {} };
    }
}
