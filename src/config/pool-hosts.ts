import { type PathPart, settingPath } from "./config-issue";
import type { BareMetalPoolDraft, CloudPoolDraft, ConfigDraft, HostDraft, PoolDraft } from "./draft";

export interface PlacedPool {
  readonly name: string;
  readonly pool: PoolDraft;
  /** Path of a setting within the pool. */
  readonly at: (...parts: readonly PathPart[]) => string;
}

export interface PlacedHost {
  readonly poolName: string;
  readonly pool: BareMetalPoolDraft;
  readonly host: HostDraft;
  readonly at: (...parts: readonly PathPart[]) => string;
}

/** Pools whose shape is known, with their place in the config. */
export function poolsOf({ pools }: ConfigDraft): readonly PlacedPool[] {
  return Object.entries(pools ?? {}).flatMap(([name, pool]) =>
    pool === undefined ? [] : [{ name, pool, at: (...parts: readonly PathPart[]) => settingPath("pools", name, ...parts) }],
  );
}

/** All bare-metal hosts, with their place in the config. */
export function hostsOf(draft: ConfigDraft): readonly PlacedHost[] {
  return poolsOf(draft).flatMap(({ name, pool, at }) => {
    if (!isBareMetal(pool)) return [];
    return (pool.hosts ?? []).flatMap((host, index) =>
      host === undefined ? [] : [{ poolName: name, pool, host, at: (...parts: readonly PathPart[]) => at("hosts", index, ...parts) }],
    );
  });
}

export function isBareMetal(pool: PoolDraft): pool is BareMetalPoolDraft {
  return pool.provider === "bare-metal";
}

/** Nodes of one pool. */
export function nodesIn(pool: PoolDraft): number {
  switch (pool.provider) {
    case "bare-metal":
      return pool.hosts?.length ?? 0;
    case "aws":
    case "azure":
      return nodesInTurn(pool, 0, 1);
    case undefined:
      return 0;
  }
}

/** Nodes of a cloud pool that fall to one of `turns` places taken in turn by their indices. Indices in `remove` at or beyond `count` take nothing away. */
export function nodesInTurn({ count = 0, remove = [] }: CloudPoolDraft, turn: number, turns: number): number {
  const removed = remove.filter((index) => index !== undefined && index >= 0 && index < count && index % turns === turn);
  return Math.max(0, Math.ceil((count - turn) / turns)) - new Set(removed).size;
}

export function nodeCount(draft: ConfigDraft): number {
  return poolsOf(draft).reduce((sum, { pool }) => sum + nodesIn(pool), 0);
}
