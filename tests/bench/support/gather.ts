import * as fs from "node:fs";
import * as path from "node:path";
import { peakResidentMiB, processorSeconds } from "./limits";
import { Limited, resetPeaks } from "./limited";
import { mean } from "./statistics";

/** What one program took. */
export interface Used {
    /** MiB that cannot be given back: anonymous memory, the most and the mean of one look each second. */
    peakMiB: number;
    meanMiB: number;
    /** The process's most, mapped files and its own text included. */
    residentMiB: number;
    /** Most page cache in its group, which the kernel gives back when others want it. */
    cacheMiB: number;
    limitMiB: number;
    kills: number;
    cores: number;
    processorSeconds: number;
}

/** Looks at programs once a second. */
export class Gatherer {
    private readonly anonymous: number[][];
    private readonly cache: number[];
    private readonly begun: number[];
    private readonly beganAt = performance.now();
    private readonly timer: NodeJS.Timeout;

    constructor(private readonly programs: Limited[]) {
        programs.forEach(resetPeaks);
        this.anonymous = programs.map(() => []);
        this.cache = programs.map(() => 0);
        this.begun = programs.map(seconds);
        this.timer = setInterval(() => this.look(), 1000);
    }

    private look(): void {
        this.programs.forEach(({ group }, i) => {
            if (!group) return;
            const { anonymous, cache } = group.usage();
            this.anonymous[i].push(anonymous);
            this.cache[i] = Math.max(this.cache[i], cache);
        });
    }

    /** What they took so far. */
    used(): Used[] {
        this.look();
        const elapsed = (performance.now() - this.beganAt) / 1000;
        return this.programs.map((program, i) => {
            const took = seconds(program) - this.begun[i];
            return {
                peakMiB: Math.max(...this.anonymous[i]), meanMiB: mean(this.anonymous[i]), residentMiB: dead(program) ? 0 : peakResidentMiB(program.child.pid!), cacheMiB: this.cache[i],
                limitMiB: program.limitMiB, kills: (program.group?.kills() ?? 0) + (dead(program) ? 1 : 0), processorSeconds: took, cores: took / elapsed,
            };
        });
    }

    stop(): void {
        clearInterval(this.timer);
    }
}

function dead({ child }: Limited): boolean {
    return child.exitCode !== null || child.signalCode !== null;
}

function seconds(program: Limited): number {
    return dead(program) ? 0 : processorSeconds(program.child.pid!);
}

/** Bytes of all files below a directory that match. */
export function diskBytes(directory: string, wanted: (file: string) => boolean = () => true): number {
    return fs.readdirSync(directory, { withFileTypes: true, recursive: true }).reduce((sum, entry) => {
        const file = path.join(entry.parentPath, entry.name);
        if (!entry.isFile() || !wanted(path.relative(directory, file))) return sum;
        try { return sum + fs.statSync(file).size; } catch { return sum; }
    }, 0);
}
