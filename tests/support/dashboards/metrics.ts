import type { SyntaxNode } from "@lezer/common";
import { parsePromql } from "./grammar";

/** A metric that an expression reads, with the labels that it is narrowed by. */
export interface MetricUse {
    /** Its name, or a regular expression that names match. */
    name: string | RegExp;
    /** Labels in the braces. */
    labels: string[];
}

/** Labels that series are grouped or matched by, and the metrics among which they must be found. */
export interface Grouping {
    labels: string[];
    metrics: MetricUse[];
    /** Labels that functions inside make: `label_replace`, `label_join`, `count_values`. */
    made: string[];
}

/** Every metric that a PromQL expression reads. */
export function metricsIn(expression: string): MetricUse[] {
    return selectors(parsePromql(expression).topNode).map((node) => metricUse(node, expression));
}

/** Every `by (…)`, `on (…)`, `group_left (…)` of a PromQL expression. `without` and `ignoring` name what is to go, which need not be there. */
export function groupingsIn(expression: string): Grouping[] {
    return all(parsePromql(expression).topNode, "GroupingLabels").flatMap((node) => {
        const owner = node.parent;
        if (!owner || owner.getChild("Without") || (owner.getChild("Ignoring") && !before(node, "GroupLeft", "GroupRight"))) return [];
        const scope = owner.name === "AggregateModifier" || owner.name === "MatchingModifierClause" ? owner.parent! : owner;
        return [{ labels: names(node, expression), metrics: selectors(scope).map((each) => metricUse(each, expression)), made: madeLabels(scope, expression) }];
    });
}

function before(node: SyntaxNode, ...kinds: string[]): boolean {
    return node.prevSibling !== null && kinds.includes(node.prevSibling.name);
}

function metricUse(node: SyntaxNode, expression: string): MetricUse {
    const matchers = all(node, "UnquotedLabelMatcher", "QuotedLabelMatcher").map((matcher) => {
        const [label, operator, value] = children(matcher).map((child) => text(child, expression));
        return { label: unquoted(label), operator, value: unquoted(value) };
    });
    const named = matchers.find(({ label }) => label === "__name__");
    const identifier = node.getChild("Identifier");
    const name = identifier ? text(identifier, expression) : named ? (named.operator === "=~" ? new RegExp(`^(?:${named.value})$`) : named.value) : "";
    return { name, labels: matchers.map(({ label }) => label).filter((label) => label !== "__name__") };
}

function madeLabels(scope: SyntaxNode, expression: string): string[] {
    const calls = all(scope, "FunctionCall").filter((call) => /^label_(replace|join)/.test(text(call, expression)));
    const made = calls.flatMap((call) => call.getChild("FunctionCallBody")?.getChildren("StringLiteral").slice(0, 1) ?? []);
    const counted = all(scope, "AggregateExpr").filter((each) => /^count_values/.test(text(each, expression))).flatMap((each) => each.getChild("FunctionCallBody")?.getChildren("StringLiteral").slice(0, 1) ?? []);
    return [...made, ...counted].map((node) => unquoted(text(node, expression)));
}

function names(grouping: SyntaxNode, expression: string): string[] {
    return children(grouping).map((child) => unquoted(text(child, expression)));
}

function selectors(node: SyntaxNode): SyntaxNode[] {
    return all(node, "VectorSelector");
}

/** The node itself and everything below it of these kinds. */
function all(node: SyntaxNode, ...kinds: string[]): SyntaxNode[] {
    return [...(kinds.includes(node.name) ? [node] : []), ...children(node).flatMap((child) => all(child, ...kinds))];
}

function children(node: SyntaxNode): SyntaxNode[] {
    const found: SyntaxNode[] = [];
    for (let child = node.firstChild; child; child = child.nextSibling) found.push(child);
    return found;
}

function text(node: SyntaxNode, expression: string): string {
    return expression.slice(node.from, node.to);
}

function unquoted(literal: string): string {
    return /^["'`]/.test(literal) ? literal.slice(1, -1) : literal;
}
