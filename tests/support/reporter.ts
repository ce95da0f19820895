import Mocha from "mocha";
import { missingParts } from "./parts";

/** From when a suite's time is told. */
const LENGTHY_MS = 10_000;

/** Mocha's spec reporter, ended by the parts that were missing and by the line that the gate reads. */
class Reporter extends Mocha.reporters.Spec {
    constructor(runner: Mocha.Runner, options: Mocha.MochaOptions) {
        super(runner, options);
        // At once, not only at the end: an end-to-end run goes on for many minutes after a failure.
        runner.on("fail", (_, error: Error) => console.log(`      ${error.message.slice(-6000).replaceAll("\n", "\n      ")}`));
        // Where the time goes: hooks are in it, which the tests' own figures leave out. Not with --parallel, which hands over no parents.
        const start = performance.now();
        let begun = start;
        runner.on("suite end", (suite) => {
            const now = performance.now();
            if (suite.parent?.root && now - begun > LENGTHY_MS) console.log(`    ${((now - begun) / 1000).toFixed(0)} s, ${((now - start) / 1000).toFixed(0)} s from the start\n`);
            if (suite.parent?.root) begun = now;
        });
        runner.once("end", () => {
            const { passes, failures, pending } = runner.stats!;
            const missing = missingParts();
            // After the spec reporter's own summary, which it prints on the same event.
            setImmediate(() => {
                if (missing.length > 0) console.log(`missing parts: ${missing.join(", ")} (programs can be taken out of their images: .ci/parts-from-images DIR, then DIR on PATH)`);
                console.log(`${passes} passed, ${failures} failed, ${pending} skipped`);
            });
        });
    }
}

// Mocha loads a reporter with require and takes the module itself.
export = Reporter;
