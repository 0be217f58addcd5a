import type * as pulumi from "@pulumi/pulumi";
import type { FailedMachines } from "./clouds/azure/machine-changes";
import type { ClusterPlan } from "./plan/cluster-plan";
import type { SshCredentials } from "./remote/connection";
import type { Vpn } from "./vpn/vpn";

/** What opens the S3 that backups go to. */
export interface S3Credentials {
  readonly accessKey: pulumi.Input<string>;
  readonly secretKey: pulumi.Input<string>;
}

/** How k3s reaches an external datastore. */
export interface DatastoreAccess {
  /** As k3s writes it; it holds a password. */
  readonly endpoint: pulumi.Input<string>;
  /** `HOST PORT` of where it is reached, one a line. */
  readonly addresses: pulumi.Input<string>;
  /** PEM texts; each is absent where k3s goes without. */
  readonly caPem?: string;
  readonly certPem?: string;
  readonly keyPem?: pulumi.Input<string>;
}

/** What every component of one cluster shares: the plan, and the credentials that only Pulumi knows. */
export interface ClusterContext {
  readonly plan: ClusterPlan;
  /** `<project>/<stack>`: stands in each host's owner marker. */
  readonly owner: string;
  readonly ssh: SshCredentials;
  readonly vpn: Vpn;
  /** An earlier run began the cluster; always false with one server. */
  readonly hasBegun: boolean;
  /** Changes where a cluster takes the place of one whose servers were all made again. */
  readonly begunBy?: string | undefined;
  /** Present with `cluster.backup.s3`. */
  readonly s3Credentials?: S3Credentials;
  /** Present with `cluster.datastore: external`. */
  readonly datastore?: DatastoreAccess;
  /** Azure's machines that are to be asked for again. */
  readonly failedMachines: FailedMachines;
}
