import type { Bench } from "./fresh-hosts";
import { clusterHosts } from "./cluster-figures";
import { createStack } from "../lab/stack";
import { expectSuccess } from "./expect-success";
import { TimelineReader, renderTimeline } from "./read-timeline";

export const timelineHosts = clusterHosts;

const spare = "rack-3";

/** Where the time goes of each step in the life of a cluster of metal nodes: made, looked at, one node more, one less, gone. */
export async function showTimelines({ lab, progress }: Bench): Promise<readonly []> {
  const stack = await createStack(lab, { name: "timeline" });
  const draw = async (what: string, verb: "up" | "destroy") => {
    const reader = new TimelineReader();
    await progress.step(what, () => expectSuccess(stack, verb, (text) => reader.take(text), ["--json"]));
    process.stdout.write(`\n${what}\n${renderTimeline(reader.end())}`);
  };
  await draw("first up", "up");
  await draw("second up", "up");
  stack.addHost(spare);
  await draw("one node more", "up");
  stack.removeHost(spare);
  await draw("one node less", "up");
  await draw("destroy", "destroy");
  return [];
}
