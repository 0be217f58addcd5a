import type { DatastoreFile } from "./datastore-schema";

/** All that validation looks at, as plain data; load.ts fills it in. */
export interface GivenConfig {
  /** The stack's `hybrid-k3s:*` keys without the prefix, objects parsed. */
  readonly settings: Readonly<Record<string, unknown>>;
  /** The stack's `tailscale:*` keys without the prefix. */
  readonly tailscale: Readonly<Record<string, string>>;
  /** Whole names of the keys that the stack keeps as secrets. */
  readonly secretKeys: ReadonlySet<string>;
  /** Those environment variables of the running `pulumi` whose names start with TAILSCALE_ or HYBRID_K3S_. */
  readonly environment: Readonly<Record<string, string>>;
  /** In which Azure's resources are made, by the stack's config or the environment; absent: `az login` knows it. */
  readonly azureSubscription?: string;
  /** The file that `mirror.caFile` names; absent: none is named. */
  readonly mirrorCa?: GivenFile;
  /** The same of `vpn.caFile`. */
  readonly vpnCa?: GivenFile;
  /** The same of `cluster.backup.s3.caFile`. */
  readonly s3Ca?: GivenFile;
  /** The files that `cluster.datastoreTls` names. */
  readonly datastoreTls?: Readonly<Partial<Record<DatastoreFile, GivenFile>>>;
}

export interface GivenFile {
  readonly resolvedPath: string;
  /** Absent where it cannot be read. */
  readonly text: string | undefined;
}
