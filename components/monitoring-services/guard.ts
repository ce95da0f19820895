import { BundleFile } from "../bundle";
import { NETWORK } from "./services";

/** The bridge of the containers' network, by a name of its own, so that the rules hold before Docker makes it. */
export const BRIDGE = `br-${NETWORK}`;
/** Connections to the gateway that one source address may have at a time. The gateway's own limit of open files is above it. */
export const CONNECTIONS_PER_SOURCE = 400;
const PROGRAM = "/usr/local/lib/photogather-monitoring/guard-network";
const UNIT = "photogather-monitoring-guard.service";
/** Chains of ours; `iptables -nvL` shows them and what they refused. */
const CHAIN = "MONITORING-GUARD";
const REFUSED = "MONITORING-REFUSED";
/** Where clouds hand out an instance's credentials (the second: to containers on ECS). */
const METADATA = ["169.254.169.254", "169.254.170.2"];

/** A program that sets the rules of the containers' network, and a unit that runs it before Docker at each boot. */
export function renderGuard(): BundleFile[] {
    return [
        { path: PROGRAM, mode: "0755", content: guardProgram() },
        { path: `/etc/systemd/system/${UNIT}`, content: guardUnit() },
    ];
}

/**
 * The rules go into the chain that Docker keeps free for its users, and are replaced as a whole, so there is no moment without them.
 * Docker itself keeps outsiders from ports that are not published only where it was the one to turn forwarding on (before Docker 28): a neighbour
 * on the same network segment with a route to the containers' network would otherwise reach backends that ask for no login.
 */
function guardProgram(): string {
    const inward = `-A ${CHAIN} ! -i ${BRIDGE} -o ${BRIDGE}`;
    return `#!/bin/sh
# Written by photogather-monitoring: who may come into the containers' network, and where containers may not go.
set -eu
command -v iptables-restore >/dev/null || { echo "photogather-monitoring: iptables is missing on this host; install it" >&2; exit 1; }
iptables -w -n -L DOCKER-USER >/dev/null 2>&1 || iptables -w -N DOCKER-USER
iptables-restore -w --noflush <<'END'
*filter
:${REFUSED} - [0:0]
:${CHAIN} - [0:0]
-A ${REFUSED} -m limit --limit 30/min -j LOG --log-prefix "monitoring refused: "
-A ${REFUSED} -p tcp -j REJECT --reject-with tcp-reset
-A ${REFUSED} -j DROP
${METADATA.map((address) => `-A ${CHAIN} -i ${BRIDGE} -d ${address}/32 -j ${REFUSED}`).join("\n")}
${inward} -m conntrack --ctstate RELATED,ESTABLISHED -j RETURN
${inward} -m conntrack ! --ctstate DNAT -j ${REFUSED}
${inward} -p tcp --syn -m connlimit --connlimit-above ${CONNECTIONS_PER_SOURCE} --connlimit-mask 32 -j ${REFUSED}
COMMIT
END
iptables -w -C DOCKER-USER -j ${CHAIN} 2>/dev/null || iptables -w -I DOCKER-USER -j ${CHAIN}
`;
}

function guardUnit(): string {
    return `# Written by photogather-monitoring.
[Unit]
Description=Guard of the monitoring containers' network
Before=docker.service

[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=${PROGRAM}

[Install]
WantedBy=docker.service
`;
}

/** Shell text that sets the rules now and at each boot. */
export function guardApplyScript(): string {
    return `${PROGRAM} || fail "the containers' network cannot be guarded on this host (see above)"
if [ -d /run/systemd/system ]; then systemctl daemon-reload; systemctl --quiet enable ${UNIT}; fi
`;
}

/** Shell text that takes the rules away. Runs any number of times. */
export function guardRemoveScript(): string {
    return `if command -v iptables >/dev/null && iptables -w -n -L ${CHAIN} >/dev/null 2>&1; then
  iptables -w -D DOCKER-USER -j ${CHAIN} 2>/dev/null || :
  for chain in ${CHAIN} ${REFUSED}; do iptables -w -F $chain; done
  for chain in ${CHAIN} ${REFUSED}; do iptables -w -X $chain; done
fi
if [ -d /run/systemd/system ]; then systemctl --quiet disable ${UNIT} 2>/dev/null || :; fi
`;
}
