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

/** The commands that a page has its readers type, each on one line. */
export function commandsOf(page: string): string[] {
    return blocksOf(readPage(page), "sh").flatMap((block) => block.replace(/\\\n\s*/g, "").split("\n")).filter((line) => /\S/.test(line) && !line.startsWith("#"));
}

/** Every page with commands. README.ko.md has those of README.md. */
export const PAGES: string[] = ["README.md", ...fs.readdirSync(path.join(ROOT, "docs")).filter((file) => file.endsWith(".md")).map((file) => `docs/${file}`)].filter((page) => commandsOf(page).length > 0);
