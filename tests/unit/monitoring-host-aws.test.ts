import assert from "node:assert/strict";
import { planAlarms, recoverAction } from "../../components/monitoring-host/alarms";
import { imageName, imageParameter } from "../../components/monitoring-host/image";
import { planScrapes } from "../../components/monitoring-host/ingress";
import { DISCOVERY_POLICY, SESSION_POLICY } from "../../components/monitoring-host/role";
import { planSnapshots } from "../../components/monitoring-host/snapshots";
import { args, make, problems, tagged } from "../support/monitoring-host";

const TOPIC = "arn:aws:sns:eu-west-1:123456789012:oncall";
const GROUP = "sg-0123456789abcdef0";

describe("the monitoring host's image", () => {
    it("is remembered, so that the machine stays on the one that it was made with", async () => {
        const { find } = await make();
        assert.deepEqual(find("host-image-arm64").inputs, { input: `image of ${imageParameter("arm64")}` });
        assert.equal(find("host").inputs.ami, `image of ${imageParameter("arm64")}`);
    });

    it("has another memory, and so is looked up anew, for another release or architecture, and for nothing else", async () => {
        assert.equal(imageName("host", "arm64", args), "host-image-arm64");
        assert.equal(imageName("host", "arm64", { ...args, imageRelease: "2026-11" }), "host-image-arm64-2026-11");
        assert.equal(imageName("host", "arm64", { ...args, instanceType: "t4g.large", rootVolumeGiB: 30 }), imageName("host", "arm64", args));
        const { find } = await make({ instanceType: "t3.medium", imageRelease: "2026-12" });
        assert.deepEqual(find("host-image-amd64-2026-12").inputs, { input: `image of ${imageParameter("amd64")}` });
        assert.equal(find("host").inputs.ami, `image of ${imageParameter("amd64")}`);
    });

    it("is not looked up where one is named", async () => {
        const { registrations } = await make({ ami: "ami-0123456789abcdef0" });
        assert.deepEqual(registrations.filter(({ type }) => type.endsWith("Stash")), []);
    });
});

describe("the monitoring host's key pair", () => {
    const keyName = async (publicKey: string) => (await make({ publicKey, privateKey: "x" })).find("host-key-pair").inputs.keyName;

    it("is named by stack and key: made again it has the same name, and another key another one, which replaces the machine", async () => {
        assert.match(String(await keyName("ssh-ed25519 AAAAone")), /^photogather-monitoring-test-host-[0-9a-f]{12}$/);
        assert.equal(await keyName("ssh-ed25519 AAAAone\n"), await keyName("ssh-ed25519 AAAAone"));
        assert.notEqual(await keyName("ssh-ed25519 AAAAone"), await keyName("ssh-ed25519 AAAAtwo"));
    });

    it("keeps its name where the key is made here, so that a rotation leaves the machine: the first one logs in, all are let in", async () => {
        const first = await make({ sshKeyGenerations: [1, 2] });
        const second = await make({ sshKeyGenerations: [2] });
        const names = [first, second].flatMap(({ find }) => [find("host-key-pair").inputs.keyName, find("host").inputs.keyName]);
        assert.match(String(names[0]), /^photogather-monitoring-test-host-[0-9a-f]{12}$/);
        assert.deepEqual([...new Set(names)].length, 1, JSON.stringify(names));
        assert.deepEqual(first.find("host-key-pair").inputs.publicKey, "ssh-ed25519 AAAAhost-ssh-key");
        assert.deepEqual(second.find("host-key-pair").inputs.publicKey, "ssh-ed25519 AAAAhost-ssh-key-2");
        assert.equal(first.host.ssh.authorizedKeys?.length, 2);
        assert.equal(second.host.ssh.authorizedKeys?.length, 1);
        assert.equal((await make()).host.ssh.authorizedKeys, undefined);
        assert.ok(second.find("host").options.dependsOn.includes("host-key-pair"));
    });
    it("has generations of its own only, that follow each other", () => {
        assert.deepEqual(problems({ sshKeyGenerations: [3, 4] }), []);
        for (const bad of [[], [2, 1], [1, 2, 3], [0]]) assert.match(problems({ sshKeyGenerations: bad }).join(), /^sshKeyGenerations: expected one generation/);
        assert.match(problems({ sshKeyGenerations: [1], publicKey: "ssh-ed25519 AAAA", privateKey: "x" }).join(), /^sshKeyGenerations: counts keys that are made here/);
    });
});

