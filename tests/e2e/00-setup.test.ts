import { Lab } from "./support/lab";
import { lack } from "../support/parts";
import { World } from "./support/world";

/** Parts without which nothing here can run: then every test is skipped, or fails where they are required. */
before(function () {
    const [missing] = Lab.lacking();
    if (missing) lack(this as unknown as Mocha.Context, missing);
});

after(async function () {
    this.timeout(180_000);
    const world = await World.current;
    if (world && Object.keys(world.figures).length > 0) {
        console.log("\n  figures (seconds)");
        for (const [name, seconds] of Object.entries(world.figures)) console.log(`    ${name.padEnd(28)}${seconds.toFixed(1).padStart(8)}`);
    }
    await World.end();
});
