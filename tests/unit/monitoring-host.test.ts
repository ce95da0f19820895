import assert from "node:assert/strict";
import * as pulumi from "@pulumi/pulumi";
import { parse } from "yaml";
import { planIngress } from "../../components/monitoring-host/ingress";
import { parseInstanceType } from "../../components/monitoring-host/instance-types";
import { addressOptions, attachmentOptions, imageOptions, instanceOptions, keyPairOptions, ruleOptions, volumeOptions } from "../../components/monitoring-host/options";
import { renderSetup, renderUserData } from "../../components/monitoring-host/user-data";
import { isSecret, reveal } from "../../tools/offline";
import { matchesGolden } from "../support/golden";
import { args, make, PRIVATE_KEY, problems, tagged, view } from "../support/monitoring-host";

describe("MonitoringHost", () => {
    it("makes these resources, all its children, and no other", async () => {
        const { registrations } = await make();
        assert.deepEqual(registrations.filter(({ custom }) => custom).map(({ name, type, parent }) => [name, type, parent]).sort(), [
            ["host", "aws:ec2/instance:Instance", "host"],
            ["host-address", "aws:ec2/eip:Eip", "host"],
            ["host-address-association", "aws:ec2/eipAssociation:EipAssociation", "host"],
            ["host-data", "aws:ebs/volume:Volume", "host"],
            ["host-data-attachment", "aws:ec2/volumeAttachment:VolumeAttachment", "host"],
            ["host-gateway-10.0.0.0-16", "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule", "host"],
            ["host-gateway-sg-0123456789abcdef0", "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule", "host"],
            ["host-host-key", "tls:index/privateKey:PrivateKey", "host"],
            ["host-image-arm64", "pulumi:index:Stash", "host"],
            ["host-key-pair", "aws:ec2/keyPair:KeyPair", "host"],
            ["host-out-ipv4", "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule", "host"],
            ["host-out-ipv6", "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule", "host"],
            ["host-recovery", "aws:cloudwatch/metricAlarm:MetricAlarm", "host"],
            ["host-security-group", "aws:ec2/securityGroup:SecurityGroup", "host"],
            ["host-snapshots", "aws:dlm/lifecyclePolicy:LifecyclePolicy", "host"],
            ["host-snapshots-rights", "aws:iam/rolePolicyAttachment:RolePolicyAttachment", "host"],
            ["host-snapshots-role", "aws:iam/role:Role", "host"],
            ["host-ssh-2001.db8..-32", "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule", "host"],
            ["host-ssh-203.0.113.0-24", "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule", "host"],
            ["host-ssh-key", "tls:index/privateKey:PrivateKey", "host"],
        ]);
    });

    it("makes the machine so", async () => {
        const { find } = await make();
        const { userData, ...inputs } = find("host").inputs;
        assert.deepEqual(inputs, {
            ami: "image of /aws/service/canonical/ubuntu/server/24.04/stable/current/arm64/hvm/ebs-gp3/ami-id",
            instanceType: "t4g.small", subnetId: "subnet in zone-b", vpcSecurityGroupIds: ["host-security-group-id"],
            keyName: find("host-key-pair").inputs.keyName,
            userDataReplaceOnChange: true,
            rootBlockDevice: { volumeType: "gp3", volumeSize: 16, encrypted: true, deleteOnTermination: true, tags: tagged("host-root") },
            metadataOptions: { httpEndpoint: "enabled", httpTokens: "required", httpPutResponseHopLimit: 1, instanceMetadataTags: "disabled" },
            creditSpecification: { cpuCredits: "standard" },
            tags: tagged("host"),
        });
        assert.ok(isSecret(userData), "user data holds the host's private key");
        assert.equal(reveal(userData), renderUserData({ ...view, volumeId: "host-data-id", hostPublicKey: "ssh-ed25519 AAAAhost-host-key" }));
    });

    it("puts the data on an encrypted volume of its own, in the machine's zone, which leaves one machine only when that has stopped", async () => {
        const { find } = await make({ dataVolume: { sizeGiB: 80, snapshots: 0, snapshotId: "snap-0123456789abcdef0" } });
        assert.deepEqual(find("host-data").inputs, {
            availabilityZone: "zone-b", type: "gp3", size: 80, encrypted: true, snapshotId: "snap-0123456789abcdef0", tags: tagged("host-data"),
        });
        assert.deepEqual(find("host-data-attachment").inputs, {
            deviceName: "/dev/sdf", volumeId: "host-data-id", instanceId: "host-id", stopInstanceBeforeDetaching: true,
        });
        assert.match(reveal(find("host").inputs.userData), /FROM_SNAPSHOT='yes'/);
    });

    it("gives every resource the options that were planned for it", async () => {
        const { find } = await make();
        const options = (name: string) => {
            const { protect, retainOnDelete, deleteBeforeReplace, ignoreChanges, replaceOnChanges, deletedWith } = find(name).options;
            return { protect, retainOnDelete, deleteBeforeReplace, ignoreChanges, replaceOnChanges, deletedWith };
        };
        const none = { protect: false, retainOnDelete: false, deleteBeforeReplace: false, ignoreChanges: [], replaceOnChanges: [], deletedWith: "" };
        const planned = (plan: (resource: pulumi.Resource) => object, resource: string) => ({ ...none, ...plan({} as pulumi.Resource), deletedWith: resource });
        assert.deepEqual(options("host"), { ...none, ...instanceOptions() });
        assert.deepEqual(options("host-image-arm64"), { ...none, ...imageOptions() });
        assert.deepEqual(options("host-data"), { ...none, ...volumeOptions(args) });
        assert.deepEqual(options("host-data-attachment"), planned(attachmentOptions, "host"));
        assert.deepEqual(options("host-address-association"), planned(addressOptions, "host"));
        for (const rule of ["host-ssh-203.0.113.0-24", "host-out-ipv4"]) assert.deepEqual(options(rule), planned(ruleOptions, "host-security-group"));
        assert.deepEqual(options("host-key-pair"), { ...none, ...keyPairOptions(args) });
        assert.deepEqual(options("host-address"), none);
        assert.deepEqual(options("host-snapshots"), none);
    });

    it("opens the two ports to the named sources, each by a rule of its own", async () => {
        const { registrations } = await make({ gatewayPort: 8443 });
        const rules = registrations.filter(({ type }) => type.includes("SecurityGroupIngressRule")).map(({ inputs: { securityGroupId, tags, ...rule } }) => {
            assert.deepEqual([securityGroupId, tags], ["host-security-group-id", tagged("host")]);
            return rule;
        });
        const tcp = (port: number) => ({ ipProtocol: "tcp", fromPort: port, toPort: port });
        assert.deepEqual(rules, [
            { ...tcp(8443), description: "gateway from 10.0.0.0/16", cidrIpv4: "10.0.0.0/16" },
            { ...tcp(8443), description: "gateway from sg-0123456789abcdef0", referencedSecurityGroupId: "sg-0123456789abcdef0" },
            { ...tcp(22), description: "ssh from 203.0.113.0/24", cidrIpv4: "203.0.113.0/24" },
            { ...tcp(22), description: "ssh from 2001:db8::/32", cidrIpv6: "2001:db8::/32" },
        ]);
    });

    it("says how it is reached, with the host key that it was given", async () => {
        const { outputs, host } = await make();
        const { privateKey, ...open } = outputs.ssh as Record<string, unknown>;
        assert.deepEqual(open, { address: "203.0.113.10", port: 22, user: "ubuntu", hostKey: "ssh-ed25519 AAAAhost-host-key" });
        assert.ok(isSecret(privateKey));
        assert.equal(reveal(privateKey), PRIVATE_KEY);
        assert.ok(await pulumi.isSecret(host.sshPrivateKey));
        assert.deepEqual([outputs.privateAddress, outputs.instanceId, host.memoryMiB], ["10.0.0.10", "host-id", 1840]);
    });

    it("uses the key pair, image and subnet that are given, and no static address where none is wanted", async () => {
        const { find, registrations, outputs } = await make({
            publicKey: "ssh-ed25519 AAAAmine", privateKey: PRIVATE_KEY, ami: "ami-0123456789abcdef0", subnetId: "subnet-0123456789abcdef0",
            staticAddress: false, instanceType: "m7i.large",
        });
        assert.equal(find("host-key-pair").inputs.publicKey, "ssh-ed25519 AAAAmine");
        assert.deepEqual([find("host").inputs.ami, find("host").inputs.subnetId], ["ami-0123456789abcdef0", "subnet-0123456789abcdef0"]);
        assert.equal(find("host-data").inputs.availabilityZone, "zone-of-subnet");
        assert.equal(find("host").inputs.creditSpecification, undefined);
        assert.deepEqual(registrations.filter(({ type, name }) => type.includes("Eip") || name === "host-ssh-key"), []);
        assert.equal((outputs.ssh as { address: string }).address, "10.0.0.10");
    });

    it("reports every problem at once", async () => {
        await assert.rejects(make({ gatewayFrom: ["0.0.0.0/0"], sshFrom: [], instanceType: "t2.micro" }), (error: Error) => {
            assert.equal(error.message, [
                "MonitoringHost host has 3 problems:",
                '  instanceType: expected an instance type of a Nitro family such as "t4g.small", got "t2.micro"',
                '  gatewayFrom[0]: "0.0.0.0/0" is the whole internet, or near it: name the networks, or say allowWorld: true',
                "  sshFrom: expected at least one source: nothing is open by default",
            ].join("\n"));
            return true;
        });
    });
});

