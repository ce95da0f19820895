import * as fs from "node:fs";
import * as zlib from "node:zlib";

/** CRC-32 as zip has it; `zlib.crc32` is there from Node 20.15 on. */
const crc32 = (zlib as unknown as { crc32(data: Buffer): number }).crc32;

/** Writes a zip archive of one executable, stored: it is read once, on this machine. */
export function zipOne(archive: string, name: string, data: Buffer): void {
    const nameBytes = Buffer.from(name);
    const fields = (signature: number, lead: number[]) => {
        const block = Buffer.alloc(28 + lead.length * 2);
        block.writeUInt32LE(signature, 0);
        lead.forEach((value, index) => block.writeUInt16LE(value, 4 + index * 2));
        const at = 4 + lead.length * 2;
        // Flags, method (stored), time, date (1980-01-01), CRC, both sizes, length of the name, length of the extra field.
        [0, 0, 0, 0x21].forEach((value, index) => block.writeUInt16LE(value, at + index * 2));
        block.writeUInt32LE(crc, at + 8);
        block.writeUInt32LE(data.length, at + 12);
        block.writeUInt32LE(data.length, at + 16);
        block.writeUInt16LE(nameBytes.length, at + 20);
        block.writeUInt16LE(0, at + 22);
        return block;
    };
    const crc = crc32(data);
    const local = fields(0x04034b50, [20]);
    // Made by Unix, so that the mode below counts.
    const entry = Buffer.concat([fields(0x02014b50, [0x031e, 20]), Buffer.alloc(14)]);
    entry.writeUInt32LE((0o100755 << 16) >>> 0, entry.length - 8);
    const end = Buffer.alloc(22);
    const directoryAt = local.length + nameBytes.length + data.length;
    end.writeUInt32LE(0x06054b50, 0);
    end.writeUInt16LE(1, 8);
    end.writeUInt16LE(1, 10);
    end.writeUInt32LE(entry.length + nameBytes.length, 12);
    end.writeUInt32LE(directoryAt, 16);
    const file = fs.openSync(`${archive}.new`, "w");
    for (const part of [local, nameBytes, data, entry, nameBytes, end]) fs.writeSync(file, part);
    fs.closeSync(file);
    fs.renameSync(`${archive}.new`, archive);
}
