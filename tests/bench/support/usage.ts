/** Loaded before a program that is measured: what its process took is written when it ends. */
import * as fs from "node:fs";

process.on("exit", () => {
    const { userCPUTime, systemCPUTime, maxRSS } = process.resourceUsage();
    fs.writeFileSync(process.env.USAGE_FILE!, JSON.stringify({ cpu: (userCPUTime + systemCPUTime) / 1e6, mib: maxRSS / 1024 }));
});