describe("options of the monitoring host's resources", () => {
    const other = { urn: "other" } as unknown as pulumi.Resource;

    it("replace the machine for another type: one that EC2 restarts would still be booting when its containers are changed", () =>
        assert.deepEqual(instanceOptions().replaceOnChanges, ["instanceType"]));

    it("keep the image that was remembered when Canonical publishes another", () => assert.deepEqual(imageOptions(), { ignoreChanges: ["input"] }));

    it("replace a key pair that is named by the machine's key before the new one, and a given one, named by itself, after", () =>
        assert.deepEqual([keyPairOptions(args).deleteBeforeReplace, keyPairOptions({ ...args, publicKey: "ssh-ed25519 AAAA" }).deleteBeforeReplace], [true, false]));

    it("ignore no change of the machine's image: the memory decides, and what it says counts", () => assert.equal(instanceOptions().ignoreChanges, undefined));

    it("end the old machine before the new one starts, as the volume can be attached to one only", () => {
        for (const options of [instanceOptions(), attachmentOptions(other), addressOptions(other)]) assert.equal(options.deleteBeforeReplace, true);
    });

    it("take nothing apart that goes as a whole: attachment and address with the machine, rules with their group", () => {
        for (const options of [attachmentOptions(other), addressOptions(other), ruleOptions(other)]) assert.equal(options.deletedWith, other);
    });

    it("never let the data go with the machine, nor protect the machine itself, which can be made again", () => {
        assert.equal(volumeOptions(args).deletedWith, undefined);
        assert.deepEqual([instanceOptions().protect, instanceOptions().retainOnDelete], [undefined, undefined]);
    });

    it("protect the data, and keep it in the account when it leaves the stack, unless both are turned off", () => {
        const kept = ({ protect, retainOnDelete }: ReturnType<typeof volumeOptions>) => [protect, retainOnDelete];
        assert.deepEqual(kept(volumeOptions(args)), [true, true]);
        assert.deepEqual(kept(volumeOptions({ ...args, dataVolume: { protect: false } })), [false, true]);
        assert.deepEqual(kept(volumeOptions({ ...args, dataVolume: { protect: false, retain: false } })), [false, false]);
    });

    it("never move the volume because zones are found in another order", () => {
        assert.deepEqual(volumeOptions(args).ignoreChanges, ["availabilityZone"]);
        assert.deepEqual(volumeOptions({ ...args, subnetId: "subnet-1" }).ignoreChanges, []);
    });
});

