import * as pulumi from "@pulumi/pulumi";
import { isRecord, validateConnection } from "../components/connection";
import { failOn, Problem, under } from "../components/problems";
import { crossCheckOwner, crossCheckWas } from "./checks";
import { crossCheckExternal } from "./external";
import { completeWas } from "./complete";
import { Member, StackConfig, Was } from "./model";
import { ExternalConfig, memberSchema, OwnerConfig, ownerSchema, outsideSchema, schema, wasDefaultsSchema, wasSchema } from "./schema";
import { issues } from "./wording";

/** Raw config, as Pulumi hands it over: full keys to texts, structured values in JSON. */
export type RawConfig = Record<string, string>;

/** Reads the running stack's config. The only reader of config; ends the program with all problems at once. */
export function readConfig(): StackConfig {
    // Not pulumi.Config: it warns about each secret inside a structured value. Secrets are marked as such where they are handed on.
    return parseConfig(pulumi.runtime.allConfig(), pulumi.getProject(), pulumi.getStack());
}

/**
 * Parses a stack's config.
 *
 * @throws pulumi.RunError that lists every problem with its path, e.g. `was[2].address: expected a host name or an IP address, got ""`
 */
export function parseConfig(raw: RawConfig, project: string, stack: string): StackConfig {
    const problems: Problem[] = [];
    const values = ownValues(raw, project, problems);
    const base = schema.safeParse({ monitoring: {}, ...values });
    problems.push(...issues(base.error));
    const given = isRecord(values.monitoring) ? values.monitoring : undefined;
    const environment = typeof values.environment === "string" ? values.environment : stack;
    const role = parseRole(given, environment, problems);
    const hosts = goodHosts(values);
    const shared = Boolean(role.owner ?? role.member) || !role.external;
    problems.push(...(role.external ? crossCheckExternal(role.external, shared) : []));
    problems.push(...crossCheckWas(hosts, { environment, shared, external: role.external }), ...(role.owner ? crossCheckOwner(role.owner, environment, hosts) : []));
    failOn(`the config of stack "${stack}" (Pulumi.${stack}.yaml)`, problems);
    return { environment, ...role, was: hosts as Was[], deployKeyGenerations: base.data!.deployKeyGenerations, repair: base.data!.repair ?? "" };
}

/** The hosts whose own values are good, each at its index: so that a mistake in one does not hide those in the others. */
function goodHosts(values: Record<string, unknown>): (Was | undefined)[] {
    const defaults = wasDefaultsSchema.safeParse(values.defaults ?? {});
    if (!defaults.success || !Array.isArray(values.was)) return [];
    return values.was.map((item) => {
        const { data } = wasSchema.safeParse(item);
        return data && completeWas(data, defaults.data);
    });
}

/** The project's own keys, structured values parsed. Keys of other namespaces (`aws:region`) are not ours. */
function ownValues(raw: RawConfig, project: string, problems: Problem[]): Record<string, unknown> {
    const values: Record<string, unknown> = {};
    for (const [key, text] of Object.entries(raw)) {
        const [namespace, name] = [key.slice(0, key.indexOf(":")), key.slice(key.indexOf(":") + 1)];
        if (namespace !== project) {
            if (name in schema.shape) problems.push({ path: key, message: `expected the prefix "${project}:", or none` });
            continue;
        }
        if (name === "environment" || name === "repair") {
            if (text !== "") values[name] = text; // "" is Pulumi.yaml's default: not given
            continue;
        }
        try {
            values[name] = JSON.parse(text);
        } catch {
            problems.push({ path: name, message: "expected a section, got a plain text" });
        }
    }
    return values;
}

/** Owner, member, or neither: told from the keys under `monitoring`. */
function parseRole(given: Record<string, unknown> | undefined, environment: string, problems: Problem[]): { owner?: OwnerConfig; member?: Member; external?: ExternalConfig } {
    if (given && "host" in given) {
        const parsed = ownerSchema.safeParse(given);
        problems.push(...under("monitoring", issues(parsed.error)));
        return { owner: parsed.data, external: parsed.data?.external };
    }
    if (given && ("stack" in given || "connection" in given)) {
        const section = "connection" in given ? { ...given, connection: fromText(given.connection) } : given;
        const parsed = memberSchema.safeParse(section);
        problems.push(...under("monitoring", issues(parsed.error)));
        if ("stack" in given && "connection" in given) problems.push({ path: "monitoring", message: "expected either `stack` or `connection`, got both" });
        if ("connection" in given) problems.push(...under("monitoring.connection", validateConnection(fromText(given.connection), environment)));
        return { member: parsed.data as Member | undefined, external: parsed.data?.external };
    }
    if (given && "external" in given) {
        const parsed = outsideSchema.safeParse(given);
        problems.push(...under("monitoring", issues(parsed.error)));
        return { external: parsed.data?.external };
    }
    problems.push({ path: "monitoring", message: "expected `host` (this stack owns the shared deployment), or `stack: prod` or `connection` (it uses another stack's), or `external` (endpoints of your own)" });
    return {};
}

/** `pulumi config set --secret` can set texts only: a section that is a secret as a whole comes as JSON. */
function fromText(value: unknown): unknown {
    if (typeof value !== "string") return value;
    try { return JSON.parse(value); } catch { return undefined; }
}
