import type { Lab } from "../lab";

/** Everything that is there in both emulated clouds, a line each. */
export async function cloudInventory(lab: Lab): Promise<string[]> {
  const perCloud = (["aws", "azure"] as const).map(async (cloud) => {
    const inventory = (await lab.clouds.admin(cloud, "inventory", {})) as Readonly<Record<string, readonly unknown[]>>;
    return Object.entries(inventory).flatMap(([kind, things]) => things.map((thing) => `${cloud} ${kind} ${JSON.stringify(thing)}`));
  });
  return (await Promise.all(perCloud)).flat();
}
