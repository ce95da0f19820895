import { Attack, bearer, GATEWAY, Ground, markedLine, raw, request } from "./kit";

const basic = (user: string, password: string): string => `Authorization: Basic ${Buffer.from(`${user}:${password}`).toString("base64")}`;
const login = (ground: Ground, user: string, password: string) => raw(ground, request(ground, "POST", "/login", [], JSON.stringify({ user, password })));

/** Fewer than five for `admin`, who would have to wait otherwise. */
const defaults: Attack[] = [
    { what: "admin with admin, at the login page", send: (g) => login(g, "admin", "admin"), answer: /^401$/, logged: GATEWAY },
    { what: "admin with admin, by basic auth", send: (g) => raw(g, request(g, "GET", "/api/org", [basic("admin", "admin")])), answer: /^401$/, logged: GATEWAY },
    { what: "admin without a password", send: (g) => raw(g, request(g, "GET", "/api/org", [basic("admin", "")])), answer: /^401$/, logged: GATEWAY },
    { what: "an environment's token as a token of Grafana's", send: (g) => raw(g, request(g, "GET", "/api/org", [bearer(g.tokens.prod)])), answer: /^401$/, logged: GATEWAY },
    { what: "a proxy's word for who it is", send: (g) => raw(g, request(g, "GET", "/api/org", ["X-WEBAUTH-USER: admin", "X-Grafana-User: admin", "X-JWT-Assertion: x"])), answer: /^401$/, logged: GATEWAY },
];

const anonymous: Attack[] = ([
    ["GET", "/api/org"], ["GET", "/api/search"], ["GET", "/api/datasources"], ["GET", "/api/datasources/proxy/uid/loki/loki/api/v1/labels"], ["GET", "/api/users"], ["GET", "/api/admin/settings"], ["GET", "/api/admin/stats"],
    ["GET", "/api/dashboards/home"], ["GET", "/api/dashboards/uid/service"], ["GET", "/api/snapshots/x"], ["POST", "/api/snapshots"], ["GET", "/render/d/service"], ["GET", "/avatar/x"], ["POST", "/api/ds/query"],
    ["POST", "/api/user/signup"], ["POST", "/api/user/signup/step2"], ["POST", "/api/user/password/send-reset-email"], ["GET", "/api/live/ws"], ["GET", "/apis/"], ["GET", "/api/public/dashboards/x"], ["GET", "/api/plugins"],
    ["POST", "/api/admin/users"], ["POST", "/api/auth/keys"], ["POST", "/api/serviceaccounts"], ["GET", "/public/../../../../etc/passwd"], ["GET", "/public/plugins/text/..%2f..%2f..%2f..%2fetc%2fpasswd"],
] as [string, string][]).map(([method, target]) => ({
    what: `${method} ${target} without a login`, send: (ground) => raw(ground, request(ground, method, target, [], method === "POST" ? "{}" : "")), answer: /^401$/, logged: GATEWAY,
}));

/** What backends would do for anybody who reaches them, through Grafana's data source proxy. `PUT` and `DELETE` to Prometheus it refuses itself. */
const DANGEROUS: [string, string, string][] = [
    ["POST", "loki", "/loki/api/v1/push"], ["POST", "loki", "/otlp/v1/logs"], ["POST", "loki", "/loki/api/v1/delete?query=%7Bapplication%3D~%22.%2B%22%7D&start=0"], ["POST", "loki", "/flush"], ["POST", "loki", "/ingester/shutdown"],
    ["GET", "loki", "/ingester/shutdown"], ["GET", "loki", "/config"], ["GET", "loki", "/loki/api/v1/..%2f..%2f..%2fconfig"], ["GET", "loki", "/loki/api/v1/%2e%2e/%2e%2e/%2e%2e/config"], ["GET", "loki", "/debug/pprof/heap"], ["GET", "loki", "/loki/api/v1/delete"],
    ["POST", "tempo", "/v1/traces"], ["POST", "tempo", "/api/overrides"], ["GET", "tempo", "/shutdown"], ["GET", "tempo", "/flush"], ["GET", "tempo", "/status/config"],
    ["POST", "prometheus", "/api/v1/write"], ["POST", "prometheus", "/api/v1/otlp/v1/metrics"], ["POST", "prometheus", "/api/v1/admin/tsdb/delete_series?match[]=up"], ["PUT", "prometheus", "/-/quit"], ["POST", "prometheus", "/-/reload"],
    ["GET", "prometheus", "/metrics"], ["GET", "prometheus", "/debug/pprof/cmdline"], ["GET", "prometheus", "/api/v1/..%2f..%2fmetrics"], ["GET", "prometheus", "/api/v1/query/%2e%2e/admin/tsdb/snapshot"],
];

const VIEWER = { login: "viewer", password: "a-viewer-of-the-tests" };

function proxied(who: string, credentials: (ground: Ground) => string): Attack[] {
    return DANGEROUS.map(([method, uid, target]) => ({
        what: `${method} ${uid}${target.split("?")[0]} through Grafana, as ${who}`,
        send: (ground) => raw(ground, request(ground, method, `/api/datasources/proxy/uid/${uid}${target}`, [credentials(ground)], method === "POST" ? markedLine(ground) : "")), answer: /^403$/, logged: GATEWAY,
    }));
}

const viewer: Attack[] = [
    ...proxied("a viewer", () => basic(VIEWER.login, VIEWER.password)),
    ...([["GET", "/api/admin/settings"], ["POST", "/api/admin/users"], ["POST", "/api/admin/provisioning/datasources/reload"]] as [string, string][]).map(([method, target]): Attack => ({
        what: `${method} ${target} as a viewer`, send: (ground) => raw(ground, request(ground, method, target, [basic(VIEWER.login, VIEWER.password)], "{}")), answer: /^403$/, logged: GATEWAY,
    })),
];

/** A user whose password somebody guesses: after five wrong ones the right one does not help either. */
const guessing: Attack[] = [{
    what: "the right password, after five wrong ones", answer: /^401$/, logged: GATEWAY,
    send: async (ground) => {
        await createUser(ground, "guessed", VIEWER.password);
        for (let i = 0; i < 5; i++) await login(ground, "guessed", `wrong-${i}`);
        return login(ground, "guessed", VIEWER.password);
    },
}];

/** As the admin does. */
async function createUser(ground: Ground, name: string, password: string): Promise<void> {
    const { text, body } = await raw(ground, request(ground, "POST", "/api/admin/users", [basic("admin", ground.password)], JSON.stringify({ name, login: name, password })));
    if (text !== "200") throw new Error(`cannot make the user ${name}: ${body.slice(-300)}`);
}

/** The users that the attacks are made as. */
export async function prepareGrafana(ground: Ground): Promise<void> {
    await createUser(ground, VIEWER.login, VIEWER.password);
    const { text } = await login(ground, VIEWER.login, VIEWER.password);
    if (text !== "200") throw new Error(`the viewer cannot log in: ${text}`);
}

export const grafanaAttacks: Attack[] = [...defaults, ...anonymous, ...proxied("the admin", (ground) => basic("admin", ground.password)), ...viewer, ...guessing];
