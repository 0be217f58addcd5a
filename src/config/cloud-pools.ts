import { type Network, readCidr } from "./values/cidr";
import { settingPath } from "./config-issue";
import type { CloudPoolDraft, ConfigDraft, PoolDraft } from "./draft";
import { nodesIn, type PlacedPool, poolsOf } from "./pool-hosts";
import { type CloudProvider, cloudProviders, defaultNetwork, findRegion, type Region } from "../catalog/regions";

type NetworkDraft = NonNullable<NonNullable<NonNullable<ConfigDraft["networks"]>["aws"]>[string]> &
  NonNullable<NonNullable<NonNullable<ConfigDraft["networks"]>["azure"]>[string]>;

export interface PlacedCloudPool extends PlacedPool {
  readonly provider: CloudProvider;
  readonly pool: CloudPoolDraft;
  readonly nodes: number;
  /** Absent where it is missing or unknown, which is reported as such. */
  readonly region?: Region;
}

export function cloudPoolsOf(draft: ConfigDraft): readonly PlacedCloudPool[] {
  return poolsOf(draft).flatMap(({ name, pool, at }) => {
    if (!isCloud(pool)) return [];
    const provider = pool.provider;
    const region = findRegion(provider, pool.region);
    return [{ name, pool, at, provider, nodes: nodesIn(pool), ...(region === undefined ? {} : { region }) }];
  });
}

export function hasCloudNodes(draft: ConfigDraft): boolean {
  return cloudPoolsOf(draft).some(({ nodes }) => nodes > 0);
}

function isCloud(pool: PoolDraft): pool is CloudPoolDraft & { readonly provider: CloudProvider } {
  return pool.provider === "aws" || pool.provider === "azure";
}

/** A region's network: what is written of it, and the pools that stand in it. */
export interface PlacedNetwork {
  readonly provider: CloudProvider;
  readonly region: string;
  readonly written: NetworkDraft | undefined;
  readonly pools: readonly PlacedCloudPool[];
  readonly at: (...parts: readonly (string | number)[]) => string;
}

/** Networks that are written or that a pool stands in, also one that has no node yet. */
export function networksOf(draft: ConfigDraft): readonly PlacedNetwork[] {
  const pools = cloudPoolsOf(draft);
  return cloudProviders.flatMap((provider) => {
    const ofProvider = pools.filter((placed) => placed.provider === provider);
    const written: Readonly<Record<string, NetworkDraft | undefined>> = draft.networks?.[provider] ?? {};
    const regions = new Set([...Object.keys(written), ...ofProvider.flatMap(({ region }) => region?.name ?? [])]);
    return [...regions].map((region) => ({
      provider,
      region,
      written: written[region],
      pools: ofProvider.filter((placed) => placed.region?.name === region),
      at: (...parts: readonly (string | number)[]) => settingPath("networks", provider, region, ...parts),
    }));
  });
}

/** It is there already, and named by ids. */
export function isExisting({ written }: Pick<PlacedNetwork, "written">): boolean {
  return written?.vpcId !== undefined || written?.subnetIds !== undefined || written?.subnetId !== undefined;
}

/** Addresses of a network that the stack makes: as written, or the default; undefined where they are malformed or the cloud's own affair. */
export function addressesOf(placed: PlacedNetwork): Network | undefined {
  const { provider, region, written } = placed;
  if (isExisting(placed)) return undefined;
  if (written?.cidr === undefined) return findRegion(provider, region) === undefined ? undefined : defaultNetwork(provider, region);
  const cidr = readCidr(written.cidr);
  return cidr.kind === "network" ? cidr.network : undefined;
}
