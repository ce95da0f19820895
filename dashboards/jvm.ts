import { chosen, commonVariables, DashboardSpec, metrics, navigation, timeSeries } from "./kit";

const WHERE = chosen("environment", "application", "instance");

/** What a JVM does with its memory, its threads and its time. */
export const jvm: DashboardSpec = {
    name: "jvm",
    title: "JVM",
    folder: "Applications",
    description: "One application's JVMs: memory by pool, garbage collection, threads, classes, CPU.",
    variables: commonVariables(["environment", "application", "instance"], 'jvm_info{job="was"}'),
    links: navigation(["service", "Service"], ["tomcat", "Tomcat and HikariCP"], ["host", "Host"], ["logs", "Logs"]),
    rows: [
        {
            title: "Memory",
            panels: [
                timeSeries({
                    title: "Heap used",
                    description: "Heap in use by host. A floor that rises from one collection to the next is a leak.",
                    unit: "bytes",
                    queries: [metrics(`sum by (environment, instance) (jvm_memory_used_bytes{${WHERE}, area="heap"})`, { legend: "{{environment}} {{instance}}" })],
                }),
            ],
        },
    ],
};
