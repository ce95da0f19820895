import fc from "fast-check";

/** Strings that end a literal, start a placeholder or add a line in some language that we render. */
export const HOSTILE = [
    `"`, `'`, "`", `"""`, "\\", `\\"`, "{", "}", "{{", "}}", "{{value}}", "{{{x}}}", "{$HOME}", "{env.HOME}", "${HOME}", "$(id)", "$__file{/etc/passwd}",
    "#", "# not a comment", ";", "%", "%s", "&", "<b>", "a: b", "- a", "a\nb", "a\r\nb", "\t", " ", " leading", "trailing ", "null", "true", "0123", "1e3",
    "~", "*", "!tag", "한글 텍스트", "로그 \"오류\"", "\u2028", "\u0085", "\u007f", "🙂", "// x", "/* x */", "$$", "|", ">",
];

/** Hostile strings, alone and mixed with anything. NUL is left out: no file of ours can carry it and validation refuses it. */
export const hostileString = (): fc.Arbitrary<string> =>
    fc.array(fc.oneof(fc.constantFrom(...HOSTILE), fc.string({ unit: "grapheme", maxLength: 8 })), { minLength: 1, maxLength: 4 })
        .map((parts) => parts.join("").replace(/\0/g, ""));
