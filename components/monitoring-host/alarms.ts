import * as pulumi from "@pulumi/pulumi";
import * as cloudwatch from "@pulumi/aws/cloudwatch";
import * as ec2 from "@pulumi/aws/ec2";
import { MonitoringHostArgs } from "./args";
import { partitionOf, regionOf } from "./arn";
import { parseInstanceType } from "./instance-types";
import { tags } from "./tags";
import { DEFAULT_INSTANCE_TYPE } from "./validate";

/** One alarm on EC2's own checks of the machine. */
export interface Alarm {
    key: string;
    description: string;
    metricName: string;
    /** Minutes in a row. */
    minutes: number;
    /** Moves the machine to other hardware: same id, addresses and volumes. */
    recovers: boolean;
}

/**
 * The recovery alarm, and where somebody is to be told, one for a machine that runs but does not answer: alerts of our own would be on that
 * machine, and so cannot tell of it.
 */
export function planAlarms(args: MonitoringHostArgs): Alarm[] {
    return [
        ...(recovers(args) ? [{
            key: "recovery", description: "The hardware below the monitoring host fails", metricName: "StatusCheckFailed_System", minutes: 2, recovers: true,
        }] : []),
        ...(args.alarmTopic ? [{
            key: "unreachable", description: "The monitoring host runs but does not answer", metricName: "StatusCheckFailed_Instance", minutes: 5, recovers: false,
        }] : []),
    ];
}

/** Machines with disks of their own cannot be recovered: those would be lost. */
function recovers({ recoveryAlarm, instanceType = DEFAULT_INSTANCE_TYPE }: MonitoringHostArgs): boolean {
    return recoveryAlarm ?? !parseInstanceType(instanceType)?.ownDisks;
}

/** CloudWatch's action that recovers an instance, from that instance's ARN. */
export function recoverAction(instanceArn: string): string {
    return `arn:${partitionOf(instanceArn)}:automate:${regionOf(instanceArn)}:ec2:recover`;
}

/** Makes the alarms; the metrics behind them cost nothing. */
export function createAlarms(name: string, args: MonitoringHostArgs, instance: ec2.Instance, parent: pulumi.Resource): void {
    const told = args.alarmTopic ? [args.alarmTopic] : [];
    for (const { key, description, metricName, minutes, recovers } of planAlarms(args)) {
        new cloudwatch.MetricAlarm(`${name}-${key}`, {
            alarmDescription: description, namespace: "AWS/EC2", metricName, dimensions: { InstanceId: instance.id },
            statistic: "Maximum", comparisonOperator: "GreaterThanOrEqualToThreshold", threshold: 1, period: 60, evaluationPeriods: minutes,
            // A machine that was stopped on purpose has no figures, and is not to be recovered.
            treatMissingData: "missing",
            alarmActions: [...(recovers ? [instance.arn.apply(recoverAction)] : []), ...told], okActions: told, tags: tags(name, args),
        }, { parent });
    }
}
