import { setTimeout as delay } from "node:timers/promises";
import { ApiError } from "./ec2";

const INTERVAL_MS = 200;

export interface Wait {
  readonly limitMs: number;
  readonly cancelled: AbortSignal;
}

/** The first answer that is not undefined; `seen` tells the last state where the limit is reached. */
export async function waitFor<T>({ limitMs, cancelled }: Wait, probe: () => Promise<T | undefined>, seen: () => string): Promise<T> {
  const limit = Date.now() + limitMs;
  for (;;) {
    const found = await probe();
    if (found !== undefined) return found;
    if (cancelled.aborted) throw cancelled.reason;
    if (Date.now() > limit) throw new Error(`timeout after ${limitMs / 1000}s while waiting (${seen()})`);
    await delay(INTERVAL_MS, undefined, { signal: cancelled }).catch(() => undefined);
  }
}

/**
 * Tries a deletion again while something still depends on the resource; what is gone counts as deleted. The provider waits 5 to 20 minutes
 * (hashicorp/terraform-provider-aws: internal/service/ec2/vpc_subnet.go, vpc_security_group.go); the lab's clouds are done in seconds.
 */
export async function deleteWhenFree(wait: Wait, attempt: () => Promise<unknown>): Promise<void> {
  let refusal: Error | undefined;
  const isGone = async (): Promise<true | undefined> => {
    try {
      await attempt();
      return true;
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      if (error.code.endsWith(".NotFound")) return true;
      if (error.code !== "DependencyViolation" && error.code !== "InvalidIPAddress.InUse") throw error;
      refusal = error;
      return undefined;
    }
  };
  try {
    await waitFor(wait, isGone, () => "");
  } catch (error) {
    throw refusal ?? error;
  }
}
