import { renderTemplate } from "../render";
import { SETUP_STATE } from "./setup-state";

/** What the first boot needs to know, all values known. */
export interface UserDataView {
    /** Id of the data volume, `vol-…`. */
    volumeId: string;
    /** True where the volume comes from a snapshot, and so must hold a file system. */
    fromSnapshot: boolean;
    dataDirectory: string;
    swapMiB: number;
    /** When the machine may restart for an update, `HH:MM`; "" for never. */
    rebootTime: string;
    /** The machine's own SSH key, made in advance so that it is known before the first connection. */
    hostPrivateKey: string;
    hostPublicKey: string;
}

/** EC2's limit for user data. */
const MAX_BYTES = 16 * 1024;

/**
 * Cloud-config of the machine's first boot. A change of it replaces the machine (not the data), so it holds only what must be there before
 * the first SSH connection; everything else is MonitoringServices' to put there.
 */
export function renderUserData(view: UserDataView): string {
    const text = renderTemplate("monitoring-host/user-data.yml", {
        setup: renderSetup(view), hostPrivateKey: view.hostPrivateKey.trim() + "\n", hostPublicKey: view.hostPublicKey.trim(),
        automaticReboot: renderAutomaticReboot(view.rebootTime),
        dockerDropIn: `[Unit]\nRequiresMountsFor=${view.dataDirectory}\n`,
    });
    if (Buffer.byteLength(text) > MAX_BYTES) throw new RangeError(`user data has ${Buffer.byteLength(text)} bytes, and EC2 takes ${MAX_BYTES}`);
    return text;
}

/** What unattended-upgrades does with an update that needs a restart. */
function renderAutomaticReboot(time: string): string {
    return time
        ? `Unattended-Upgrade::Automatic-Reboot "true";\nUnattended-Upgrade::Automatic-Reboot-Time "${time}";\n`
        : 'Unattended-Upgrade::Automatic-Reboot "false";\n';
}

/** What the script of the first boot needs of it. */
export type SetupView = Pick<UserDataView, "volumeId" | "fromSnapshot" | "dataDirectory" | "swapMiB">;

/** The script of the first boot. */
export function renderSetup({ volumeId, fromSnapshot, dataDirectory, swapMiB }: SetupView): string {
    return renderTemplate("monitoring-host/setup.sh", { volumeId, fromSnapshot: fromSnapshot ? "yes" : "", dataDirectory, swapMiB, state: SETUP_STATE });
}
