/** As much of protocol buffers' encoding as the bench writes. */

/** A field that holds a message, bytes or text. */
export function field(number: number, content: Buffer | string): Buffer {
    const body = typeof content === "string" ? Buffer.from(content) : content;
    return Buffer.concat([varint(number * 8 + 2), varint(body.length), body]);
}

/** A field that holds a whole number. */
export function whole(number: number, value: number): Buffer {
    return Buffer.concat([varint(number * 8), varint(value)]);
}

/** A field of eight bytes, as times have it. */
export function fixed64(number: number, eight: Buffer): Buffer {
    return Buffer.concat([varint(number * 8 + 1), eight]);
}

export function varint(value: number): Buffer {
    const bytes: number[] = [];
    let rest = value;
    for (; rest >= 128; rest = Math.floor(rest / 128)) bytes.push((rest % 128) | 128);
    return Buffer.from([...bytes, rest]);
}
