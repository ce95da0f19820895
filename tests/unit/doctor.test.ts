import assert from "node:assert/strict";
import * as http from "node:http";
import type { AddressInfo } from "node:net";
import { renderSshFiles } from "../../components/monitoring-services/ssh-files";
import { completeWas } from "../../stacks/complete";
import type { Was } from "../../stacks/model";
import { checkData, checkHost, checkMonitoringHost, checkUnlisted, Finding } from "../../tools/doctor/checks";
import { ApplicationFacts, Backends, DataFacts, loginOf } from "../../tools/doctor/data";
import { HostFacts, parseProbe, renderHostProbe } from "../../tools/doctor/probe";
import { exitCode, renderReport } from "../../tools/doctor/report";
import { parseSshFiles, sshOf } from "../../tools/doctor/stack";

const was = (more: object = {}): Was => completeWas({ name: "dev-was-1", address: "10.0.1.5", application: "shop", logs: { files: ["/var/log/shop/*.log"] }, ...more }, {});
const HEALTHY = [
    "time 1000.25", "disk 43 /", "disk 10 /var/lib/photogather-monitoring", "agent active", "receiver 200", "gateway ok", "java with 1", "",
].join("\n");
const facts = (text = HEALTHY): HostFacts => parseProbe(text, 1000, 1001);
const SHOP: ApplicationFacts = { up: true, sample: 4, line: 12, span: 9, lines: 200, tracedLines: 150, requests: true, buckets: true, bootSpans: false, agentSpans: true, pushesMetrics: false };
const NOTHING: ApplicationFacts = { lines: 0, tracedLines: 0, requests: false, buckets: false, bootSpans: false, agentSpans: false, pushesMetrics: false };
const data = (shop: Partial<ApplicationFacts> = {}, more: Partial<DataFacts> = {}): DataFacts => ({ up: { host: true, agent: true }, applications: { shop: { ...SHOP, ...shop } }, ...more });
const wrong = (findings: Finding[]) => findings.filter(({ state }) => state !== "ok").map(({ check, state }) => `${state} ${check}`);