describe("the monitoring host's first boot", () => {
    it("renders user data", () => matchesGolden("monitoring-host/user-data.yml", renderUserData(view)));

    it("renders the setup script", () => matchesGolden("monitoring-host/usr/local/lib/photogather-monitoring/setup-host", renderSetup(view)));

    it("is cloud-config that carries keys and script as they are", () => {
        const text = renderUserData({ ...view, dataDirectory: "/data" });
        assert.ok(text.startsWith("#cloud-config\n"));
        const config = parse(text);
        assert.deepEqual(config.ssh_keys, { ed25519_private: PRIVATE_KEY, ed25519_public: "ssh-ed25519 AAAAhost" });
        const file = (path: string) => config.write_files.find((entry: { path: string }) => entry.path === path);
        assert.equal(file(config.runcmd[0][0]).content, renderSetup({ ...view, dataDirectory: "/data" }));
        assert.equal(file("/etc/systemd/system/docker.service.d/photogather-monitoring.conf").content, "[Unit]\nRequiresMountsFor=/data\n");
        assert.equal(JSON.parse(file("/etc/docker/daemon.json").content)["live-restore"], true);
        assert.ok(text.length < 12_000, "EC2 takes 16 KiB");
    });

    it("installs security updates daily, and restarts for them only when it was told a time", () => {
        const text = (rebootTime: string, file: string) =>
            parse(renderUserData({ ...view, rebootTime })).write_files.find((entry: { path: string }) => entry.path === `/etc/apt/apt.conf.d/${file}`).content;
        assert.match(text("", "20auto-upgrades"), /^APT::Periodic::Unattended-Upgrade "1";$/m);
        assert.equal(text("", "52photogather-monitoring"), 'Unattended-Upgrade::Automatic-Reboot "false";\n');
        assert.equal(text("04:00", "52photogather-monitoring"), 'Unattended-Upgrade::Automatic-Reboot "true";\nUnattended-Upgrade::Automatic-Reboot-Time "04:00";\n');
        assert.match(renderSetup(view), /install .*unattended-upgrades[\s\S]*systemctl enable --now docker chrony unattended-upgrades/);
    });

    it("keeps time by Amazon's clock, as signals of all hosts are put side by side", () => {
        const sources = parse(renderUserData(view)).write_files.find((entry: { path: string }) => entry.path.startsWith("/etc/chrony/sources.d/"));
        // chrony takes only files of this ending there.
        assert.match(sources.path, /\.sources$/);
        assert.match(sources.content, /^server 169\.254\.169\.123 prefer iburst/);
    });

    it("is refused where EC2 would refuse it", () => {
        assert.throws(() => renderUserData({ ...view, hostPrivateKey: "x".repeat(17_000) }), /EC2 takes 16384/);
    });
});

