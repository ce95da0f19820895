import { GrafanaClient } from "../support/grafana";
import { Ingest } from "../support/ingest";
import { sleep } from "../../support/wait";
import { Environment, World } from "../support/world";
import { Ground } from "./kit";

/** Prod goes on writing while it is attacked: five lines a second, each with the canary; what is answered 503 is sent again, as agents do. */
export class Traffic {
    sent = 0;
    slowest = 0;
    readonly failures: string[] = [];
    private running = true;
    private loop: Promise<void> = Promise.resolve();

    private constructor(private readonly grafana: GrafanaClient) {}

    static async start(world: World, { canary }: Ground): Promise<Traffic> {
        const traffic = new Traffic(await world.grafana());
        const ingest = await Ingest.of(world, "prod");
        traffic.loop = traffic.go(async (i) => ingest.logs({ environment: "prod", application: "canary", instance: "canary" }, [`${canary} ${i}`]));
        return traffic;
    }

    private async go(send: (i: number) => Promise<number>): Promise<void> {
        while (this.running) {
            const began = Date.now();
            let status: number | string = 503;
            while (status === 503 && Date.now() - began < 30_000) status = await send(this.sent).catch((error: Error) => error.message);
            this.slowest = Math.max(this.slowest, Date.now() - began);
            if (status === 204) this.sent++;
            else this.failures.push(String(status));
            await sleep(200);
        }
    }

    async stop(): Promise<void> {
        this.running = false;
        await this.loop;
    }

    /** Lines of an environment that hold a text. */
    async found(environment: Environment, text: string): Promise<number> {
        return (await this.grafana.logs(`{application=~"attack|canary"} |= "${text}"`, `loki-${environment}`, 5000)).length;
    }
}
