import assert from "node:assert/strict";
import { MonitoringHost, MonitoringHostArgs } from "../../components/monitoring-host";
import { UserDataView } from "../../components/monitoring-host/user-data";
import { validateMonitoringHost } from "../../components/monitoring-host/validate";
import { OfflineWorld, Registration, runOffline } from "../../tools/offline";

/** As few arguments as there may be. */
export const args: MonitoringHostArgs = { gatewayFrom: ["10.0.0.0/16", "sg-0123456789abcdef0"], sshFrom: ["203.0.113.0/24", "2001:db8::/32"] };
export const PRIVATE_KEY = "-----BEGIN OPENSSH PRIVATE KEY-----\nx\n-----END OPENSSH PRIVATE KEY-----\n";
/** What the first boot is told. */
export const view: UserDataView = {
    volumeId: "vol-0123456789abcdef0", fromSnapshot: false, dataDirectory: "/var/lib/photogather-monitoring/data", swapMiB: 1024, rebootTime: "",
    hostPrivateKey: PRIVATE_KEY, hostPublicKey: "ssh-ed25519 AAAAhost\n",
};
const world: OfflineWorld = {
    computed: {
        "tls:index/privateKey:PrivateKey": (name) => ({ privateKeyOpenssh: PRIVATE_KEY, publicKeyOpenssh: `ssh-ed25519 AAAA${name}\n` }),
        "aws:ec2/eip:Eip": () => ({ publicIp: "203.0.113.10", publicDns: "ec2-203-0-113-10.example.com", allocationId: "eipalloc-1" }),
        "aws:ec2/instance:Instance": () => ({ privateIp: "10.0.0.10", publicIp: "", arn: "arn:aws:ec2:eu-west-1:123456789012:instance/i-1" }),
        "aws:ebs/volume:Volume": () => ({ arn: "arn:aws:ec2:eu-west-1:123456789012:volume/vol-1" }),
        "aws:route53/record:Record": (_, { name }) => ({ fqdn: name }),
        "aws:iam/role:Role": (name) => ({ name, arn: `arn of ${name}` }),
        "aws:iam/instanceProfile:InstanceProfile": (name) => ({ name }),
        "pulumi:index:Stash": (_, { input }) => ({ output: input }),
    },
    answers: {
        "aws:ssm/getParameter:getParameter": ({ name }) => ({ value: `image of ${name}` }),
        "aws:ec2/getSubnet:getSubnet": ({ id, availabilityZone: zone }) => (
            { id: id ?? `subnet in ${zone}`, availabilityZone: zone ?? "zone-of-subnet", vpcId: "vpc-1" }),
        "aws:ec2/getInstanceTypeOfferings:getInstanceTypeOfferings": () => ({ locations: ["zone-c", "zone-b"] }),
    },
};
/** Problems as `path: message`. */
export const problems = (change: Partial<MonitoringHostArgs>) => validateMonitoringHost({ ...args, ...change }).map(({ path, message }) => `${path}: ${message}`);

/** The tags that everything has. */
export const tagged = (name: string) => ({ Name: name, "pulumi:project": "photogather-monitoring", "pulumi:stack": "test" });

/** Registrations by name, and the component itself. */
export async function make(change: Partial<MonitoringHostArgs> = {}) {
    let host: MonitoringHost | undefined;
    const { registrations, outputs } = await runOffline(() => {
        host = new MonitoringHost("host", { ...args, ...change });
        return { ssh: host.ssh, dnsName: host.dnsName, privateAddress: host.privateAddress, instanceId: host.instanceId };
    }, world);
    const find = (name: string): Registration => {
        const found = registrations.find((registration) => registration.name === name && registration.custom);
        assert.ok(found, `${name} is not registered`);
        return found;
    };
    return { registrations, find, outputs, host: host! };
}
