import assert from "node:assert/strict";
import { DiscoveryArgs } from "../../components/monitoring-services";
import { DISCOVERY, discoveryInstallScript, renderDiscovery, validateDiscovery } from "../../components/monitoring-services/discovery";
import { renderPrometheus } from "../../components/monitoring-services/backends";
import { sampleServices } from "../support/services";

const SAMPLE: DiscoveryArgs = { tags: { role: "was" }, application: "shop" };

describe("finding hosts by EC2 tags", () => {
    it("adds what is found to the environment's own job for applications: limits and labels are the same", () => {
        const args = sampleServices();
        const jobs = (environments: typeof args.environments) => {
            const { content } = renderPrometheus({ ...args, environments }).find(({ path }) => path.endsWith("scrape/dev.yml"))!;
            return JSON.parse(String(content).replace(/^#.*\n/, "")).scrape_configs;
        };
        const before = jobs(args.environments);
        const [application, ...others] = jobs({ ...args.environments, dev: { ...args.environments.dev, discovery: SAMPLE } });
        assert.deepEqual(application, { ...before[0], file_sd_configs: [{ files: [...before[0].file_sd_configs[0].files, "/etc/prometheus/discovered/dev.json"] }] });
        assert.deepEqual(others, before.slice(1));
    });

    it("puts nothing on the host where no environment has it, and takes away what was there", () => {
        assert.deepEqual(renderDiscovery({ prod: {} }), { directories: [], files: [] });
        assert.match(discoveryInstallScript({ prod: {} }), new RegExp(`systemctl stop ${DISCOVERY.unit}\\.timer`));
        assert.match(discoveryInstallScript({ prod: {}, dev: { discovery: SAMPLE } }), /case " dev " in/);
    });

    it("gives the program every value, so that it has no defaults of its own", () => {
        const { files } = renderDiscovery({ dev: { discovery: SAMPLE }, prod: {} });
        const policy = files.find(({ path }) => path === DISCOVERY.policy)!;
        assert.deepEqual(JSON.parse(policy.content as string), { environments: { dev: { ...SAMPLE, port: 8080, path: "/actuator/prometheus", scheme: "http", region: "", endpoint: "" } } });
    });

    const refused: [string, Partial<DiscoveryArgs>, string, RegExp][] = [
        ["no tag", { tags: {} }, "tags", /at least one tag/],
        ["a pattern", { tags: { role: "w*" } }, 'tags["role"]', /without \* and \?/],
        ["no application", { application: undefined }, "application", /one of application/],
        ["two ways to the application", { applicationTag: "Service" }, "application", /one of application/],
        ["an application of two lines", { application: "a\nb" }, "application", /one line/],
        ["a query", { path: "/metrics?x=1" }, "path", /without query/],
        ["another scheme", { scheme: "ftp" }, "scheme", /"http", "https"|http or https|http, https/],
        ["a port of 0", { port: 0 }, "port", /port|65535/],
        ["a zone", { region: "eu-west-1a" }, "region", /expected a region/],
        ["an endpoint with a path", { endpoint: "https://ec2.example.com/x" }, "endpoint", /URL without a path/],
    ];
    for (const [what, change, path, message] of refused) {
        it(`refuses ${what}`, () => {
            const problems = validateDiscovery({ ...SAMPLE, ...change });
            assert.deepEqual(problems.map((problem) => problem.path), [path]);
            assert.match(problems[0].message, message);
        });
    }
});
