import { Registration } from "../offline";

/** The resources of a stack as `pulumi preview` draws them: each under its parent, in the order of registration. */
export function renderTree(root: string, registrations: Registration[]): string {
    const rows: [string, string][] = [["pulumi:pulumi:Stack", root]];
    const seen = new Set<Registration>();
    const byParent = new Map<string, Registration[]>();
    for (const registration of registrations) {
        if (!byParent.has(registration.parent)) byParent.set(registration.parent, []);
        byParent.get(registration.parent)!.push(registration);
    }
    const children = (parent: Registration | undefined): Registration[] => (byParent.get(parent?.name ?? "") ?? []).filter((child) => !seen.has(child) && child !== parent);
    const add = (nodes: Registration[], indent: string): void => nodes.forEach((node, index) => {
        if (seen.has(node)) return;
        seen.add(node);
        const last = index === nodes.length - 1;
        rows.push([`${indent}${last ? "└─ " : "├─ "}${node.type}`, node.name]);
        // A component and its children may share a name; only a component has children.
        if (!node.custom) add(children(node), indent + (last ? "   " : "│  "));
    });
    add(children(undefined), "");
    const width = rows.reduce((most, [type]) => Math.max(most, type.length), 0) + 2;
    return rows.map(([type, name]) => ` +  ${type.padEnd(width)}${name}`).join("\n");
}
