import { World } from "../support/world";
import { eventually } from "../../support/wait";
import { Answer, Attack, Ground } from "./kit";

interface JournalLine { at: number; text: string }

/** What the hosts wrote down while they were attacked. */
export class Evidence {
    private gateway = "";
    private journal: JournalLine[] = [];
    /** Packets that the guard refused while one attack was sent, no other that it would refuse at the same time. */
    private readonly refusals = new Map<Attack, number>();

    private constructor(private readonly world: World, private readonly since: string) {}

    static async begin(world: World): Promise<Evidence> {
        return new Evidence(world, (await world.monitor.must("date +%s")).trim());
    }

    /** Sends an attack; where the guard must refuse it, its counter is read before and after. */
    async send(attack: Attack, ground: Ground): Promise<Answer> {
        if (attack.logged.where === "journal") return this.journaled(attack, await attack.send(ground));
        if (attack.logged.where !== "guard") return attack.send(ground);
        const before = await refusedPackets(this.world);
        const answer = await attack.send(ground);
        this.refusals.set(attack, await refusedPackets(this.world) - before);
        return answer;
    }

    /** Such attacks are sent one after the other: waits for the line, so that it counts for this one although it is written late. */
    private async journaled({ logged }: Attack, answer: Answer): Promise<Answer> {
        const written = async () => (await this.readJournal(answer.from - 50)).some(({ text }) => (logged.what as RegExp).test(text)) || undefined;
        // Where it does not come, `lacks` says so.
        await eventually("its line", 5, written).catch(() => undefined);
        return { ...answer, to: Date.now() };
    }

    private async readJournal(since: number): Promise<JournalLine[]> {
        const text = await this.world.monitor.must(`journalctl --sync; journalctl --no-pager --since @${(since / 1000).toFixed(3)} --output json --output-fields MESSAGE,__REALTIME_TIMESTAMP`);
        return text.split("\n").filter(Boolean).map((line) => JSON.parse(line) as { MESSAGE?: unknown; __REALTIME_TIMESTAMP: string }).map((entry) => ({ at: Number(entry.__REALTIME_TIMESTAMP) / 1000, text: String(entry.MESSAGE) }));
    }

    /** Reads all of it, once. */
    async end(): Promise<void> {
        const { monitor } = this.world;
        this.gateway = await monitor.must(`docker logs --since ${this.since} monitoring-gateway 2>&1`);
        this.journal = await this.readJournal(Number(this.since) * 1000);
    }

    /** Everything that was logged, for the search for secrets. */
    get text(): string {
        return [this.gateway, ...this.journal.map(({ text }) => text)].join("\n");
    }

    /** What is missing; "" where all is there. */
    lacks(attack: Attack, answer: Answer): string {
        const { logged: { where, what } } = attack;
        if (where === "gateway") return this.gatewayLines(answer).some((line) => new RegExp(what).test(line)) ? "" : `no line in the gateway's log for port ${answer.port} like ${String(what)}`;
        if (where === "journal") return this.journal.some(({ at, text }) => at >= answer.from - 50 && at <= answer.to && (what as RegExp).test(text)) ? "" : `no line in the journal like ${String(what)}`;
        // Each connection is at least one packet; the kernel's log of a network namespace is not to be read here, so it is the rule's counter that tells.
        if (where === "guard") return (this.refusals.get(attack) ?? 0) > 0 ? "" : "the guard refused nothing";
        return "";
    }

    /** For the table. */
    place(attack: Attack, answer?: Answer): string {
        const { logged } = attack;
        if (logged.where === "nowhere") return `not (${String(logged.what)})`;
        return answer && this.lacks(attack, answer) === "" ? logged.where : "MISSING";
    }

    private gatewayLines({ port }: Answer): string[] {
        return this.gateway.split("\n").filter((line) => line.includes(`"remote_port":"${port}"`) || new RegExp(`from [^ ]+:${port}:`).test(line));
    }
}

async function refusedPackets(world: World): Promise<number> {
    const rules = await world.monitor.must("iptables -w -nvxL MONITORING-REFUSED");
    return rules.split("\n").filter((line) => /REJECT|DROP/.test(line)).map((line) => Number(line.trim().split(/\s+/)[0])).filter(Number.isFinite).reduce((a, b) => a + b, 0);
}
