/**
 * `npm run backup -- --stack prod [--to DIR] [--stop]`: everything that the monitoring host stores, as one file. The services stand still for as long as
 * it takes to copy what they are writing to, and go on; with `--stop` they stay stopped, as before a move.
 */
import * as fs from "node:fs";
import * as path from "node:path";
import { parseArgs } from "node:util";
import { BACKUP_FORMAT, BackupHeader, readBackup } from "./upkeep/archive";
import { requireStack, runTool } from "./cli";
import { reachByState, runOnHost } from "./upkeep/host";
import { readOwner, SERVICE_NAMES } from "./upkeep/owner";

/** The services are let go after this long whatever happens: agents and the gateway wait for 30 seconds. */
const MAX_PAUSE_SECONDS = 25;

runTool(async () => {
    const { values } = parseArgs({ options: { stack: { type: "string" }, to: { type: "string", default: "backups" }, stop: { type: "boolean", default: false } } });
    const stack = requireStack(values.stack, "backup");
    const { directory, images, sshFiles } = readOwner(stack);
    const reach = reachByState(sshFiles, stack);
    fs.mkdirSync(values.to, { recursive: true, mode: 0o700 });
    const file = path.join(values.to, `${stack.replaceAll("/", "-")}-${new Date().toISOString().slice(0, 19).replaceAll(":", "")}Z.tar.gz`);
    const start = performance.now();
    const header = await receive(file, values.stop, async (output) => {
        const request = { do: "backup", format: BACKUP_FORMAT, stack, directory, images, services: SERVICE_NAMES, stop: values.stop, maxPauseSeconds: MAX_PAUSE_SECONDS };
        await runOnHost(reach, request, { output });
    });
    await runOnHost(reach, { do: "mark", directory, time: header.time, images: header.images });
    console.log(report(file, header, (performance.now() - start) / 1000));
});

/** Writes a file that has its name only once it is whole and was read back. */
async function receive(file: string, stop: boolean, fill: (output: fs.WriteStream) => Promise<void>): Promise<BackupHeader> {
    const partial = `${file}.partial`;
    try {
        await fill(fs.createWriteStream(partial, { mode: 0o600 }));
        const header = await readBackup(partial);
        fs.renameSync(partial, file);
        return header;
    } catch (error) {
        const stopped = stop ? ". Were the services on the host left stopped? There, `docker start $(docker ps -aq --filter name=monitoring-)` starts them" : "";
        throw new Error(`${(error as Error).message}${stopped}`, { cause: error });
    } finally {
        fs.rmSync(partial, { force: true });
    }
}

function report(file: string, { files, bytes, pauseSeconds, images }: BackupHeader, seconds: number): string {
    const mib = (size: number) => `${(size / (1 << 20)).toFixed(1)} MiB`;
    return [
        `${file}: ${mib(fs.statSync(file).size)}, ${files} files and directories of ${mib(bytes)}, in ${seconds.toFixed(0)} s.`,
        pauseSeconds === undefined ? "The services on the host are stopped, and stay so." : `The services stood still for ${pauseSeconds.toFixed(2)} s.`,
        `Of ${Object.values(images).join(", ")}.`,
        "It may hold secrets of Grafana's database: keep it as you keep passwords.",
    ].join("\n");
}
