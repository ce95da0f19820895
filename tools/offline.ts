import * as pulumi from "@pulumi/pulumi";

/** One resource as the program registered it, its inputs as they reach the engine. */
export interface Registration {
    type: string;
    name: string;
    inputs: Record<string, unknown>;
    custom: boolean;
    /** Name of the component that it is a child of; "" at the top. */
    parent: string;
    /** Options as the engine receives them; the mock monitor of the SDK hides them, so the request itself is kept. */
    options: RegistrationOptions;
}

/** The options that our tests speak of. URNs are shortened to the name that they end in. */
export interface RegistrationOptions {
    protect: boolean;
    retainOnDelete: boolean;
    deleteBeforeReplace: boolean;
    deletedWith: string;
    dependsOn: string[];
    ignoreChanges: string[];
    replaceOnChanges: string[];
    additionalSecretOutputs: string[];
    provider: string;
    /** As text: `25m`. "" where it is the provider's own. */
    customTimeouts: { create: string; update: string; delete: string };
}

/** What a mocked provider would compute, by resource type: merged over the inputs. */
export type Computed = Record<string, (name: string, inputs: Record<string, unknown>) => Record<string, unknown>>;

/** What a mocked data source would answer, by token, e.g. `aws:ssm/getParameter:getParameter`. */
export type Answers = Record<string, (inputs: Record<string, unknown>) => Record<string, unknown>>;

const SECRET = "4dabf18193072939515e22adb298388d";
const SECRET_VALUE = "1b47061264138c4ac30d75fd1eb44270";

/** What one run of a program on the mock monitor gave. */
export interface OfflineRun {
    /** Every resource that it registered, in order. */
    registrations: Registration[];
    /** The stack's outputs as they reach the engine: secrets are marked, see `isSecret` and `reveal`. */
    outputs: Record<string, unknown>;
}

/** What stands in for the engine and the clouds. */
export interface OfflineWorld {
    stack?: string;
    computed?: Computed;
    answers?: Answers;
    /** True where values that only a deployment gives shall be unknown, as in `pulumi preview`. @default false */
    preview?: boolean;
    /** Takes each resource as it is registered. What it takes out of the resource is not kept: thousands of hosts' files would fill the memory. */
    onRegistration?: (registration: Registration) => void;
}

/**
 * Runs a program on Pulumi's own mock monitor: the offline plan and the unit tests both do. One at a time in a process.
 *
 * @throws what the program throws, inside its outputs too
 */
export async function runOffline(program: () => unknown, world: OfflineWorld = {}): Promise<OfflineRun> {
    const { computed = {}, answers = {}, stack = "test", preview = false } = world;
    await pulumi.runtime.setMocks({
        newResource: ({ type, name, inputs, id }) => ({ id: id || `${name}-id`, state: { ...inputs, ...computed[type]?.(name, inputs) } }),
        call: ({ token, inputs }) => answers[token]?.(inputs) ?? {},
    }, "photogather-monitoring", stack, preview, "organization");
    const run: OfflineRun = { registrations: [], outputs: {} };
    spyOnRequests(run, world.onRegistration ?? (() => undefined));
    // What is thrown inside an output fails nothing here: the resource would merely be missing.
    const lost: unknown[] = [];
    const note = (reason: unknown) => { lost.push(reason); };
    process.on("unhandledRejection", note);
    try {
        await pulumi.runtime.runInPulumiStack(async () => program()).catch(note);
        // All of it, so that nothing of this run is told in the next one.
        await (pulumi.runtime as unknown as { waitForRPCs(): Promise<void> }).waitForRPCs().catch(note);
        await new Promise(setImmediate);
    } finally {
        process.off("unhandledRejection", note);
    }
    if (lost.length > 0) throw lost[0];
    return run;
}

/** The resources that a program registers, for tests of exact child contracts. */
export async function record(program: () => unknown, world: OfflineWorld = {}): Promise<Registration[]> {
    return (await runOffline(program, world)).registrations;
}

/** Wraps the monitor's own calls, as the SDK's mocks pass on neither resource options nor what of the outputs is secret. */
function spyOnRequests(run: OfflineRun, onRegistration: (registration: Registration) => void): void {
    // eslint-disable-next-line @typescript-eslint/no-explicit-any
    const monitor = pulumi.runtime.getMonitor() as any;
    const original = monitor.registerResource.bind(monitor);
    // eslint-disable-next-line @typescript-eslint/no-explicit-any
    monitor.registerResource = (request: any, callback: any) => {
        const list = (get: string): string[] => request[get]?.() ?? [];
        if (request.getType() === "pulumi:pulumi:Stack") return original(request, callback);
        const registration: Registration = {
            type: request.getType(), name: request.getName(), custom: request.getCustom(), parent: shorten(request.getParent()),
            inputs: request.getObject()?.toJavaScript() ?? {},
            options: {
                protect: Boolean(request.getProtect()), retainOnDelete: Boolean(request.getRetainondelete()),
                deleteBeforeReplace: Boolean(request.getDeletebeforereplace()), deletedWith: shorten(request.getDeletedwith()),
                dependsOn: list("getDependenciesList").map(shorten), ignoreChanges: list("getIgnorechangesList"), replaceOnChanges: list("getReplaceonchangesList"),
                additionalSecretOutputs: list("getAdditionalsecretoutputsList"), provider: shorten(request.getProvider().replace(/::[^:]*$/, "")),
                customTimeouts: { create: "", update: "", delete: "", ...request.getCustomtimeouts()?.toObject() },
            },
        };
        run.registrations.push(registration);
        onRegistration(registration);
        return original(request, callback);
    };
    const finish = monitor.registerResourceOutputs.bind(monitor);
    // eslint-disable-next-line @typescript-eslint/no-explicit-any
    monitor.registerResourceOutputs = (request: any, callback: any) => {
        if (request.getUrn().includes("::pulumi:pulumi:Stack::")) run.outputs = request.getOutputs()?.toJavaScript() ?? {};
        return finish(request, callback);
    };
}

function shorten(urn: string): string {
    const name = urn.split("::").pop() ?? "";
    return urn.includes("pulumi:pulumi:Stack") && !urn.includes("$") ? "" : name;
}

/** True where the value reached the engine marked as a secret. */
export function isSecret(value: unknown): boolean {
    return typeof value === "object" && value !== null && (value as Record<string, unknown>)[SECRET] === SECRET_VALUE;
}

/** The value without its secret mark. */
export function reveal<T>(value: unknown): T {
    return (isSecret(value) ? (value as { value: T }).value : value) as T;
}
