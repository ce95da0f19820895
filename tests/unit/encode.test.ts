import assert from "node:assert/strict";
import fc from "fast-check";
import { parse } from "yaml";
import * as encode from "../../components/encode";
import { hostileString } from "../support/hostile";

/** Reads a Caddyfile token as Caddy's lexer does: inside double quotes only `\"` is an escape; `\{` is one for the replacer. */
function caddyToken(token: string): string {
    assert.match(token, /^"([^"\\]|\\.|\\)*"$/s);
    return token.slice(1, -1).replace(/\\([{}"])/g, "$1");
}

/** Reads one double-quoted word as systemd does. */
function systemdWord(word: string): string {
    const unquoted = word.slice(1, -1).replace(/\\(.)/gs, (_, c: string) => ({ n: "\n", r: "\r" })[c] ?? c);
    return unquoted.replace(/%%/g, "%").replace(/\$\$/g, "$");
}

/** Reads one POSIX shell word made of single-quoted parts. */
function shellWord(word: string): string {
    return word.replace(/'([^']*)'|\\(')/g, (_, quoted: string | undefined, escaped: string | undefined) => quoted ?? escaped ?? "");
}

const property = (check: (value: string) => void) => fc.assert(fc.property(hostileString(), check), { numRuns: 300 });
const orRefused = (encoder: encode.Encoder, value: string, check: (encoded: string) => void) => {
    let encoded: string;
    try { encoded = encoder(value); } catch (error) { assert.ok(error instanceof RangeError); return; }
    check(encoded);
};

describe("encoders", () => {
    it("yaml: any string is one scalar that reads back as itself", () => property((value) => assert.equal(parse(encode.yaml(value)), value)));
    it("yaml: numbers, booleans and null stay bare", () => assert.deepEqual([5, true, null].map(encode.yaml), ["5", "true", "null"]));
    it("yaml: is JSON too, without line breaks of any kind", () => property((value) => {
        assert.equal(JSON.parse(encode.yaml(value)), value);
        assert.doesNotMatch(encode.yaml(value), /[\n\r\u0085\u2028\u2029]/);
    }));
    it("shell: any string is one word", () => property((value) => assert.equal(shellWord(encode.shell(value)), value)));
    it("caddy: a string is one token that reads back as itself, or is refused", () => property((value) => orRefused(encode.caddy, value, (token) => assert.equal(caddyToken(token), value))));
    it("caddy: no placeholder survives", () => assert.equal(encode.caddy("{env.HOME}"), '"\\{env.HOME\\}"'));
    it("ini: a line break, an expansion or a closing quote is refused", () => {
        for (const value of ["a\nb", "$__file{/etc/passwd}", "${HOME}", 'a"""b', "%(x)s"]) assert.throws(() => encode.ini(value), RangeError);
    });
    it("ini: comment signs are kept by triple quotes", () => assert.equal(encode.ini("a;b#c"), '"""a;b#c"""'));
    it("systemd: any string is one word on one line that reads back as itself", () => property((value) => {
        assert.doesNotMatch(encode.systemd(value), /[\n\r]/);
        assert.equal(systemdWord(encode.systemd(value)), value);
    }));
    it("env: what systemd and Docker read differently is refused", () => {
        for (const value of ["a b", "'a'", '"', "$x", "a#b", "한글", "a\nb", "\\"]) assert.throws(() => encode.env(value), RangeError);
        assert.equal(encode.env("service.name=a,b=c"), "service.name=a,b=c");
    });
});
