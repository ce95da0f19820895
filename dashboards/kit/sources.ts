import type { DataSourceRef } from "@grafana/grafana-foundation-sdk/common";

/** The data sources by their fixed uids, as `templates/grafana/datasources.yml.mustache` provisions them: each over all environments. */
export const PROMETHEUS: DataSourceRef = { type: "prometheus", uid: "prometheus" };
export const LOKI: DataSourceRef = { type: "loki", uid: "loki" };
export const TEMPO: DataSourceRef = { type: "tempo", uid: "tempo" };
