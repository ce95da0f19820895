/** `arn:aws:ec2:eu-west-1:…` has `aws`; China's and the government's clouds have others. */
export function partitionOf(arn: string): string {
    return arn.split(":")[1];
}

/** The region that an ARN names. */
export function regionOf(arn: string): string {
    return arn.split(":")[3];
}
