import * as pulumi from "@pulumi/pulumi";

/** A bucket of S3, or of what speaks like it, for the blocks of Loki and Tempo. */
export interface ObjectStorageArgs {
    /** Its name, e.g. `shop-monitoring`. Loki's chunks stand in it by tenant, Tempo's blocks below `tempo/`. */
    bucket: string;
    /** e.g. `ap-northeast-2`. */
    region: string;
    /** Where it is, for what is not AWS: `minio.example.com:9000`. @default AWS's own for the region */
    endpoint?: string;
    /** False for plain HTTP. @default true */
    tls?: boolean;
    /** Of an access key that may list, read, write and delete there. Containers reach no instance profile. */
    accessKeyId: pulumi.Input<string>;
    /** A secret. */
    secretAccessKey: pulumi.Input<string>;
    /** The first day, in UTC, whose log lines go there: earlier ones stay on disk. On a deployment that has data tomorrow or later, else any day that is past, e.g. `2026-12-01`. */
    since: string;
}