describe("doctor", () => {
    it("reads what a probe prints", () => {
        assert.deepEqual(facts(), {
            clockSeconds: 0, disks: { "/": 43, "/var/lib/photogather-monitoring": 10 }, agent: "active", missingLogs: [], receiver: "200", gateway: "ok", java: { with: 1, without: 0 }, docker: "", services: [],
        });
    });
    it("takes a clock for right that was read between question and answer, and tells by how much another one is off", () => {
        assert.equal(parseProbe("time 1003.5", 1000, 1001).clockSeconds, 2.5);
        assert.equal(parseProbe("time 990", 1000, 1001).clockSeconds, -10);
    });
    it("finds nothing wrong with a healthy host", () => {
        assert.deepEqual(wrong([...checkHost(was(), facts()), ...checkData(was(), data(), false)]), []);
    });

    const host: [string, string, string, RegExp][] = [
        ["a clock that is off", HEALTHY.replace("1000.25", "1060"), "fail clock", /chrony/],
        ["a disk that fills", HEALTHY.replace("disk 43", "disk 91"), "warn disk", /\/ is 91 % full/],
        ["a full disk", HEALTHY.replace("disk 10", "disk 99"), "fail disk", /photogather-monitoring is 99 %/],
        ["an agent that was stopped", HEALTHY.replace("agent active", "agent inactive"), "fail agent", /is inactive.*repair/],
        ["an agent that is not there", HEALTHY.replace("agent active", "agent "), "fail agent", /is absent/],
        ["an agent that takes no spans", HEALTHY.replace("receiver 200", "receiver 000"), "fail agent", /listenAddress/],
        ["a gateway that is out of reach", HEALTHY.replace("gateway ok", "gateway curl: (28) timed out"), "fail gateway", /timed out/],
        ["logs that are not there", `${HEALTHY}missing /var/log/shop/*.log\n`, "fail log files", /\/var\/log\/shop\/\*\.log/],
        ["an application without the Java agent", HEALTHY.replace("java with 1", "java without 1"), "fail java agent", /start shop with .*shop\.env/],
    ];
    for (const [what, text, expected, mend] of host) {
        it(`tells of ${what}, and how it is mended`, () => {
            const found = checkHost(was(), facts(text));
            assert.deepEqual(wrong(found), [expected]);
            assert.match(found.find(({ state }) => state !== "ok")!.mend, mend);
        });
    }

    const found: [string, DataFacts, string[], RegExp][] = [
        ["an application that is no target", data({ up: undefined }), ["fail samples"], /pulumi up/],
        ["an application that cannot be scraped", data({ up: false }), ["fail samples"], /http:\/\/10\.0\.1\.5:8080\/actuator\/prometheus/],
        ["host metrics that cannot be scraped", data({}, { up: { host: false } }), ["fail host metrics"], /12345/],
        ["missing histograms", data({ buckets: false }), ["warn buckets"], /percentiles-histogram/],
        ["no lines", data({ line: undefined, lines: 0, tracedLines: 0 }), ["fail lines"], /within the last hour/],
        ["quiet logs", data({ line: 2000 }), ["warn lines"], /33 min/],
        ["lines without trace ids", data({ tracedLines: 0 }), ["warn trace ids"], /logging\.pattern\.level/],
        ["no spans", data({ span: undefined, agentSpans: false }), ["fail spans"], /no span/],
        ["double spans", data({ bootSpans: true }), ["warn double spans"], /management\.tracing\.enabled=false/],
        ["OTLP metrics that nobody takes", data({ pushesMetrics: true }), ["warn otlp metrics"], /management\.otlp\.metrics\.export\.enabled=false/],
    ];
    for (const [what, facts, expected, mend] of found) {
        it(`tells of ${what}, and how it is mended`, () => {
            const findings = checkData(was(), facts, false);
            assert.deepEqual(wrong(findings), expected);
            assert.match(findings.find(({ state }) => state !== "ok")!.mend, mend);
        });
    }
    it("takes no spans for what is to be expected where there is no Java agent", () => {
        const host = was({ tracing: { ...was().tracing, javaAgent: false } });
        assert.deepEqual(wrong(checkData(host, data({ span: undefined, agentSpans: false }), false)), ["warn spans"]);
        assert.deepEqual(wrong(checkData(host, data({ bootSpans: true, agentSpans: false }), false)), []);
    });
    it("looks at each application of a host, and names the one that lacks something", () => {
        const host = was({ applications: [{ name: "pay", actuator: { port: 9090 }, logs: { files: ["/var/log/pay/*.log"] } }, { name: "mail", actuator: { enabled: false }, tracing: { javaAgent: false } }] });
        const both = (pay: Partial<ApplicationFacts>) => data({}, { applications: { shop: SHOP, pay: { ...SHOP, ...pay }, mail: NOTHING } });
        assert.deepEqual(wrong(checkData(host, both({}), false)), [], "mail logs nothing, is not scraped and has no Java agent");
        const findings = checkData(host, both({ buckets: false, tracedLines: 0, up: undefined, span: undefined }), false);
        assert.deepEqual(wrong(findings), ["fail samples", "warn buckets", "fail spans"]);
        for (const { state, mend } of findings) if (state !== "ok") assert.match(mend, /^pay: /);
    });
    it("looks for the agent where that sends samples, and for the port where Prometheus scrapes", () => {
        const mends = (sent: boolean, facts: Partial<ApplicationFacts>) => checkData(was(), data({}, { applications: { shop: { ...NOTHING, ...facts } } }), sent).map(({ mend }) => mend).join("\n");
        assert.match(mends(true, {}), /the agent sends none: .*monitoring\.external\.metrics/);
        assert.match(mends(false, {}), /Prometheus does not know the application/);
        assert.match(mends(true, { up: false }), /the agent cannot read http:(?!.*monitoring host)/);
        assert.match(mends(false, { up: false }), /Prometheus cannot read http:.*the port open to the monitoring host/);
    });
    it("logs in at a Grafana of one's own as its tools do, and says what is missing", () => {
        assert.equal(loginOf({ GRAFANA_TOKEN: "glsa_x", GRAFANA_USER: "a" }), "Bearer glsa_x");
        assert.equal(loginOf({ GRAFANA_USER: "a", GRAFANA_PASSWORD: "b" }), `Basic ${Buffer.from("a:b").toString("base64")}`);
        assert.throws(() => loginOf({ GRAFANA_USER: "a" }), /^Error: --grafana needs a login there: .*GRAFANA_TOKEN/);
    });
    it("says so where an answer is cut off half-way, and does not wait for ever", async () => {
        const server = http.createServer((_, response) => { response.writeHead(200, { "Content-Length": "1000" }); response.write("{", () => response.destroy()); });
        await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
        try {
            const { port } = server.address() as AddressInfo;
            await assert.rejects(new Backends({ url: `http://127.0.0.1:${port}`, ca: "", authorization: "Bearer x" }).ask("dev", "dev-was-1", ["shop"]), /^Error: http:\/\/127\.0\.0\.1:\d+ cannot be reached from here: aborted$/);
        } finally {
            server.close();
        }
    });
    it("finds hosts that no list has, by what Prometheus scrapes and what Loki gets, each application once; what was imported is no host", async () => {
        const asked: string[] = [];
        const server = http.createServer(({ url = "" }, response) => {
            asked.push(decodeURIComponent(url.replaceAll("+", " ")));
            const series = [{ instance: "i-2", application: "shop", source: "file" }, { instance: "i-1", application: "shop", source: "journal" }, { instance: "old", application: "shop", source: "import" }, { instance: "dev-was-1", application: "shop", source: "file" }];
            response.end(JSON.stringify(url.includes("/series") ? { data: series } : { data: { result: [{ metric: { instance: "i-1", application: "shop" }, value: [0, "1"] }, { metric: { instance: "i-1", application: "pay" }, value: [0, "1"] }] } }));
        });
        await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
        try {
            const backends = new Backends({ url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, ca: "", authorization: "Bearer x" }, () => 1000);
            assert.deepEqual((await backends.unlisted("dev", ["dev-was-1"])).map(({ instance, application }) => `${instance} ${application}`).sort(), ["i-1 pay", "i-1 shop", "i-2 shop"]);
            assert.ok(asked.some((url) => url.includes('match[]={environment="dev"}&start=700000000000')), asked.join());
        } finally {
            server.close();
        }
    });
    it("tells what such a host lacks, and fails only where it does not answer", () => {
        assert.deepEqual(wrong(checkUnlisted(SHOP)), []);
        assert.deepEqual(wrong(checkUnlisted(NOTHING)), ["warn samples", "warn lines", "warn spans"]);
        assert.deepEqual(wrong(checkUnlisted({ ...SHOP, up: false, sample: undefined })), ["fail samples"]);
    });
    it("does not ask for what the config switched off", () => {
        const off = was({ actuator: { enabled: false }, tracing: { enabled: false }, hostMetrics: { enabled: false }, logs: {} });
        assert.deepEqual(checkData(off, data(NOTHING, { up: {}, applications: { shop: NOTHING } }), false), []);
        const script = renderHostProbe(off, "");
        for (const word of ["receiver", "missing", "gateway"]) assert.doesNotMatch(script, new RegExp(`echo "?${word}`));
    });

    it("tells of containers that do not run, were killed, or started again", () => {
        const text = "time 1000\ndisk 5 /\nservice loki running 0 false healthy\nservice tempo restarting 3 true \nservice grafana running 2 false \nservice gateway running 0 false unhealthy\n";
        assert.deepEqual(wrong(checkMonitoringHost(facts(text))), ["fail tempo", "warn grafana", "fail gateway"]);
        assert.deepEqual(wrong(checkMonitoringHost(facts("time 1000\ndisk 5 /\ndocker ok\n"))), ["fail services"]);
        const without = checkMonitoringHost(facts("time 1000\ndisk 5 /\ndocker Cannot connect to the Docker daemon\n"));
        assert.deepEqual(wrong(without), ["fail docker"]);
        assert.match(without.find(({ state }) => state === "fail")!.mend, /Cannot connect.*systemctl start docker/);
        assert.deepEqual(wrong(checkHost(was({ runtime: "docker" }), facts(HEALTHY.replace("agent active", "agent absent\ndocker Cannot connect")))), ["fail docker"]);
    });

    it("asks the agent's own kind, and looks for log files by whole paths", () => {
        const script = renderHostProbe(was({ runtime: "docker", logs: { files: ["/var/log/shop/**/a.log", "/srv/it's/{a,b}.log"] } }), "https://10.0.0.5:8080");
        assert.match(script, /docker container inspect .* 'photogather-log-agent'/);
        assert.match(script, /find '\/var\/log\/shop' -path '\/var\/log\/shop\/\*a\.log' -type f/);
        assert.doesNotMatch(script, /it's/);
        assert.match(script, /'https:\/\/10\.0\.0\.5:8080\/-\/gateway'/);
    });

    it("shows one line for each host, and below it what is wrong", () => {
        const [ok, bad]: Finding[] = [{ check: "disk", state: "ok", shows: "43 %", mend: "" }, { check: "agent", state: "fail", shows: "inactive", mend: "put it right" }];
        const text = renderReport([{ name: "dev-was-1", findings: [ok] }, { name: "dev-was-2", findings: [ok, bad] }]);
        assert.deepEqual(text.split("\n"), ["host       disk  agent", "dev-was-1  43 %  -", "dev-was-2  43 %  X inactive", "", "X dev-was-2, agent: put it right"]);
        assert.match(renderReport([{ name: "a", findings: [ok] }]), /All is well\.$/);
        assert.deepEqual([exitCode([{ name: "a", findings: [ok] }]), exitCode([{ name: "a", findings: [{ ...bad, state: "warn" }] }]), exitCode([{ name: "a", findings: [bad] }])], [0, 0, 1]);
    });

    it("reaches a host as the program does: its own key, the stack's, through a jump host, through the monitoring host", () => {
        const monitoring = { address: "10.0.0.5", port: 22, user: "ubuntu", hostKey: "ssh-ed25519 M", privateKey: "monitoring" };
        const at = (ssh: object) => sshOf(was({ ssh: { hostKey: "ssh-ed25519 A", ...ssh } }), { deployKey: "deploy", monitoring });
        assert.equal(at({})?.privateKey, "deploy");
        assert.equal(at({ privateKey: "-----BEGIN OPENSSH PRIVATE KEY-----" })?.privateKey, "-----BEGIN OPENSSH PRIVATE KEY-----");
        assert.deepEqual(at({ jump: { address: "b", hostKey: "ssh-ed25519 B" } })?.jump, { address: "b", hostKey: "ssh-ed25519 B", privateKey: "deploy" });
        assert.equal(at({ throughMonitoring: true })?.jump?.privateKey, "monitoring");
        assert.equal(sshOf(was({ local: true }), { deployKey: "" }), undefined);
    });
    it("reads back the connection from the files that `ssh` is given", () => {
        const jump = { address: "bastion.example.com", port: 2222, user: "ops", hostKey: "ssh-ed25519 B", privateKey: "jump key\n" };
        const ssh = { address: "10.0.0.5", port: 22, user: "ubuntu", hostKey: "ssh-ed25519 M", privateKey: "key\n", jump };
        assert.deepEqual(parseSshFiles(renderSshFiles(ssh, ".keys/prod")), ssh);
        assert.deepEqual(parseSshFiles(renderSshFiles({ ...ssh, jump: undefined }, ".keys/prod")), { ...ssh, jump: undefined });
        assert.equal(parseSshFiles({}), undefined);
    });
});