describe("the data volume's snapshots", () => {
    it("are taken daily of this volume only, seven kept, whether or not the machine runs", async () => {
        const { find } = await make();
        const target = { "photogather-monitoring:snapshots": "photogather-monitoring-test-host" };
        assert.deepEqual(find("host-data").inputs.tags, { ...tagged("host-data"), ...target });
        assert.deepEqual(find("host-snapshots").inputs, {
            description: "Daily snapshots of host", executionRoleArn: "arn of host-snapshots-role", state: "ENABLED", tags: tagged("host"),
            policyDetails: {
                resourceTypes: ["VOLUME"], targetTags: target,
                schedules: [{
                    name: "daily", createRule: { interval: 24, intervalUnit: "HOURS", times: "03:00" }, retainRule: { count: 7 },
                    copyTags: false, tagsToAdd: tagged("host-data"),
                }],
            },
        });
    });

    it("are taken by a role that only that service can have, after it has its rights", async () => {
        const { find } = await make();
        const { Statement: [{ Principal }] } = JSON.parse(String(find("host-snapshots-role").inputs.assumeRolePolicy));
        assert.deepEqual(Principal, { Service: "dlm.amazonaws.com" });
        assert.deepEqual(find("host-snapshots-rights").inputs, {
            role: "host-snapshots-role", policyArn: "arn:aws:iam::aws:policy/service-role/AWSDataLifecycleManagerServiceRole",
        });
        assert.ok(find("host-snapshots").options.dependsOn.includes("host-snapshots-rights"));
    });

    it("are not found again by their own tags: a volume made from one would be taken for the first", () => {
        const { schedules } = planSnapshots("host", { ...args, tags: { team: "platform" } }) as { schedules: { tagsToAdd: object }[] };
        assert.deepEqual(schedules[0].tagsToAdd, { ...tagged("host-data"), team: "platform" });
    });

    it("are as many, and at the time, as told; none for 0", async () => {
        const { find } = await make({ dataVolume: { snapshots: 30, snapshotTime: "18:30" } });
        const details = JSON.stringify(find("host-snapshots").inputs.policyDetails);
        assert.match(details, /"count":30/);
        assert.match(details, /"times":"18:30"/);
        const { registrations, find: none } = await make({ dataVolume: { snapshots: 0 } });
        assert.deepEqual(registrations.filter(({ name }) => name.includes("snapshots")), []);
        assert.deepEqual(none("host-data").inputs.tags, tagged("host-data"));
    });
});

describe("the way in by Session Manager", () => {
    it("is a role with what a session needs, and no right to read anything", async () => {
        const { find } = await make({ sessionManager: true });
        assert.deepEqual(find("host-session-manager").inputs, { role: "host-role", policy: SESSION_POLICY });
        const { Statement } = JSON.parse(SESSION_POLICY);
        assert.equal(Statement.length, 1);
        for (const action of Statement[0].Action) assert.match(action, /^(ssm:UpdateInstanceInformation|ssmmessages:(Create|Open)(Control|Data)Channel)$/);
        assert.match(String(find("host-role").inputs.assumeRolePolicy), /"Service":"ec2\.amazonaws\.com"/);
        assert.equal(find("host").inputs.iamInstanceProfile, "host-profile");
    });

    it("is there on request only: a machine without a role has none to steal", async () => {
        const { find, registrations } = await make();
        assert.equal(find("host").inputs.iamInstanceProfile, undefined);
        assert.deepEqual(registrations.filter(({ name }) => /^host-(role|profile|session-manager|ec2-discovery)$/.test(name)), []);
    });
});

describe("the right to list instances", () => {
    it("is given on request, and alone", async () => {
        const { find, registrations } = await make({ ec2Discovery: true });
        assert.deepEqual(find("host-ec2-discovery").inputs, { role: "host-role", policy: DISCOVERY_POLICY });
        assert.deepEqual(JSON.parse(DISCOVERY_POLICY).Statement, [{ Effect: "Allow", Action: "ec2:DescribeInstances", Resource: "*" }]);
        assert.equal(find("host").inputs.iamInstanceProfile, "host-profile");
        assert.deepEqual(registrations.filter(({ name }) => name === "host-session-manager"), []);
    });
});

