import * as fs from "fs";
import * as path from "path";
import { BundleFile } from "../bundle";
import { shell } from "../encode";
import { NETWORK } from "./services";

/** The program on the host that sets the admin's password in the running Grafana. */
const PROGRAM = "/usr/local/lib/photogather-monitoring/set-admin-password";

/** The program's text: Python 3 of the standard library. */
export function adminPasswordProgram(): BundleFile {
    return { path: PROGRAM, mode: "0700", content: fs.readFileSync(path.join(__dirname, "..", "..", "templates", "grafana", "set-admin-password"), "utf8") };
}

/**
 * Shell text that sets the password on the first line of standard input. The password that was set last stays beside Grafana's data, not among it, where Grafana's container could
 * read it: so it is there with the data on another machine, too.
 */
export function adminPasswordScript(dataDirectory: string): string {
    return `${PROGRAM} ${NETWORK}-grafana ${shell(`${dataDirectory}/grafana-admin-password`)}`;
}
