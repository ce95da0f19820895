/** What an instance type's name says. */
export interface InstanceType {
    /** As Ubuntu's image parameters name it: `arm64` or `amd64`. */
    architecture: string;
    /** True for the `t` families, which live on CPU credits. */
    burstable: boolean;
    /** True where the machine has disks of its own beside EBS, which are lost whenever it moves to other hardware. */
    ownDisks: boolean;
    /** Undefined where the family or size is not known here. */
    memoryMiB?: number;
    /** vCPUs; undefined where the size is not known here. */
    cores?: number;
}

/** `t4g.small`: family letter(s), generation, attributes, size. */
const TYPE = /^([a-z]+)(\d+)([a-z-]*)\.([a-z0-9-]+)$/;

/** GiB of the `t3`, `t3a` and `t4g` sizes (docs.aws.amazon.com, EC2 instance types, general purpose). */
const BURSTABLE_GIB: Record<string, number> = { nano: 0.5, micro: 1, small: 2, medium: 4, large: 8, xlarge: 16, "2xlarge": 32 };
/** GiB per vCPU of the compute, general purpose and memory families. */
const GIB_PER_CPU: Record<string, number> = { c: 2, m: 4, r: 8 };
/** Families before Nitro: their disks have no NVMe names, which the data volume is found by. */
const BEFORE_NITRO = /^(t[12]|m[1-4]|c[1-4]|r[34]|i[23]|d2|g2|g3s?|p[23]|x1e?|h1|f1)\./;
/** Families that have disks of their own without saying so by a `d`: storage, accelerators (docs.aws.amazon.com, instance store volumes). */
const OWN_DISKS = /^((i|im|is|d|dl|f|p|trn)\d|gr?\d(?!g\.))/;

/** Reads an instance type; undefined where it is no type's name or not of Nitro. */
export function parseInstanceType(type: string): InstanceType | undefined {
    const match = TYPE.exec(type);
    if (!match || BEFORE_NITRO.test(type)) return undefined;
    const [, family, generation, attributes, size] = match;
    const arm = attributes.includes("g") || (family === "a" && generation === "1");
    const burstable = family === "t";
    const gib = burstable ? BURSTABLE_GIB[size] : cpus(size) * (GIB_PER_CPU[family] ?? NaN);
    const cores = burstable ? Math.max(2, cpus(size) || 0) : cpus(size);
    return {
        architecture: arm ? "arm64" : "amd64", burstable, ownDisks: attributes.includes("d") || OWN_DISKS.test(type), ...(gib > 0 ? { memoryMiB: gib * 1024 } : {}), ...(cores > 0 ? { cores } : {}),
    };
}

/** vCPUs of the sizes that all current c, m and r families share. */
function cpus(size: string): number {
    const match = /^(medium|large|(\d*)xlarge)$/.exec(size);
    if (!match) return NaN;
    if (size === "medium") return 1;
    if (size === "large") return 2;
    return 4 * Number(match[2] || 1);
}
