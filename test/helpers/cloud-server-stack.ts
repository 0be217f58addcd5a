import { type BurstPool, type StackSettings, addBurstPools, cloudPool, labSettings, metalPool } from "../../lab/stack-config";
import { labWithFixedKeys } from "./lab-with-fixed-keys";

/** The lab's stack with `edge-<pool>-0` as its server, and an agent in AWS beside it. */
export function cloudServerStack(pool: BurstPool): StackSettings {
  const lab = labWithFixedKeys();
  const stack = labSettings(lab);
  addBurstPools(lab, stack);
  metalPool(stack, "rack").role = "agent";
  Object.assign(cloudPool(stack, pool), { role: "server", count: 1 });
  stack["hybrid-k3s:pools"]["extra"] = { ...cloudPool(stack, "burst"), role: "agent", count: 1 };
  return stack;
}
