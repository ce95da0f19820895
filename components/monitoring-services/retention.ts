import { quote } from "../names";
import { Problem } from "../problems";
import { EnvironmentArgs, RetentionArgs } from "./args";

/** Retention of each signal, every value set. */
export interface RetentionPlan {
    metrics: string;
    metricsSize: string;
    logs: string;
    traces: string;
}

/** Retention of one environment, where the backend can tell environments apart. */
export interface EnvironmentRetention {
    logs: string;
    traces: string;
}

const DEFAULTS: RetentionPlan = { metrics: "15d", metricsSize: "8GB", logs: "14d", traces: "7d" };
const HOURS: Record<string, number> = { h: 1, d: 24, w: 168, y: 8760 };
const DURATION = /^([1-9]\d{0,5})([hdwy])$/;
const SIZE = /^[1-9]\d{0,5}(MB|GB|TB)$/;

/** The one retention object, with what was left out filled in. */
export function planRetention(retention: RetentionArgs = {}): RetentionPlan {
    return { ...DEFAULTS, ...Object.fromEntries(Object.entries(retention).filter(([, value]) => value !== undefined)) };
}

/** What holds for one environment. */
export function planEnvironmentRetention(
    retention: RetentionPlan,
    environment: Pick<EnvironmentArgs, "logRetention" | "traceRetention">,
): EnvironmentRetention {
    return { logs: environment.logRetention ?? retention.logs, traces: environment.traceRetention ?? retention.traces };
}

/** Hours of a duration such as `72h` or `15d`; NaN where it is none. */
export function durationHours(value: string): number {
    const [, amount, unit] = DURATION.exec(value) ?? [];
    return amount ? Number(amount) * HOURS[unit] : NaN;
}

/** Problems with the common retention. */
export function validateRetention(retention: RetentionArgs): Problem[] {
    const plan = planRetention(retention);
    return [
        ...validateDuration("metrics", plan.metrics),
        ...(SIZE.test(plan.metricsSize) ? [] : [{ path: "metricsSize", message: `expected a size such as "8GB", got ${quote(plan.metricsSize)}` }]),
        ...validateLogRetention("logs", plan.logs),
        ...validateDuration("traces", plan.traces),
    ];
}

/** Problems with how long logs are kept: Loki's compactor works by days. */
export function validateLogRetention(path: string, value: string): Problem[] {
    const problems = validateDuration(path, value);
    if (problems.length === 0 && durationHours(value) < 24) return [{ path, message: `expected at least 24h, got ${quote(value)}` }];
    return problems;
}

/** Problems with a duration. */
export function validateDuration(path: string, value: string): Problem[] {
    return DURATION.test(value) ? [] : [{ path, message: `expected a duration such as "72h" or "15d", got ${quote(value)}` }];
}
