import { Service } from "./service";

/** Traces, and the metrics that are made of spans. */
export const TEMPO: Service = {
    name: "tempo",
    user: "10001:10001",
    memory: { smallestMiB: 400, ofMore: 0.26, why: "grows with spans per second: 100 simulated hosts peaked at 343 MiB, in a flood while blocks are merged" },
    // Its blocks can wait behind what people look at.
    cpuShares: 768,
    // Its peaks are of what it writes at once, and were the same with 75 as with 50, at 8 % less of the processor (40 hosts).
    goGc: 75,
    command: () => ["-config.file=/etc/tempo/tempo.yml"],
    // The image has no shell and no wget: the binary asks itself.
    health: ["CMD", "/tempo", "-health"],
    stopSeconds: 60,
    configuration: { mount: "/etc/tempo", readAtStart: /\/tempo\.yml$/, reloads: { metrics: "tempo:3200", prefix: "tempo_runtime_config", file: "overrides.yml" } },
    data: { mount: "/var/tempo" },
};
