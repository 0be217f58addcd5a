import type { HybridConfig } from "../config/schema";
import type { K3sValue } from "./node-plan";
import { onCalendar } from "./on-calendar";

/** Snapshots that k3s takes by itself, or copies of SQLite. */
export interface BackupPlan {
  /** As cron writes it, in the server's own time. */
  readonly schedule: string;
  readonly s3?: S3Plan;
  /** Of SQLite k3s takes no snapshot: a timer of the server's copies it. Absent with etcd. */
  readonly copies?: CopiesPlan;
}

export interface CopiesPlan {
  /** The schedule for systemd's timers, any of them. */
  readonly calendar: readonly string[];
  readonly retention: number;
}

/** Where they go beside the servers' disks. Its credentials are the stack's secrets. */
export interface S3Plan {
  /** Host name, with a port where it is not 443. */
  readonly endpoint: string;
  readonly bucket: string;
  readonly region: string;
  readonly folder: string;
  readonly bucketLookup: string;
  /** PEM text of the CA that signed its certificate; empty: the hosts' own store. */
  readonly caPem: string;
}

/** The Secret in kube-system that k3s reads before each use of S3 (https://docs.k3s.io/cli/etcd-snapshot#s3-configuration-secret-support). */
export const s3SecretName = "hybrid-k3s-backup";

export function planBackup({ cluster }: HybridConfig, s3CaPem: string): BackupPlan | undefined {
  const { name, backup, datastore } = cluster;
  if (backup === undefined) return undefined;
  const { schedule, retention, s3 } = backup;
  if (datastore === "sqlite") return { schedule, copies: { calendar: onCalendar(schedule), retention } };
  if (s3 === undefined) return { schedule };
  const { endpoint, bucket, region, folder = name, bucketLookup } = s3;
  return { schedule, s3: { endpoint, bucket, region, folder, bucketLookup, caPem: s3CaPem } };
}

/** k3s ignores the Secret where any other setting of S3 stands beside its name. */
export function snapshotSettings({ backup, datastore }: HybridConfig["cluster"]): Readonly<Record<string, K3sValue>> {
  if (backup === undefined || datastore === "sqlite") return {};
  return {
    "etcd-snapshot-schedule-cron": backup.schedule,
    "etcd-snapshot-retention": backup.retention,
    ...(backup.s3 === undefined ? {} : { "etcd-s3": true, "etcd-s3-config-secret": s3SecretName }),
  };
}
