/** The configuration of a Loki of somebody else's: its defaults, and what it takes to start alone, with its files below one directory. */
export function plainLoki(directory: string, server: object, more: object = {}): object {
    return {
        auth_enabled: false, server,
        common: {
            path_prefix: directory, replication_factor: 1, instance_addr: "127.0.0.1", ring: { kvstore: { store: "inmemory" } },
            storage: { filesystem: { chunks_directory: `${directory}/chunks`, rules_directory: `${directory}/rules` } },
        },
        schema_config: { configs: [{ from: "2024-01-01", store: "tsdb", object_store: "filesystem", schema: "v13", index: { prefix: "index_", period: "24h" } }] },
        ...more,
    };
}
