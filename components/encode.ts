/**
 * Encoders: one per language that a rendered file is written in. Each turns one value into one literal of that language,
 * so that no value can end its string, start a placeholder or add a line. Numbers and booleans stay bare where the language has them.
 */
export type Encoder = (value: unknown) => string;

/** A double-quoted YAML (and JSON) scalar. Non-ASCII line breaks and control characters, which YAML 1.1 readers fold, are escaped. */
export const yaml: Encoder = (value) =>
    JSON.stringify(value ?? null).replace(/[\u007f-\u009f\u2028\u2029\ufeff]/g, (c) => "\\u" + c.charCodeAt(0).toString(16).padStart(4, "0"));

/** An Alloy literal: its strings follow Go's rules, of which JSON's escapes are a part. */
export const alloy: Encoder = (value) => yaml(value);

/** One POSIX shell word. */
export const shell: Encoder = (value) => `'${text(value).replace(/'/g, `'\\''`)}'`;

/**
 * One Caddyfile token. Inside double quotes only `\"` is an escape, and `{` starts a placeholder unless escaped.
 *
 * @throws RangeError where the Caddyfile language cannot carry the value (line breaks, or a backslash at the end or before a quote or brace).
 */
export const caddy: Encoder = (value) => {
    const plain = text(value);
    if (/[\r\n]/.test(plain) || /\\(?=["{}]|$)/.test(plain)) throw new RangeError(`a Caddyfile cannot carry the value ${JSON.stringify(plain)}`);
    return `"${plain.replace(/["{}]/g, (c) => "\\" + c)}"`;
};

/**
 * The right-hand side of a grafana.ini key. Triple quotes keep `#`, `;`, quotes and blanks; `$__` and `${` would be expanded.
 *
 * @throws RangeError where an ini file cannot carry the value.
 */
export const ini: Encoder = (value) => {
    if (typeof value === "number" || typeof value === "boolean") return String(value);
    const plain = text(value);
    if (/[\r\n]/.test(plain) || plain.includes('"""') || /\$(\{|__)|%\(/.test(plain)) throw new RangeError(`grafana.ini cannot carry the value ${JSON.stringify(plain)}`);
    // Blanks at the ends of a bare value would be cut off.
    return /^[\w./:@ -]*$/.test(plain) && plain.trim() === plain ? plain : `"""${plain}"""`;
};

/** A word of a systemd unit's command line or a quoted `Environment=` value: C-style escapes, `%` and `$` doubled. */
export const systemd: Encoder = (value) => {
    const plain = text(value);
    const escaped = plain.replace(/["\\]/g, (c) => "\\" + c).replace(/\n/g, "\\n").replace(/\r/g, "\\r").replace(/%/g, "%%").replace(/\$/g, "$$$$");
    return `"${escaped}"`;
};

/**
 * The value of one line of an environment file, for systemd's `EnvironmentFile=` and `docker --env-file`. Docker keeps quotes, systemd takes them off:
 * so only characters that both read as themselves are let through.
 *
 * @throws RangeError where the two readers would differ.
 */
export const env: Encoder = (value) => {
    const plain = text(value);
    if (!/^[A-Za-z0-9_@%+=:,;./[\]-]*$/.test(plain)) throw new RangeError(`an environment file cannot carry the value ${JSON.stringify(plain)}`);
    return plain;
};

function text(value: unknown): string {
    return value === undefined || value === null ? "" : String(value);
}
