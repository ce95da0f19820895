import assert from "node:assert/strict";
import { drawDashboard, formatted } from "../support/dashboards/picture";

describe("a drawn dashboard", () => {
    const shown = [
        { panel: { type: "row", title: "Now", gridPos: { x: 0, y: 0, w: 24, h: 1 } }, lines: [] },
        {
            panel: { type: "stat", title: "Up", gridPos: { x: 0, y: 1, w: 4, h: 4 }, fieldConfig: { defaults: { unit: "percentunit", thresholds: { steps: [{ color: "red", value: null }, { color: "green", value: 1 }] } } } },
            lines: [{ name: "dev", points: [[0, 1], [15, 0.5]] as [number, number][] }, { name: "prod", points: [[0, 1]] as [number, number][] }],
        },
        { panel: { type: "timeseries", title: "Requests < 1", gridPos: { x: 4, y: 1, w: 8, h: 6 }, fieldConfig: { defaults: { unit: "reqps" } } }, lines: [{ name: "dev", points: [[0, 0], [60, 10]] as [number, number][] }] },
    ];

    it("shows the last value in the colour of its threshold, and curves over their time", () => {
        const svg = drawDashboard({ title: "Environments" }, shown, "a note");
        assert.match(svg, /fill="#c4314b"\/><text [^>]*>dev<\/text><text [^>]*>50\.0%<\/text>/);
        assert.match(svg, /fill="#3e9c4b"\/><text [^>]*>prod<\/text><text [^>]*>100%<\/text>/);
        assert.match(svg, /<polyline [^>]*points="\d+\.\d,\d+\.\d \d+\.\d,\d+\.\d"\/>/);
        assert.match(svg, />Requests &#60; 1</);
        assert.doesNotMatch(svg, /NaN|Infinity|undefined/);
    });

    for (const [value, unit, text] of [[0.0123, "s", "12.3 ms"], [75, "s", "1.25 min"], [0, "reqps", "0 req/s"], [0.5, "percentunit", "50.0%"], [3, "none", "3"], [0.257, "short", "0.26"]] as const) {
        it(`writes ${value} as ${text}`, () => assert.equal(formatted(value, unit), text));
    }
});
