import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import * as fs from "node:fs";
import * as http from "node:http";
import * as path from "node:path";
import { KnownServicesArgs } from "../../components/monitoring-services/args";
import { planContainers } from "../../components/monitoring-services/containers";
import { renderGrafana } from "../../components/monitoring-services/grafana";
import { organizationsProgram, planOrganizations } from "../../components/monitoring-services/organizations";
import { part } from "../support/parts";
import { freePorts, Running } from "../support/running";
import { eventually } from "../support/wait";
import { sampleServices } from "../support/services";

const PASSWORD = "correct horse battery staple";
const ALICE = { role: "Viewer", password: "alice-first-password" };
const BOB = { role: "Editor", password: "bob-first-password" };

interface Reply { status: number; body: string }

/** Grafana by its stand-in, which keeps organizations as the API of 12.4 does, before a real Prometheus with three environments and the real label proxy. */
describe("organizations of Grafana", function () {
    this.timeout(600_000);
    const running = new Running();
    let ports: Record<string, number>;
    /** What Loki and Tempo would have been asked. */
    const asked: http.IncomingHttpHeaders[] = [];
    let backend: http.Server;
    let python: string;

    const at = (service: string, rest = "") => `http://127.0.0.1:${ports[service]}${rest}`;
    const services = (organizations?: KnownServicesArgs["organizations"]) => sampleServices({ organizations, grafanaAdminPassword: PASSWORD });

    before(async function () {
        const [prometheus, proxy, go] = ["prometheus", "prom-label-proxy", "go"].map((name) => part(this.test!.ctx!, name));
        python = part(this.test!.ctx!, "python3");
        const [grafana, labels, metrics, others] = await freePorts(4);
        ports = { grafana, "label-proxy": labels, prometheus: metrics, others };
        backend = http.createServer((request, response) => { asked.push(request.headers); response.end("{}"); });
        await new Promise<void>((resolve) => backend.listen(others, "127.0.0.1", resolve));

        const jobs = ["prod", "dev", "loadtest"].map((environment) => ({ job_name: environment, scrape_interval: "1s", static_configs: [{ targets: [`127.0.0.1:${metrics}`], labels: { environment } }] }));
        running.write([{ path: "/etc/photogather-monitoring/prometheus.yml", content: JSON.stringify({ scrape_configs: jobs }) }]);
        running.start("prometheus", prometheus, [`--config.file=${running.directory}/prometheus.yml`, `--storage.tsdb.path=${running.data("prometheus")}`, `--web.listen-address=127.0.0.1:${metrics}`]);
        const { command } = planContainers({ dataDirectory: "/data", memoryMiB: 1808, port: 8080, acme: false, organizations: { shop: {} } })["label-proxy"];
        running.start("label-proxy", proxy, (command as string[]).map((flag) => flag.replace("0.0.0.0:8080", `127.0.0.1:${labels}`).replace("http://gateway:2021", at("prometheus"))));

        const rewrite = running.rewriting("grafana", { "http_port = 3000": `http_port = ${grafana}`, "cookie_secure": "cookie_secure", "http://gateway:2021": at("prometheus"), "http://gateway:2022": at("others"), "http://gateway:2023": at("others") });
        running.write(renderGrafana(services()), rewrite);
        fs.writeFileSync(path.join(running.data("grafana"), ".secret-key"), "x");
        const program = path.join(running.directory, "stand-in");
        execFileSync(go, ["build", "-trimpath", "-o", program, "."], { cwd: path.join(__dirname, "..", "e2e", "support", "grafana-stand-in"), env: { ...process.env, CGO_ENABLED: "0", GOFLAGS: "-mod=mod -buildvcs=false" } });
        running.start("grafana", program, ["server", `--config=${running.directory}/grafana/grafana.ini`], { GF_PATHS_DATA: running.data("grafana"), GF_PATHS_PROVISIONING: `${running.directory}/grafana/provisioning` });
        // The program asks Docker for the container's address.
        fs.writeFileSync(path.join(running.directory, "docker"), "#!/bin/sh\necho 127.0.0.1\n", { mode: 0o755 });
        await eventually("Grafana", 20, async () => (await ask("admin", PASSWORD, "/api/user")).status === 200);
        await eventually("samples of all environments", 30, async () => (await environments("admin", PASSWORD)).length === 3);
    });
    after(async () => { backend?.close(); await running.stop(); });

    function ask(user: string, password: string, target: string, headers: Record<string, string> = {}, body?: unknown, method = body === undefined ? "GET" : "POST"): Promise<Reply> {
        const login = `Basic ${Buffer.from(`${user}:${password}`).toString("base64")}`;
        return new Promise((resolve, reject) => {
            const request = http.request(at("grafana", target), { method, headers: { Authorization: login, ...headers } }, (response) => {
                const chunks: Buffer[] = [];
                response.on("data", (chunk: Buffer) => chunks.push(chunk)).on("end", () => resolve({ status: response.statusCode!, body: Buffer.concat(chunks).toString() }));
            });
            request.on("error", reject).end(body === undefined ? undefined : JSON.stringify(body));
        });
    }

    /** Environments that a query of a user's finds, through the data source `prometheus` of the user's own organization. */
    async function environments(user: string, password: string, query = "count by (environment) (up)", headers: Record<string, string> = {}): Promise<string[]> {
        const { status, body } = await ask(user, password, `/api/datasources/proxy/uid/prometheus/api/v1/query?${new URLSearchParams({ query })}`, headers);
        if (status !== 200) return [`HTTP ${status}`];
        const { data } = JSON.parse(body) as { data: { result: { metric: Record<string, string> }[] } };
        return [...new Set(data.result.map(({ metric }) => metric.environment))].sort();
    }

    /** Runs the program as the deployment does, with the backends where they are here. */
    function set(organizations?: KnownServicesArgs["organizations"], password = PASSWORD): Promise<{ code: number | null; said: string }> {
        let spec = planOrganizations(services(organizations));
        for (const [from, to] of [["http://label-proxy:8080", at("label-proxy")], ["http://gateway:2022", at("others")], ["http://gateway:2023", at("others")]]) spec = spec.replaceAll(from, to);
        const text = organizationsProgram().content.replace("http://%s:3000", `http://%s:${ports.grafana}`);
        const child = spawn(python, ["-c", text, "monitoring-grafana", path.join(running.directory, "made"), `${running.directory}/grafana/dashboards`], { env: { PATH: `${running.directory}:/usr/bin:/bin`, http_proxy: "http://127.0.0.1:9" } });
        let said = "";
        for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk: Buffer) => { said += chunk.toString(); });
        child.stdin.end(`${password}\nthe container\n\n${spec}\n`);
        return new Promise((resolve) => child.on("close", (code) => resolve({ code, said })));
    }

    const users = async (org: number) => (JSON.parse((await ask("admin", PASSWORD, `/api/orgs/${org}/users`)).body) as { login: string; role: string }[]).map(({ login, role }) => `${login} ${role}`).sort();
    const idOf = async (name: string) => (JSON.parse((await ask("admin", PASSWORD, `/api/orgs/name/${name}`)).body) as { id?: number }).id;

    it("without any, Grafana is not even asked", async () => {
        assert.deepEqual(await set(undefined, "a wrong password"), { code: 0, said: "" });
    });

    it("members see their environments only, in metrics by whatever query", async () => {
        assert.deepEqual(await set({ shop: { environments: ["dev", "loadtest"], members: { "alice@example.com": ALICE, bob: BOB } } }), { code: 0, said: "" });
        const alice = (query?: string, headers?: Record<string, string>) => environments("alice@example.com", ALICE.password, query, headers);
        await eventually("samples", 10, async () => (await alice()).length === 2);
        assert.deepEqual(await alice(), ["dev", "loadtest"]);
        // What a dashboard has chosen counts beside it.
        assert.deepEqual(await alice('up{environment="dev"}'), ["dev"]);
        for (const query of ['up{environment="prod"}', 'up{environment=~"prod"}', 'up{environment!~"dev|loadtest"}', '{__name__="up", environment="prod"}', 'last_over_time(up{environment="prod"}[5m])', 'max_over_time(up{environment="prod"}[1m:5s])',
            'label_replace(up{environment="prod"}, "environment", "dev", "", "")', 'up{environment="prod"} or up{environment="prod"} offset 1s', 'topk(9, up{environment="prod"} @ end())']) assert.deepEqual(await alice(query), [], query);
        assert.deepEqual(await alice("up", { "X-Scope-OrgID": "prod" }), ["dev", "loadtest"]);
        assert.deepEqual(await alice("up", { "X-Grafana-Org-Id": "1" }), ["HTTP 403"]);
        assert.deepEqual(await environments("admin", PASSWORD), ["dev", "loadtest", "prod"]);
    });

    it("and so in everything else that Prometheus is asked for; what cannot be kept to environments is refused", async () => {
        const get = (target: string) => ask("alice@example.com", ALICE.password, `/api/datasources/proxy/uid/prometheus${target}`);
        const data = async (target: string) => (JSON.parse((await get(target)).body) as { data: unknown[] }).data;
        assert.deepEqual(await data("/api/v1/label/environment/values"), ["dev", "loadtest"]);
        assert.deepEqual(await data('/api/v1/series?match[]=up{environment="prod"}'), []);
        assert.deepEqual(await data('/api/v1/label/job/values?match[]={job=~".%2B"}'), ["dev", "loadtest"]);
        assert.doesNotMatch((await get('/federate?match[]=up{environment="prod"}')).body, /prod/);
        for (const target of ["/api/v1/targets", "/api/v1/metadata", "/api/v1/status/config", "/api/v1/status/tsdb", "/api/v1/targets/metadata", "/metrics", "/api/v1/admin/tsdb/snapshot"]) {
            const { status } = await get(target);
            assert.ok(status >= 400, `${target}: ${status}`);
        }
    });

    it("logs and traces are asked for as the organization's environments, whatever the member says", async () => {
        for (const [uid, tenants] of [["loki", "dev|loadtest"], ["tempo", "dev|loadtest"], ["loki-dev", "dev"], ["tempo-loadtest", "loadtest"]]) {
            asked.length = 0;
            assert.equal((await ask("bob", BOB.password, `/api/datasources/proxy/uid/${uid}/api/x`, { "X-Scope-OrgID": "prod" })).status, 200);
            assert.deepEqual(asked.map((headers) => headers["x-scope-orgid"]), [tenants], uid);
        }
        for (const uid of ["loki-prod", "tempo-prod"]) assert.equal((await ask("bob", BOB.password, `/api/datasources/proxy/uid/${uid}/api/x`)).status, 404);
    });

    it("nobody of them adds or changes a data source, a user or an organization", async () => {
        const source = { name: "x", uid: "x", type: "prometheus", access: "proxy", url: at("prometheus") };
        for (const [user, { password }] of [["alice@example.com", ALICE], ["bob", BOB]] as const) {
            for (const [target, body, method] of [["/api/datasources", source], ["/api/datasources/uid/prometheus", source, "PUT"], ["/api/orgs/1/users", { loginOrEmail: user, role: "Viewer" }], ["/api/orgs", { name: "mine" }], ["/api/admin/users", { login: "x", password: "xxxxxx" }]] as [string, unknown, string?][])
                assert.equal((await ask(user, password, target, {}, body, method)).status, 403, `${method} ${target} as ${user}`);
        }
    });

    it("they are in no other organization, and have the dashboards but that of the deployment itself", async () => {
        const shop = (await idOf("shop"))!;
        assert.deepEqual([await users(1), await users(shop)], [["admin Admin"], ["admin Admin", "alice@example.com Viewer", "bob Editor"]]);
        const found = JSON.parse((await ask("bob", BOB.password, "/api/search")).body) as { uid: string; folderTitle: string }[];
        const all = JSON.parse((await ask("admin", PASSWORD, "/api/search")).body) as { uid: string; folderTitle: string }[];
        const listed = (list: { uid: string; folderTitle: string }[]) => list.map(({ uid, folderTitle }) => `${folderTitle}/${uid}`).sort();
        assert.deepEqual(listed(found), listed(all).filter((name) => !name.endsWith("/monitoring")));
        const correlations = JSON.parse((await ask("bob", BOB.password, "/api/datasources/uid/tempo/correlations")).body) as unknown[];
        assert.equal(correlations.length, 1);
    });

    it("a second run changes nothing; a changed list is all that holds, and passwords stay", async () => {
        const before = fs.readFileSync(path.join(running.data("grafana"), "grafana.db"), "utf8");
        await set({ shop: { environments: ["dev", "loadtest"], members: { "alice@example.com": ALICE, bob: BOB } } });
        assert.deepEqual(JSON.parse(fs.readFileSync(path.join(running.data("grafana"), "grafana.db"), "utf8")), JSON.parse(before));
        await set({ shop: { environments: ["dev"], members: { bob: { role: "Viewer", password: "another-password" } } } });
        assert.deepEqual(await users((await idOf("shop"))!), ["admin Admin", "bob Viewer"]);
        assert.deepEqual(await environments("alice@example.com", ALICE.password), ["HTTP 403"]);
        await eventually("bob sees dev only", 5, async () => (await environments("bob", BOB.password)).join() === "dev");
        assert.equal((await ask("bob", BOB.password, "/api/datasources/proxy/uid/loki-loadtest/api/x")).status, 404);
    });

    it("what a user sees who was in the main organization is the organization's from then on; what the config names no more goes", async () => {
        assert.equal((await ask("admin", PASSWORD, "/api/admin/users", {}, { name: "carol", login: "carol", password: "carol-own-password" })).status, 200);
        assert.deepEqual(await environments("carol", "carol-own-password"), ["dev", "loadtest", "prod"]);
        await set({ pay: { environments: ["loadtest"], members: { carol: { role: "Editor", password: "is-not-taken" } } } });
        assert.deepEqual(await environments("carol", "carol-own-password"), ["loadtest"]);
        assert.equal(await idOf("shop"), undefined);
        assert.deepEqual(await environments("bob", BOB.password), ["HTTP 403"]);
        assert.deepEqual(await set(), { code: 0, said: "" });
        assert.equal(await idOf("pay"), undefined);
        assert.deepEqual(await environments("carol", "carol-own-password"), ["HTTP 403"]);
        assert.equal(fs.readFileSync(path.join(running.directory, "made"), "utf8"), "[]");
    });

    it("fails with what was refused, and without a password", async () => {
        const { code, said } = await set({ shop: { environments: ["dev"], members: { x: ALICE } } }, "a wrong password");
        assert.deepEqual([code, said], [1, "photogather-monitoring: Grafana's organizations are not all as they should be: GET /api/orgs/name/shop was answered with 401\n"]);
    });
});
