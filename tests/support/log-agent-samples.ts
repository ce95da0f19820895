import { LogAgentArgs } from "../../components/log-agent/args";
import { MetricsSecrets } from "../../components/log-agent/bundle";

export const TOKEN = "token-of-prod-0123456789";

/** Arguments of an agent, as few as there can be. */
export function sampleAgent(change: Partial<LogAgentArgs> = {}): LogAgentArgs {
    return {
        machine: {}, host: "was-1", environment: "prod", application: "shop",
        gateway: { url: "https://10.0.0.5:8080", ca: "-----BEGIN CERTIFICATE-----\nQ0E=\n-----END CERTIFICATE-----\n", token: TOKEN },
        logs: { files: ["/var/log/shop/*.log"] },
        ...change,
    };
}

/** The secrets of an agent's metrics port. */
export const SECRETS: MetricsSecrets = {
    password: "correct-horse-battery", certificate: "-----BEGIN CERTIFICATE-----\nQ0VSVA==\n-----END CERTIFICATE-----\n",
    privateKey: "-----BEGIN PRIVATE KEY-----\nS0VZ\n-----END PRIVATE KEY-----\n",
};

/**
 * Every string literal of an Alloy configuration, decoded: read as Alloy's scanner does, so that a literal that ends too early, or a comment that
 * swallows one, shows. Escapes are those of Go that JSON has too; any other one is an error.
 */
export function alloyStrings(text: string): string[] {
    const token = /\/\/[^\n]*|`[^`]*`|"(?:[^"\\\n]|\\.)*"|["`]/g;
    return [...text.matchAll(token)].flatMap(([literal]) => {
        if (literal === '"' || literal === "`") throw new Error("a string of the configuration does not end");
        if (literal.startsWith("//")) return [];
        return [literal.startsWith("`") ? literal.slice(1, -1) : JSON.parse(literal) as string];
    });
}
