import * as fs from "node:fs";
import { createGunzip } from "node:zlib";
import { pipeline } from "node:stream/promises";
import { planUpgrade } from "../../components/monitoring-services/upgrade";

/** Raised when the shape changes in a way that an older `restore` cannot read. */
export const BACKUP_FORMAT = 1;

/** The first entry of a backup: what it is of. */
export interface BackupHeader {
    format: number;
    stack: string;
    /** The data directory on the host. */
    directory: string;
    /** Images by service that last ran on the data. */
    images: Record<string, string>;
    /** Seconds since 1970 of the moment that it shows. */
    time: number;
    files: number;
    bytes: number;
    /** For how long the services stood still; absent where they were stopped for good. */
    pauseSeconds?: number;
}

const HEADER_NAME = "photogather-backup.json";
const BLOCK = 512;

/**
 * Reads a backup from its first byte to its last, and gives its header. The host checks each file's sum as well, when it unpacks them.
 *
 * @throws Error in one sentence where it is none of ours, cut off, or changed
 */
export async function readBackup(file: string): Promise<BackupHeader> {
    if (!fs.existsSync(file)) throw new Error(`there is no file ${file}`);
    let start = Buffer.alloc(0);
    try {
        await pipeline(fs.createReadStream(file), createGunzip(), async (chunks: AsyncIterable<Buffer>) => {
            for await (const chunk of chunks) if (start.length < 1 << 16) start = Buffer.concat([start, chunk]);
        });
    } catch (error) {
        throw new Error(explain(file, error as NodeJS.ErrnoException), { cause: error });
    }
    return parseHeader(file, start);
}

function explain(file: string, { code, message }: NodeJS.ErrnoException): string {
    if (code === "Z_BUF_ERROR") return `${file} is cut off: take another backup, or copy it again`;
    if (code === "Z_DATA_ERROR" && /incorrect header check/.test(message)) return `${file} is no backup: npm run backup makes one`;
    if (code === "Z_DATA_ERROR") return `${file} was changed or damaged since it was made (${message}): take another one, or copy it again`;
    return `${file} cannot be read: ${message}`;
}

/** The first entry of a tar archive, which must be ours. */
export function parseHeader(file: string, tar: Buffer): BackupHeader {
    const name = tar.subarray(0, 100).toString("latin1").replace(/\0.*$/s, "");
    const size = parseInt(tar.subarray(124, 136).toString("latin1"), 8);
    if (name !== HEADER_NAME || !(tar.length >= BLOCK + size)) throw new Error(`${file} is no backup: npm run backup makes one`);
    const header = JSON.parse(tar.subarray(BLOCK, BLOCK + size).toString("utf8")) as BackupHeader;
    if (header.format !== BACKUP_FORMAT) throw new Error(`${file} has format ${header.format}, and this version reads ${BACKUP_FORMAT}: restore it with the version of this project that made it`);
    return header;
}

/**
 * Why the images that would run cannot be relied on to read a backup. A newer minor version may: the backup itself is the way back. A newer major version,
 * an older version, and one that cannot be told may not.
 */
export function checkReadable(header: BackupHeader, images: Record<string, string>): string[] {
    return planUpgrade(header.images, images)
        .filter(({ direction, from, to }) => direction !== "up" || from.line[0] !== to.line[0])
        .map(({ service, from, to, direction }) => {
            const relation = direction === "down" ? "is older" : direction === "up" ? "is of another major version" : "may be any version";
            return `${service}: the backup is of ${from.image}, and ${to.image}, which the config asks for, ${relation}; set monitoring.images.${service} to "${from.image}" and restore again`;
        });
}
