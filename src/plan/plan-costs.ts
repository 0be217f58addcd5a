import Table from "cli-table3";
import type { HybridConfig } from "../config/schema";
import type { NodePlan } from "./cluster-plan";

/** What cloud pools with nodes cost an hour by the prices that the config gives; undefined where it gives none. */
export function planCosts(config: HybridConfig, nodes: readonly NodePlan[]): string | undefined {
  const counts = new Map<string, number>();
  for (const { pool, kind } of nodes) if (kind !== "bare-metal") counts.set(pool, (counts.get(pool) ?? 0) + 1);
  const pools = [...counts].map(([name, count]) => ({ name, count, price: priceOf(config, name) }));
  const priced = pools.flatMap(({ name, count, price }) => (price === undefined ? [] : [{ name, count, price }]));
  if (priced.length === 0) return undefined;

  const table = new Table({
    head: ["pool", "nodes", "each per hour", "all per hour"],
    colAligns: ["left", "right", "right", "right"],
    style: { head: [], border: [] },
  });
  const all = priced.reduce((sum, { count, price }) => sum + count * price, 0);
  table.push(...priced.map(({ name, count, price }) => [name, String(count), dollars(price), dollars(count * price)]), [
    "sum",
    String(priced.reduce((sum, { count }) => sum + count, 0)),
    "",
    dollars(all),
  ]);
  const unpriced = pools.filter(({ price }) => price === undefined).map(({ name, count }) => `${name} (${count})`);
  return [table.toString(), ...(unpriced.length === 0 ? [] : [`Not in the sum, for want of an hourlyPrice: ${unpriced.join(", ")}.`])].join(
    "\n",
  );
}

function priceOf({ pools }: HybridConfig, name: string): number | undefined {
  const pool = pools[name];
  return pool === undefined || pool.provider === "bare-metal" ? undefined : pool.hourlyPrice;
}

/** At least cents; a price may have five decimals (config/validate-cloud-pools.ts). */
function dollars(amount: number): string {
  return `$${amount.toFixed(5).replace(/0{1,3}$/, "")}`;
}