describe("the monitoring host's alarms", () => {
    it("move it to other hardware when its own fails for two minutes, and not when it was stopped on purpose", async () => {
        const { find } = await make();
        assert.deepEqual(find("host-recovery").inputs, {
            alarmDescription: "The hardware below the monitoring host fails", namespace: "AWS/EC2", metricName: "StatusCheckFailed_System",
            dimensions: { InstanceId: "host-id" }, statistic: "Maximum", comparisonOperator: "GreaterThanOrEqualToThreshold", threshold: 1,
            period: 60, evaluationPeriods: 2, treatMissingData: "missing",
            alarmActions: ["arn:aws:automate:eu-west-1:ec2:recover"], okActions: [], tags: tagged("host"),
        });
    });

    it("tell the topic, of a machine that does not answer too: its own alerts cannot", async () => {
        const { find } = await make({ alarmTopic: TOPIC });
        assert.deepEqual(find("host-recovery").inputs.alarmActions, ["arn:aws:automate:eu-west-1:ec2:recover", TOPIC]);
        const { metricName, alarmActions, okActions } = find("host-unreachable").inputs;
        assert.deepEqual([metricName, alarmActions, okActions], ["StatusCheckFailed_Instance", [TOPIC], [TOPIC]]);
    });

    it("leave out what is not wanted, and what EC2 would refuse", () => {
        const keys = (change: object) => planAlarms({ ...args, ...change }).map(({ key }) => key);
        assert.deepEqual(keys({ recoveryAlarm: false }), []);
        assert.deepEqual(keys({ instanceType: "m6gd.large" }), []);
        assert.deepEqual(keys({ instanceType: "m6gd.large", alarmTopic: TOPIC }), ["unreachable"]);
    });

    it("find the action in the machine's own cloud and region", () =>
        assert.equal(recoverAction("arn:aws-cn:ec2:cn-north-1:1:instance/i-1"), "arn:aws-cn:automate:cn-north-1:ec2:recover"));
});

describe("the gateway's own name", () => {
    const dns = { zoneId: "Z0123456789ABCDEFGHIJ", name: "monitoring.example.com" };

    it("leads to Amazon's name, which is the private address inside the VPC", async () => {
        const { find, outputs } = await make({ dns });
        assert.deepEqual(find("host-dns").inputs, { ...dns, type: "CNAME", ttl: 60, records: ["ec2-203-0-113-10.example.com"] });
        assert.equal(outputs.dnsName, "monitoring.example.com");
    });

    it("leads to the address where that is not static", async () => {
        const { find } = await make({ dns, staticAddress: false });
        assert.deepEqual(find("host-dns").inputs, { ...dns, type: "A", ttl: 60, records: ["10.0.0.10"] });
    });

    it("is Amazon's where none was given", async () => assert.equal((await make()).outputs.dnsName, "ec2-203-0-113-10.example.com"));
});

describe("rules in the WAS hosts' groups", () => {
    it("let Prometheus in by the monitoring host's group, so that a replaced machine needs no other rule", async () => {
        const { find } = await make({ scrapes: [{ securityGroupId: GROUP }, { securityGroupId: "sg-0fedcba9876543210", ports: [9090] }] });
        assert.deepEqual(find(`host-scrape-${GROUP}-12345`).inputs, {
            securityGroupId: GROUP, referencedSecurityGroupId: "host-security-group-id", ipProtocol: "tcp", fromPort: 12345, toPort: 12345,
            description: "Prometheus of the monitoring host", tags: tagged("host"),
        });
        assert.equal(find("host-scrape-sg-0fedcba9876543210-9090").inputs.fromPort, 9090);
        assert.equal(find(`host-scrape-${GROUP}-8080`).options.deletedWith, "", "the group is not ours, and stays");
    });

    it("are none unless asked for", () => assert.deepEqual(planScrapes(args), []));
});

describe("tags", () => {
    it("are on everything that can have them, the user's beside ours", async () => {
        const { registrations } = await make({
            tags: { team: "platform" }, sessionManager: true, alarmTopic: TOPIC, scrapes: [{ securityGroupId: GROUP }],
        });
        const untagged = /EipAssociation|VolumeAttachment|RolePolicy|RolePolicyAttachment|Record/;
        const aws = registrations.filter(({ type }) => type.startsWith("aws:") && !untagged.test(type));
        assert.ok(aws.length > 12);
        for (const { name, inputs } of aws) {
            const { Name, ...tags } = inputs.tags as Record<string, string>;
            assert.ok(Name, name);
            assert.deepEqual([tags.team, tags["pulumi:project"], tags["pulumi:stack"]], ["platform", "photogather-monitoring", "test"], name);
        }
    });
});
