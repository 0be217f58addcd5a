import { type ConfigIssue, quote, settingPath } from "../config-issue";
import type { ConfigDraft } from "../draft";
import type { GivenConfig } from "../given-config";
import { cronFields, cronWords, readCronField } from "../values/cron-schedule";
import { validateCaFile } from "../values/validate-ca-file";

/** Keys of their own, as every secret. */
export const s3Keys = ["s3AccessKey", "s3SecretKey"] as const;
const at = (...parts: readonly string[]) => settingPath("cluster", "backup", ...parts);

/** Snapshots on a schedule, and where they go. */
export function validateBackup(draft: ConfigDraft, given: GivenConfig): readonly ConfigIssue[] {
  const { cluster } = draft;
  return [
    ...validateDatastore(draft),
    ...validateSchedule(cluster?.backup?.schedule),
    ...validateRetention(cluster?.backup?.retention),
    ...validateEndpoint(cluster?.backup?.s3?.endpoint),
    ...validateBucket(cluster?.backup?.s3?.bucket),
    ...validateFolder(cluster?.backup?.s3?.folder),
    ...validateCa(draft, given),
    ...validateKeys(draft, given),
  ];
}

/** k3s takes snapshots of its own etcd, and puts them into S3; copies of SQLite are ours, and stay where they are. */
function validateDatastore({ cluster }: ConfigDraft): ConfigIssue[] {
  if (cluster?.backup === undefined) return [];
  if (cluster.datastore === "external") {
    const remedy = "Remove it, and back the database up by its own means; docs/backup.md says what else you have to keep.";
    return [{ path: at(), problem: "is set, and cluster.datastore is external, of which k3s takes no snapshot", remedy }];
  }
  if (cluster.datastore !== "sqlite" || cluster.backup.s3 === undefined) return [];
  const remedy =
    "Set cluster.datastore: etcd, which moves the data in place, or remove it and fetch the copies from the server yourself; docs/backup.md says how.";
  return [{ path: at("s3"), problem: "is set, and cluster.datastore is sqlite, of which k3s puts nothing into S3", remedy }];
}

const cronRemedy = 'Write five fields, minute first, for example "0 */6 * * *" for every six hours, or @daily.';

/** k3s with a schedule that it cannot read says so in its log, and takes no snapshot for ever. */
function validateSchedule(schedule: string | undefined): ConfigIssue[] {
  if (schedule === undefined || cronWords.has(schedule)) return [];
  const path = at("schedule");
  const parts = schedule.trim().split(/\s+/);
  if (parts.length !== cronFields.length)
    return [{ path, problem: `${quote(schedule)} has ${parts.length} of the ${cronFields.length} fields`, remedy: cronRemedy }];
  return cronFields.flatMap((field, index) => {
    const part = parts[index] ?? "";
    if (readCronField(part, field) !== undefined) return [];
    return [{ path, problem: `${quote(part)} is no ${field.name}`, remedy: cronRemedy }];
  });
}

function validateRetention(retention: number | undefined): ConfigIssue[] {
  if (retention === undefined || retention >= 1) return [];
  const remedy = "Write 1 or more. No snapshots at all: k3s takes them by default, and they cost little; leave cluster.backup out.";
  return [{ path: at("retention"), problem: `${retention} keeps no snapshot`, remedy }];
}

function validateEndpoint(endpoint: string | undefined): ConfigIssue[] {
  if (endpoint === undefined || /^[a-z0-9]([a-z0-9.-]*[a-z0-9])?(:\d{1,5})?$/i.test(endpoint)) return [];
  const remedy = "Write the host name alone, with a port where it is not 443: no https://, no path, no bucket.";
  return [{ path: at("s3", "endpoint"), problem: `${quote(endpoint)} is no host name`, remedy }];
}

/** https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html */
function validateBucket(bucket: string | undefined): ConfigIssue[] {
  if (bucket === undefined || /^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/.test(bucket)) return [];
  const remedy = "Use 3 to 63 lower-case letters, digits, dots and dashes, a letter or digit first and last.";
  return [{ path: at("s3", "bucket"), problem: `${quote(bucket)} is no name of a bucket`, remedy }];
}

function validateFolder(folder: string | undefined): ConfigIssue[] {
  if (folder === undefined || /^[A-Za-z0-9._-]+(\/[A-Za-z0-9._-]+)*$/.test(folder)) return [];
  const remedy = "Use letters, digits, dots, dashes and underscores, with slashes between folders, none first or last.";
  return [{ path: at("s3", "folder"), problem: `${quote(folder)} is no folder`, remedy }];
}

function validateCa({ cluster }: ConfigDraft, { s3Ca }: GivenConfig): ConfigIssue[] {
  if (cluster?.backup?.s3?.caFile === undefined || s3Ca === undefined) return [];
  return validateCaFile(at("s3", "caFile"), s3Ca, "S3");
}

function validateKeys({ cluster }: ConfigDraft, { settings, secretKeys }: GivenConfig): ConfigIssue[] {
  const wanted = cluster?.backup?.s3 !== undefined;
  return s3Keys.flatMap((name) => {
    const path = settingPath(name);
    const set = `pulumi config set --secret hybrid-k3s:${name}`;
    const value = settings[name];
    if (value === undefined)
      return wanted ? [{ path, problem: "is missing, and cluster.backup.s3 is set", remedy: `Run \`${set}\`.` }] : [];
    if (!wanted)
      return [{ path, problem: "is set without cluster.backup.s3", remedy: `Set that, or run \`pulumi config rm hybrid-k3s:${name}\`.` }];
    const remedy = `Run \`${set}\`; if others could read the stack file, make a new key.`;
    return secretKeys.has(path) ? [] : [{ path, problem: "is a secret kept in plain text", remedy }];
  });
}
