import assert from "node:assert/strict";
import * as fs from "node:fs";
import * as path from "node:path";
import { Described, renderSchema, Schema } from "../../tools/schema";

const KEPT = path.join(__dirname, "..", "..", "components", "schema.json");

describe("the package's schema", function () {
    // Pulumi compiles all of the components.
    this.timeout(600_000);
    let schema: Schema;
    before(() => {
        const rendered = renderSchema();
        if (process.env.UPDATE_GOLDEN) fs.writeFileSync(KEPT, rendered);
        schema = JSON.parse(rendered) as Schema;
        assert.deepEqual(fs.readFileSync(KEPT, "utf8").split("\n"), rendered.split("\n"), "components/schema.json differs from the components; write it with: UPDATE_GOLDEN=1 npm test");
    });

    it("has every component", () => assert.deepEqual(Object.keys(schema.resources).map((token) => token.replace("photogather-monitoring:index:", "")), [
        "LogAgent", "MembersGuard", "MetricsTarget", "MonitoringHost", "MonitoringServices", "OtelJavaAgent",
    ]));

    it("describes every component, type and property", () => assert.deepEqual(undescribed(schema), []));

    it("says what is not described", () => {
        const bad = structuredClone(schema);
        delete bad.types["photogather-monitoring:index:Target"].properties.kind.description;
        delete bad.resources["photogather-monitoring:index:LogAgent"].description;
        assert.deepEqual(undescribed(bad), ["photogather-monitoring:index:LogAgent", "photogather-monitoring:index:Target.kind"]);
    });

    it("says what a property is by default", () => assert.match(schema.types["photogather-monitoring:index:Target"].properties.path.description!, /\n\nDefault: "\/metrics"$/));
});

function undescribed({ resources, types }: Schema): string[] {
    const described = (token: string, { description }: Described, ...properties: Record<string, Described>[]): string[] => [
        ...(description ? [] : [token]), ...properties.flatMap((record) => Object.entries(record).filter(([, { description }]) => !description).map(([property]) => `${token}.${property}`)),
    ];
    return [
        ...Object.entries(resources).flatMap(([token, resource]) => described(token, resource, resource.inputProperties, resource.properties)),
        ...Object.entries(types).flatMap(([token, type]) => described(token, type, type.properties)),
    ];
}
