import { ChildProcess } from "node:child_process";
import { Running } from "../../support/running";
import { ContainerGroup, containerGroup, peakResidentMiB, processorSeconds, resetResident } from "./limits";

/** A backend within the memory of its container, and with its weight where the processor is short. */
export interface Limited {
    name: string;
    limitMiB: number;
    child: ChildProcess;
    /** Undefined where the kernel does not let us limit it. */
    group?: ContainerGroup;
}

/** What a backend took. */
export interface Taken {
    name: string;
    limitMiB: number;
    /** Of the process alone. */
    residentMiB: number;
    /** With page cache, as the kernel counts it against the limit; undefined without a limit. */
    groupMiB?: number;
    kills: number;
    processorSeconds: number;
}

/** Starts a program with its container's environment, memory limit and processor weight. */
export function startLimited(running: Running, name: string, program: string, args: string[], { envs, limitMiB, cpuShares }: { envs: string[]; limitMiB: number; cpuShares: number }): Limited {
    const group = containerGroup(name, { limitMiB, cpuShares });
    const started = group ? group.wrap(program, args) : { program, args };
    const child = running.start(name, started.program, started.args, Object.fromEntries(envs.map((each) => each.split(/=(.*)/s).slice(0, 2))));
    return { name, limitMiB, child, group };
}

/** Counts peaks anew from here. */
export function resetPeaks({ child, group }: Limited): void {
    resetResident(child.pid!);
    group?.reset();
}

export function taken({ name, limitMiB, child, group }: Limited): Taken {
    const dead = child.exitCode !== null || child.signalCode !== null;
    return {
        name, limitMiB, residentMiB: dead ? 0 : peakResidentMiB(child.pid!), groupMiB: group?.peakMiB(), kills: (group?.kills() ?? 0) + (dead ? 1 : 0),
        processorSeconds: dead ? 0 : processorSeconds(child.pid!),
    };
}