describe("parseInstanceType", () => {
    const cases: [string, string, number | undefined][] = [
        ["t4g.small", "arm64", 2048], ["t4g.nano", "arm64", 512], ["t3.micro", "amd64", 1024], ["t3a.2xlarge", "amd64", 32768], ["m7g.medium", "arm64", 4096],
        ["m7i.large", "amd64", 8192], ["m6gd.xlarge", "arm64", 16384], ["c7g.medium", "arm64", 2048],
        ["c7i-flex.2xlarge", "amd64", 16384], ["r8g.4xlarge", "arm64", 131072],
        ["a1.large", "arm64", undefined], ["im4gn.large", "arm64", undefined], ["g5.xlarge", "amd64", undefined],
        ["g5g.xlarge", "arm64", undefined], ["m7g.metal", "arm64", undefined],
    ];
    for (const [type, architecture, memoryMiB] of cases) {
        it(`reads ${type}`, () => {
            const found = parseInstanceType(type);
            assert.deepEqual([found?.architecture, found?.memoryMiB], [architecture, memoryMiB]);
        });
    }

    it("sees disks that would be lost on other hardware", () => {
        assert.deepEqual(["m6gd.large", "c5d.xlarge", "m7g.large", "t4g.small"].map((type) => parseInstanceType(type)!.ownDisks), [true, true, false, false]);
        assert.deepEqual(["i4i.large", "i3en.large", "im4gn.large", "d3.xlarge", "g5.xlarge", "gr6.4xlarge", "g5g.xlarge", "inf1.xlarge"].map((type) => parseInstanceType(type)!.ownDisks), [true, true, true, true, true, true, false, false]);
    });

    it("knows no type without NVMe names, and no other text", () => {
        for (const type of ["t2.small", "m4.large", "i3.large", "d2.xlarge", "p3.2xlarge", "x1.16xlarge", "small", "t4g", "T4G.small", ""]) assert.equal(parseInstanceType(type), undefined, type);
    });
});

