/** All that validation looks at, as plain data; load.ts fills it in. */
export interface GivenConfig {
  /** The stack's `hybrid-k3s:*` keys without the prefix, objects parsed. */
  readonly settings: Readonly<Record<string, unknown>>;
  /** The stack's `tailscale:*` keys without the prefix. */
  readonly tailscale: Readonly<Record<string, string>>;
  /** Whole names of the keys that the stack keeps as secrets. */
  readonly secretKeys: ReadonlySet<string>;
  /** Those environment variables of the running `pulumi` whose names start with TAILSCALE_. */
  readonly environment: Readonly<Record<string, string>>;
  /** The file that `mirror.caFile` names; absent: none is named. */
  readonly mirrorCa?: { readonly resolvedPath: string; readonly text: string | undefined };
}
