import * as path from "node:path";
import { main, Provider } from "@pulumi/pulumi/provider";
import { reveal } from "../../../../tools/offline";
import { bootOf } from "./boots";
import { Machines } from "./machines";
import { answer, idOf, kindOf } from "./resources";
import { changeWorld, readWorld, World, WORLD_VARIABLE } from "./world";

type Values = Record<string, unknown>;

const typeOf = (urn: string): string => urn.split("::")[2].split("$").pop()!;
const open = (values: Values): Values => Object.fromEntries(Object.entries(values).map(([key, value]) => [key, reveal(value)]));

const file = process.env[WORLD_VARIABLE]!;

const change = <T>(act: (world: World) => T): T => changeWorld(file, act);

/** What runs, for real, where the account has a lab. */
async function boot(act: (machines: Machines, world: World) => Promise<void> | void | undefined): Promise<void> {
    const world = readWorld(file);
    if (world.lab) await act(new Machines(world.lab, path.dirname(file)), world);
}

const provider: Provider = {
    version: "0.0.0",
    // What changed the engine finds by itself; only what replaces is the provider's to say.
    diff: async (_, urn, olds: Values, news: Values) => {
        const [before, after] = [open(olds), open(news)];
        return { replaces: kindOf(typeOf(urn)).replaces(after).filter((key) => JSON.stringify(before[key]) !== JSON.stringify(after[key])) };
    },
    create: async (urn, inputs: Values) => {
        const [type, plain] = [typeOf(urn), open(inputs)];
        const { id, outs } = change((world) => {
            const made = idOf(type, world);
            return { id: made, outs: kindOf(type).create(world, made, plain) };
        });
        await boot((machines, world) => bootOf(type).create?.(machines, world, id, plain));
        return { id, outs: { ...inputs, ...outs } };
    },
    update: async (id, urn, olds: Values, news: Values) => {
        change((world) => kindOf(typeOf(urn)).update?.(world, id, open(news)));
        await boot((machines) => bootOf(typeOf(urn)).update?.(machines, id, open(news)));
        return { outs: { ...olds, ...news } };
    },
    delete: async (id, urn, state: Values) => {
        // A volume in use is refused by the record, before anything is done.
        change((world) => kindOf(typeOf(urn)).delete(world, id, open(state)));
        await boot((machines) => bootOf(typeOf(urn)).delete?.(machines, id, open(state)));
    },
    invoke: async (token, inputs: Values) => ({ outputs: answer(token, open(inputs), readWorld(file)) }),
};

void main(provider, process.argv.slice(2));
