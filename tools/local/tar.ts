/** A file or, where there is no content, a directory in an archive. */
export interface TarEntry {
    path: string;
    content?: string | Buffer;
    /** Octal. */
    mode: string;
    uid: number;
}

const BLOCK = 512;

/** An archive as `docker cp -` takes it: paths up to 100 bytes, owners as given. */
export function tar(entries: TarEntry[]): Buffer {
    const blocks = entries.flatMap(({ path, content, mode, uid }) => {
        const data = Buffer.from(content ?? "");
        const padding = Buffer.alloc((BLOCK - (data.length % BLOCK)) % BLOCK);
        return [header(content === undefined ? `${path}/` : path, data.length, mode, uid, content === undefined ? "5" : "0"), data, padding];
    });
    return Buffer.concat([...blocks, Buffer.alloc(2 * BLOCK)]);
}

function header(path: string, size: number, mode: string, id: number, type: string): Buffer {
    const name = path.replace(/^\//, "");
    if (Buffer.byteLength(name) > 100) throw new Error(`${path} is too long for this archive`);
    const block = Buffer.alloc(BLOCK);
    const octal = (value: number, width: number) => `${value.toString(8).padStart(width - 1, "0")}\0`;
    const write = (text: string, at: number) => block.write(text, at, "utf8");
    write(name, 0);
    write(octal(parseInt(mode, 8), 8), 100);
    write(octal(id, 8), 108);
    write(octal(id, 8), 116);
    write(octal(size, 12), 124);
    write(octal(Math.floor(Date.now() / 1000), 12), 136);
    write("        ", 148);
    write(type, 156);
    write("ustar\0" + "00", 257);
    write(
        octal(
            block.reduce((sum, byte) => sum + byte, 0),
            7,
        ) + " ",
        148,
    );
    return block;
}
