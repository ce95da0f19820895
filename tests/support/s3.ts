import * as fs from "node:fs";
import * as path from "node:path";
import { freePorts, Running } from "./running";
import { eventually } from "./wait";

/** What the tests' S3 asks for. */
export const S3_KEYS = { accessKeyId: "key-of-the-bucket", secretAccessKey: "secret-of-the-bucket" };
/** Where it says that it is. */
export const S3_REGION = "ap-northeast-2";

/** Starts an S3 with one bucket, of which each object is a file below `bucket`. @param program versitygw */
export async function startS3(running: Running, program: string, name: string): Promise<{ port: number; bucket: string }> {
    const [port] = await freePorts(1);
    const bucket = path.join(running.data("s3"), name);
    fs.mkdirSync(bucket);
    running.start("s3", program, ["--port", `127.0.0.1:${port}`, "--region", S3_REGION, "posix", path.dirname(bucket)], { ROOT_ACCESS_KEY: S3_KEYS.accessKeyId, ROOT_SECRET_KEY: S3_KEYS.secretAccessKey });
    await eventually("S3 answers", 30, async () => (await fetch(`http://127.0.0.1:${port}/`)).status === 403);
    return { port, bucket };
}
