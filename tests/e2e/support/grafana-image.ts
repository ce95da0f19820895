import * as fs from "node:fs";
import * as path from "node:path";
import { findPart } from "../../support/parts";
import { exec } from "./exec";
import { ImageRecipe } from "./image-root";
import { digest, stateDirectory } from "./state";

const SOURCE = path.join(__dirname, "grafana-stand-in");

/** Builds the stand-in's program and gives its image's recipe: paths, user, variables and entry point as in the real image. */
export async function grafanaStandIn(version: string): Promise<ImageRecipe> {
    const program = path.join(stateDirectory("grafana-stand-in"), digest([], [SOURCE]).slice(0, 16));
    if (!fs.existsSync(program))
        await exec(findPart("go") ?? "go", ["build", "-trimpath", "-o", program, "."], {
            cwd: SOURCE,
            env: { CGO_ENABLED: "0", GOFLAGS: "-mod=mod -buildvcs=false" },
        });
    return {
        files: { [program]: "/usr/share/grafana/bin/grafana", [path.join(SOURCE, "run.sh")]: "/run.sh" },
        shell: true,
        glibc: false,
        capabilities: {},
        directories: ["/var/lib/grafana", "/var/log/grafana", "/etc/grafana", "/etc/grafana/provisioning"].map((directory) => ({
            path: directory,
            uid: 472,
            gid: 0,
        })),
        config: [
            `ENV PATH=/usr/share/grafana/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin GF_PATHS_CONFIG=/etc/grafana/grafana.ini ` +
                `GF_PATHS_DATA=/var/lib/grafana GF_PATHS_HOME=/usr/share/grafana GF_PATHS_LOGS=/var/log/grafana ` +
                `GF_PATHS_PLUGINS=/var/lib/grafana/plugins GF_PATHS_PROVISIONING=/etc/grafana/provisioning GRAFANA_VERSION=${version}`,
            "WORKDIR /usr/share/grafana",
            "EXPOSE 3000",
            "USER 472",
            'ENTRYPOINT ["/run.sh"]',
        ],
    };
}
