/**
 * What Pulumi's engine starts for programs in other languages (`main` in package.json): makes the components that they ask for.
 *
 * Pulumi can serve a package's components by itself, but then reads their sources anew at each start, by a TypeScript that users would have to have.
 * Here the schema is a file of the package, so a start takes half the time, and sources need not be packed.
 */
import * as pulumi from "@pulumi/pulumi";
import * as components from ".";
import schema from "./schema.json";

type Component = new (name: string, args: object, options: pulumi.ComponentResourceOptions) => pulumi.ComponentResource;

class Plugin implements pulumi.provider.Provider {
    readonly version = schema.version;

    async getSchema(): Promise<string> {
        return JSON.stringify(schema);
    }

    async construct(name: string, type: string, inputs: pulumi.Inputs, options: pulumi.ComponentResourceOptions): Promise<pulumi.provider.ConstructResult> {
        const described = (schema.resources as Record<string, { properties: object } | undefined>)[type];
        if (!described) throw new Error(`${schema.name} has no component ${type}; it has ${Object.keys(schema.resources).join(", ")}`);
        const constructor = components[type.split(":").pop() as keyof typeof components] as unknown as Component;
        const made = new constructor(name, inputs, options) as pulumi.ComponentResource & Record<string, unknown>;
        return { urn: made.urn, state: Object.fromEntries(Object.keys(described.properties).map((property) => [property, made[property]])) };
    }
}

void pulumi.provider.main(new Plugin(), process.argv.slice(2));
