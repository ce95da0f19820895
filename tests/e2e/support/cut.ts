import { Host } from "./hosts";
import { Undo } from "./traffic";
import { World } from "./world";

/** Cuts all WAS hosts off from the monitoring host, in both directions and without an answer, as when its network is gone. */
export async function cutOff({ monitor, hosts }: World): Promise<Undo> {
    // What comes for a container's published port is forwarded.
    const rules = (action: string) => ["OUTPUT -d", "INPUT -s", "FORWARD -s", "FORWARD -d"].map((which) => `iptables -${action} ${which} ${monitor.address} -j DROP`).join(" && ");
    const all = (action: string) => Promise.all(Object.values(hosts).map((host) => host.must(rules(action))));
    await all("I");
    return async () => { await all("D"); };
}

/** Kills a process as nothing but `kill -9` does; Docker does not know that it was meant. Gives the time in seconds, by the clock that all hosts have. */
export async function killContainer(host: Host, name: string): Promise<number> {
    return Number(await host.must(`kill -9 $(docker inspect --format '{{.State.Pid}}' ${name}) && date +%s.%N`));
}

/** Kills the main process of a unit; gives the time. */
export async function killUnit(host: Host, unit: string): Promise<number> {
    return Number(await host.must(`kill -9 $(systemctl show --property MainPID --value ${unit}) && date +%s.%N`));
}
