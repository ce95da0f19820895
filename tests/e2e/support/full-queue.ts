import { parseSeries, Series } from "../../support/dashboards/scrapes";
import { findPart } from "../../support/parts";
import { freePorts, Running } from "../../support/running";
import { eventually } from "../../support/wait";

/** An agent's way for spans, with a queue for one request and nobody at its end. */
const config = (port: number) => `
otelcol.receiver.otlp "traces" {
  http { endpoint = "127.0.0.1:${port}" }
  output { traces = [otelcol.exporter.otlphttp.traces.input] }
}
otelcol.exporter.otlphttp "traces" {
  client { endpoint = "http://127.0.0.1:9" }
  retry_on_failure { max_elapsed_time = "0s" }
  sending_queue {
    queue_size    = 1
    num_consumers = 1
  }
}
`;

/** What an agent counts only once its queue is full: that of a real host takes a day to fill, so an agent of its own is given a small one. */
export async function fullQueueSeries(target: Series): Promise<Series[]> {
    const running = new Running();
    const [otlp, http] = await freePorts(2);
    try {
        running.write([{ path: "/etc/photogather-monitoring/full.alloy", content: config(otlp) }]);
        running.start("alloy", findPart("alloy") ?? "alloy", ["run", `--server.http.listen-addr=127.0.0.1:${http}`, `--storage.path=${running.data("alloy")}`, "--disable-reporting", `${running.directory}/full.alloy`]);
        return await eventually("spans that find no room", 60, async () => {
            const headers = { "Content-Type": "application/json" };
            await fetch(`http://127.0.0.1:${otlp}/v1/traces`, { method: "POST", headers, body: JSON.stringify(oneSpan()) });
            const metrics = await (await fetch(`http://127.0.0.1:${http}/metrics`)).text();
            const found = metrics.split("\n").filter((line) => line.startsWith("otelcol_exporter_enqueue_failed_")).map((line) => ({ ...parseSeries(line), ...target }));
            return found.length > 0 && found;
        });
    } finally {
        await running.stop();
    }
}

function oneSpan(): object {
    const span = { traceId: "0af7651916cd43dd8448eb211c80319c", spanId: "00f067aa0ba902b7", name: "x", kind: 1, startTimeUnixNano: "1", endTimeUnixNano: "2" };
    return { resourceSpans: [{ scopeSpans: [{ spans: [span] }] }] };
}
