import { shell } from "../../../components/encode";
import { Was } from "./was";

/** Ends what was begun. */
export type Undo = () => Promise<void>;

/** A request that an application is sent again and again. */
export interface Request {
    path: string;
    /** @default "GET" */
    method?: string;
    /** As `Name: value`; `ROUND` in it stands for a number that differs from round to round. @default [] */
    headers?: string[];
}

/** How requests are sent. */
export interface Pace {
    /** Requests per second, one after the other. @default 8 */
    rate?: number;
    /** This many at once instead, as fast as they are answered. @default none */
    parallel?: number;
}

const HAND_MADE = "X-Trace-Id: order-ROUND";

/** What users do: mostly photos, and now and then what is slow, not there, or broken. */
export const MIX: Request[] = [
    ...photos(11),
    { path: "/api/photos/slow?ms=60" },
    ...photos(9),
    { path: "/api/photos/2", headers: [HAND_MADE] },
    ...photos(8),
    { path: "/api/photos/99" },
    ...photos(10),
    { path: "/api/photos/slow?ms=150" },
    ...photos(7),
    { path: "/api/photos/fail" },
];

function photos(count: number): Request[] {
    return Array.from({ length: count }, (_, i) => ({ path: i % 4 === 3 ? "/api/exchange-rate" : `/api/photos/${1 + (i % 3)}` }));
}

/** Steady mixed traffic on applications, from their own hosts; a host's curl takes about a hundredth of a core. */
export async function startTraffic(apps: Was[]): Promise<Undo> {
    const stops = await Promise.all(apps.map((app) => keepRequesting(app, MIX)));
    return async () => { await Promise.all(stops.map((stop) => stop())); };
}

/** Sends an application the same requests round after round, whether it answers or not, until the result is called. */
export async function keepRequesting(app: Was, requests: Request[], { rate = 8, parallel }: Pace = {}): Promise<Undo> {
    const pace = parallel ? `--parallel --parallel-immediate --parallel-max ${parallel}` : `--rate ${rate}/s`;
    const round = `printf '%s' ${shell(requests.map((request) => section(app, request)).join("next\n"))} | sed "s/ROUND/$(date +%s)/" | curl --config - ${pace}`;
    // A session of its own, so that one signal ends the loop and the curl in it.
    const loop = `while :; do ${round}; sleep 0.2; done`;
    const pid = (await app.host.must(`setsid sh -c ${shell(loop)} >/dev/null 2>&1 </dev/null & echo $!`)).trim();
    return async () => { await app.host.must(`kill -- -${pid} 2>/dev/null || :`); };
}

/** One request as curl's config file has it. */
function section(app: Was, { path, method = "GET", headers = [] }: Request): string {
    const options = { url: `http://127.0.0.1:${app.port}${path}`, request: method, output: "/dev/null", "max-time": "30" };
    return ["silent", ...Object.entries(options).map(([name, value]) => `${name} = "${value}"`), ...headers.map((header) => `header = "${header}"`), ""].join("\n");
}
