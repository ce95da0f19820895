import { main, Provider } from "@pulumi/pulumi/provider";
import { reveal } from "../../../tools/offline";
import { answer, idOf, kindOf } from "./resources";
import { readWorld, World, WORLD_VARIABLE, writeWorld } from "./world";

type Values = Record<string, unknown>;

const typeOf = (urn: string): string => urn.split("::")[2].split("$").pop()!;
const open = (values: Values): Values => Object.fromEntries(Object.entries(values).map(([key, value]) => [key, reveal(value)]));

/** Reads the account, lets something be done to it, and keeps what was done. Not asynchronous: so two calls never mix. */
function change<T>(act: (world: World) => T): T {
    const file = process.env[WORLD_VARIABLE]!;
    const world = readWorld(file);
    const result = act(world);
    writeWorld(file, world);
    return result;
}

const provider: Provider = {
    version: "0.0.0",
    // What changed the engine finds by itself; only what replaces is the provider's to say.
    diff: async (_, urn, olds: Values, news: Values) => {
        const [before, after] = [open(olds), open(news)];
        return { replaces: kindOf(typeOf(urn)).replaces.filter((key) => JSON.stringify(before[key]) !== JSON.stringify(after[key])) };
    },
    create: async (urn, inputs: Values) => change((world) => {
        const id = idOf(typeOf(urn), world);
        return { id, outs: { ...inputs, ...kindOf(typeOf(urn)).create(world, id, open(inputs)) } };
    }),
    update: async (id, urn, olds: Values, news: Values) => change((world) => {
        kindOf(typeOf(urn)).update?.(world, id, open(news));
        return { outs: { ...olds, ...news } };
    }),
    delete: async (id, urn, state: Values) => change((world) => kindOf(typeOf(urn)).delete(world, id, open(state))),
    invoke: async (token, inputs: Values) => ({ outputs: answer(token, open(inputs), readWorld(process.env[WORLD_VARIABLE]!)) }),
};

void main(provider, process.argv.slice(2));
