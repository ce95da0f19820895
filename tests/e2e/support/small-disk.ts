import { DATA } from "../../../components/monitoring-services/services";
import { Undo } from "./traffic";
import { eventually } from "../../support/wait";
import { World } from "./world";

/** Where the small disk is mounted while data is copied. */
const ASIDE = "/mnt/small";
const FILLER = `${DATA}/filler`;

/** Moves the services' data onto a disk of its own with little room; undone, it is back where it was. */
export async function onSmallDisk({ monitor }: World, freeMiB: number): Promise<Undo> {
    const whileStopped = async (script: string) => {
        const ids = (await monitor.must("docker ps -q --filter name=monitoring-")).split("\n").join(" ");
        await monitor.must(`docker stop --time 30 ${ids} >/dev/null && ${script} && docker start ${ids} >/dev/null`);
        const healthy = async () => Number(await monitor.must("docker ps -q --filter health=healthy --filter name=monitoring- | wc -l")) === ids.split(" ").length || undefined;
        await eventually("the services to be well", 180, healthy);
    };
    await whileStopped(`mkdir -p ${ASIDE} && mount -t tmpfs -o size=$(($(du -sm ${DATA} | cut -f 1) + ${freeMiB}))m,mode=0755 tmpfs ${ASIDE} && cp -a ${DATA}/. ${ASIDE} && mount --bind ${ASIDE} ${DATA}`);
    return () => whileStopped(`rm -f ${FILLER} ${FILLER}.2 && umount ${DATA} && find ${DATA} -mindepth 1 -delete && cp -a ${ASIDE}/. ${DATA} && umount ${ASIDE}`);
}

/** Fills the disk up to a share of it. */
export async function fillTo({ monitor }: World, percent: number): Promise<void> {
    const free = "df --output=size,avail -k";
    await monitor.must(`${free} ${DATA} | tail -1 | { read size avail; dd if=/dev/zero of=${FILLER} bs=1k count=$((avail - size * ${100 - percent} / 100)) status=none; }`);
}

/** Fills it until nothing more can be written; gives what the system said. */
export async function fillUp({ monitor }: World): Promise<string> {
    return (await monitor.exec(`dd if=/dev/zero of=${FILLER}.2 bs=4k status=none`)).stderr;
}

/** Makes room again. */
export async function makeRoom({ monitor }: World): Promise<void> {
    await monitor.must(`rm -f ${FILLER} ${FILLER}.2`);
}
