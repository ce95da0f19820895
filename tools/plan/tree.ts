import { Registration } from "../offline";

/** The resources of a stack as `pulumi preview` draws them: each under its parent, in the order of registration. */
export function renderTree(root: string, registrations: Registration[]): string {
    const rows: [string, string][] = [["pulumi:pulumi:Stack", root]];
    const seen = new Set<Registration>();
    const children = (parent: Registration | undefined): Registration[] => registrations.filter((child) => !seen.has(child) && child.parent === (parent?.name ?? "") && child !== parent);
    const add = (nodes: Registration[], indent: string): void => nodes.forEach((node, index) => {
        if (seen.has(node)) return;
        seen.add(node);
        const last = index === nodes.length - 1;
        rows.push([`${indent}${last ? "└─ " : "├─ "}${node.type}`, node.name]);
        // A component and its children may share a name; only a component has children.
        if (!node.custom) add(children(node), indent + (last ? "   " : "│  "));
    });
    add(children(undefined), "");
    const width = Math.max(...rows.map(([type]) => type.length)) + 2;
    return rows.map(([type, name]) => ` +  ${type.padEnd(width)}${name}`).join("\n");
}
