import assert from "node:assert/strict";
import { parse } from "yaml";
import { renderLoki, renderPrometheus, renderTempo } from "../../components/monitoring-services/backends";
import { KnownServicesArgs, MonitoringServicesArgs } from "../../components/monitoring-services";
import { validateLongTerm } from "../../components/monitoring-services/long-term";
import { sampleServices } from "../support/services";

const BLOCKS = { bucket: "shop-monitoring", region: "ap-northeast-2", accessKeyId: "key", secretAccessKey: "secret-of-the-bucket", since: "2026-12-01" };
const REMOTE = { url: "https://mimir.example.com/api/v1/push", username: "12345", password: "key-of-long-term", ca: "-----BEGIN CERTIFICATE-----\nQ0E=\n-----END CERTIFICATE-----\n" };
const files = (change: Partial<KnownServicesArgs>) => [...renderPrometheus(sampleServices(change)), ...renderLoki(sampleServices(change)), ...renderTempo(sampleServices(change))];
const file = (name: string, change: Partial<KnownServicesArgs>) => files(change).find(({ path }) => path.endsWith(`/${name}`))!;

describe("data that is kept elsewhere, or besides", () => {
    it("Loki's lines of before stay on disk, those from the day on are in the bucket", () => {
        const { schema_config, storage_config, compactor } = parse(file("loki.yml", { blocks: BLOCKS }).content);
        assert.deepEqual(schema_config.configs.map((each: Record<string, string>) => [each.from, each.object_store]), [["2024-01-01", "filesystem"], ["2026-12-01", "s3"]]);
        assert.deepEqual([storage_config.aws.endpoint, storage_config.aws.s3forcepathstyle, storage_config.aws.insecure, compactor.delete_request_store], ["s3.ap-northeast-2.amazonaws.com", false, false, "s3"]);
        const first = parse(file("loki.yml", { blocks: { ...BLOCKS, since: "2024-01-01", endpoint: "minio.example.com:9000" } }).content);
        assert.deepEqual([first.schema_config.configs.length, first.storage_config.aws.s3forcepathstyle], [1, true]);
        assert.equal(parse(file("loki.yml", {}).content).schema_config.configs[0].object_store, "filesystem");
    });
    it("Tempo's blocks are below a prefix of their own", () => {
        const { backend, s3, local } = parse(file("tempo.yml", { blocks: BLOCKS }).content).storage.trace;
        assert.deepEqual([backend, s3.bucket, s3.prefix, s3.endpoint, local.path], ["s3", "shop-monitoring", "tempo", "s3.ap-northeast-2.amazonaws.com", "/var/tempo/blocks"]);
        assert.equal(parse(file("tempo.yml", {}).content).storage.trace.backend, "local");
    });
    it("the bucket's key is in files that only root and the backend can read", () => {
        const holders = files({ blocks: BLOCKS }).filter(({ content }) => content.includes(BLOCKS.secretAccessKey));
        assert.deepEqual(holders.map(({ path, mode, owner }) => [path.split("/").pop(), mode, owner]), [["loki.yml", "0640", "root:10001"], ["tempo.yml", "0640", "root:10001"]]);
    });
    it("Prometheus reads an endpoint's password from a file that only root and it can read, and notices when that changes", () => {
        const { remote_write: [endpoint] } = parse(file("prometheus.yml", { remoteWrite: [REMOTE] }).content);
        assert.deepEqual([endpoint.url, endpoint.basic_auth, endpoint.tls_config], [REMOTE.url, { username: "12345", password_file: "/etc/prometheus/remote-write-0-password" }, { ca_file: "/etc/prometheus/remote-write-0-ca.pem" }]);
        const { content, mode, owner } = file("remote-write-0-password", { remoteWrite: [REMOTE] });
        assert.deepEqual([content, mode, owner], [REMOTE.password, "0640", "root:65534"]);
        const changed = (password: string) => file("prometheus.yml", { remoteWrite: [{ ...REMOTE, password }] }).content;
        assert.notEqual(changed("one"), changed("another"));
        assert.equal(parse(file("prometheus.yml", {}).content).remote_write, undefined);
    });
    it("bad values are refused, each with its place", () => {
        const problems = (args: Partial<MonitoringServicesArgs>) => validateLongTerm(args).map(({ path, message }) => `${path}: ${message}`);
        assert.deepEqual(problems({ blocks: BLOCKS, remoteWrite: [REMOTE] }), []);
        assert.match(problems({ blocks: { ...BLOCKS, bucket: "Shop" } })[0], /^blocks\.bucket: expected a bucket's name/);
        assert.match(problems({ blocks: { ...BLOCKS, endpoint: "https://minio" } })[0], /^blocks\.endpoint: expected HOST or HOST:PORT without a scheme/);
        assert.match(problems({ blocks: { ...BLOCKS, since: "December" } })[0], /^blocks\.since: expected a day/);
        assert.match(problems({ remoteWrite: [{ ...REMOTE, url: "mimir" }] })[0], /^remoteWrite\[0\]\.url: expected a URL/);
        assert.match(problems({ remoteWrite: [{ url: REMOTE.url, sigv4: { region: "ap-northeast-2" } }] })[0], /^remoteWrite\[0\]\.sigv4: containers reach no instance profile/);
        assert.match(problems({ remoteWrite: [{ ...REMOTE, password: undefined }] })[0], /^remoteWrite\[0\]: expected username and password together/);
    });
});
