import * as fs from "node:fs";
import * as path from "node:path";

const ROOT = path.join(__dirname, "..", "..");

/** The code blocks of one language on a page, in their order. */
export function blocksOf(text: string, language: string): string[] {
    return [...text.matchAll(new RegExp(`^\`\`\`${language}\\n([^]*?)^\`\`\`$`, "gm"))].map(([, block]) => block);
}

/** A page's text, by its path from the root. */
export function readPage(page: string): string {
    return fs.readFileSync(path.join(ROOT, page), "utf8");
}

/** The commands that a page has its readers type, one by one and without the variables before them. */
export function commandsOf(page: string): string[] {
    const lines = blocksOf(readPage(page), "sh").flatMap((block) => block.replace(/\\\n\s*/g, "").split("\n")).filter((line) => /\S/.test(line) && !line.startsWith("#"));
    return lines.flatMap((line) => line.split(" && ")).map((command) => command.replace(/^([A-Z_]+=\S* )+/, ""));
}

/** Every page with commands. README.ko.md has those of README.md. */
export const PAGES: string[] = ["README.md", ...fs.readdirSync(path.join(ROOT, "docs")).filter((file) => file.endsWith(".md")).map((file) => `docs/${file}`)].filter((page) => commandsOf(page).length > 0);
