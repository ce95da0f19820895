import assert from "node:assert/strict";
import fc from "fast-check";
import { planBudget, servicesMemoryMiB } from "../../components/monitoring-services/budget";
import { planContainers } from "../../components/monitoring-services/containers";
import { OrganizationArgs } from "../../components/monitoring-services/organization-args";
import { planDataSources, planOrganizations, validateOrganizations } from "../../components/monitoring-services/organizations";
import { LABEL_PROXY, planImages, planServices, SERVICES } from "../../components/monitoring-services/services";
import { memberPasswords, organizationsOf } from "../../stacks/organizations";
import type { OwnerConfig } from "../../stacks/schema";
import { sampleServices } from "../support/services";

const password = "a-first-password";
/** With passwords that are known, as they are when the files are rendered. */
const known = { shop: { environments: ["dev"], members: { "alice@example.com": { password } } } };
const shop = (change: Partial<OrganizationArgs> = {}): Record<string, OrganizationArgs> => ({ shop: { ...known.shop, ...change } });

describe("organizations of Grafana", () => {
    describe("data sources", () => {
        it("are those of the main organization, for these environments, and none of them leads past the label proxy to metrics", () => {
            const sources = planDataSources(["loadtest", "dev"]) as { uid: string; url: string; jsonData: Record<string, string>; secureJsonData: Record<string, string> }[];
            assert.deepEqual(sources.map(({ uid, url, secureJsonData }) => [uid, url, secureJsonData.httpHeaderValue1]), [
                ["prometheus", "http://label-proxy:8080", "dev|loadtest"],
                ["loki", "http://gateway:2022", "dev|loadtest"], ["loki-dev", "http://gateway:2022", "dev"], ["loki-loadtest", "http://gateway:2022", "loadtest"],
                ["tempo", "http://gateway:2023", "dev|loadtest"], ["tempo-dev", "http://gateway:2023", "dev"], ["tempo-loadtest", "http://gateway:2023", "loadtest"],
            ]);
            for (const { jsonData } of sources) assert.equal(jsonData.httpHeaderName1, "X-Scope-OrgID");
        });
        it("are written as the API takes them: a dollar sign is one, and there is no field of provisioning files", () => {
            const text = JSON.stringify(planDataSources(["dev"]));
            assert.ok(!text.includes("$$"), text);
            assert.match(text, /\$\{__value\.raw\}/);
            assert.ok(!text.includes('"editable"'));
        });
    });

    it("nothing is said without any; with some, the dashboards' digest makes it run again when one changes", () => {
        assert.equal(planOrganizations(sampleServices()), "");
        const plan = (dashboards: Record<string, string>) => JSON.parse(planOrganizations(sampleServices({ organizations: known, dashboards }))) as { dashboards: string; organizations: object; withoutDashboards: string[] };
        const [before, after] = [plan({}), plan({ "a.json": '{"uid":"a","title":"A"}' })];
        assert.notEqual(before.dashboards, after.dashboards);
        assert.deepEqual(before.organizations, after.organizations);
        assert.deepEqual(before.withoutDashboards, ["monitoring"]);
    });

    describe("their container", () => {
        it("is there with them only", () => {
            assert.deepEqual([planServices(), planServices({ organizations: {} })], [SERVICES, SERVICES]);
            assert.deepEqual(planServices({ organizations: shop() }).slice(SERVICES.length), [LABEL_PROXY]);
            assert.equal(planImages()["label-proxy"], undefined);
            assert.match(planImages({}, "mirror.example.com", planServices({ organizations: shop() }))["label-proxy"], /^mirror\.example\.com\/quay\.io\/prometheuscommunity\/prom-label-proxy:v\d/);
        });
        it("takes its memory from what the others get, on every host that is allowed", () => {
            fc.assert(fc.property(fc.integer({ min: 1532, max: 64000 }), (memory) => {
                const rest = servicesMemoryMiB(memory, { organizations: shop() });
                const total = Object.values(planBudget(rest)).reduce((sum, { limitMiB }) => sum + limitMiB, LABEL_PROXY.memory.smallestMiB);
                assert.ok(total <= memory - 366);
                assert.equal(servicesMemoryMiB(memory), memory);
            }));
        });
        it("is confined as the others are, under a user that nobody else has, and enforces the label by the header that Grafana sets", () => {
            const plan = planContainers({ dataDirectory: "/data", memoryMiB: 1808, port: 8080, acme: false, organizations: shop() })["label-proxy"];
            assert.deepEqual([plan.readOnly, plan.capabilities, plan.securityOpts, plan.volumes, plan.ports], [true, { drops: ["ALL"] }, ["no-new-privileges:true"], [], undefined]);
            assert.ok(!SERVICES.some(({ user }) => user === LABEL_PROXY.user));
            for (const flag of ["-label=environment", "-header-name=X-Scope-OrgID", "-regex-match", "-upstream=http://gateway:2021"]) assert.ok((plan.command as string[]).includes(flag), flag);
        });
    });

    describe("are refused", () => {
        const problems = (organizations: Record<string, OrganizationArgs>, login = {}) => validateOrganizations(organizations, ["prod", "dev"], login).map(({ path, message }) => `${path}: ${message}`);

        it("never, where they are good", () => assert.deepEqual(problems({ ...shop(), pay: { environments: ["prod", "dev"] } }), []));
        it("with environments that there are not, or none", () => {
            assert.match(problems(shop({ environments: ["staging"] })).join(), /^shop\.environments\[0\]: /);
            assert.match(problems(shop({ environments: [] })).join(), /^shop\.environments: expected at least one/);
        });
        it("with a role by which a member would get at the other environments", () => {
            assert.match(problems(shop({ members: { bob: { role: "Admin", password } } })).join(), /^shop\.members\.bob\.role: expected one of Viewer, Editor: an Admin may add data sources/);
            assert.match(problems(shop({ members: { bob: { role: "Owner", password } } })).join(), /^shop\.members\.bob\.role: /);
            assert.deepEqual(problems(shop({ members: { bob: { role: "Editor", password } } })), []);
        });
        it("with a member or a name that Grafana would not take, or who is the admin", () => {
            for (const member of ["", "a b", "admin", "Admin", "x/../y"]) assert.equal(problems(shop({ members: { [member]: { password } } })).length, 1, member);
            for (const name of ["", "Main Org.", "a/b"]) assert.equal(problems({ [name]: { environments: ["dev"] } }).length, 1, name);
            assert.match(problems(shop({ members: { bob: { password: "short" } } })).join(), /at least 12 characters/);
        });
        it("together with logins from elsewhere, which Grafana puts into the main organization", () => {
            assert.match(problems(shop(), { github: { clientId: "x" } }).join(), /not together with login/);
            assert.deepEqual(problems({}, { github: { clientId: "x" } }), []);
        });
    });

    it("each member of the config has one first password, a secret, in whichever organizations", () => {
        const owner = { organizations: { shop: { environments: ["dev"], members: { bob: "Editor" } }, pay: { environments: ["dev"], members: { bob: "Viewer" } } } } as unknown as OwnerConfig;
        assert.deepEqual(organizationsOf(owner, (member) => `of ${member}`), {
            shop: { environments: ["dev"], members: { bob: { role: "Editor", password: "of bob" } } }, pay: { environments: ["dev"], members: { bob: { role: "Viewer", password: "of bob" } } },
        });
        assert.deepEqual(memberPasswords({} as OwnerConfig), {});
    });
});
