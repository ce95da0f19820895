import * as pulumi from "@pulumi/pulumi";
import * as random from "@pulumi/random";
import * as tls from "@pulumi/tls";
import type { EnvironmentConfig } from "./schema";

/** What only one environment has. Of each kind one, or two while it is rotated: the old one first. */
export interface Identity {
    /** Tokens of its agents. */
    tokens: pulumi.Output<string>[];
    /** Keys that register its targets. */
    keys: tls.PrivateKey[];
}

/** The environment's tokens and keys: given, or made once for each generation that config lists. */
export function makeIdentity(environment: string, config: EnvironmentConfig): Identity {
    return {
        tokens: config.token === undefined
            ? generations(`${environment}-token`, config.tokenGenerations).map((name) => pulumi.secret(new random.RandomPassword(name, { length: 40, special: false }).result))
            : [config.previousToken, config.token].filter((token) => token !== undefined).map((token) => pulumi.secret(token)),
        keys: generations(`${environment}-registration-key`, config.registrationKeyGenerations).map((name) => new tls.PrivateKey(name, { algorithm: "ED25519" })),
    };
}

/** What members are given: the newest. */
export function newest<T>(all: T[]): T {
    return all[all.length - 1];
}

/** A resource's name for each generation. The first has no number: it is there already where nothing was rotated yet. */
export function generations(name: string, numbers: number[] = [1]): string[] {
    return numbers.map((number) => (number === 1 ? name : `${name}-${number}`));
}
