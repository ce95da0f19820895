/** What is said where names are not found, or nobody answers: by Docker, apt, Maven, Pulumi and curl. */
const OFFLINE = /no such host|server misbehaving|network is unreachable|no route to host|i\/o timeout|connection refused|connection timed out|Client\.Timeout exceeded|TLS handshake timeout|proxyconnect|Temporary failure resolving|Could not resolve (?:host|')|Unknown host/i;
/** What does not answer on this machine is one of the demo's own. Docker's resolver in its networks is 127.0.0.11, and speaks for the network. */
const OWN = /127\.0\.0\.1\b|localhost/;
const FULL = /no space left on device/i;

/**
 * Why something is not possible, in one sentence with its mend, where it is the network's fault or the disk's; undefined where something else is wrong.
 *
 * @param what that fails, e.g. `the image could not be built`
 * @param said by whoever failed
 */
export function explainCause(what: string, said: string): string | undefined {
    const lines = said.split("\n");
    const full = lines.find((each) => FULL.test(each));
    if (full) return `${what}, as Docker's disk is full (${quoted(full)}): make room there (docker system df shows what takes it; Docker Desktop: Settings, Resources), and run the same command again`;
    const offline = lines.find((each) => OFFLINE.test(each) && !OWN.test(each));
    return offline && `${what}, as the network does not answer (${quoted(offline)}): look at this machine's network, or the proxy that Docker uses, and run the same command again`;
}

function quoted(line: string): string {
    return line.trim().slice(-200);
}

/** Why Docker did not make the demo's network. */
export function explainNetwork(subnet: string, said: string): string {
    return /overlap/i.test(said)
        ? `another network has addresses of ${subnet}.0/24: name three numbers that are free here, as in npm run local -- --subnet 10.99.1`
        : `Docker could not make the demo's network: ${said.trim().split("\n").pop()}`;
}
