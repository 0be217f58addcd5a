import * as pulumi from "@pulumi/pulumi";

/** Waits for all that is looked at before anything is made, and throws what they refuse in one RunError, so that one run tells every fault. */
export async function awaitChecks<T extends readonly unknown[]>(looks: { readonly [K in keyof T]: Promise<T[K]> }): Promise<T> {
  const ended = await Promise.allSettled(looks);
  const refusals = ended.flatMap((end): readonly unknown[] => (end.status === "rejected" ? [end.reason] : []));
  // What is no refusal is a bug, and keeps its stack.
  const other = refusals.find((reason) => !(reason instanceof pulumi.RunError)) as Error | undefined;
  if (other !== undefined) throw other;
  if (refusals.length > 0) throw new pulumi.RunError(refusals.map((reason) => (reason as Error).message).join("\n\n"));
  return ended.map((end) => (end as PromiseFulfilledResult<unknown>).value) as unknown as T;
}
