/** A stack's state as `pulumi stack export` gives it, as far as it matters here. */
export interface Deployment {
    deployment: { resources?: StateResource[] };
}

/** One resource in a state. Each field that names others does so by their URNs. */
export interface StateResource {
    urn: string;
    dependencies?: string[];
    propertyDependencies?: Record<string, string[]>;
    deletedWith?: string;
}

/** What stands on the monitoring host, by the types in a URN: the services, the guard, and the registered targets. */
const ON_THE_HOST = /:(MonitoringServices|MembersGuard|MetricsTarget)\$(docker:index\/|command:)/;

/** Takes what stands on the monitoring host out of a state, without asking the host; what depended on it stays, and no longer does. */
export function forgetHost<T extends Deployment>(state: T): { state: T; forgotten: string[] } {
    const resources = state.deployment.resources ?? [];
    const forgotten = resources.map(({ urn }) => urn).filter((urn) => ON_THE_HOST.test(urn));
    const gone = new Set(forgotten);
    const stays = (urns: string[] = []) => urns.filter((urn) => !gone.has(urn));
    const kept = resources.filter(({ urn }) => !gone.has(urn)).map((resource) => ({
        ...resource,
        ...(resource.dependencies ? { dependencies: stays(resource.dependencies) } : {}),
        ...(resource.propertyDependencies
            ? { propertyDependencies: Object.fromEntries(Object.entries(resource.propertyDependencies).map(([key, urns]) => [key, stays(urns ?? [])])) } : {}),
        ...(resource.deletedWith && gone.has(resource.deletedWith) ? { deletedWith: undefined } : {}),
    }));
    return { state: { ...state, deployment: { ...state.deployment, resources: kept } }, forgotten };
}
