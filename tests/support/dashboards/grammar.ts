import { createRequire } from "node:module";
import type { Tree } from "@lezer/common";
import type { LRParser } from "@lezer/lr";
import { Language } from "./queries";

/** The languages' own grammars. They come as both kinds of modules, but their types as one of them only, which `import` would refuse here. */
const load = createRequire(__filename);
const PARSERS = Object.fromEntries(
    [["promql", "@prometheus-io/lezer-promql"], ["logql", "@grafana/lezer-logql"], ["traceql", "@grafana/lezer-traceql"]].map(([name, grammar]) => [name, (load(grammar) as { parser: LRParser }).parser]),
);

/** What is wrong with an expression by its language's own grammar; undefined where it is right. Every variable must have its value. */
export function syntaxProblem(language: Language, text: string): string | undefined {
    if (language === "traceId") return /^[0-9a-fA-F]{0,32}$/.test(text.trim()) ? undefined : `no trace id: ${text}`;
    if (!text.trim()) return "an empty expression";
    const errors: number[] = [];
    PARSERS[language].parse(text).iterate({ enter: ({ type, from }) => void (type.isError && errors.push(from)) });
    const at = errors[0];
    return at === undefined ? undefined : `not ${NAMES[language]} at character ${at + 1}: ${text.slice(Math.max(0, at - 40), at)}⟨here⟩${text.slice(at, at + 40)}`;
}

const NAMES = { promql: "PromQL", logql: "LogQL", traceql: "TraceQL" };

/** The tree of a PromQL expression. */
export function parsePromql(text: string): Tree {
    return PARSERS.promql.parse(text);
}
