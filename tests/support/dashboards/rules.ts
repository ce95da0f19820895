import * as YAML from "yaml";
import type { BundleFile } from "../../../components/bundle";
import { syntaxProblem } from "./grammar";
import { filled } from "./placeholders";
import { Language } from "./queries";

/** An expression of a rule, or of a data source's links. */
export interface NamedExpression {
    where: string;
    language: Language;
    text: string;
    /** Name of the series that a recording rule makes. */
    record?: string;
    /** Labels that a recording rule puts on it. */
    labels?: string[];
    /** Link to a dashboard. */
    dashboard?: string;
}

interface RuleFile {
    groups: { name: string; rules: { alert?: string; record?: string; expr: string; labels?: Record<string, string>; annotations?: Record<string, string> }[] }[];
}

/** The expressions of all rule files among a deployment's files: Prometheus' and Loki's. */
export function ruleExpressions(files: BundleFile[]): NamedExpression[] {
    return files.flatMap(({ path, content }) => {
        const [, service] = /\/(prometheus|loki)\/rules\/.*\.ya?ml$/.exec(path) ?? [];
        if (!service) return [];
        const { groups } = YAML.parse(content) as RuleFile;
        return groups.flatMap(({ name, rules }) => rules.map(({ alert, record, expr, labels, annotations }): NamedExpression => ({
            where: `${path.split("/").slice(-2).join("/")} / ${name} / ${alert ?? record}`, language: service === "loki" ? "logql" : "promql", text: expr, record,
            labels: Object.keys(labels ?? {}), dashboard: annotations?.dashboard,
        })));
    });
}

interface DataSourceFile {
    datasources: {
        uid: string;
        type: string;
        jsonData: { tracesToLogsV2?: { query?: string }; tracesToMetrics?: { queries?: { name: string; query: string }[] } };
    }[];
}

/** The expressions that data sources' links are made of. */
export function datasourceExpressions(yaml: string): NamedExpression[] {
    const { datasources } = YAML.parse(yaml) as DataSourceFile;
    // Grafana expands `$NAME` in these files, and `$$` to `$`.
    const expand = (text: string) => text.replace(/\$\$/g, "$");
    return datasources.flatMap(({ uid, jsonData: { tracesToLogsV2, tracesToMetrics } }): NamedExpression[] => [
        ...(tracesToLogsV2?.query ? [{ where: `${uid} / trace to logs`, language: "logql" as const, text: expand(tracesToLogsV2.query) }] : []),
        ...(tracesToMetrics?.queries ?? []).map(({ name, query }) => ({ where: `${uid} / trace to metrics / ${name}`, language: "promql" as const, text: expand(query) })),
    ]);
}

/** Expressions that their language's grammar refuses. */
export function lintExpressions(expressions: NamedExpression[]): string[] {
    return expressions.flatMap(({ where, language, text }) => {
        const scope = { __tags: 'application="shop"', __trace: { traceId: "0af7651916cd43dd8448eb211c80319c" }, __span: { spanId: "00f067aa0ba902b7" } };
        const problem = syntaxProblem(language, filled({ text, language, target: {} }, {}, { scope }));
        return problem === undefined ? [] : [`${where}: ${problem}`];
    });
}
