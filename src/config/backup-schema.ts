import { z } from "zod";
import { oneOf, text, whole } from "./schema-fields";

/** Of S3's own two ways to name a bucket, and k3s's word for trying. */
export const bucketLookups = ["auto", "dns", "path"] as const;

const s3Schema = z.strictObject({
  endpoint: text("Host name of the S3, with a port where it is not 443. It is asked by HTTPS.", "s3.example.org").default(
    "s3.amazonaws.com",
  ),
  bucket: text("The bucket. It has to be there already.", "k3s-backups"),
  region: text("The bucket's region.", "eu-central-1").default("us-east-1"),
  folder: text("Folder in the bucket: one for each cluster, as k3s prunes all that it finds there.", "edge", {
    defaultIs: "the cluster's name",
  }).optional(),
  bucketLookup: oneOf("Whether the bucket's name stands in the host name (dns) or in the path.", bucketLookups, "path").default("auto"),
  caFile: text("CA that signed the S3's certificate, as PEM. Relative to the project's folder.", "s3-ca.pem").optional(),
});

/** Snapshots that k3s takes by itself, or copies of SQLite. Which schedule is legal stands in rules/backup.ts. */
export const backupSchema = z.strictObject({
  schedule: text("When a snapshot is taken, or a copy of SQLite, as cron writes it, in the server's own time.", '"0 */6 * * *"').default(
    "0 */12 * * *",
  ),
  retention: whole("How many of them are kept, on each server and in S3. Those that were asked for by name are not counted.", 14).default(
    5,
  ),
  s3: s3Schema.optional(),
});
