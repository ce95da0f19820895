import Mocha from "mocha";
import { missingParts } from "./parts";

/** Mocha's spec reporter, ended by the parts that were missing and by the line that the gate reads. */
class Reporter extends Mocha.reporters.Spec {
    constructor(runner: Mocha.Runner, options: Mocha.MochaOptions) {
        super(runner, options);
        // At once, not only at the end: an end-to-end run goes on for many minutes after a failure.
        runner.on("fail", (_, error: Error) => console.log(`      ${error.message.slice(-6000).replaceAll("\n", "\n      ")}`));
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
