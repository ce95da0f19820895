import assert from "node:assert/strict";
import fc from "fast-check";
import { Bundle, decodeBundle, encodeBundle } from "../../components/bundle";
import { hostileString } from "../support/hostile";

const bundle = (content: string): Bundle => ({
    machine: "host-1", name: "test", directories: [{ path: "/srv/data", mode: "0750", owner: "10001:10001" }],
    files: [{ path: "/etc/x/a.conf", content, mode: "0640", owner: "root:root" }],
});

describe("file bundle", () => {
    it("any contents survive the journey", () => fc.assert(fc.property(hostileString(), (content) => {
        assert.deepEqual(decodeBundle(encodeBundle(bundle(content))), bundle(content));
    })));
    it("is the same text for the same files, so that a second `up` shows no change", () => assert.equal(encodeBundle(bundle("x")), encodeBundle(bundle("x"))));
    it("fills in mode and owner", () => assert.match(encodeBundle({ ...bundle(""), files: [{ path: "/a", content: "" }] }), /^f 0644 root:root \/a $/m));
    it("ends with a line that tells a whole bundle from one cut off", () => assert.match(encodeBundle(bundle("x")), /\nend\n$/));
    it("refuses paths that a line cannot carry, all at once", () => {
        const files = ["relative", "/a b", "/a/../b"].map((path) => ({ path, content: "" }));
        assert.throws(() => encodeBundle({ ...bundle(""), files }), (error: Error) => ["relative", "/a b", "/a/../b"].every((path) => error.message.includes(`${path}: expected an absolute path`)));
    });
    it("is told from other text", () => assert.equal(decodeBundle('{"format":1}'), undefined));
});
