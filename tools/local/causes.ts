/** What is said where names are not found, or nobody answers: by Docker, apt, Maven, Pulumi and curl. */
const OFFLINE = /no such host|network is unreachable|i\/o timeout|connection refused|TLS handshake timeout|proxyconnect|Temporary failure resolving|Could not resolve (?:host|')|Unknown host/i;

/**
 * What is not possible as there is no network, in one sentence with its mend; undefined where something else is wrong.
 *
 * @param what that fails, e.g. `the image could not be built`
 */
export function explainOffline(what: string, said: string): string | undefined {
    // What does not answer on this machine is one of the demo's own.
    const line = said.split("\n").find((each) => OFFLINE.test(each) && !/127\.0\.0\.1|localhost/.test(each));
    return line && `${what}, as the network does not answer (${line.trim().slice(-200)}): look at this machine's network, or the proxy that Docker uses, and run the same command again`;
}

/** Why Docker did not make the demo's network. */
export function explainNetwork(subnet: string, said: string): string {
    return /overlap/i.test(said)
        ? `another network has addresses of ${subnet}.0/24: name three numbers that are free here, as in npm run local -- --subnet 10.99.1`
        : `Docker could not make the demo's network: ${said.trim().split("\n").pop()}`;
}
