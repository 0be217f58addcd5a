import type { PathPart } from "./config-issue";
import type { WrittenConfig } from "./schema";

/** A value of which any part may be missing: because it was not written, or because its shape was wrong (and is reported already). */
export type Draft<T> = T extends readonly (infer E)[]
  ? readonly (Draft<E> | undefined)[]
  : T extends object
    ? { readonly [K in keyof T]?: Draft<T[K]> | undefined }
    : T;

/** What the rules look at: the config as written, without the parts whose shape is wrong. A rule that lacks a part says nothing about it. */
export type ConfigDraft = Draft<WrittenConfig>;
export type PoolDraft = NonNullable<NonNullable<ConfigDraft["pools"]>[string]>;
export type BareMetalPoolDraft = Extract<PoolDraft, { readonly hosts?: unknown }>;
export type CloudPoolDraft = Extract<PoolDraft, { readonly region?: unknown }>;
export type HostDraft = NonNullable<NonNullable<BareMetalPoolDraft["hosts"]>[number]>;
export type SshTargetDraft = NonNullable<BareMetalPoolDraft["bastion"]>;

/** A copy without what stands at these paths; list entries leave a hole, so that the others keep their index. */
export function withoutPaths(value: unknown, paths: readonly (readonly PathPart[])[]): unknown {
  if (paths.some((path) => path.length === 0)) return undefined;
  if (typeof value !== "object" || value === null) return value;
  const below = (key: PathPart) => paths.filter((path) => path[0] === key).map((path) => path.slice(1));
  if (Array.isArray(value)) return value.map((entry: unknown, index) => withoutPaths(entry, below(index)));
  return Object.fromEntries(Object.entries(value).map(([key, entry]) => [key, withoutPaths(entry, below(key))]));
}
