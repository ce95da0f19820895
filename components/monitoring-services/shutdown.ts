import { BundleFile } from "../bundle";
import { renderTemplate } from "../render";
import { NETWORK } from "./services";

const UNIT = "photogather-monitoring-shutdown.service";

/**
 * A unit that stops the containers when the host shuts down, the gateway before the others, so that nothing is accepted that is not written. Docker alone would stop
 * all of them at once, or none: with `live-restore`, which hosts on EC2 have, it leaves them to be killed with everything else. It starts them again at the next
 * boot (`restart: always`).
 */
export function renderShutdown(): BundleFile[] {
    return [{ path: `/etc/systemd/system/${UNIT}`, content: renderTemplate("monitoring-services/shutdown.service", { network: NETWORK }) }];
}

/** Shell text that runs when the files are in place. A unit that is there already is never restarted: that would stop the services. */
export function shutdownInstallScript(): string {
    return `if [ -d /run/systemd/system ]; then systemctl daemon-reload; systemctl --quiet enable --now ${UNIT}; fi
`;
}

/** Shell text that runs on removal, when the containers are gone. */
export function shutdownRemoveScript(): string {
    return `if [ -d /run/systemd/system ]; then systemctl --quiet disable --now ${UNIT} 2>/dev/null || :; fi
`;
}
