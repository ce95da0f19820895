import { Bundle, BundleDirectory, BundleFile } from "../bundle";
import { registrationFiles } from "../metrics-target/registration";
import { failOn } from "../problems";
import { KnownServicesArgs, MonitoringServicesArgs } from "./args";
import { adminPasswordProgram } from "./admin-password";
import { renderAlertmanager } from "./alertmanager";
import { digest, renderLoki, renderPrometheus, renderTempo } from "./backends";
import { renderDiscovery } from "./discovery";
import { renderWatchdog, WATCHDOG_DIRECTORIES } from "./disk-watchdog";
import { renderGateway } from "./gateway";
import { renderGrafana } from "./grafana";
import { renderGuard } from "./guard";
import { organizationsProgram } from "./organizations";
import { CONFIG, DATA, EVERY_SERVICE, planServices, Service } from "./services";
import { renderRelays } from "./relay";
import { renderShutdown } from "./shutdown";
import { registrationPolicies, validateMonitoringServices } from "./validate";

/** Names the bundle on the host. */
export const BUNDLE = "monitoring-services";

/**
 * Every file and directory of ours on the monitoring host.
 *
 * @throws pulumi.RunError where a value that was an Output until now is wrong.
 */
export function planServiceBundle(args: KnownServicesArgs): Bundle {
    failOn("MonitoringServices", validateMonitoringServices({ ...args, machine: {} } as MonitoringServicesArgs));
    const registration = registrationFiles({
        dataDirectory: args.dataDirectory ?? DATA,
        environments: registrationPolicies(args),
    });
    const discovery = renderDiscovery(args.environments);
    const relays = renderRelays(args);
    return {
        machine: "monitoring",
        name: BUNDLE,
        directories: [...planDirectories(args.dataDirectory ?? DATA, planServices(args)), ...WATCHDOG_DIRECTORIES, ...registration.directories, ...discovery.directories, ...relays.directories],
        files: [
            ...renderServiceFiles(args), ...renderWatchdog(args), adminPasswordProgram(), organizationsProgram(), ...registration.files, ...discovery.files, ...relays.files, ...renderGuard(), ...renderShutdown(),
        ],
    };
}

/** The services' own files. */
export function renderServiceFiles(args: KnownServicesArgs): BundleFile[] {
    return [...renderGateway(args), ...renderPrometheus(args), ...renderAlertmanager(args), ...renderLoki(args), ...renderTempo(args), ...renderGrafana(args)];
}

/** Directories that must be there, files or no files, with the owner that each image runs as. */
function planDirectories(data: string, services: Service[]): BundleDirectory[] {
    return [
        ...services.flatMap(({ name, configuration }) => (configuration?.directories ?? []).map((directory) => ({ path: `${CONFIG}/${name}/${directory}` }))),
        { path: data, mode: "0755" },
        ...services.filter((service) => service.data && !service.data.path).map(({ name, user }) => ({ path: `${data}/${name}`, mode: "0750", owner: user })),
    ];
}

/** For each service a digest of the files that it cannot reload; "" where it can reload all of them. */
export function planRestartDigests(files: BundleFile[]): Record<string, string> {
    return Object.fromEntries(
        EVERY_SERVICE.map(({ name, configuration }) => {
            const own = files.filter(({ path }) => path.startsWith(`${CONFIG}/${name}/`) && configuration?.readAtStart?.test(path));
            return [name, own.length > 0 ? digest(own) : ""];
        }),
    );
}
