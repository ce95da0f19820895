import assert from "node:assert/strict";
import { planRestartDigests, planServiceBundle, renderServiceFiles } from "../../components/monitoring-services/files";
import { validateLogin } from "../../components/monitoring-services/login";
import { GithubLoginArgs, GoogleLoginArgs } from "../../components/monitoring-services/login-args";
import { sampleServices } from "../support/services";

const SECRET = "client-secret-0123456789";
const github = (change: object = {}) => ({ clientId: "Ov23liExample", clientSecret: SECRET, allowedOrganizations: ["example"], ...change });
const google = (change: object = {}) => ({ clientId: "123-example.apps.googleusercontent.com", clientSecret: SECRET, allowedDomains: ["example.com"], ...change });
const files = (login: object) => renderServiceFiles(sampleServices({ login }));
const ini = (login: object) => files(login).find(({ path }) => path.endsWith("/grafana.ini"))!.content;
const problems = (login: { github?: GithubLoginArgs; google?: GoogleLoginArgs }, tls = "ca") => validateLogin(login, tls).map(({ path, message }) => `${path}: ${message}`);

/** The keys that Grafana's documentation has for these sections; it says nothing of a key that it does not know. */
const DOCUMENTED = [
    "enabled", "name", "icon", "allow_sign_up", "auto_login", "client_id", "client_secret", "scopes", "auth_url", "token_url", "api_url", "allowed_domains", "hosted_domain", "team_ids",
    "allowed_organizations", "role_attribute_path", "role_attribute_strict", "org_mapping", "allow_assign_grafana_admin", "skip_org_role_sync", "use_pkce", "use_refresh_token", "tls_skip_verify_insecure",
];

describe("logins with accounts from elsewhere", () => {
    it("are not there unless asked for", () => assert.doesNotMatch(ini({}), /auth\.(github|google)/));

    it("are for members of the organizations, by keys that Grafana has", () => {
        const text = ini({ github: github({ adminTeams: ["@example/platform"], editorTeams: ["@example/web"] }), google: google({ admins: ["alice@example.com"] }) });
        const sections = text.split(/^(?=\[)/m).filter((section) => /^\[auth\.(github|google)\]/.test(section));
        assert.equal(sections.length, 2);
        for (const section of sections) for (const [, key] of section.matchAll(/^(\w+) = /gm)) assert.ok(DOCUMENTED.includes(key), key);
        assert.match(sections[0], /^allowed_organizations = example$/m);
        assert.match(sections[0], /^role_attribute_path = """contains\(groups\[\*\], '@example\/platform'\) && 'Admin' \|\| contains\(groups\[\*\], '@example\/web'\) && 'Editor' \|\| 'Viewer'"""$/m);
        assert.match(sections[1], /^allowed_domains = example.com$/m);
        assert.match(sections[1], /^role_attribute_path = """email=='alice@example.com' && 'Admin' \|\| 'Viewer'"""$/m);
    });

    it("have their secrets in files that Grafana alone reads; another one replaces its container", () => {
        const all = files({ github: github(), google: google() });
        for (const name of ["github", "google"]) {
            const file = all.find(({ path }) => path.endsWith(`/grafana/${name}-client-secret`));
            assert.deepEqual([file?.content, file?.mode, file?.owner], [SECRET, "0400", "472:0"]);
            assert.match(ini({ github: github(), google: google() }), new RegExp(`client_secret = \\$__file\\{/etc/grafana/${name}-client-secret\\}`));
        }
        assert.ok(!ini({ github: github(), google: google() }).includes(SECRET));
        assert.notEqual(planRestartDigests(all).grafana, planRestartDigests(files({ github: github({ clientSecret: "another-secret-01" }), google: google() })).grafana);
    });

    it("are refused where they would let everybody in", () => {
        assert.deepEqual(problems({ github: github(), google: google() }), []);
        assert.match(problems({ github: github({ allowedOrganizations: [] }) }).join(), /^github\.allowedOrganizations: expected at least one organization: without it everybody/);
        assert.match(problems({ google: google({ allowedDomains: [] }) }).join(), /^google\.allowedDomains: expected at least one domain: without it everybody/);
        assert.match(problems({ google: google({ allowedDomains: ["gmail.com"] }) }).join(), /^google\.allowedDomains\[0\]: .*everybody can have an account/);
        assert.throws(() => planServiceBundle(sampleServices({ login: { github: github({ allowedOrganizations: [] }) } })), /login\.github\.allowedOrganizations/);
        assert.match(problems({ github: github() }, "off").join(), /needs an encrypted gateway/);
    });

    it("are refused with what no account can have, or could end the expression that it stands in", () => {
        for (const change of [{ allowedOrganizations: ["a b"] }, { adminTeams: ["@other/team"] }, { adminTeams: ["platform"] }, { editorTeams: ["@example/x') || 'Admin"] }, { clientId: "" }, { clientSecret: "x y" }]) {
            assert.equal(problems({ github: github(change) }).length, 1, JSON.stringify(change));
        }
        for (const change of [{ allowedDomains: ["example"] }, { admins: ["alice@other.com"] }, { editors: ["x'||'@example.com"] }, { admins: ["Alice@example.com"] }]) {
            assert.equal(problems({ google: google(change) }).length, 1, JSON.stringify(change));
        }
    });
});
