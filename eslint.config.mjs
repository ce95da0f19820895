import js from "@eslint/js";
import tseslint from "typescript-eslint";

export default tseslint.config(
    { ignores: ["node_modules/", "out/", "dist/", "examples/was/", "examples/*/monitoring/", "examples/*/sdks/", "examples/*/venv/"] },
    js.configs.recommended,
    ...tseslint.configs.recommended,
    {
        files: ["**/*.ts"],
        languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
        rules: {
            "@typescript-eslint/no-floating-promises": "error",
            "@typescript-eslint/no-unused-vars": ["error", { argsIgnorePattern: "^_" }],
            "max-lines": ["error", { max: 300, skipBlankLines: true }],
            "max-len": ["error", { code: 240, ignoreStrings: true, ignoreTemplateLiterals: true, ignoreRegExpLiterals: true }],
            quotes: ["error", "double", { avoidEscape: true, allowTemplateLiterals: true }],
            semi: "error",
            indent: ["error", 4, { SwitchCase: 1, ignoredNodes: ["TemplateLiteral *"] }],
            "no-trailing-spaces": "error",
        },
    },
    { files: ["tests/**/*.ts"], rules: { "max-lines": ["error", { max: 450, skipBlankLines: true }] } },
);
