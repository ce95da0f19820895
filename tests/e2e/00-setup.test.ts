import { Lab } from "./support/lab";
import { lack, standIn } from "../support/parts";
import { sleep } from "../support/wait";
import { World } from "./support/world";

/** Parts without which nothing here can run: then every test is skipped, or fails where they are required. */
before(function () {
    const missing = Lab.lacking();
    for (const name of missing) standIn(name);
    if (missing.length > 0) lack(this as unknown as Mocha.Context, missing[0]);
});

after(async function () {
    this.timeout(0);
    const world = await World.current;
    if (world && Object.keys(world.figures).length > 0) {
        console.log("\n  figures (seconds)");
        for (const [name, seconds] of Object.entries(world.figures)) console.log(`    ${name.padEnd(28)}${seconds.toFixed(1).padStart(8)}`);
    }
    // For a look around after a failure: `E2E_KEEP=600 npm run e2e -- --bail` keeps the hosts that many seconds.
    if (process.env.E2E_KEEP) await sleep(Number(process.env.E2E_KEEP) * 1000);
    await World.end();
});
