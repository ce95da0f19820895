import * as pulumi from "@pulumi/pulumi";
import { Connection, CONNECTION_FORMAT } from "../../components/connection";
import { Answers, Computed } from "../offline";

/** A key that has the form of one and is none: the plan never makes or shows a secret. */
export const PLACEHOLDER_KEY = "-----BEGIN OPENSSH PRIVATE KEY-----\nb2ZmbGluZS1wbGFuLXBsYWNlaG9sZGVy\n-----END OPENSSH PRIVATE KEY-----\n";
export const PLACEHOLDER_PUBLIC_KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIG9mZmxpbmUtcGxhbi1wbGFjZWhvbGRlci1ub3QtYS1rZXk=";
export const PLACEHOLDER_CERTIFICATE = "-----BEGIN CERTIFICATE-----\nb2ZmbGluZS1wbGFuLXBsYWNlaG9sZGVy\n-----END CERTIFICATE-----\n";

/** What stands in for a member's secret `monitoring.connection`. */
export function placeholderConnection(environment: string): Connection {
    return {
        format: CONNECTION_FORMAT, environment,
        gateway: { url: "https://203.0.113.10:8080", ca: PLACEHOLDER_CERTIFICATE, token: "offline-placeholder-for-token" },
        registration: { address: "203.0.113.10", port: 22, user: "monitoring-targets", privateKey: PLACEHOLDER_KEY, hostKey: PLACEHOLDER_PUBLIC_KEY },
    };
}

/** What the providers would compute. Every secret among it is a placeholder that says what it stands for, and is marked as its provider marks it. */
export const COMPUTED: Computed = {
    "random:index/randomPassword:RandomPassword": (name) => ({ result: pulumi.secret(`offline-placeholder-for-${name}`) }),
    "tls:index/privateKey:PrivateKey": () => ({ privateKeyOpenssh: pulumi.secret(PLACEHOLDER_KEY), privateKeyPem: pulumi.secret(PLACEHOLDER_KEY), publicKeyOpenssh: `${PLACEHOLDER_PUBLIC_KEY}\n`, publicKeyPem: PLACEHOLDER_PUBLIC_KEY }),
    "tls:index/selfSignedCert:SelfSignedCert": () => ({ certPem: PLACEHOLDER_CERTIFICATE }),
    "tls:index/locallySignedCert:LocallySignedCert": () => ({ certPem: PLACEHOLDER_CERTIFICATE }),
    "aws:ec2/eip:Eip": () => ({ publicIp: "203.0.113.10", publicDns: "ec2-203-0-113-10.example.com", allocationId: "eipalloc-offline" }),
    "aws:ec2/instance:Instance": () => ({ privateIp: "10.0.0.10", publicIp: "203.0.113.10", availabilityZone: "offline-1a", arn: "arn:aws:ec2:offline-1:000000000000:instance/i-offline" }),
    "aws:ebs/volume:Volume": () => ({ arn: "arn:aws:ec2:offline-1:000000000000:volume/vol-offline" }),
    "aws:iam/role:Role": (name) => ({ name, arn: `arn:aws:iam::000000000000:role/${name}` }),
    "aws:iam/instanceProfile:InstanceProfile": (name) => ({ name }),
    "aws:route53/record:Record": (_, inputs) => ({ fqdn: inputs.name }),
    "pulumi:index:Stash": (_, inputs) => ({ output: inputs.input }),
    "docker:index/remoteImage:RemoteImage": (_, inputs) => ({ imageId: `sha256:offline-${inputs.name}`, repoDigest: "" }),
    // Nobody reads back what was sent, and it is most of what thousands of hosts need of memory.
    "command:remote:Command": () => ({ stdout: "", stderr: "", stdin: "" }),
    "command:local:Command": () => ({ stdout: "", stderr: "", stdin: "" }),
};

/** What lookups would answer. No account is asked, so nothing here is of one. */
export const ANSWERS: Answers = {
    "aws:ssm/getParameter:getParameter": () => ({ value: "ami-offline" }),
    "aws:ec2/getVpc:getVpc": () => ({ id: "vpc-offline", cidrBlock: "10.0.0.0/16" }),
    "aws:ec2/getSubnets:getSubnets": () => ({ ids: ["subnet-offline"] }),
    "aws:ec2/getSubnet:getSubnet": () => ({ id: "subnet-offline", availabilityZone: "offline-1a", vpcId: "vpc-offline", cidrBlock: "10.0.0.0/24" }),
    "aws:ec2/getInstanceTypeOfferings:getInstanceTypeOfferings": () => ({ locations: ["offline-1a"] }),
    "aws:ec2/getInstanceType:getInstanceType": () => ({ memorySize: 2048 }),
};