describe("validateMonitoringHost", () => {
    it("accepts what is right", () => {
        assert.deepEqual(problems({}), []);
        assert.deepEqual(problems({ gatewayFrom: ["0.0.0.0/0", "::/0"], allowWorld: true, gatewayPort: 443 }), []);
        assert.deepEqual(problems({ sshFrom: ["0.0.0.0/0"], allowWorldSsh: true }), []);
        assert.deepEqual(problems({ instanceType: "a1.large", memoryMiB: 4096, sshFrom: ["pl-0123456789abcdef0"] }), []);
    });

    const wrong: [string, string[], string][] = [
        ["half of the internet", problems({ sshFrom: ["128.0.0.0/1"] }),
            'sshFrom[0]: "128.0.0.0/1" is the whole internet, or near it: name the networks, or say allowWorldSsh: true'],
        ["the internet at SSH, where the gateway may have it", problems({ sshFrom: ["0.0.0.0/0"], gatewayFrom: ["0.0.0.0/0"], allowWorld: true }),
            'sshFrom[0]: "0.0.0.0/0" is the whole internet, or near it: name the networks, or say allowWorldSsh: true'],
        ["the IPv6 internet", problems({ sshFrom: ["::/0"] }),
            'sshFrom[0]: "::/0" is the whole internet, or near it: name the networks, or say allowWorldSsh: true'],
        ["an address without length", problems({ sshFrom: ["10.0.0.1"] }),
            'sshFrom[0]: expected a CIDR such as "203.0.113.0/24", a security group (sg-…) or a prefix list (pl-…), got "10.0.0.1"'],
        ["a source twice", problems({ sshFrom: ["10.0.0.0/8", "10.0.0.0/8"] }), 'sshFrom[1]: "10.0.0.0/8" stands there twice'],
        ["a type without known memory", problems({ instanceType: "a1.large" }),
            "memoryMiB: say how much memory a1.large has: the services' limits are planned by it"],
        ["credits of a type that has none", problems({ instanceType: "m7g.large", cpuCredits: "standard" }), "cpuCredits: m7g.large has no CPU credits"],
        ["other credits", problems({ cpuCredits: "free" }), 'cpuCredits: expected one of "standard", "unlimited", got "free"'],
        ["half a key pair", problems({ publicKey: "ssh-ed25519 AAAA" }), "privateKey: a key pair is given whole or not at all"],
        ["SSH's port", problems({ gatewayPort: 22 }), "gatewayPort: 22 is SSH's"],
        ["a tiny volume", problems({ dataVolume: { sizeGiB: 1 } }), "dataVolume.sizeGiB: expected a whole number from 10 to 16384, got 1"],
        ["another snapshot", problems({ dataVolume: { snapshotId: "vol-1" } }),
            'dataVolume.snapshotId: expected a snapshot id such as "snap-0123456789abcdef0", got "vol-1"'],
        ["another directory", problems({ dataDirectory: "data" }),
            'dataDirectory: expected an absolute path of letters, digits and . _ @ + - without "..", got "data"'],
        ["two ways to an image", problems({ ami: "ami-0123456789abcdef0", imageRelease: "2026-11" }),
            "imageRelease: expected either ami or imageRelease: an image that is named is not looked up"],
        ["a release that cannot be in a name", problems({ imageRelease: "a b" }),
            'imageRelease: expected a name of letters, digits, dots, hyphens and underscores (at most 63), got "a b"'],
        ["a time that is none", problems({ rebootTime: "4 am" }), 'rebootTime: expected a time of day such as "03:00" (UTC), got "4 am"'],
        ["a snapshot time that is none", problems({ dataVolume: { snapshotTime: "24:00" } }),
            'dataVolume.snapshotTime: expected a time of day such as "03:00" (UTC), got "24:00"'],
        ["too many snapshots", problems({ dataVolume: { snapshots: 1001 } }), "dataVolume.snapshots: expected a whole number from 0 to 1000, got 1001"],
        ["recovery of a machine with disks of its own", problems({ instanceType: "m6gd.large", recoveryAlarm: true }),
            "recoveryAlarm: m6gd.large has disks of its own, and cannot be moved to other hardware"],
        ["another topic", problems({ alarmTopic: "oncall" }), 'alarmTopic: expected the ARN of an SNS topic, got "oncall"'],
        ["another zone", problems({ dns: { zoneId: "example.com", name: "monitoring.example.com" } }),
            'dns.zoneId: expected a hosted zone\'s id such as "Z0123456789ABCDEFGHIJ", got "example.com"'],
        ["half a name", problems({ dns: { zoneId: "Z0123456789ABCDEFGHIJ", name: "monitoring" } }),
            'dns.name: expected a name below the zone\'s own, such as "monitoring.example.com", got "monitoring"'],
        ["a scraped range", problems({ scrapes: [{ securityGroupId: "10.0.0.0/16" }] }),
            'scrapes[0].securityGroupId: expected a security group such as "sg-0123456789abcdef0", got "10.0.0.0/16"'],
        ["a scraped port twice", problems({ scrapes: [{ securityGroupId: "sg-0123456789abcdef0", ports: [8080, 8080] }] }), "scrapes[0].ports[1]: 8080 stands there twice"],
        ["another image", problems({ ami: "ubuntu" }), 'ami: expected an image id such as "ami-0123456789abcdef0", got "ubuntu"'],
    ];
    for (const [name, found, expected] of wrong) it(`names ${name}`, () => assert.deepEqual(found, [expected]));

    it("plans rules whose names do not depend on the order", () => {
        const keys = (sources: string[]) => planIngress({ ...args, gatewayFrom: sources }).map(({ key }) => key).sort();
        assert.deepEqual(keys(["10.0.0.0/16", "fd00::/8"]), keys(["fd00::/8", "10.0.0.0/16"]));
    });
});
